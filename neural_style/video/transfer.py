"""Style transfer of films: the methods by their names, and one call from film to film."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from neural_style.images import ImageSource
from neural_style.inputs import Style, as_styles
from neural_style.network import TransferTechnique
from neural_style.painting import ITERATIONS, technique_for
from neural_style.runs import records
from neural_style.runs.settings import Run
from neural_style.validation import check_choice
from neural_style.video.encoding import Encoding
from neural_style.video.film import SEGMENT, Film, FilmProgress, FilmRun
from neural_style.video.method import FrameMethod

if TYPE_CHECKING:
    from neural_style.video.optimised import Coherence

METHODS = ("optimise",)

Styles = Sequence[Style | ImageSource] | Style | ImageSource


class NamedMethod(NamedTuple):
    """A method, and plain data that identify it, by which a film to be resumed is known to be the same."""

    method: FrameMethod
    identity: Mapping[str, Any]


def transfer_video(
    clip: str | os.PathLike[str],
    styles: Styles,
    out: str | os.PathLike[str],
    *,
    method: str | FrameMethod = "optimise",
    technique: TransferTechnique | None = None,
    coherence: Coherence | None = None,
    encoding: Encoding | None = None,
    rate: float | None = None,
    segment: int = SEGMENT,
    seconds: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    work_folder: str | os.PathLike[str] | None = None,
    sound: bool = True,
    progress: Callable[[FilmProgress], object] | None = None,
    **settings: Any,
) -> Film:
    """Paint a film in the style of one or more paintings, frame by frame, each following the motion of the last.

    Args:
        clip: a film, a GIF, or a pattern of pictures such as `frames/%04d.png`.
        styles: one or more paintings, as paths, PIL images, arrays or `Style`.
        out: the file to write, .mp4, .mov, .mkv, .webm or .gif, or a pattern of pictures.
        method: `optimise`, an optimisation for each frame; or an object of one's own, for which `styles` is not used.
        technique: of `optimise`, by default that of `neural_style.paint`.
        coherence: of `optimise`, how frames are held together.
        encoding: codec and quality.
        rate: frames per second of a sequence, by default 25.
        segment: frames of a segment, the most that a killed run loses.
        seconds: only the beginning of the clip, of this duration.
        resume: continue the unfinished film in the work folder; start afresh where there is none.
        overwrite: whether existing files may be replaced.
        work_folder: for finished segments, by default `<out>.work`.
        sound: False leaves the sound out.
        progress: called after every frame.
        settings: the fields of `Run`, such as `iterations`, for the first frame of a shot.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, or an output cannot be written, before any work.
        KeyboardInterrupt: Ctrl-C; finished segments stay in the work folder.
    """
    run = FilmRun(
        clip,
        out,
        encoding or Encoding(),
        rate=rate,
        segment=segment,
        seconds=seconds,
        resume=resume,
        overwrite=overwrite,
        work_folder=work_folder,
        sound=sound,
    )
    if not isinstance(method, str):
        return run.execute(method, progress=progress)
    check_choice("method", method, METHODS)
    made = optimised_method(styles, technique, coherence, **settings)
    return run.execute(made.method, settings=made.identity, progress=progress)


def optimised_method(
    styles: Styles, technique: TransferTechnique | None = None, coherence: Coherence | None = None, **settings: Any
) -> NamedMethod:
    """The method `optimise`.

    Args:
        styles: one or more paintings.
        technique: by default that of `neural_style.paint`.
        coherence: how frames are held together.
        settings: the fields of `Run`, of the first frame of a shot.
    """
    from neural_style.video.optimised import Coherence, Optimised

    technique, coherence = technique or technique_for(), coherence or Coherence()
    run = {"iterations": ITERATIONS, **settings}
    paintings = as_styles(styles)
    method = Optimised(technique, paintings, coherence, **run)
    identity = {
        "name": "optimise",
        "technique": technique.name,
        **records.plain(technique),
        **{name: str(value) for name, value in records.plain(coherence).items()},
        **records.plain(Run(**run)),
        "styles": list(map(_described, paintings)),
    }
    return NamedMethod(method, identity)


def _described(style: Style) -> dict[str, Any]:
    """A painting by its pixels: its file may be named in another way when a film is resumed."""
    return {name: value for name, value in records.describe(style).items() if name != "image"}
