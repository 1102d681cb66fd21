"""Neural style transfer in Keras 3."""

from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError
from neural_style.inputs import Content, Style
from neural_style.network import Network
from neural_style.transfer import Result, Step

__all__ = [
    "Content",
    "InvalidInputError",
    "MissingFileError",
    "Network",
    "NeuralStyleError",
    "Result",
    "Step",
    "Style",
]
