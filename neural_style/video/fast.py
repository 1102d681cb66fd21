"""Videos by a feed-forward network: one pass a frame, steady statistics, blended along the flow.

A network that paints each frame by itself flickers for two reasons. Its statistics (means and covariances of features)
are those of the frame, and jump with everything that enters it: here they are held while the camera stands still. And
what it paints depends on where a thing lies in the frame: here

    y_i = (1 - a c) p_i + a c w(y_(i-1)),

with the painted frame p, the last result y warped to this frame, 1 in c where it can be followed, and a blend a. Were p
independent from frame to frame, that would make the flicker (1 - a) / sqrt(1 + a) of what it was: 0.15 at a = 0.8;
strokes follow the motion in part by themselves, and 0.28 to 0.49 are measured (benchmarks/RESULTS.md).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.feedforward.fast_run import EMBEDDED, FastRunSettings
from neural_style.images import ImageSource
from neural_style.images.warping import warp
from neural_style.inputs import Style
from neural_style.validation import check_finite
from neural_style.video.coherence import begins_shot, motion
from neural_style.video.flow import Flow, flow_named
from neural_style.video.state import FrameSize, History

Array = np.ndarray[Any, Any]

BLEND = 0.8
"""The last frame's share; more is steadier, and blurs strokes that the warp interpolates again and again."""

BLEND_HELP = "share of the last result, warped to the frame, from 0 to below 1; more is steadier, and blurs strokes"
"""Help text of the blend, for the command line and the studio."""

STILL = 0.25
"""Pixels that half of the frame moves at most where the camera stands still. Under a camera that moves, the statistics
of an earlier frame fit less and less: held there, they made flicker 4 to 26 % larger in each of 9 films, drift larger
in 6 and smaller in 3 (benchmarks/RESULTS.md)."""

OF_SHOT = "statistics."
"""Before the names of the statistics in a state."""


class Fast:
    """Frames by a feed-forward network, as a `neural_style.video.method.FrameMethod`.

    Example:
        >>> from neural_style.samples import sample
        >>> from neural_style.samples.clips import clip
        >>> from neural_style.video.fast import Fast
        >>> film = clip(sample("cat"), "still", frames=2, size=(32, 40))
        >>> method = Fast(sample("night")[:64, :64], flow=lambda first, second: film.flows[0])
        >>> [method.transfer(frame).shape for frame in film.frames]
        [(32, 40, 3), (32, 40, 3)]
    """

    def __init__(
        self,
        paintings: Sequence[Style | ImageSource] | Style | ImageSource = (),
        *,
        model: str | os.PathLike[str] = EMBEDDED,
        blend: float = BLEND,
        hold_statistics: bool = True,
        flow: str | Flow = "dis",
        **settings: Unpack[FastRunSettings],
    ) -> None:
        """
        Args:
            paintings: one or more; of a trained network names of its styles.
            model: `embedded`, or the file of a trained network; see `neural_style.feedforward.Painter`.
            blend: a, from 0 to below 1; at 0 the flow only finds the shots.
            hold_statistics: use those of the first frame while the camera stands still, in place of each frame's own.
                A trained network always uses each frame's own: it flickers more where something enters, and relies on
                the blend alone.
            flow: `dis`, or a function of two frames.
            settings: see `neural_style.feedforward.fast_run.FastRun`; without `size`.

        Raises:
            InvalidInputError, MissingFileError: a setting or a painting cannot be used, or OpenCV is missing.
        """
        from neural_style.feedforward import Painter  # which starts the backend
        from neural_style.feedforward.painter import checked_settings

        check_finite("blend", blend)
        if not 0 <= blend < 1:
            raise InvalidInputError(f"blend must be a number from 0 to below 1, received {blend!r}")
        if checked_settings(settings).size is not None:
            raise InvalidInputError("a frame keeps its size: reduce the video by work_size, not by size")
        self.blend, self.hold_statistics, self._settings = blend, hold_statistics, settings
        self._flow = flow_named(flow)
        self._painter = Painter(model)
        several = paintings if isinstance(paintings, list | tuple) else (paintings,)
        self._style = self._painter.style(*several)
        self._size, self._history = FrameSize(), History(1)
        self._statistics: dict[str, Any] = {}

    def transfer(self, frame: Array) -> Array:
        """Paint the next frame; see `neural_style.video.method.FrameMethod`.

        Raises:
            InvalidInputError: the frame has another size than those before.
        """
        self._size.check(frame)
        needs_motion = self._history.frames and (self.blend or self._holds_statistics)
        step = motion(frame, self._history.frames[0], self._flow) if needs_motion else None
        if step is None or step.is_cut or np.median(np.linalg.norm(step.flow, axis=-1)) > STILL:
            self._statistics = {}  # which the network fills with this frame's own
        result = self._painted(frame)
        if step is not None and not step.is_cut and self.blend:
            share = np.float32(self.blend) * step.followed[..., None]
            result += share * (warp(self._history.results[0], step.flow) - result)
        self._history.add(frame, result)
        return images.to_uint8(result)

    def begins_shot(self, frame: Array, earlier: Array) -> bool:
        """See `neural_style.video.method.SeparateShots`."""
        return begins_shot(frame, earlier, self._flow)

    @property
    def _holds_statistics(self) -> bool:
        return self.hold_statistics and not self._painter.styles  # a trained network holds none

    def _painted(self, frame: Array) -> Array:
        """The frame by itself: float32."""
        held = self._statistics if self._holds_statistics else None
        found = self._painter.paint_batch([frame], self._style, statistics=held, **self._settings)
        # Arrays, as a resumed film has them.
        self._statistics = {name: np.asarray(value) for name, value in self._statistics.items()}
        return found[0].image.astype(np.float32)

    def state(self) -> dict[str, Array]:
        """See `neural_style.video.method.FrameMethod`."""
        statistics = {f"{OF_SHOT}{name}": np.array(value) for name, value in self._statistics.items()}
        return {**self._history.state(), **statistics} if self._history.frames else {}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """See `neural_style.video.method.FrameMethod`."""
        self._history.load_state(state)
        self._statistics = {
            name.removeprefix(OF_SHOT): np.asarray(value) for name, value in state.items() if name.startswith(OF_SHOT)
        }
