"""Files of weights, `.npz` and Keras' `.h5`, read by what is asked for: names first, then shape and type, then data.

A file of weights comes from anywhere. Whatever else is in it is not read: a file of a few kilobytes may hold arrays of
terabytes, and a data set may refer to other files of the reader's. That no layer is missing is checked in
`neural_style.features.weights`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Set
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError, first_line
from neural_style.features.npz import Archive
from neural_style.features.sent_files import at_hand, is_at_hand

DEEPEST = 32
"""Levels of groups that are searched in an .h5 file; Keras nests four."""

MOST_OBJECTS = 100_000
"""Groups and data sets of an .h5 file at most: a VGG has 60, and its optimizer as many again."""

LARGEST_CHUNK = 2**24
"""Bytes of a chunk of a smaller data set, which HDF5 decompresses as a whole; h5py makes them of 1 MB at most."""

_LAYER = re.compile(r"block\d+_conv\d+(?!\d)")
_PART = re.compile(r"(?:block\d+_conv\d+(?:_\d+)?_)?(?:(kernel|W)|bias|b)(?:_\d+)?")
"""Name of a kernel or a bias in versions of Keras, without `:0`; the moments of an optimizer have other endings."""


class WeightsFile(Protocol):
    """An opened file of weights.

    Attributes:
        names: `block1_conv1_kernel`, `block1_conv1_bias` and so on, for the kernels and biases in it.
    """

    names: Set[str]

    def read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The float32 values of a kernel or a bias, whose shape and type are checked before they are read.

        Raises:
            InvalidInputError: the shape is another, or a value is not finite in float32.
        """


@contextlib.contextmanager
def opened(path: Path, what: str) -> Iterator[WeightsFile]:
    """A file of weights, open for reading.

    Args:
        path: of the file; its ending selects the format.
        what: the network that the file should be of, for messages.

    Raises:
        InvalidInputError, MissingFileError: it is not there, is damaged, or has two arrays for one name.
    """
    if not is_at_hand(path):
        raise MissingFileError(f"no weights file {path}: check the path")
    try:
        with at_hand(path) as place:
            if path.suffix.lower() == ".npz":
                with place.open("rb") as file:
                    yield _Npz(Archive(file), path, what)
            else:
                import h5py

                with h5py.File(place, "r") as file:
                    yield _H5(file, path, what)
    except NeuralStyleError:
        raise
    except Exception as error:  # zipfile, zlib and HDF5 raise many types for a damaged file
        raise InvalidInputError(
            f"{path} cannot be read as a weights file ({first_line(error):.200}): it is damaged or not an "
            f"{path.suffix} file; get it again"
        ) from error


class _Npz:
    def __init__(self, archive: Archive, path: Path, what: str) -> None:
        self._archive, self._path, self._what = archive, path, what
        self.names: Set[str] = archive.entries.keys()

    def read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        header = self._archive.header(name)
        _check(self._path, self._what, name, (header.shape, header.dtype), shape)
        return _as_float32(self._archive.read(name), name, self._path)


class _H5:
    """Everything that is named like a kernel or a bias of a layer, however deep: versions of Keras nest differently."""

    def __init__(self, file: Any, path: Path, what: str) -> None:
        self._path, self._what = path, what
        self._found: dict[str, Any] = {}
        for place, node in _data_sets(file, path):
            name = _weight_name(place)
            if name in self._found:
                raise InvalidInputError(
                    f"{path} has two data sets for {name}, {self._found[name].name} and {node.name}: remove the one "
                    "that is not the network's"
                )
            if name is not None:
                self._found[name] = node
        self.names: Set[str] = self._found.keys()

    def read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        node = self._found[name]
        _check(self._path, self._what, name, (node.shape, node.dtype), shape)
        size = prod(shape) * node.dtype.itemsize
        if node.is_virtual or node.external:
            raise InvalidInputError(f"{self._path}: the values of {name} are in other files, which are not read")
        if prod(node.chunks or ()) * node.dtype.itemsize > max(size, LARGEST_CHUNK):
            raise InvalidInputError(f"{self._path} is damaged: {name} is packed in pieces larger than itself")
        return _as_float32(node[()], name, self._path)


def _data_sets(file: Any, path: Path) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The data sets in a file, each once, with the names of the groups that lead to it and its own.

    Links to other files, and by name to other places in this one, are not followed.
    """
    import h5py

    waiting: list[tuple[tuple[str, ...], Any]] = [((), file)]
    seen, count = set(), 0
    while waiting:
        place, group = waiting.pop()
        for name in group:
            count += 1
            if count > MOST_OBJECTS:
                raise InvalidInputError(f"{path} has more than {MOST_OBJECTS} objects, which no file of weights has")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            node = group[name]
            address = h5py.h5o.get_info(node.id).addr
            if address in seen:  # a group may contain itself
                continue
            seen.add(address)
            if isinstance(node, h5py.Dataset):
                yield (*place, name), node
            elif isinstance(node, h5py.Group) and len(place) < DEEPEST:
                waiting.append(((*place, name), node))


def _weight_name(place: tuple[str, ...]) -> str | None:
    """The name of the kernel or bias in a data set; None for anything else, such as the state of an optimizer.

    The layer is the last part of the place that is named like one.
    """
    part = _PART.fullmatch(place[-1].partition(":")[0])
    layer = next((match for each in reversed(place) if (match := _LAYER.match(each))), None)
    if part is None or layer is None or any(each.lower().startswith("optimizer") for each in place):
        return None
    return f"{layer[0]}_{'kernel' if part[1] else 'bias'}"


def _check(path: Path, what: str, name: str, found: tuple[Any, Any], shape: tuple[int, ...]) -> None:
    if found[0] != shape:
        raise InvalidInputError(f"{path} is not a file of {what}: {name} has shape {found[0]!s:.100}, expected {shape}")
    if found[1].kind != "f":
        raise InvalidInputError(f"{path} is damaged: {name} is not made of finite numbers; get it again")


def _as_float32(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    with np.errstate(over="ignore"):  # what overflows is refused below
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise InvalidInputError(f"{path} is damaged: {name} is not made of finite numbers in float32; get it again")
    return values
