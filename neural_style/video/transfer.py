"""Style transfer of films: the methods by their names, and one call from film to film."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from neural_style.engines.interface import Engine
from neural_style.errors import InvalidInputError
from neural_style.features.weights import hash_of
from neural_style.feedforward.fast_run import EMBEDDED, FastRun
from neural_style.images import ImageSource
from neural_style.inputs import Style, as_styles
from neural_style.network import TransferTechnique
from neural_style.painting import ITERATIONS, technique_for
from neural_style.runs import records
from neural_style.runs.settings import Run
from neural_style.validation import check_choice, check_names
from neural_style.video.by_shots import ByShots
from neural_style.video.fast import BLEND, Fast
from neural_style.video.film import Film, FilmRun
from neural_style.video.flow import Flow
from neural_style.video.method import FrameMethod, ShotMethod
from neural_style.video.optimised import Optimised
from neural_style.video.passes import Passes
from neural_style.video.segments import FilmProgress
from neural_style.video.settings import Coherence
from neural_style.video.work_size import ShotsAtWorkSize, WorkSize

METHODS = ("fast", "optimise")

FILM_SETTINGS = tuple(each.name for each in fields(FilmRun) if each.init and each.name not in ("clip", "out"))
"""Settings of a film, whatever paints it."""

Styles = Sequence[Style | ImageSource] | Style | ImageSource


class NamedMethod(NamedTuple):
    """A method and what is known of it.

    Attributes:
        method: paints a film.
        identity: plain data, by which a film to be resumed is known to be the same.
        weights: as in `neural_style.engines.interface.Task`.
    """

    method: FrameMethod | ShotMethod
    identity: Mapping[str, Any]
    weights: tuple[str, ...] = ()

    def painted_by(self, engine: Engine | None, *, device: str | None = None) -> NamedMethod:
        """The same with the shots painted by an engine, see `neural_style.video.by_shots`; None leaves it as it is.

        An unfinished film is continued in the same way, since the method has no state here.
        """
        if engine is None:
            return self
        method = ByShots(self.method, engine, weights=self.weights, device=device)
        return NamedMethod(method, {**self.identity, "by_shots": True})

    def at_rows(self, rows: int | None, pooling: str = "average") -> NamedMethod:
        """The same on frames of so many rows, see `neural_style.video.work_size.WorkSize`; None leaves it as it is."""
        if rows is None:
            return self
        identity = {**self.identity, "work_size": rows, "work_pooling": pooling}
        if isinstance(self.method, ShotMethod):
            return NamedMethod(ShotsAtWorkSize(self.method, rows, pooling=pooling), identity)
        return NamedMethod(WorkSize(self.method, rows, pooling=pooling), identity)


def transfer_video(
    clip: str | os.PathLike[str],
    styles: Styles,
    out: str | os.PathLike[str],
    *,
    method: str | FrameMethod | ShotMethod = "fast",
    technique: TransferTechnique | None = None,
    painter: str | os.PathLike[str] = EMBEDDED,
    coherence: Coherence | None = None,
    engine: Engine | None = None,
    work_size: int | None = None,
    work_pooling: str = "average",
    progress: Callable[[FilmProgress], object] | None = None,
    **settings: Any,
) -> Film:
    """Paint a film in the style of one or more paintings, frame by frame, each following the motion of the last.

    Args:
        clip: a film, a GIF, or a pattern of pictures such as `frames/%04d.png`.
        styles: one or more paintings, as paths, PIL images, arrays or `Style`; of a trained network, names.
        out: the file to write, .mp4, .mov, .mkv, .webm or .gif, or a pattern of pictures.
        method: `fast`, a feed-forward network for each frame; `optimise`, an optimisation for each frame; or an object
            of one's own, for which `styles` is not used.
        technique: of `optimise`, by default that of `neural_style.paint`.
        painter: of `fast`, the network in the package or the .keras file of another.
        coherence: of `optimise`, how frames are held together.
        engine: paints the shots of the film in other processes, such as `neural_style.engines.local.Local(4)`; the
            film is the same.
        work_size: rows at which frames are painted, to be enlarged afterwards; by default all.
        work_pooling: how they are reduced, `average` or `max`.
        progress: called after every frame.
        settings: of the film the fields of `FilmRun`, such as `encoding`, `resume` and `overwrite`; of `fast` those of
            `neural_style.video.fast.Fast`, such as `strength` and `blend`; of `optimise` the fields of `Run`, such as
            `iterations`, for the first frame of a shot.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, or an output cannot be written, before any work.
        ShotsFailedError: shots could not be painted by the engine; `resume` paints them, and no others, again.
        KeyboardInterrupt: Ctrl-C; finished segments stay in the work folder.
    """
    of_film = {name: settings.pop(name) for name in FILM_SETTINGS if name in settings}
    run = FilmRun(clip, out, **of_film)
    if isinstance(method, str):
        check_choice("method", method, METHODS)
    if method != "optimise" and not (technique is None and coherence is None):
        raise InvalidInputError("technique and coherence are settings of the method optimise: leave them out")
    if method != "fast" and painter != EMBEDDED:
        raise InvalidInputError("painter is a setting of the method fast: leave it out")
    if not isinstance(method, str):
        check_names("a film", settings, FILM_SETTINGS)
        made = NamedMethod(method, {})
    elif method == "fast":
        made = fast_method(styles, painter, **settings)
    else:
        made = optimised_method(styles, technique, coherence, **settings)
    made = made.painted_by(engine).at_rows(work_size, work_pooling)
    return run.execute(made.method, settings=made.identity, progress=progress)


def fast_method(
    styles: Styles,
    painter: str | os.PathLike[str] = EMBEDDED,
    *,
    blend: float = BLEND,
    hold_statistics: bool = True,
    flow: str | Flow = "dis",
    **settings: Any,
) -> NamedMethod:
    """The method `fast`.

    Args:
        styles: one or more paintings, or names of the styles of a trained network.
        painter: `embedded`, or the file of a trained network.
        blend, hold_statistics, flow: see `neural_style.video.fast.Fast`.
        settings: the fields of `FastRun`.

    Raises:
        InvalidInputError, MissingFileError: a setting, a painting or the network cannot be used, or OpenCV is missing.
    """
    is_embedded = os.fspath(painter) == EMBEDDED
    paintings: list[Any] = list(as_styles(styles)) if is_embedded else _listed(styles)
    method = Fast(paintings, model=painter, blend=blend, hold_statistics=hold_statistics, flow=flow, **settings)
    identity = {
        "name": "fast",
        "network": EMBEDDED if is_embedded else hash_of(Path(painter)),
        "styles": list(map(_described, paintings)) if is_embedded else paintings,
        "blend": blend,
        "hold_statistics": hold_statistics,
        "flow": _identity(flow),
        **records.plain(FastRun(**settings)),
    }
    return NamedMethod(method, identity, (os.fspath(painter),))


def optimised_method(
    styles: Styles, technique: TransferTechnique | None = None, coherence: Coherence | None = None, **settings: Any
) -> NamedMethod:
    """The method `optimise`.

    Args:
        styles: one or more paintings.
        technique: by default that of `neural_style.paint`.
        coherence: how frames are held together.
        settings: the fields of `Run`, of the first frame of a shot.

    Raises:
        InvalidInputError, MissingFileError: a setting or a painting cannot be used, or OpenCV is missing.
    """
    technique, coherence = technique or technique_for(), coherence or Coherence()
    run = {"iterations": ITERATIONS, **settings}
    paintings = as_styles(styles)
    kind = Optimised if coherence.passes == 1 else Passes
    method = kind(technique, paintings, coherence, **run)
    identity = {
        "name": "optimise",
        "technique": technique.name,
        **records.plain(technique),
        **{name: _identity(value) for name, value in records.plain(coherence).items()},
        **records.plain(Run(**run)),
        "styles": list(map(_described, paintings)),
    }
    return NamedMethod(method, identity, () if technique.weights is None else (technique.weights,))


def _listed(styles: Styles) -> list[Any]:
    return list(styles) if isinstance(styles, list | tuple) else [styles]


def _identity(value: Any) -> str:
    """A setting as text that is the same in every process: a function by its name, as its `str` holds an address."""
    if not callable(value):
        return str(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _described(style: Style) -> dict[str, Any]:
    """A painting by its pixels: its file may be named in another way when a film is resumed."""
    return {name: value for name, value in records.describe(style).items() if name != "image"}
