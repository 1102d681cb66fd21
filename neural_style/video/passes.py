"""Videos by optimisation in several passes over each shot, forward and backward in turn.

Ruder, Dosovitskiy & Brox 2016 (arXiv:1604.08610, section 3.4). A single pass paints what enters the frame in a few
iterations and hands it on as it is. Here each pass gives a frame a share of the iterations. In the first, forward, it
starts from the last result, warped to it, without a temporal term. In a later one, j, it starts from a blend of its own
last result and of its neighbour's in this pass, warped to it,

    x_i' = delta c w(x_k^j) + (1 - delta c) x_i^(j-1),      k = i - 1 forward, i + 1 backward,

with c = 1 where the flow between the two can be followed and delta = `SHARE`, and its temporal term is that of
neighbour k. The frame at which a pass begins has no neighbour: it starts from its own result. In the paper each frame
of the first pass starts from noise; benchmarks/RESULTS.md compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from neural_style.images import ImageSource
from neural_style.inputs import Style
from neural_style.network import TransferTechnique
from neural_style.runs.settings import RunSettings
from neural_style.video.coherence import begins_shot, blended, motion
from neural_style.video.flow import flow_named
from neural_style.video.frame_painter import FramePainter, Neighbour, Warped
from neural_style.video.settings import Coherence
from neural_style.video.shot_folder import ShotFolder
from neural_style.video.state import FrameSize

Array = np.ndarray[Any, Any]


class Passes:
    """Shots by optimisation in several passes, as a `neural_style.video.method.ShotMethod`."""

    def __init__(
        self,
        technique: TransferTechnique,
        styles: Sequence[Style | ImageSource] | Style | ImageSource,
        coherence: Coherence,
        **run: Unpack[RunSettings],
    ) -> None:
        """As of `neural_style.video.optimised.Optimised`."""
        self.coherence = coherence
        self.painter = FramePainter(technique, styles, coherence, run)
        self._flow = flow_named(coherence.flow)
        self._size, self._paintings = FrameSize(), 0

    def paint_shots(
        self,
        frames: Callable[[int], Iterator[Array]],
        folder: Path,
        finished: Callable[[], int],
        advance: Callable[[float, float], object],
    ) -> Iterator[Array]:
        """See `neural_style.video.method.ShotMethod`."""
        store = ShotFolder(folder, finished())
        if state := store.state():
            self.painter.load_state(state)
        source, begin = frames(store.end), store.first
        while (end := self._read_shot(store, source, begin)) > begin:
            self._paint_shot(store, range(begin, end), advance)
            for index in range(begin, end):
                yield self.painter.finished(store.frame(index), store.painting(index))
                store.forget(finished())
            begin = end

    def begins_shot(self, frame: Array, earlier: Array) -> bool:
        """See `neural_style.video.method.SeparateShots`."""
        return begins_shot(frame, earlier, self._flow)

    def _read_shot(self, store: ShotFolder, source: Iterator[Array], begin: int) -> int:
        """Store the frames of the shot that begins with a frame, and the one behind it; returns that one's number."""
        for index in range(begin + 1, store.end):
            if store.begins(index):
                return index
        for frame in source:
            self._size.check(frame)
            index = store.end
            begins = index == 0 or motion(frame, store.frame(index - 1), self._flow).is_cut
            store.add(frame, begins=begins)
            if begins and index > begin:
                return index
        return store.end

    def _paint_shot(self, store: ShotFolder, shot: range, advance: Callable[[float, float], object]) -> None:
        """All passes over the frames of a shot; those that are painted already stay."""
        passes = self.coherence.passes
        for turn in range(1, passes + 1):
            for count, index in enumerate(shot if turn % 2 else reversed(shot), 1):
                if store.turn(index) < turn:
                    store.paint(index, self._painted(store, shot, index, turn), turn)
                    self._paintings += 1
                    advance(shot.start + ((turn - 1) * len(shot) + count) / passes, self._paintings / passes)

    def _painted(self, store: ShotFolder, shot: range, index: int, turn: int) -> Array:
        """The painting of a frame in a pass."""
        frame, near = store.frame(index), self._neighbours(store, shot, index, turn)
        if turn == 1 and not near:
            painted = self.painter.converged(frame)
            store.save_state(self.painter.state())
            return painted
        none = np.zeros(frame.shape[:2], np.float32)
        if turn == 1:
            warped = Warped.of(frame, near)._replace(weights=none)
        elif near:
            target, weights, _ = Warped.of(frame, near)
            warped = Warped(target, weights, blended(store.painting(index), target, weights))
        else:
            own = store.painting(index)
            warped = Warped(own, none, own)
        return self.painter.continued(frame, warped, near[0] if near else None, self.coherence.iterations(turn))

    def _neighbours(self, store: ShotFolder, shot: range, index: int, turn: int) -> list[Neighbour]:
        """The frames of the shot that this pass has painted before, nearest first, with the motions from them."""
        frame, found = store.frame(index), []
        for back in self.coherence.history:
            other = index - back if turn % 2 else index + back
            if other in shot:
                there = store.frame(other)
                found.append(Neighbour(there, store.painting(other), motion(frame, there, self._flow)))
        return found
