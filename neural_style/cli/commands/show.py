"""`neural-style show out.png`: prints how a picture was made, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neural_style.cli.command_line import command_of
from neural_style.cli.flags import Parser, file_path
from neural_style.cli.session import table_of_terms
from neural_style.errors import InvalidInputError
from neural_style.runs import records
from neural_style.validation import printable

EPILOG = """\
examples:
  neural-style show out.png
  neural-style show out.png --json
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    parser = Parser("show", "Print the settings, versions and losses of a picture.", epilog=EPILOG)
    parser.add_argument("picture", type=file_path, help="a picture made by neural-style, or its .json or .gif")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    found = parser.read(arguments)
    record = records.read(found.picture)
    if found.json:
        # Escapes of JSON where the terminal lacks letters: those of a stream would not be JSON.
        is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
        print(_escaped(json.dumps(record, indent=2, ensure_ascii=is_ascii)))
        return 0
    _show(record, found.picture)
    return 0


def _show(record: Mapping[str, Any], picture: Path) -> None:
    """Print a record for a reader. Its texts come from the file, so that control characters become escapes."""
    print(printable(f"{record['technique']} by neural_style {record.get('neural_style', 'unknown')}"))
    sections = {"content": record["content"]}
    sections |= {f"style {index}": style for index, style in enumerate(record["styles"])}
    sections |= {"settings": record["settings"], "run": record["run"], "versions": record.get("versions", {})}
    for title, entries in sections.items():
        print(f"\n{title}")
        for name, value in entries.items():
            print(printable(f"  {name:<24}{_short(value)}"))
    if "cells" in record:
        print("\ncells")
        for cell in record["cells"]:
            print(printable(f"  {' x '.join(cell['values'].values())}: {cell['command']}"))
        return
    print()
    print(printable(f"weights sha256 {record.get('weights_sha256', 'unknown')}"))
    if record.get("stopped"):
        print(printable(f"stopped early: {record['stopped']}"))
    if record.get("losses"):
        losses = {printable(name): float(value) for name, value in record["losses"].items()}
        print(f"\nlosses\n{table_of_terms(losses)}")
    print()
    print("command")
    print(printable(f"  {_command(record, picture)}"))


def _command(record: Mapping[str, Any], picture: Path) -> str:
    """The command that makes the picture again, to be pasted; or why there is none."""
    suffix = "" if picture.suffix in (".png", ".json", ".gif") else picture.suffix
    try:
        return shlex.join(command_of(record, str(picture.with_name(f"{picture.stem}_again{suffix}"))))
    except InvalidInputError as error:
        return f"none: {error}"
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return "none: the record is of another version"


def _short(value: object) -> str:
    if value is None:
        return "none"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _escaped(text: str) -> str:
    """JSON with escapes for all characters that change how a terminal shows it."""
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)


def _escape(character: str) -> str:
    """JSON leaves DEL as it is, even where it is asked for ASCII."""
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
