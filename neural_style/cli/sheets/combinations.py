"""The cells of a contact sheet: each combination of the varied values, as a run and as a command."""

from __future__ import annotations

import itertools
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neural_style.cli.commands import network
from neural_style.cli.engine_flags import ENGINE_FLAGS
from neural_style.cli.flags import Parser, values
from neural_style.cli.sheets.varied import Axis
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.features.weights import check_available
from neural_style.images import Picture
from neural_style.inputs import Content, Style, as_content, as_styles, columns_at
from neural_style.network import TransferTechnique
from neural_style.runs.memory_plan import estimates
from neural_style.runs.settings import Run

ITERATIONS = 5
"""Iterations of a cell by default."""

OF_THE_SHEET = ("overwrite", "quiet", *ENGINE_FLAGS)
"""Fields of flags that are not those of the printed commands, each of which paints one picture."""


@dataclass
class Combination:
    """One cell: its run and its results.

    Attributes:
        texts: the values of the varied flags, as they were written.
        command: the command that paints it in full size.
        settings, content, styles, run: of the small picture, as for `Technique.transfer`.
        picture: uint8 (H, W, 3), None until it is painted.
        problem: the reason for which it could not be painted.
        results: of a painted picture, for the record: losses, metrics (none where they could not be measured), seconds,
            why it stopped, and the fingerprint of the weights.
    """

    texts: tuple[str, ...]
    command: str
    settings: TransferTechnique
    content: Content
    styles: Sequence[Style]
    run: Mapping[str, Any]
    picture: np.ndarray | None = None
    problem: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " x ".join(self.texts)

    @property
    def sources(self) -> list[Any]:
        """Its masks and initial image, which may be files."""
        masks = [self.content.mask, self.content.color_mask, *(style.mask for style in self.styles)]
        return [each for each in [*masks, self.run["init"]] if each is not None]


@contextmanager
def named(texts: Sequence[str]) -> Iterator[None]:
    """Add the name of the cell to its errors."""
    try:
        yield
    except NeuralStyleError as error:
        raise type(error)(f"{error} (in the cell {' x '.join(texts)})") from error


def all_combinations(
    found: Namespace,
    technique: type[TransferTechnique],
    command: Parser,
    axes: Sequence[Axis],
    prefix: Path,
    inputs: Sequence[Picture],
) -> list[Combination]:
    """All cells, row by row, checked as far as possible without a network's weights.

    Args:
        found: the arguments of the sheet.
        technique: the technique that paints.
        command: the parser of the varied command.
        axes: the varied flags.
        prefix: of the sheet; the prefix of each cell's command begins with it.
        inputs: the photo and the paintings.

    Raises:
        InvalidInputError, MissingFileError: a cell cannot be painted, small or in full size.
    """
    made = []
    for place, texts, at in _arguments(found, axes):
        own = prefix.with_name("_".join([prefix.name, *(str(index + 1) for index in place)]))
        with named(texts):
            made.append(_combination(at, technique, command, axes, texts, own, inputs))
    return made


def check_weights(found: Namespace, technique: type[TransferTechnique], axes: Sequence[Axis]) -> list[str]:
    """Check the networks of all cells, each once, before the seconds that a backend takes to start.

    Returns:
        Their names.

    Raises:
        InvalidInputError, MissingFileError: settings are impossible, or weights are not at hand.
    """
    checked = set()
    for _, texts, at in _arguments(found, axes):
        with named(texts):
            settings = technique(**values(at, technique))
            network_in_use = settings.model, settings.weights, settings.used_layers
            if network_in_use not in checked:
                check_available(*network_in_use)
            checked.add(network_in_use)
    return sorted({name for name, *_ in checked})


def _arguments(found: Namespace, axes: Sequence[Axis]) -> Iterator[tuple[tuple[int, ...], tuple[str, ...], Namespace]]:
    """Of each cell: the place of its values on the axes, their texts, and its arguments."""
    for place in itertools.product(*(range(len(axis.texts)) for axis in axes)):
        chosen = list(zip(axes, place, strict=True))
        texts = tuple(axis.texts[index] for axis, index in chosen)
        yield place, texts, Namespace(**{**vars(found), **{axis.field: axis.values[index] for axis, index in chosen}})


