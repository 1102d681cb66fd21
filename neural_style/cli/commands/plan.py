"""`neural-style plan photo.jpg painting.jpg --image_size 4096`: estimates the memory and time of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from neural_style.cli.commands import network
from neural_style.cli.commands.inetwork import add_technique_flag, chosen_technique
from neural_style.cli.flags import add_fields, values
from neural_style.cli.progress import duration
from neural_style.cli.session import start_backend
from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, as_content
from neural_style.network import TransferTechnique
from neural_style.painting import ITERATIONS
from neural_style.runs.memory_plan import (
    GIB,
    SMALL_TILES,
    TILES,
    MemoryEstimate,
    available_memory,
    describe_change,
    estimates,
    fit_to_memory,
    largest,
)
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run, sizes_for
from neural_style.video.clip import Clip, is_sequence, open_clip
from neural_style.video.coherence import motion
from neural_style.video.flow import dis
from neural_style.video.reading import Reader
from neural_style.video.settings import Coherence

DESCRIPTION = """\
Estimate the memory and time that a run needs, whole and by tiles, and the largest size that fits this machine. The
flags are those of the planned command; nothing is painted, and no weights are needed. Of a film, the time of each
method of neural-style video is estimated as well."""

EPILOG = """\
examples:
  neural-style plan photo.jpg painting.jpg --model vgg19 --image_size 4096
  neural-style plan photo.jpg painting.jpg --technique inetwork --model mini --memory_limit 8
  neural-style plan clip.mp4 painting.jpg --model mini
"""

FILMS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv")
"""Endings of films."""

TRIED = 256
"""Side of the noise image on which the speed of the machine is measured."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    technique, own = chosen_technique(arguments)
    parser = network.parser("plan", technique, DESCRIPTION, own=own, paints=False)
    parser.epilog = EPILOG
    add_technique_flag(parser)
    add_fields(parser.add_argument_group("films"), Coherence, ["passes"])
    parser.add_argument("--device", metavar="NAME", help="cpu, gpu or gpu:<n> (default: a GPU if there is one)")
    found = parser.read(arguments)
    settings, run = technique(**values(found, technique)), Run(**values(found, Run))
    clip = open_clip(found.content) if is_clip(found.content) else None
    coherence = Coherence(passes=found.passes)
    if clip is None and coherence.passes != 1:
        raise InvalidInputError("--passes has an effect on films only: leave it out")
    content = as_content(Content(found.content, frame=found.frame) if clip is None else Content(_first_frame(clip)))
    if clip is not None:
        run = replace(run, image_size=clip.size[0], sizes=())  # a film keeps its size
    styles = [style.read() for style in network.styles_of(found)]
    start_backend(found.device)  # first: the estimate depends on the backend, and the free memory on the device
    planned = estimates(settings.extractor_spec, content.canvas, styles, run)
    available = available_memory(run)
    speeds = _seconds_per_pixel(settings)
    for estimate in planned:
        print("\n".join(_lines(estimate, available, speeds)))
    if clip is not None:
        print("\n".join(_lines_of_film(clip, planned[0], speeds, coherence)))
    return 0


def _lines(estimate: MemoryEstimate, available: int | None, speeds: tuple[float, float]) -> list[str]:
    """The table of one size, and the choice that a run would make."""
    free = "free memory unknown" if available is None else f"{available / GIB:.1f} GiB free"
    lines = [f"{estimate.size[0]} x {estimate.size[1]} pixels, {free}", f"  {'':<14}{'memory':>10}{'an iteration':>16}"]
    sides = [side for side in (*TILES, *SMALL_TILES) if estimate.spec.by_tiles and side < max(estimate.size)]
    for choice in (replace(estimate, tile=side) for side in ([estimate.tile] if estimate.tile else [None, *sides])):
        name = f"tiles of {choice.tile}" if choice.tile else "whole"
        seconds = EVALUATIONS_PER_ITERATION * (choice.forward_pixels * speeds[0] + choice.pixels * speeds[1])
        lines.append(f"  {name:<14}{choice.bytes / GIB:>6.1f} GiB{duration(seconds):>16}")
    if not estimate.spec.by_tiles:
        lines.append("not in the time: the style loss itself, which takes several times as long as the network")
    if available is None:
        return lines
    try:
        chosen = fit_to_memory(estimate, available)
        lines.append(describe_change(estimate, chosen, available) or "fits into memory")
    except InvalidInputError as error:
        lines.append(str(error))
    lines.append(f"the largest picture of this shape that fits has {largest(estimate, available)} rows")
    return lines


