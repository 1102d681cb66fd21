"""Folders of pictures: which files they hold, errors that cost one picture, and the lines at the end."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from neural_style import files, images, interruption
from neural_style.cli.progress import report, report_error
from neural_style.cli.session import FAILED
from neural_style.engines.interface import Engine, Outcome, Task
from neural_style.engines.process import Process
from neural_style.errors import FullDiskError, InvalidInputError, MissingFileError, explanation
from neural_style.images.formats import ENDINGS
from neural_style.runs.records import library_version

NAMED = 3
"""Skipped files that are named before the rest is counted."""

DISK_IS_FULL = "neural-style: the disk is full; make room and rerun the command to paint the remaining images"
"""The line after `DiskIsFull`."""


FAILURES = "failed.json"
"""Name of the file, in the folder of the results, that lists the pictures which failed."""


class DiskIsFull(Exception):
    """Ends a folder: every further picture would be painted in vain."""


@contextmanager
def reporting(source: Path | None, on_error: Callable[[str], None]) -> Iterator[None]:
    """Report errors and warnings as lines that name the picture, and call `on_error` with the text of an error.

    Raises:
        DiskIsFull: the next picture would meet it as well.
    """

    name = "" if source is None else str(source)

    def show(message: Warning | str, *_: object, **__: object) -> None:
        report_warning(str(message), name)

    with warnings.catch_warnings():
        warnings.showwarning = show
        try:
            yield
        except DiskIsFull:
            raise
        except FullDiskError as error:
            on_error(str(error))
            report_error(error, about=name)
            raise DiskIsFull from error
        except Exception as error:  # also an unforeseen one: the other pictures do not depend on it
            on_error(explanation(error))
            report_error(explanation(error), about=name)
            if interruption.is_ending():  # by a signal that came while the failing picture was written
                raise KeyboardInterrupt from error


def report_warning(message: str, name: str) -> None:
    """Write a warning about a picture as a line that names it."""
    about = "" if name in message else f"{name}: "
    report(f"neural-style: warning: {about}{message}")


@dataclass
class Tally:
    """What becomes of the pictures of a folder.

    Attributes:
        made: painted now.
        existing: skipped, since they are finished.
        elsewhere: painted by another process meanwhile.
        failed: errors by the picture, or the painting, that they are about.
        lost: pictures that those errors cost.
    """

    made: int = 0
    existing: int = 0
    elsewhere: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    lost: int = 0

    @property
    def done(self) -> int:
        """Pictures that were painted or have failed."""
        return self.made + self.lost

    def fail(self, source: Path | None, error: str, *, count: int = 1) -> None:
        """Count an error that costs `count` pictures."""
        known = self.failed.get(str(source), error)  # of another painting
        self.failed[str(source)] = known if error in known else f"{known}; {error}"
        self.lost += count

    @property
    def _because(self) -> str:
        """How many files the failures are about, where a photo or painting costs several pictures."""
        count = len(self.failed)
        return "" if count == self.lost else f" because of {count} file{'s' * (count > 1)} ({FAILURES})"

    def report(self, folder: Path, *, interrupted: bool, quiet: bool) -> int:
        """Print the counts, and write `FAILURES`; returns the exit status.

        Args:
            folder: of the results.
            interrupted: whether a signal ended the command.
            quiet: print the interruption only.
        """
        _write_failures(folder, self.failed)
        counts = [
            f"{self.made} painted",
            f"{self.elsewhere} painted by another process" if self.elsewhere else "",
            f"{self.existing} skipped that exist already (--overwrite paints them again)" if self.existing else "",
            f"{self.lost} failed{self._because}" if self.lost else "",
        ]
        if not quiet:
            print(f"{folder}: {', '.join(filter(None, counts))}")
        if interrupted:
            print("neural-style: interrupted; rerun the command to paint the remaining images", file=sys.stderr)
            return interruption.exit_status()
        return FAILED if self.lost else 0


def _write_failures(folder: Path, failed: Mapping[str, str]) -> None:
    """Write the pictures that failed, each with its error, in place of those of an earlier command."""
    path = folder / FAILURES
    with suppress(OSError, ValueError):  # which the errors on the terminal do without
        if path.exists() and "neural_style" not in json.loads(path.read_text("utf-8")):
            return  # a file of somebody else's
        if failed:
            text = json.dumps({"neural_style": library_version(), "failed": failed}, ensure_ascii=False, indent=1)
            with files.atomic_write(path, FAILURES, overwrite=True) as file:
                file.write(text.encode("utf-8", "backslashreplace"))
        else:
            path.unlink(missing_ok=True)


def check_results(results: Path, sources: Sequence[images.ImageSource | None]) -> None:
    """Check the folder of the results of a folder; it may be missing if its parent exists.

    Raises:
        InvalidInputError, MissingFileError: it is a file, or one of `sources`, or cannot be made.
    """
    if not results.is_dir():
        if results.exists():
            raise InvalidInputError(f"{results} is a file: name a folder for the results of a folder")
        if results.suffix.lower() in ENDINGS:
            raise InvalidInputError(f"{results} names a picture: name a folder for the results of a folder")
        if not results.parent.is_dir():
            raise MissingFileError(f"there is no folder {results.parent} to make {results.name} in: check the name")
        return
    for source in sources:
        if is_folder(source) and results.samefile(_path(source)):
            raise InvalidInputError(f"{results} is the folder of the inputs: name another one for the results")


def is_folder(source: images.ImageSource | None) -> bool:
    """Whether this is a folder, or written as one."""
    if not isinstance(source, str | os.PathLike) or not os.fspath(source):  # an empty name is no folder, but a mistake
        return False
    return Path(source).is_dir() or os.fspath(source).endswith(("/", os.sep))


def _path(source: images.ImageSource | None) -> Path:
    assert isinstance(source, str | os.PathLike), "a command line names files"
    return Path(source)


def pictures_in(source: images.ImageSource | None) -> dict[Path, str]:
    """The pictures of a folder, sorted, or the only picture, each with its part of the result's name.

    That is the file's name without its ending; the ending is kept where two files would have the same name.
    """
    path = _path(source)
    if not is_folder(source):
        return {path: path.stem}
    if not path.is_dir():
        raise MissingFileError(f"there is no folder {path}: check the name")
    files = sorted(entry for entry in path.iterdir() if not entry.name.startswith(".") and not entry.is_dir())
    found = [entry for entry in files if entry.suffix.lower() in ENDINGS]
    if not found:
        raise InvalidInputError(f"there is no picture in the folder {path}: use {', '.join(ENDINGS)}")
    if others := [entry.name for entry in files if entry not in found]:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        warnings.warn(
            f"{path}: skipped without an ending of a picture: {', '.join(others[:NAMED])}{more}", stacklevel=2
        )
    shared = Counter(entry.stem.casefold() for entry in found)  # some file systems ignore case
    return {entry: entry.stem if shared[entry.stem.casefold()] == 1 else entry.name for entry in found}


def version(path: Path) -> tuple[int, int]:
    """Numbers that change when the file is replaced: of its place and its time; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


