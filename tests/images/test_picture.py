"""Sizes, resizing and luminance against Pillow and values computed by hand; and an import that starts nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import picture


def test_luminance(rgb: np.ndarray) -> None:
    weights = np.array([0.299, 0.587, 0.114])
    grey = images.read(rgb, grey=True).rgb
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(grey[..., 1], np.asarray(Image.fromarray(rgb).convert("L")))
    assert np.abs(grey - (rgb @ weights)[..., None]).max() <= 0.51
    floats = images.read(images.read(rgb.astype(np.float32)), grey=True).rgb
    np.testing.assert_allclose(floats, np.repeat((rgb @ weights)[..., None], 3, axis=2), atol=1e-3)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 10000), (10000, 1), (7, 100)])
def test_too_small(tmp_path: Path, rows: int, columns: int) -> None:
    array = np.zeros((rows, columns, 3), np.uint8)
    Image.fromarray(array).save(tmp_path / "a.png")
    for source in (array, tmp_path / "a.png", Image.fromarray(array)):
        with pytest.raises(
            InvalidInputError, match=rf"too small: {rows} rows by {columns} columns, .* at least 8 pixels"
        ):
            images.read(source, what="content image")
    with pytest.raises(InvalidInputError, match="too small"):
        images.read_record(tmp_path / "a.png")


def test_the_size_limit_is_ours_and_not_pillows(
    tmp_path: Path, rgb: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(rgb).save(tmp_path / "a.png")
    for limit in (10, 100):  # 192 pixels: an error and a warning of Pillow's own
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, rgb)
        assert limit == Image.MAX_IMAGE_PIXELS
    assert picture.MAX_PIXELS == 500_000_000
    monkeypatch.setattr(picture, "MAX_PIXELS", 191)
    with pytest.raises(InvalidInputError, match=r"too large: 12 rows by 16 columns, more than .* megapixels; make it"):
        images.read(tmp_path / "a.png")


@pytest.mark.parametrize("method", images.METHODS)
def test_resize_is_pillows(rgb: np.ndarray, method: str) -> None:
    resample = getattr(Image.Resampling, method.upper())
    np.testing.assert_array_equal(
        images.resize(rgb, (7, 29), method=method), np.asarray(Image.fromarray(rgb).resize((29, 7), resample))
    )
    np.testing.assert_array_equal(
        images.resize(rgb[..., 0], (7, 29), method=method),
        np.asarray(Image.fromarray(rgb[..., 0]).resize((29, 7), resample)),
    )
    floats = images.resize(rgb.astype(np.float32) - 40.25, (7, 29), method=method)
    assert floats.dtype == np.float32
    channel = Image.fromarray(rgb[..., 2].astype(np.float32) - 40.25).resize((29, 7), resample)
    np.testing.assert_array_equal(floats[..., 2], np.asarray(channel))


def test_resize_by_hand() -> None:
    """Bilinear, doubled: Pillow's triangle filter weights the two nearest pixels 3/4 and 1/4, the border alone."""
    row = np.array([[0.0, 100.0]], np.float32)
    np.testing.assert_allclose(images.resize(row, (1, 4)), [[0, 25, 75, 100]])
    halves = np.arange(16, dtype=np.float32).reshape(4, 4)
    np.testing.assert_allclose(images.resize(halves, (2, 2), method="box"), [[2.5, 4.5], [10.5, 12.5]])


def test_resize_to_the_same_size_is_the_same_array(rgb: np.ndarray) -> None:
    assert images.resize(rgb, (12, 16), method="lanczos") is rgb


def test_resize_refuses(rgb: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match=r'unknown resize method "bilnear": did you mean "bilinear"\?'):
        images.resize(rgb, (9, 9), method="bilnear")
    with pytest.raises(InvalidInputError, match=r"at least one row and one column\, received size=\(0, 9\)"):
        images.resize(rgb, (0, 9))


def test_importing_it_starts_nothing_heavy() -> None:
    code = (
        "import sys, neural_style.images; heavy = {'keras', 'tensorflow', 'skimage', 'tifffile', 'scipy'};"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