def is_clip(name: str) -> bool:
    """Whether a name is that of a film or of a sequence; a GIF counts as a picture."""
    return is_sequence(name) or Path(name).suffix.lower() in FILMS


def _first_frame(clip: Clip) -> np.ndarray:
    return next(Reader(clip).frames()).rgb


def _lines_of_film(
    clip: Clip, estimate: MemoryEstimate, speeds: tuple[float, float], coherence: Coherence
) -> list[str]:
    """The clip, and the time of each method for all of its frames, if no cut begins a new shot."""
    from neural_style.feedforward.painter import Painter

    evaluation = estimate.forward_pixels * speeds[0] + estimate.pixels * speeds[1]
    first = ITERATIONS * sum((rows / clip.size[0]) ** 2 for rows in sizes_for(clip.size[0]))
    count = clip.count or 1
    painter, noise = Painter(), np.random.default_rng(0).integers(0, 256, (TRIED, TRIED, 3), np.uint8)
    share = clip.size[0] * clip.size[1] / TRIED**2
    flows = (count - 1) * share * _seconds(lambda: motion(noise, noise, dis))  # there and back
    passes = [coherence.iterations(turn) for turn in range(1, coherence.passes + 1)]
    iterations = first + sum(passes[1:]) + (count - 1) * sum(passes)
    times = len(passes) + (len(passes) > 1)  # where there are several, one more finds the shots
    optimised = EVALUATIONS_PER_ITERATION * evaluation * iterations + times * flows
    style = painter.style(noise)
    fast = count * share * _seconds(lambda: painter.paint(noise, style)) + flows
    sound = f"{clip.sound} audio stream{'s' * (clip.sound != 1)}"
    return [
        f"{clip.path}: {count} frames at {float(clip.rate):.4g} a second, {sound}",
        f"  neural-style video --method fast      {duration(fast)}",
        f"  neural-style video --method optimise  {duration(optimised)}",
    ]


def _seconds_per_pixel(settings: TransferTechnique) -> tuple[float, float]:
    """Seconds per pixel of a forward pass, and of one forward and backward: measured on noise, with random weights."""
    from neural_style import backend
    from neural_style.features.extractor import feature_extractor
    from neural_style.objectives import terms
    from neural_style.objectives.objective import Objective, Term

    extractor = feature_extractor(
        settings.model,
        "random",
        settings.used_layers,
        pooling=settings.pooling,
        precision=backend.resolve_precision(settings.precision),
    )
    size = TRIED, TRIED
    statistics = [
        terms.correlations(layers, size=size, image_size=size, normalization="gatys2016")
        for layers in settings.style_coefficients()
    ]
    image = np.random.default_rng(0).uniform(0, 255, (*size, 3)).astype("float32")
    found = [Term(str(index), 1.0, each) for index, each in enumerate(statistics)]
    objective = Objective(found, extractor, size)
    return (
        _seconds(lambda: extractor.sums(image, statistics, tile=TRIED)) / TRIED**2,
        _seconds(lambda: objective.evaluate(image)) / TRIED**2,
    )


def _seconds(function: Callable[[], object]) -> float:
    """Mean time of two calls, after one that compiles."""
    function()
    started = time.perf_counter()
    for _ in range(2):
        function()
    return (time.perf_counter() - started) / 2