class Claimed(Protocol):
    """A picture that other processes do not paint until `claim` is closed."""

    @property
    def claim(self) -> ExitStack: ...


Picture = TypeVar("Picture", bound=Claimed)


def painted_by(
    engine: Engine, pictures: Iterator[Picture], task: Callable[[Picture], Task], *, device: str | None
) -> Generator[tuple[Picture, Outcome]]:
    """The outcome of each picture as soon as another process has it; its claim is then the caller's.

    Args:
        engine: runs the tasks.
        pictures: claimed when there is a process for them.
        task: of a picture.
        device: of the processes, as in `neural_style.backend.choose_device`.
    """
    given: dict[int, Picture] = {}

    def tasks() -> Iterator[tuple[int, Task]]:
        for number, one in enumerate(pictures):
            given[number] = one
            yield number, task(one)

    with closing(engine.outcomes(tasks(), Process(device))) as outcomes, ExitStack() as claims:
        claims.callback(lambda: close_all(one.claim for one in given.values()))
        for number, outcome in outcomes:
            yield given.pop(number), outcome


def close_all(claims: Iterable[ExitStack]) -> None:
    """Give up what was claimed for pictures that nobody paints any more."""
    for claim in claims:
        claim.close()


def wait_for_first(results: Iterable[Path]) -> None:
    """Wait until the first of several results, if any, is claimed by no other process.

    Nothing is held meanwhile: of two processes that wait, neither has what the other one waits for, and every finished
    picture is written.
    """
    for result in results:
        with suppress(InvalidInputError), files.claim(result, f'output "{result}"', wait=True):
            return  # an error comes up again where the result is claimed to be painted
