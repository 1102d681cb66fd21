"""`neural-style video clip.mp4 painting.jpg out.mp4`: a film in the style of paintings, with its sound."""

from __future__ import annotations

from argparse import Action, Namespace
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from neural_style import interruption
from neural_style.cli.commands.network import (
    PAINT,
    add_appearance,
    add_masks,
    check_color_flags,
    styles_of,
)
from neural_style.cli.engine_flags import ENGINE_FLAGS, add_engine_flags, engine_of
from neural_style.cli.flags import Parser, add_fields, file_path, values
from neural_style.cli.groups import (
    NETWORK_FIELDS,
    RUN_FIELDS,
    add_color_flags,
    add_machine_flags,
    add_run_flags,
    fields_of,
)
from neural_style.cli.progress import Bar, report, report_error
from neural_style.cli.session import FAILED, start_backend
from neural_style.enhancement.sizes import POOLINGS
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.feedforward.fast_run import EMBEDDED, FastRun
from neural_style.inputs import as_styles
from neural_style.network import Network
from neural_style.painting import ITERATIONS, default_model, technique_for
from neural_style.runs.settings import Run
from neural_style.validation import check_count
from neural_style.video.by_shots import ShotsFailedError, named
from neural_style.video.encoding import Encoding
from neural_style.video.fast import BLEND, BLEND_HELP
from neural_style.video.film import PREVIEW, SEGMENT, Film, FilmRun
from neural_style.video.segments import FilmProgress
from neural_style.video.settings import Coherence
from neural_style.video.transfer import METHODS, NamedMethod, fast_method, optimised_method

DESCRIPTION = """\
Paint a film in the style of one or more paintings. Style follows the motion, and times, sound and shape stay.

--method fast paints each frame by a feed-forward network, in about a second for 256 x 384 pixels; --method optimise
runs an optimisation for each frame, which is better and takes minutes. Flags of coherence, run, masks and network are
those of --method optimise, except --seed and --tile. Needs pip install 'neural-style-keras[video]'."""

EPILOG = """\
examples:
  neural-style video clip.mp4 painting.jpg out.mp4 --preview
  neural-style video clip.mp4 painting.jpg out.mp4 --strength 0.8 --crf 20
  neural-style video clip.mp4 wave.jpg scream.jpg out.mp4 --method optimise --style_weight 1 0.5
  neural-style video frames/%04d.png painting.jpg painted/%04d.png
  neural-style video clip.gif painting.jpg out.gif
  neural-style video clip.mp4 painting.jpg out.mp4 --jobs 4

files:
  Films are .mp4, .mov, .mkv, .webm or .gif, and pictures are named by a pattern. Finished segments are kept in
  <out>.work until the film is there: a run that was interrupted or killed is continued by the same command with
  --resume, and ends in the same film. --preview paints the first second into <out>_preview.

shots:
  --jobs and --engine ray paint the shots of a film at once, and end in the same film. Frames of a shot are painted one
  after the other, by one process, so that a film of one shot gains nothing. Painted shots are kept in <out>.work too; a
  killed run loses those that were being painted. --resume needs these flags where the film was started with them.
"""

TECHNIQUE = technique_for(model="mini")
"""The technique of `paint`."""

OF_TECHNIQUE = (
    *("content_layers", "style_layers", "content_power", "normalization", "mask_normalization"),
    *("precision", "padding"),
)
"""Its settings that are defaults of flags, the same with every network."""

SPELLING = PAINT.but(
    defaults={"iterations": ITERATIONS, "model": None, **{name: getattr(TECHNIQUE, name) for name in OF_TECHNIQUE}},
    texts={
        "model": "`vgg16`, `vgg19` or `mini` (default: vgg19 if downloaded, else mini).",
        "content_weight": "weight of the clip's layout, in place of the one that --strength sets.",
        "total_variation_weight": "weight of smoothness; by default 1e-6, and 8.5e-5 with another `normalization` than "
        "relative.",
        "content_layer": "layer whose activations keep the layout, in place of `content_layers`.",
        "content_layers": "layers whose activations keep the layout; the shallow one keeps drawing and fine structure.",
        "style_layers": "layers whose Gram matrices make the texture.",
        "content_power": "with relative errors, the power of the content error in the loss, at least 1; with another "
        "`normalization` 1.",
        "normalization": "units of the loss, as in `neural_style.network`; with others than `relative`, name a "
        "`content_weight` that suits them and the layers.",
        "padding": "`reflect` mirrors the frame at its borders, so that the right and lower edges are painted like the "
        "rest; `none` leaves noise in rows and columns that poolings drop; `auto` is reflect with mini and none with "
        "the VGG networks.",
    },
    advice={"content_weight": "", "model": ""},
)

COHERENCE_FIELDS = ("temporal_weight", "next_iterations", "passes", "history", "hold_colors")

