"""Sources of weights: Keras' ImageNet files, a user's file, the package itself, or a random generator.

Weights are a dict of `block1_conv1_kernel` (3, 3, C_in, C_out) and `block1_conv1_bias` (C_out,), float32, for every
layer that was asked for. A file may hold more layers than that, or fewer than the network has.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from itertools import takewhile
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

from neural_style.errors import InvalidInputError, first_line
from neural_style.features.sent_files import received
from neural_style.features.vgg import ARCHITECTURES, Architecture, weight_name
from neural_style.features.weight_files import opened
from neural_style.validation import did_you_mean

Weights = dict[str, np.ndarray]

KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications"
MEGABYTES = {"vgg16": 58, "vgg19": 80}
"""Size of each download."""

CONNECTION_SECONDS = 3.0
"""Longest wait for the server of the weights; Keras alone would wait 20 s for a name that nobody resolves."""

KERAS_FILES = {  # file and MD5 of the networks without their classifier, as in keras.applications 3.15
    "vgg16": ("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": ("vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "253f8cb515780f3b799900260a226db6"),
}
EMBEDDED_FILES = {"mini": "mini.npz"}
_logger = logging.getLogger(__name__)

_RANDOM = re.compile(r"random:?(\d*)")

SOURCES = "imagenet, embedded, random, random:<seed>, or a path to an .h5 or .npz file"


def load(architecture: Architecture, source: str | None, layers: Iterable[str]) -> Weights:
    """The weights of `layers` from one of the sources.

    Args:
        architecture: which network.
        source: `imagenet` (Keras' file, downloaded once into Keras' cache), `embedded` (inside the package; mini
            only), `random` or `random:<seed>` (He-normal), or the path of an `.h5` or `.npz` file. `None` is the
            network's own default.
        layers: names such as `conv1_1`.

    Raises:
        InvalidInputError, MissingFileError: the source is unknown or not available, the file is damaged, or a layer
            is missing from it or has another shape.
    """
    layers = tuple(layers)
    source = str(source or architecture.weights)
    if (drawn := _RANDOM.fullmatch(source)) is not None:
        return random(architecture, layers, seed=int(drawn[1] or 0))
    if source == "embedded":
        if architecture.name not in EMBEDDED_FILES:
            raise InvalidInputError(
                f"no weights of {architecture.name} are embedded, only mini's: use weights imagenet"
            )
        with resources.as_file(resources.files(__package__) / EMBEDDED_FILES[architecture.name]) as path:
            return from_file(path, architecture, layers)
    if source == "imagenet":
        return from_file(keras_file(architecture), architecture, layers)
    if not source.lower().endswith((".h5", ".npz")):
        close = did_you_mean(source, ("imagenet", "embedded", "random"))
        hint = f"{close} Or" if close.startswith("did") else "use"
        raise InvalidInputError(f'unknown weights "{source}": {hint} {SOURCES}')
    return from_file(Path(source), architecture, layers)


def layers_in(architecture: Architecture, source: str | None) -> tuple[str, ...]:
    """The first layers of the network that a source has, without a gap: all of them, unless a file ends earlier.

    Raises:
        InvalidInputError, MissingFileError: the file cannot be read, or lacks the first layer.
    """
    path = Path(str(source or architecture.weights))
    if path.suffix.lower() not in (".h5", ".npz"):
        return architecture.layers
    with opened(path, architecture.name) as file:
        found = list(takewhile(lambda layer: f"{weight_name(layer)}_kernel" in file.names, architecture.layers))
    if not found:
        raise InvalidInputError(f"{path} has no layer of {architecture.name}: choose another file")
    return tuple(found)


def random(architecture: Architecture, layers: Iterable[str], *, seed: int = 0) -> Weights:
    """He-normal kernels, N(0, 2 / (9 C_in)), and zero biases, drawn in the order of the network (He et al. 2015).

    Untrained features represent colour and the finest texture only; they are for tests and experiments.
    """
    generator = np.random.default_rng(seed)
    weights: Weights = {}
    layers = tuple(layers)
    for layer, (kernel, bias) in _shapes(architecture, architecture.up_to_deepest(layers)).items():
        draw = generator.standard_normal(kernel) * np.sqrt(2 / np.prod(kernel[:3]))
        if layer in layers:
            weights[f"{weight_name(layer)}_kernel"] = draw.astype(np.float32)
            weights[f"{weight_name(layer)}_bias"] = np.zeros(bias, np.float32)
    return weights


def is_cached(name: str) -> bool:
    """Whether the ImageNet weights of a network are in Keras' cache; their hash is checked when they are read."""
    return name in KERAS_FILES and _cached(name).is_file()


