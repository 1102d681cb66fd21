"""Videos by optimisation, frame after frame: each starts from the last result, warped to it, and is held to it.

The formulas are in `neural_style.video.frame_painter`; several passes over each shot in `neural_style.video.passes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource
from neural_style.inputs import Style
from neural_style.network import TransferTechnique
from neural_style.runs.settings import RunSettings
from neural_style.video.coherence import begins_shot, motion
from neural_style.video.flow import flow_named
from neural_style.video.frame_painter import FramePainter, Neighbour, Warped
from neural_style.video.settings import Coherence
from neural_style.video.state import FrameSize, History

Array = np.ndarray[Any, Any]


class Optimised:
    """Frames by optimisation, as a `neural_style.video.method.FrameMethod`.

    Example:
        >>> from neural_style import Network
        >>> from neural_style.samples import sample
        >>> from neural_style.samples.clips import clip
        >>> from neural_style.video import Coherence
        >>> from neural_style.video.optimised import Optimised
        >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
        >>> film = clip(sample("cat"), "still", frames=2, size=(24, 36))
        >>> still = Coherence(next_iterations=1, flow=lambda first, second: film.flows[0])
        >>> method = Optimised(net, sample("night"), still, iterations=1)
        >>> [method.transfer(frame).shape for frame in film.frames]
        [(24, 36, 3), (24, 36, 3)]
    """

    def __init__(
        self,
        technique: TransferTechnique,
        styles: Sequence[Style | ImageSource] | Style | ImageSource,
        coherence: Coherence | None = None,
        **run: Unpack[RunSettings],
    ) -> None:
        """
        Args:
            technique: `Network` or `INetwork`, such as `neural_style.painting.technique_for` makes.
            styles: one or more paintings.
            coherence: how frames are held together, in one pass.
            run: settings of the first frame of a shot; see `neural_style.runs.settings.Run`. Sizes follow from the
                frames.

        Raises:
            InvalidInputError, MissingFileError: a setting or a painting cannot be used, or OpenCV is missing.
        """
        self.coherence = coherence or Coherence()
        if self.coherence.passes != 1:
            raise InvalidInputError(
                f"a frame that is painted once has one pass, not {self.coherence.passes}: see transfer_video, and "
                "neural_style.video.passes"
            )
        self.painter = FramePainter(technique, styles, self.coherence, run)
        self._flow = flow_named(self.coherence.flow)
        self._size, self._history = FrameSize(), History(max(self.coherence.history))

    def transfer(self, frame: Array) -> Array:
        """Paint the next frame; see `neural_style.video.method.FrameMethod`.

        Raises:
            InvalidInputError: the frame has another size than those before.
            KeyboardInterrupt: an optimisation was interrupted; the frame is not counted.
        """
        self._size.check(frame)
        near = self._neighbours(frame)
        if near:
            iterations = self.coherence.next_iterations
            painted = self.painter.continued(frame, Warped.of(frame, near), near[0], iterations)
        else:
            self._history.clear()
            painted = self.painter.converged(frame)
        self._history.add(frame, painted)
        return self.painter.finished(frame, painted)

    def state(self) -> dict[str, Array]:
        """See `neural_style.video.method.FrameMethod`."""
        return {**self._history.state(), **self.painter.state()} if self._history.frames else {}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """See `neural_style.video.method.FrameMethod`."""
        self._history.load_state(state)
        if not self._history.frames:
            return
        self._size.check(self._history.frames[0])
        if "first" in state:
            self._size.check(state["first"])
        self.painter.load_state(state)

    def begins_shot(self, frame: Array, earlier: Array) -> bool:
        """See `neural_style.video.method.SeparateShots`."""
        return begins_shot(frame, earlier, self._flow)

    def _neighbours(self, frame: Array) -> list[Neighbour]:
        """The frames of the history with their motions, nearest first; none at the beginning of a shot."""
        known = list(zip(self._history.frames, self._history.results, strict=True))
        found: list[Neighbour] = []
        for back in self.coherence.history:
            if back > len(known):
                break
            step = motion(frame, known[back - 1][0], self._flow)
            if back == 1 and step.is_cut:
                return []
            found.append(Neighbour(*known[back - 1], step))
        return found