FILM_FLAGS = (
    *("method", "style_weight", "stroke_scale", "resize", "preserve_color", "strength", "seed", "tile", "codec", "crf"),
    *("bit_rate", "rate", "segment", "work", "resume", "overwrite", "preview", "silent", "work_size", "work_pooling"),
    *("device", "quiet"),
    *ENGINE_FLAGS,
)
"""Flags that have an effect with every method."""

FAST_FLAGS = ("painter", "rounds", "blend")
"""Flags of the method fast; all others are those of optimise."""

OF_RELATIVE = {"content_weight": None, "content_power": Network.content_power}
"""Settings of `TECHNIQUE` that have a meaning in relative units only, and `Network`'s own for the others."""

SIZES = ("image_size", "sizes", "maintain_aspect_ratio")
"""Settings of a run that a film has not: a frame keeps its size."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    flags = parser()
    found = flags.read(arguments)
    check_color_flags(found)
    given = flags.given(found)
    _check_effect(found.method, given)
    _check_pairs({flag.dest for flag in given})
    if found.work_size is not None:
        check_count("work_size", found.work_size, at_least=1)
    out = Path(found.out)
    run = FilmRun(
        found.clip,
        out.with_name(f"{out.stem}_preview{out.suffix}") if found.preview else out,
        Encoding(**values(found, Encoding)),
        rate=found.rate,
        segment=found.segment,
        seconds=PREVIEW if found.preview else None,
        resume=found.resume,
        overwrite=found.overwrite,
        work_folder=found.work,
        sound=not found.silent,
    )
    engine = engine_of(found, is_folder=True)
    made = _fast(found) if found.method == "fast" else _optimised(found, given)
    made = made.painted_by(engine, device=found.device).at_rows(found.work_size, found.work_pooling)
    return _execute(run, made, quiet=found.quiet)


def parser() -> Parser:
    """The parser of the command."""
    parser = Parser("video", DESCRIPTION, usage="clip painting [painting ...] out [flags]", epilog=EPILOG)
    parser.add_argument("clip", help="a film, a GIF, or a pattern of pictures such as frames/%%04d.png")
    parser.add_argument(
        "styles", nargs="+", metavar="painting", help="one or more paintings, whose textures are blended"
    )
    parser.add_argument("out", help="the film to write, or a pattern of pictures")
    parser.set_defaults(frame=None)
    parser.add_argument(
        "--method", choices=METHODS, default="fast", help="a feed-forward network, or an optimisation (default: fast)"
    )
    strength = "fast: from 0, the clip, to 1, the painting; optimise: 0.3 a tint, 3 mostly painting"
    add_appearance(parser, Network, SPELLING, with_strength=strength)
    group = parser.add_argument_group("fast (with --preserve_color, --seed and --tile)")
    group.add_argument(
        "--painter",
        default=EMBEDDED,
        metavar="NAME",
        help=f"{EMBEDDED}, the network in this package, or a .keras file, whose styles are then named in place of "
        f"paintings (default: {EMBEDDED})",
    )
    add_fields(group, FastRun, ["rounds"])
    group.add_argument(
        "--blend",
        type=float,
        default=BLEND,
        metavar="X",
        help=f"{BLEND_HELP} (default: {BLEND})",
    )
    coherence = parser.add_argument_group("coherence (of optimise)")
    add_fields(coherence, Coherence, COHERENCE_FIELDS)
    add_run_flags(parser, SPELLING, with_checkpoint=False, names=[name for name in RUN_FIELDS if name not in SIZES])
    add_color_flags(parser)
    add_masks(parser, Network, SPELLING, with_content_mask=False)
    add_fields(parser.add_argument_group("network"), Network, fields_of(Network, NETWORK_FIELDS), SPELLING)
    _add_film_flags(parser)
    add_engine_flags(parser, part="shot", note=" (a film of one shot has nothing to share)")
    add_machine_flags(parser)
    return parser


def _add_film_flags(parser: Parser) -> None:
    """Flags of the files."""
    group = parser.add_argument_group("film")
    add_fields(group, Encoding, ["codec", "crf", "bit_rate"])
    group.add_argument(
        "--rate", type=float, metavar="X", help="frames per second of a sequence of pictures (default: 25)"
    )
    group.add_argument(
        "--segment",
        type=int,
        default=SEGMENT,
        metavar="N",
        help=f"frames of a segment, the most that a killed run loses (default: {SEGMENT})",
    )
    group.add_argument(
        "--work", type=file_path, metavar="FOLDER", help="folder for finished segments (default: <out>.work)"
    )
    group.add_argument(
        "--work_size", type=int, metavar="N", help="paint frames at N rows, and enlarge them (default: all rows)"
    )
    group.add_argument(
        "--work_pooling",
        choices=POOLINGS,
        default=POOLINGS[0],
        help=f"how frames are reduced to --work_size (default: {POOLINGS[0]})",
    )
    group.add_argument("--silent", action="store_true", help="leave the sound out")
    group.add_argument("--preview", action="store_true", help="paint the first second only, into <out>_preview")
    group.add_argument(
        "--resume", action="store_true", help="continue the unfinished film in the work folder, or start it"
    )
    group.add_argument("--overwrite", action="store_true", help="replace existing files, and start afresh")


def _check_effect(method: str, given: Sequence[Action]) -> None:
    """Raise `InvalidInputError` for a flag of the other method."""
    for flag in given:
        if flag.dest not in FILM_FLAGS and (flag.dest in FAST_FLAGS) != (method == "fast"):
            other = METHODS[1 - METHODS.index(method)]
            name = flag.option_strings[0]
            raise InvalidInputError(f"{name} has an effect with --method {other} only: add that, or leave {name} out")


def _check_pairs(given: Collection[str]) -> None:
    """Raise `InvalidInputError` for a flag without effect beside another, or without it."""
    if "strength" in given and ("content_weight" in given or "normalization" in given):
        other = "content_weight" if "content_weight" in given else "normalization"
        raise InvalidInputError(
            f"--strength, which sets the content weight, has no effect with --{other}: leave one of the two out"
        )
    if "work_pooling" in given and "work_size" not in given:
        raise InvalidInputError("--work_pooling needs --work_size: name the rows")


def _fast(found: Namespace) -> NamedMethod:
    """The method fast with its painter and styles."""
    settings = {name: getattr(found, name) for name in ("strength", "preserve_color", "seed", "tile", "rounds")}
    FastRun(**settings)  # checks them before the backend starts
    is_trained = found.painter.endswith(".keras")
    if found.painter != EMBEDDED and not Path(found.painter).is_file():
        raise MissingFileError(f"no network {found.painter}: name a .keras file, or {EMBEDDED}")
    styles = found.styles if is_trained else as_styles(styles_of(found))
    start_backend(found.device, "" if found.quiet else f"the network {found.painter}")
    return fast_method(styles, found.painter, blend=found.blend, **settings)


def _optimised(found: Namespace, given: Sequence[Action]) -> NamedMethod:
    """The method optimise: the technique of `paint`, with the settings that are given in place of its own."""
    named = {flag.dest: getattr(found, flag.dest) for flag in given if flag.dest in Network.__dataclass_fields__}
    if "normalization" in named:
        named = OF_RELATIVE | named
    if named.get("content_layer"):
        named.setdefault("content_layers", None)  # those of the technique, which it replaces
    model = found.model or default_model(found.weights)
    technique = replace(technique_for(found.strength, model=model, weights=found.weights), **named)
    settings = {name: value for name, value in values(found, Run).items() if name not in SIZES}
    styles = as_styles(styles_of(found))
    start_backend(found.device, "" if found.quiet else model)
    coherence = Coherence(**values(found, Coherence))
    return optimised_method(styles, technique, coherence, **settings)


def _execute(run: FilmRun, made: NamedMethod, *, quiet: bool) -> int:
    """Paint the film and report; returns the exit status."""
    interruption.begin_work()
    try:
        with Bar(run.total, quiet=quiet) as bar:
            bar.begin(Path(run.out).name, 0)

            def show(progress: FilmProgress) -> None:
                total = "" if progress.total is None else f"/{progress.total}"
                bar.advance(progress.done, note=f"frame {progress.done}{total}, {progress.speed}")

            film = run.execute(made.method, settings=made.identity, progress=show)
    except ShotsFailedError as error:
        for shot, problem in error.failed:
            report_error(problem, about=named(shot))
        report(f"neural-style: {_counted(len(error.failed), 'shot')} failed; {_kept(run)}; rerun it with --resume")
        return FAILED
    except KeyboardInterrupt:
        report(f"neural-style: interrupted; {_kept(run)}; rerun the command with --resume to continue")
        return interruption.exit_status()
    if not quiet:
        print(_summary(film))
    return 0


def _kept(run: FilmRun) -> str:
    """What of an unfinished film is in its work folder."""
    things = [
        *[_counted(run.kept, "frame")] * bool(run.kept),
        *["paintings of unfinished passes"] * run.has_paintings,
        *[_counted(run.painted_shots, "painted shot")] * bool(run.painted_shots),
    ]
    return f"{' and '.join(things)} are kept in {run.folder}" if things else "no segment was finished"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _summary(film: Film) -> str:
    """The line at the end."""
    sound = [f"{each.codec} {'copied' if each.is_copied else 'converted'}" for each in film.sound]
    damage = f", {film.damaged} damaged" if film.damaged else ""
    return f"wrote {film.path}: {film.frames} frames{damage}{''.join(f', {each}' for each in sound)}"
