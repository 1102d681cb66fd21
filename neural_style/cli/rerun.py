"""`neural-style rerun out.png`: the same picture again, from the record inside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neural_style import records
from neural_style.cli.flags import Parser
from neural_style.cli.session import Output, Session, add_output_flags
from neural_style.errors import InvalidInputError
from neural_style.network import Network

TECHNIQUES = {technique.name: technique for technique in (Network,)}


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    parser = Parser("rerun", "Make a picture again from the record inside it.")
    parser.add_argument("picture", type=Path, help="a picture made by neural_style, or its .json")
    parser.add_argument("prefix", nargs="?", help="what output names begin with (default: <picture>_rerun)")
    add_output_flags(parser)
    found = parser.read(arguments)
    record = records.read(found.picture)
    try:
        technique = TECHNIQUES[record["technique"]](**record["settings"])
        content, styles, run = records.inputs(record, beside=found.picture.parent)
        kept = record.get("output", {})
        prefix = found.prefix or str(found.picture.with_name(f"{found.picture.stem}_rerun{found.picture.suffix}"))
        output = Output.of(prefix, **{**kept})
    except (KeyError, TypeError) as error:
        raise InvalidInputError(
            f"the record in {found.picture} is of another version and cannot be read: {error}"
        ) from error
    return Session(technique, content, styles, run, output, quiet=found.quiet, device=found.device).execute()
