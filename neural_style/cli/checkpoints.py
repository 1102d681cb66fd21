"""`--checkpoint out.ckpt --resume`: a run that is killed at any moment goes on when the command is given again."""

from __future__ import annotations

import argparse
import warnings
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neural_style import files, solvers
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint, same_run
from neural_style.runs.records import Record

if TYPE_CHECKING:
    from neural_style.cli.session import Output


def add_checkpoint_flags(group: argparse._ArgumentGroup) -> None:
    """`--checkpoint` and `--resume`."""
    group.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="keep the run in this file after every iteration, until the picture is finished (lbfgs and adam)",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in --checkpoint, or begin it; the picture is that of an unbroken run. "
        "--num_iter may be more than before",
    )


def opened(found: Namespace, output: Output) -> tuple[Checkpoint | None, Output]:
    """The checkpoint that the flags name, and the output with what it may replace: the broken run's own files.

    A checkpoint is written before the first picture and names all files of its run, none of which was there then. Those
    that the broken run may have written and this one writes again are the picture of the iteration that was lost, and
    the last files, where it was interrupted or killed at the very end: the record in each of them tells.

    Raises:
        InvalidInputError: as in `Checkpoint.opened`; the solver cannot be taken up; `--resume` is alone.
    """
    if found.checkpoint is None:
        if found.resume:
            raise InvalidInputError("--resume needs --checkpoint: name the file of the run that is to go on")
        return None, output
    if found.solver not in solvers.RESUMABLE:
        raise InvalidInputError(
            f"--solver {found.solver} cannot be taken up again: with --checkpoint use {' or '.join(solvers.RESUMABLE)}"
        )
    checkpoint = Checkpoint.opened(found.checkpoint, resume=found.resume, overwrite=found.overwrite)
    if checkpoint.found is None:
        return checkpoint, output
    done = len(checkpoint.found["progress"]["history"])
    named = checkpoint.note.get("files", ())
    last = [path for path in output.last if str(path.absolute()) in named]
    own = [path for path in [output.at_iteration(done + 1)] if str(path.absolute()) in named]
    for path in (*own, *last):
        files.remove_leftovers(path)
    for path in last:
        record = record_in(path)
        # The run may have been given more iterations since it was interrupted.
        if record is not None and same_run(record, checkpoint.found["run"], of_one_length=False):
            own.append(path)
    return checkpoint, replace(output, done=done, own=tuple(own))


def frames_of(checkpoint: Checkpoint, output: Output) -> list[np.ndarray]:
    """The frames of the animation so far, in the list that the checkpoint keeps."""
    if output.gif and len(checkpoint.frames) != output.done:
        warnings.warn(
            f"the broken run kept no frames, so the animation begins at iteration {output.done + 1}", stacklevel=2
        )
        checkpoint.frames.clear()
    return checkpoint.frames


def is_finished(picture: Path, run: Record) -> bool:
    """Whether a picture is the finished one of this very run."""
    record = record_in(picture)
    return record is not None and record.get("stopped") != "interrupted" and same_run(record, run)


def record_in(path: Path) -> Record | None:
    """The record in a picture, an animation or a file beside them; None where there is none, or no file."""
    try:
        return records.read(path)
    except NeuralStyleError:
        return None
