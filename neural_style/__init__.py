"""Neural style transfer in Keras 3."""

from typing import TYPE_CHECKING, Any

from neural_style.color_transfer import transfer_color
from neural_style.doodle import NeuralDoodle
from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError
from neural_style.inetwork import INetwork
from neural_style.inputs import Content, Style
from neural_style.mask_transfer import transfer_mask
from neural_style.masks.mask import read_mask
from neural_style.network import Network
from neural_style.painting import paint
from neural_style.reconstruction import Reconstruction
from neural_style.runs.records import library_version
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import Run

if TYPE_CHECKING:
    from neural_style.backend.cache import clear_caches
    from neural_style.features.statistics import Statistic
    from neural_style.objectives.objective import Objective, Term
    from neural_style.runs.transfer import minimise

__version__ = library_version()

_STARTING_THE_BACKEND = {
    "Objective": "neural_style.objectives.objective",
    "Statistic": "neural_style.features.statistics",
    "Term": "neural_style.objectives.objective",
    "clear_caches": "neural_style.backend.cache",
    "minimise": "neural_style.runs.transfer",
}
"""Public names whose modules need Keras: imported when they are first used, so that this package starts no backend."""

__all__ = [
    "Content",
    "INetwork",
    "InvalidInputError",
    "MissingFileError",
    "Network",
    "NeuralDoodle",
    "NeuralStyleError",
    "Objective",
    "Reconstruction",
    "Result",
    "Run",
    "Statistic",
    "Step",
    "Style",
    "Term",
    "clear_caches",
    "minimise",
    "paint",
    "read_mask",
    "transfer_color",
    "transfer_mask",
]


def __getattr__(name: str) -> Any:
    if name in _STARTING_THE_BACKEND:
        from importlib import import_module

        import_module("neural_style.backend")  # before all other modules that import Keras: it does so silently
        return getattr(import_module(_STARTING_THE_BACKEND[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