def by_network(combinations: Sequence[Combination]) -> list[Combination]:
    """The cells sorted by network and then by size, since neighbours share compiled programs."""

    def network_of(each: Combination) -> tuple[Any, ...]:
        settings = each.settings
        return settings.model, settings.weights, settings.pooling, settings.precision, settings.used_layers

    def size_of(each: Combination) -> tuple[Any, ...]:
        return Run(**each.run).levels, each.run["maintain_aspect_ratio"]

    networks, sizes = [network_of(each) for each in combinations], [size_of(each) for each in combinations]
    return sorted(combinations, key=lambda each: (networks.index(network_of(each)), sizes.index(size_of(each))))


def difference_of_size(combinations: Sequence[Combination], axes: Sequence[Axis], found: Namespace) -> str:
    """A note on the change of the weights' meaning in full size: `titu1994` sums the content over all pixels."""
    summed = [each for each in combinations if _content_is_summed(each.settings)]
    if not summed or any(axis.field in ("image_size", "sizes") for axis in axes):  # which are used as they are
        return ""
    full = max(found.sizes, default=found.image_size)
    factor = (full / max(Run(**summed[0].run).levels)) ** 2
    if 0.9 < factor < 1.1:
        return ""
    return (
        f"note: with normalization titu1994 the weight of the content grows with the area. At {full} rows it is "
        f"{factor:.2g} times as large against the style as in the sheet; --rows {full} shows the effect"
    )


def _content_is_summed(settings: TransferTechnique) -> bool:
    """Whether the weight of the content grows with the area of the picture."""
    loss = settings.transfer_loss
    return loss.normalization == "titu1994" and not loss.content_loss_type and bool(settings.content_targets)


def _combination(
    at: Namespace,
    technique: type[TransferTechnique],
    command: Parser,
    axes: Sequence[Axis],
    texts: tuple[str, ...],
    prefix: Path,
    inputs: Sequence[Picture],
) -> Combination:
    """The cell of the arguments `at`, which contain its values."""
    photo, *paintings = inputs
    settings = technique(**values(at, technique))
    content, styles = network.inputs_of(at)
    content = as_content(replace(content, image=photo))
    styles = list(as_styles([replace(s, image=image) for s, image in zip(styles, paintings, strict=True)]))
    own = {name: command.get_default(name) for name in OF_THE_SHEET}
    full = Namespace(**{**vars(at), **own, "iterations": Run.iterations if at.iterations is None else at.iterations})
    run = values(full, Run)
    estimates(settings.extractor_spec, content.canvas, styles, Run(**run))
    if at.iterations is None:
        run["iterations"] = ITERATIONS
    if not {"image_size", "sizes"} & {axis.field for axis in axes}:
        run |= _small(at, settings, photo)
        estimates(settings.extractor_spec, content.canvas, styles, Run(**run))
    words = ["neural-style", technique.name, at.content, *at.styles, str(prefix), *command.spelled(full)]
    return Combination(texts, shlex.join(words), settings, content, styles, run)


def _small(at: Namespace, settings: TransferTechnique, photo: Picture) -> dict[str, Any]:
    """The sizes of a small run: the last one is that of the sheet, and the others are in proportion."""
    stride = settings.extractor_spec.stride

    def is_large_enough(rows: int) -> bool:
        columns = columns_at(rows, photo.size) if at.maintain_aspect_ratio else rows
        return min(rows, columns) >= stride

    if not is_large_enough(at.rows):
        raise InvalidInputError(
            f"--rows {at.rows} makes pictures of {at.rows} x {columns_at(at.rows, photo.size)} pixels and "
            f"{settings.used_layers[-1]} needs at least {stride} on a side: choose more rows, or a shallower layer"
        )
    levels = [round(at.rows * size / max(at.sizes)) for size in at.sizes]
    return {"image_size": at.rows, "sizes": sorted({rows for rows in levels if is_large_enough(rows)})}