def _cached(name: str) -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models" / KERAS_FILES[name][0]


def keras_file(architecture: Architecture) -> Path:
    """Path of Keras' own file in Keras' own cache, downloaded and checked by hash if it is not there yet."""
    if architecture.name not in KERAS_FILES:
        raise InvalidInputError(f"{architecture.name} has no ImageNet weights: use weights embedded, or a file")
    from keras import utils

    name, digest = KERAS_FILES[architecture.name]
    cached = _cached(architecture.name)
    if cached.is_file() and hashlib.md5(cached.read_bytes()).hexdigest() == digest:
        return cached  # without asking Keras, which would print a message, and delete a file that it does not know
    url = _url(architecture.name)
    if problem := _connection_problem(url):
        raise _no_download(architecture.name, problem)
    _logger.info(
        "downloading the weights of %s (%d MB) once, to %s", architecture.name, MEGABYTES[architecture.name], cached
    )
    try:
        return Path(utils.get_file(name, url, cache_subdir="models", file_hash=digest))  # with a progress bar
    except Exception as error:  # Keras raises a bare Exception for any failure of a download
        raise _no_download(architecture.name, first_line(error)) from error


def check_available(name: str, source: str | None, layers: Iterable[str]) -> None:
    """Check, without starting a backend, that weights are at hand or can be downloaded.

    Args:
        name: of a network.
        source, layers: as in `load`.

    Raises:
        InvalidInputError, MissingFileError: as in `load`; or they are to be downloaded, and the server cannot be
            reached.
    """
    architecture = ARCHITECTURES[name]
    source = str(source or architecture.weights)
    if source == "imagenet" and name in KERAS_FILES:
        if not is_cached(name) and (problem := _connection_problem(_url(name))):
            raise _no_download(name, problem)
    elif not _RANDOM.fullmatch(source):  # which is drawn from nothing
        load(architecture, source, layers)


def _url(name: str) -> str:
    return f"{KERAS_URL}/{name}/{KERAS_FILES[name][0]}"


def _connection_problem(url: str) -> str:
    """Why a server cannot be reached, empty where it answers; a thread, as resolving a name knows no timeout."""
    outcome: list[str] = []

    def ask() -> None:
        try:
            urlopen(Request(url, method="HEAD"), timeout=CONNECTION_SECONDS).close()
        except HTTPError:  # an answer; the download itself reports what is wrong
            pass
        except (OSError, ValueError) as error:
            outcome.append(first_line(getattr(error, "reason", error)))
            return
        outcome.append("")

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONNECTION_SECONDS)
    return outcome[0] if outcome else f"no answer within {CONNECTION_SECONDS:.0f} s"


def _no_download(name: str, problem: str) -> InvalidInputError:
    return InvalidInputError(
        f"the weights of {name} ({MEGABYTES[name]} MB) cannot be downloaded ({problem:.60}): use "
        f'model="mini", which needs none, put {_url(name)} into {_cached(name).parent}, or name a file (weights=FILE)'
    )


def from_file(path: Path, architecture: Architecture, layers: Iterable[str]) -> Weights:
    """Read the weights of `layers` from an `.npz` or Keras `.h5` file, and nothing else of it.

    Raises:
        InvalidInputError, MissingFileError: the file is missing or damaged, lacks a layer, or has another shape for it.
    """
    shapes = _shapes(architecture, layers)
    with opened(path, architecture.name) as file:
        missing = [
            layer
            for layer in shapes
            if not {f"{weight_name(layer)}_kernel", f"{weight_name(layer)}_bias"} <= file.names
        ]
        if missing:
            raise InvalidInputError(
                f"{path} lacks {', '.join(missing)} of {architecture.name}: choose layers that it has, or another file"
            )
        return {
            name: file.read(name, shape)
            for layer, parts in shapes.items()
            for part, shape in zip(("kernel", "bias"), parts, strict=True)
            for name in [f"{weight_name(layer)}_{part}"]
        }


def hash_of(path: Path) -> str:
    """SHA-256 of a file; empty for one that cannot be read, which `from_file` explains."""
    if (sent := received(path)) is not None:
        return sent.sha256
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def fingerprint(weights: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of names and values, independent of the kind of file; for records."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].tobytes())
    return digest.hexdigest()


def _shapes(architecture: Architecture, layers: Iterable[str]) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Shapes of kernel and bias of `layers`, in the order of the network."""
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    channels = 3
    wanted = set(layers)
    for layer, filters in architecture.filters.items():
        if layer in wanted:
            shapes[layer] = ((3, 3, channels, filters), (filters,))
        channels = filters
    return shapes
