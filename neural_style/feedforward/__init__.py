"""Feed-forward networks, which paint in one pass: the embedded one, for any painting, and those trained for a few.

The embedded weights were trained by tools/train_painter.py and judged by tools/judge_painter.py; see
benchmarks/RESULTS.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neural_style.feedforward.painter import Painter, paint
    from neural_style.feedforward.styles import PreparedStyle, mix
    from neural_style.feedforward.training import train

_STARTING_THE_BACKEND = {
    "Painter": "neural_style.feedforward.painter",
    "PreparedStyle": "neural_style.feedforward.styles",
    "mix": "neural_style.feedforward.styles",
    "paint": "neural_style.feedforward.painter",
    "train": "neural_style.feedforward.training",
}
"""Public names whose modules need Keras: imported when they are first used, so that help texts start no backend."""

__all__ = ["Painter", "PreparedStyle", "mix", "paint", "train"]


def __getattr__(name: str) -> Any:
    if name in _STARTING_THE_BACKEND:
        from importlib import import_module

        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)

        return getattr(import_module(_STARTING_THE_BACKEND[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
