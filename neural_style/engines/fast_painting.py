"""The task of one picture that a feed-forward network paints."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from neural_style.engines.interface import Outcome
from neural_style.engines.written import outcome_of
from neural_style.feedforward.fast_run import FastRunSettings
from neural_style.inputs import Content

if TYPE_CHECKING:
    from neural_style.feedforward.painter import Painter
    from neural_style.feedforward.styles import PreparedStyle


@dataclass(frozen=True)
class PaintedStyle:
    """A network and a style, for all pictures of a command.

    Attributes:
        model: of the `Painter`.
        style: from it.
        key: of the command, by which a process recognises the style, whose statistics it computes once.
    """

    model: str = field(compare=False)
    style: PreparedStyle = field(compare=False)
    key: str


@dataclass(frozen=True)
class FastTask:
    """A photo that is painted in one pass.

    Attributes:
        painted: network and style.
        content: in memory, since another machine may paint.
        settings: of the picture.
        enhance: steps of the result, as in `Output`.
        name: of the file.
    """

    painted: PaintedStyle
    content: Content
    settings: FastRunSettings
    enhance: str
    name: str

    @property
    def weights(self) -> tuple[str, ...]:
        """See `Task`."""
        return (self.painted.model,)

    def run(self) -> Outcome:
        """Paint, and return the file."""
        return outcome_of(self._paint, last=self.name)

    def _paint(self, folder: Path) -> str:
        painter, style = _opened(self.painted)
        result = painter.paint(self.content, style, **self.settings)
        (result.enhanced(self.enhance) if self.enhance else result).save(folder / self.name)
        return ""


@lru_cache(maxsize=1)
def _opened(painted: PaintedStyle) -> tuple[Painter, PreparedStyle]:
    """The network of this process, and the style with the statistics that it has computed."""
    from neural_style.feedforward.painter import Painter

    return Painter(painted.model), painted.style
