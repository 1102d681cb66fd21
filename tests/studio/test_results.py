"""Downloads: format, size of a print, record inside."""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.studio.limits import Limits
from neural_style.studio.page import downloads
from neural_style.studio.request import Request
from neural_style.studio.results import FORMATS, save_as, size_of_print, upright


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "result.png"
    image = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    images.write(path, image, alpha=np.full((20, 30), 200, np.uint8), record='{"technique": "fast"}')
    return path


@pytest.mark.parametrize("ending", FORMATS.values())
def test_a_download_has_the_record_and_the_pixels(ending, result, tmp_path):
    out = save_as(result, tmp_path / f"mine{ending}")
    assert images.read_record(out) == '{"technique": "fast"}'
    before, after = (images.read(path).rgb.astype(int) for path in (result, out))
    assert np.abs(after - before).max() <= (0 if ending != ".jpg" else 40)


@pytest.mark.parametrize("ending", FORMATS.values())
def test_a_print_has_its_pixels_and_its_resolution(ending, result, tmp_path):
    """2.54 cm are an inch, and so 60 pixels."""
    out = save_as(result, tmp_path / f"print{ending}", width=2.54, dpi=60)
    with Image.open(out) as image:
        assert image.size == (60, 40)
        assert image.info["dpi"] == pytest.approx((60, 60), abs=0.1)
    assert images.read_record(out) == '{"technique": "fast"}'


def test_a_print_of_any_shape():
    assert size_of_print((3000, 2000), width=20, dpi=254) == (3000, 2000)
    with pytest.raises(InvalidInputError, match="fewer dpi or centimetres"):
        size_of_print((3000, 2000), width=20, dpi=254, limits=Limits(result_pixels=10**6))
    with pytest.raises(InvalidInputError, match="width must be above 0"):
        size_of_print((3000, 2000), width=0)


def test_an_unknown_format_is_refused(result, tmp_path):
    with pytest.raises(InvalidInputError, match=r'unknown format "\.bmp"'):
        save_as(result, tmp_path / "mine.bmp")


def test_tabs_have_files_of_their_own(tmp_path):
    """Two users pack pictures of one mode at the same time; after an hour the files are deleted."""
    packed = []
    for name in ("mine", "yours"):
        (tmp_path / f"{name}.png").write_text(name)
        request = Request("fast", {"photo": (tmp_path / f"{name}.png",)})
        packed.append(downloads.packed(request, tmp_path / "downloads"))
    assert [b"mine" in path.read_bytes() for path in packed] == [True, False]
    os.utime(packed[0].parent, (0, 0))
    downloads.packed(request, tmp_path / "downloads")
    assert [path.exists() for path in packed] == [False, True]


def test_a_photo_that_pillow_alone_does_not_read_is_shown(tmp_path, monkeypatch):
    """As HEIC, which the library reads by a package that is not registered with Pillow."""
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(500))
    package = SimpleNamespace(HeifImageFile=lambda file: Image.new("RGBA", (8, 6), "red"))
    monkeypatch.setattr("neural_style.images.formats.import_module", lambda name: package)
    shown = upright(tmp_path / "phone.heic", 4)
    assert (shown.mode, shown.size, shown.getpixel((0, 0))) == ("RGB", (8, 6), (255, 0, 0))
