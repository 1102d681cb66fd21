"""Masks from anywhere: damaged files and arrays of any kind are read, or refused in one line."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from PIL import Image

from neural_style import NeuralStyleError
from neural_style.masks.mask import WHITE, read_mask
from tests.hostile.crafted import damaged

FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP")


def picture(kind: str, mode: str) -> bytes:
    """A mask of 12 x 16 pixels, half white."""
    grey = np.zeros((12, 16), np.uint8)
    grey[:, 8:] = 255
    buffer = io.BytesIO()
    Image.fromarray(grey).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def read_or_refused(source: Any) -> None:
    """A mask with white in it, or an error of the library in one line."""
    message = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of profiles, and of floats that will look black
        try:
            mask = read_mask(source)
        except NeuralStyleError as error:
            message = str(error)
        else:
            assert mask.grey.dtype == np.uint8
            assert mask.grey.max() >= WHITE
            assert 0 < mask.at((8, 8)).max() <= 1
    assert "\n" not in message


@given(data=st.data(), kind=st.sampled_from(FORMATS), mode=st.sampled_from(["L", "RGB"]))
def test_any_damage_to_a_file_is_read_over_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str, mode: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    path.write_bytes(data.draw(damaged(picture(kind, mode))))
    read_or_refused(path)


@given(
    array=arrays_of.arrays(
        arrays_of.scalar_dtypes() | arrays_of.array_dtypes(),
        arrays_of.array_shapes(min_dims=0, max_dims=4, max_side=10) | st.sampled_from([(8, 9), (8, 8, 3), (9, 8, 4)]),
    )
)
def test_any_array_is_read_or_refused(array: np.ndarray) -> None:
    read_or_refused(array)
