"""Formats that are not read, empty names, links and addresses: one line each; and tags that stand for a profile."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.runs.outputs import Output


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_an_error(name: str) -> None:
    for call in (lambda: images.read(name), lambda: Output.from_prefix(name), lambda: images.read_record(name)):
        with pytest.raises(InvalidInputError, match="has an empty name, received"):
            call()


def test_an_unset_variable_does_not_paint_the_current_folder(
    command: Callable[..., Any], photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command("network", "", photo_file, tmp_path, "--model", "mini").assert_refused("is a folder")
    command("network", "", photo_file, "out", "--model", "mini").assert_refused("content has an empty name")
    command("network", photo_file, "", "out", "--model", "mini").assert_refused("style has an empty name")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"\0\0\0\x18ftypheic", r"is a HEIC photo, .*pip install pillow-heif"),
        (b"8BPS\0\1", "is a Photoshop document: save it"),
        (b"FUJIFILMCCD-RAW 0201", "is a camera RAW file: develop it first"),
        (b"<!DOCTYPE html>", "is not a picture but a web page: download"),
    ],
)
def test_a_format_that_is_not_read_is_named(tmp_path: Path, head: bytes, message: str) -> None:
    (tmp_path / "a.jpg").write_bytes(head + bytes(500))
    with pytest.raises(InvalidInputError, match=message):
        images.read(tmp_path / "a.jpg")


def test_links_addresses_and_home(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(MissingFileError, match=r'it is a link to ".*gone\.png", which is not there'):
        images.read(tmp_path / "a.png")
    with pytest.raises(MissingFileError, match="it is an address, and only files are read and written: download"):
        images.read("https://example.org/a.png")
    with pytest.raises(MissingFileError, match=rf'write "{Path.home()}/none\.png"'):
        images.read("~/none.png")


def test_a_closed_image_is_not_damaged(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        pass
    with pytest.raises(InvalidInputError, match="has been closed: open it again"):
        images.read(image)


def srgb(linear: float) -> float:
    """IEC 61966-2-1."""
    return 255 * (1.055 * linear ** (1 / 2.4) - 0.055)


def test_gamma_of_a_png(tmp_path: Path) -> None:
    grey = np.full((9, 9, 3), 128, np.uint8)
    for gamma, expected in ((1.0, srgb(128 / 255)), (0.45455, 128)):
        info = PngImagePlugin.PngInfo()
        info.add(b"gAMA", struct.pack(">I", round(gamma * 100_000)))
        Image.fromarray(grey).save(tmp_path / "a.png", pnginfo=info)
        assert np.abs(images.read(tmp_path / "a.png").rgb - expected).max() <= 1


def test_adobe_rgb_by_exif(tmp_path: Path) -> None:
    """Adobe RGB (1998): (0, 255, 0) is out of sRGB, greys nearly stay, and (219, 0, 0) is nearly sRGB's (255, 0, 0)."""
    colours = np.array([[219, 0, 0], [128, 128, 128]], np.uint8)
    exif = Image.Exif()
    exif[0x8769] = {0xA001: 2}
    for colour, expected in zip(colours, ([255, 0, 0], [128, 128, 128]), strict=True):
        Image.fromarray(np.tile(colour, (9, 9, 1))).save(tmp_path / "a.png", exif=exif)
        assert np.abs(images.read(tmp_path / "a.png").rgb.astype(int) - expected).max() <= 3


def test_an_hdr_png_is_refused(tmp_path: Path, rgb: np.ndarray) -> None:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    data, body = buffer.getvalue(), b"cICP" + bytes([9, 16, 0, 1])
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    with pytest.raises(InvalidInputError, match=r"is an HDR picture \(PQ"):
        images.read(tmp_path / "a.png")


def test_an_ending_that_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"not written as \.gif; use one of .*gif=True for an animation"):
        Output.from_prefix(str(tmp_path / "out.gif"))


def test_a_ppm_is_read_by_its_name(tmp_path: Path) -> None:
    """It begins with two letters, as many a text does: under the name of another format it is refused."""
    rgb = np.full((9, 12, 3), (10, 200, 30), np.uint8)
    for name in ("a.ppm", "a.PNM"):
        Image.fromarray(rgb).save(tmp_path / name, "PPM")
        np.testing.assert_array_equal(images.read(tmp_path / name).rgb, rgb)
    (tmp_path / "a.ppm").rename(tmp_path / "a.png")
    with pytest.raises(InvalidInputError, match=r"a\.png\" is not a picture by its name.*let the name end in \.ppm"):
        images.read(tmp_path / "a.png")


def test_a_pillow_that_misses_tags_of_interoperability_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow 12.3 raises KeyError where a file has none."""
    get_ifd = Image.Exif.get_ifd

    def without(self: Image.Exif, tag: int) -> dict[int, Any]:
        if tag == 0xA005:
            raise KeyError(tag)
        return get_ifd(self, tag)

    monkeypatch.setattr(Image.Exif, "get_ifd", without)
    Image.fromarray(np.full((8, 8, 3), 9, np.uint8)).save(tmp_path / "a.png")
    assert images.read(tmp_path / "a.png").rgb.max() == 9
