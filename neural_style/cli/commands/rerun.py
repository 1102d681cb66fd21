"""`neural-style rerun out.png`: the same picture again, from the record inside it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from neural_style.cli.flags import Parser
from neural_style.cli.session import Output, Session, add_output_flags
from neural_style.errors import InvalidInputError
from neural_style.runs import records
from neural_style.runs.settings import Run, RunSettings
from neural_style.technique import technique_named


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    parser = Parser("rerun", "Make a picture again from the record inside it.")
    parser.add_argument("picture", type=Path, help="a picture made by neural_style, or its .json or .gif")
    parser.add_argument("prefix", nargs="?", help="what output names begin with (default: <picture>_rerun)")
    add_output_flags(parser, rescale=False)
    found = parser.read(arguments)
    record = records.read(found.picture)
    if "cells" in record:
        raise InvalidInputError(
            f"{found.picture} is a contact sheet: neural-style show {found.picture} tells the commands of all its cells"
        )
    if record.get("stopped") == "interrupted":
        warnings.warn(f"{found.picture} is of a run that was interrupted; this one goes on to its end", stacklevel=2)
    try:
        beside = found.picture.parent
        technique = technique_named(record["technique"], record["settings"])
        content, styles, run = records.inputs(record, beside=beside)
        wanted = {
            "save_every": found.save_every,
            "gif": found.gif,
            "record": found.record,
            "overwrite": found.overwrite,
        }
        output = Output.of(found.prefix or _again(found.picture), **record.get("output", {}), **wanted)
        settings = cast(RunSettings, run)
        Run(**settings)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"the record in {found.picture} is of another version: {error}") from error
    return Session(
        technique,
        content,
        styles,
        settings,
        output,
        quiet=found.quiet,
        device=found.device,
        weights_sha256=record.get("weights_sha256"),
    ).execute()


def _again(picture: Path) -> str:
    """The name beside a picture for the one that is made again."""
    suffix = "" if picture.suffix in (".json", ".gif") else picture.suffix
    return str(picture.with_name(f"{picture.stem}_rerun{suffix}"))
