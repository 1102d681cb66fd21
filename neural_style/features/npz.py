"""Arrays in .npz files of unknown origin: shape and type before data, in no more memory than the array takes.

`numpy.load` allocates whatever a header claims, and decompresses whatever a reader asks for; here the reader states
first which arrays it wants, and nothing else of the file is touched. Nothing is pickled, and no header is evaluated.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from math import prod
from typing import IO, BinaryIO, NamedTuple

import numpy as np

MAGIC = b"\x93NUMPY"

LONGEST_HEADER = 10_000
"""Bytes of a header at most, the limit of NumPy: its own are of 118 bytes."""

PIECE = 2**20
"""Bytes that are read at a time of entries that are stored or deflated, whose decompression can be bounded."""

SMALL_PIECE = 2**12
"""The same of bzip2 and LZMA, whose decompressors return everything that they make of their input."""

_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[a-zA-Z]\d{1,6})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,18}L?,? ?){0,32})\),? ?\}\s*"
)
"""The header as NumPy writes it, for types without fields (NEP 1)."""


class ArrayHeader(NamedTuple):
    """Shape and type of an array in a file.

    Attributes:
        shape: of the array.
        dtype: of its values, in the byte order of the file.
        order: `C` or `F`, the order of the values in the file.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    order: str

    @property
    def bytes(self) -> int:
        """Size of the values."""
        return prod(self.shape) * self.dtype.itemsize


class Archive:
    """The arrays in an .npz file.

    Attributes:
        entries: by the name of the array, for every file in the archive that ends in .npy.
    """

    def __init__(self, file: BinaryIO) -> None:
        """
        Raises:
            ValueError, zipfile.BadZipFile: it is no archive, or has two arrays of one name.
        """
        self._archive = zipfile.ZipFile(file)
        self.entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            name, ending = entry.filename[:-4], entry.filename[-4:]
            if ending == ".npy" and name in self.entries:
                raise ValueError(f"it has two arrays named {name[:60]}")
            if ending == ".npy":
                self.entries[name] = entry

    def header(self, name: str) -> ArrayHeader:
        """Shape and type of an array.

        Raises:
            ValueError and whatever zipfile raises for damage: it is no array of numbers or text.
        """
        with self._archive.open(self.entries[name]) as stream:
            return _read_header(stream)

    def read(self, name: str) -> np.ndarray:
        """An array, of whose header the caller approves; its checksum is verified.

        Raises:
            ValueError and whatever zipfile raises for damage: the values are fewer or more than the header states.
        """
        entry = self.entries[name]
        is_bounded = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        with self._archive.open(entry) as stream:
            header = _read_header(stream)
            if header.bytes > entry.file_size:
                raise ValueError(f"{name} is cut short")
            values = np.empty(header.bytes, np.uint8)
            place = 0
            for piece in _pieces(stream, header.bytes, PIECE if is_bounded else SMALL_PIECE):
                values[place : place + len(piece)] = np.frombuffer(piece, np.uint8)
                place += len(piece)
            if place < header.bytes or stream.read(1):  # at the end zipfile compares the checksum
                raise ValueError(f"{name} is not as long as its header states")
        return values.view(header.dtype).reshape(header.shape, order="F" if header.order == "F" else "C")


def _read_header(stream: IO[bytes]) -> ArrayHeader:
    start = stream.read(8)
    if start[:6] != MAGIC or len(start) < 8 or start[6] not in (1, 2, 3):
        raise ValueError("it is no array of NumPy")
    layout = "<H" if start[6] == 1 else "<I"
    size = struct.calcsize(layout)
    (length,) = struct.unpack(layout, stream.read(size).ljust(size, b"\xff"))
    match = _HEADER.fullmatch(stream.read(length)) if length <= LONGEST_HEADER else None
    if match is None:
        raise ValueError("the header of an array is no plain one")
    dtype = np.dtype(match[1].decode())
    if dtype.kind not in "fiubU" or dtype.itemsize == 0:
        raise ValueError(f"an array holds neither numbers nor text but {match[1].decode()}")
    shape = tuple(int(side) for side in re.findall(rb"\d+", match[3]))
    return ArrayHeader(shape, dtype, "F" if match[2] == b"True" else "C")


def _pieces(stream: IO[bytes], count: int, most: int) -> Iterator[bytes]:
    """The next `count` bytes of a stream, or fewer where it ends."""
    while count and (piece := stream.read(min(count, most))):
        count -= len(piece)
        yield piece
