"""Neural style transfer in Keras 3."""

from neural_style.color_transfer import color_transfer
from neural_style.doodle import NeuralDoodle
from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError
from neural_style.inetwork import INetwork
from neural_style.inputs import Content, Style
from neural_style.mask_transfer import mask_transfer
from neural_style.masks.mask import read_mask
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction
from neural_style.runs.transfer import Result, Step

__all__ = [
    "Content",
    "INetwork",
    "InvalidInputError",
    "MissingFileError",
    "Network",
    "NeuralDoodle",
    "NeuralStyleError",
    "Reconstruction",
    "Result",
    "Step",
    "Style",
    "color_transfer",
    "mask_transfer",
    "read_mask",
]
