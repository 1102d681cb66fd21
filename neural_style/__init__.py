"""Neural style transfer in Keras 3."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from neural_style.analogy.technique import Analogy
    from neural_style.backend.cache import clear_caches
    from neural_style.color_transfer import transfer_color
    from neural_style.doodle import NeuralDoodle
    from neural_style.enhancement.steps import enhance
    from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError
    from neural_style.features.statistics import Statistic
    from neural_style.inetwork import INetwork
    from neural_style.inputs import Content, Style
    from neural_style.mask_transfer import transfer_mask
    from neural_style.masks.mask import read_mask
    from neural_style.network import Network
    from neural_style.objectives.objective import Objective, Term
    from neural_style.painting import paint
    from neural_style.reconstruction import Reconstruction
    from neural_style.runs.result import Result, Step
    from neural_style.runs.settings import Run
    from neural_style.runs.transfer import minimise

_MODULES = {
    "Analogy": "analogy.technique",
    "Content": "inputs",
    "INetwork": "inetwork",
    "InvalidInputError": "errors",
    "MissingFileError": "errors",
    "Network": "network",
    "NeuralDoodle": "doodle",
    "NeuralStyleError": "errors",
    "Objective": "objectives.objective",
    "Reconstruction": "reconstruction",
    "Result": "runs.result",
    "Run": "runs.settings",
    "Statistic": "features.statistics",
    "Step": "runs.result",
    "Style": "inputs",
    "Term": "objectives.objective",
    "clear_caches": "backend.cache",
    "enhance": "enhancement.steps",
    "minimise": "runs.transfer",
    "paint": "painting",
    "read_mask": "masks.mask",
    "transfer_color": "color_transfer",
    "transfer_mask": "mask_transfer",
}
"""Public names with their modules, which are imported when a name is first used: some need Keras, and a command must be
ready for Ctrl-C before it spends half a second on imports."""

_STARTING_THE_BACKEND = ("Objective", "Statistic", "Term", "clear_caches", "minimise")

__all__ = [
    "Analogy",
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
    "enhance",
    "minimise",
    "paint",
    "read_mask",
    "transfer_color",
    "transfer_mask",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        return import_module("neural_style.runs.records").library_version()
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _STARTING_THE_BACKEND:
        import_module("neural_style.backend")  # before all other modules that import Keras: it does so silently
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
