"""Damage that is found without decoding, and decoders in C that write to the error stream."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.damage import has_short_header, without_lines_of_libtiff

RGB = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)


def jpeg(rows: int, columns: int, *, marker: bytes = b"\xff\xc0") -> bytes:
    """A JPEG of 48 x 40 pixels that claims another size."""
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG")
    data = buffer.getvalue()
    place = data.index(b"\xff\xc0")
    return data[:place] + marker + data[place + 2 : place + 5] + struct.pack(">HH", rows, columns) + data[place + 9 :]


def png(rows: int, columns: int) -> bytes:
    """A PNG of one bit, with data for a few rows only."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("name", "data"), [("a.jpg", jpeg(4000, 4800)), ("a.png", png(62_500_000, 8))])
def test_a_file_that_is_too_short_for_its_size_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    Image.init()  # some plugins load images of their own
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("pixels were decoded"))
    with pytest.raises(InvalidInputError, match=rf"{name}.* is damaged or cut short \({len(data)} bytes are too few"):
        images.read(tmp_path / name)


def test_the_smallest_files_are_long_enough(tmp_path: Path) -> None:
    """A JPEG of one grey has six bits for each of its blocks, and a PNG of zeros a thousandth of its bits."""
    grey = Image.new("L", (1600, 1600), 128)
    grey.save(tmp_path / "a.jpg", optimize=True)
    grey.save(tmp_path / "b.jpg", progressive=True, quality=1)
    Image.new("1", (1600, 1600)).save(tmp_path / "a.png", compress_level=9)
    for name in ("a.jpg", "b.jpg", "a.png"):
        assert images.read(tmp_path / name).size == (1600, 1600)


@pytest.mark.parametrize("compression", [8, 34925])
def test_a_bomb_in_a_tiff_is_not_decompressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: int
) -> None:
    """A strip of a picture of 16 bits that holds a hundred times as much."""
    import lzma

    pack = zlib.compress if compression == 8 else lzma.compress
    monkeypatch.setattr("neural_style.images.damage.BOMB", 1000)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, RGB[..., 0].astype(np.uint16) * 257, compression=compression)
    assert images.read(path).size == (40, 48)
    packed = pack(bytes(400_000))
    with tifffile.TiffFile(path, mode="r+") as tiff:
        page = tiff.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        tiff.filehandle.seek(0, os.SEEK_END)
        end = tiff.filehandle.tell()
        tiff.filehandle.write(packed)
        page.tags[273].overwrite(end)
        page.tags[279].overwrite(len(packed))
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda *_: pytest.fail("it was decompressed"))
    with pytest.raises(InvalidInputError, match=r"a\.tif.* is damaged \(a part of it holds more than its pixels\)"):
        images.read(path)


def test_the_header_of_a_ppm_is_short() -> None:
    """Pillow reads comments byte by byte."""
    assert has_short_header(b"P6\n# by a program\n48 40 # rows\n255\n" + bytes(9))
    assert has_short_header(b"P4\n8 8\n#abc")
    assert not has_short_header(b"P6\n48 40\n#" + b"a" * 70_000)


def test_a_picture_in_a_file_cannot_have_been_closed(tmp_path: Path) -> None:
    """Pillow asserts that a PNG has its palette."""
    Image.fromarray(RGB).quantize(8).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    place = data.index(b"PLTE") - 4
    length = 12 + int.from_bytes(data[place : place + 4])
    (tmp_path / "a.png").write_bytes(data[:place] + data[place + length :])
    with pytest.raises(InvalidInputError, match="is damaged or cut short"):
        images.read(tmp_path / "a.png")


def test_libtiff_writes_nothing_to_the_error_stream(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.tif", compression="tiff_lzw")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[8:200] = b"\xff" * 192
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(InvalidInputError, match="is damaged or cut short"):
        images.read(tmp_path / "a.tif")
    with without_lines_of_libtiff():
        os.write(2, b'PredictorSetup: "Predictor" value 7 not supported.\nof another thread\n')
    assert capfd.readouterr().err == "of another thread\n"
