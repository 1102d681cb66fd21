"""Reading, resizing and writing of pictures: RGB in 0..255, upright, in sRGB, over white."""

from neural_style.images.picture import LUMA, METHODS, MIN_SIDE, Picture, resize, to_uint8
from neural_style.images.reading import ImageSource, read
from neural_style.images.shapes import warn_of_other_shape
from neural_style.images.writing import (
    LONGEST_RECORD,
    SUFFIXES,
    check_output,
    read_record,
    write,
    write_16_bit,
    write_animation,
)

__all__ = [
    "LONGEST_RECORD",
    "LUMA",
    "METHODS",
    "MIN_SIDE",
    "SUFFIXES",
    "ImageSource",
    "Picture",
    "check_output",
    "read",
    "read_record",
    "resize",
    "to_uint8",
    "warn_of_other_shape",
    "write",
    "write_16_bit",
    "write_animation",
]
