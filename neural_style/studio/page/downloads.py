"""Files to take home: a picture in a format and a size, and a zip of pictures and command."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

from neural_style.errors import InvalidInputError
from neural_style.images.formats import open_image
from neural_style.images.opening import opened
from neural_style.images.orientation import is_turned
from neural_style.studio.job import Job
from neural_style.studio.limits import Limits
from neural_style.studio.request import Request
from neural_style.studio.results import CENTIMETRES_OF_AN_INCH, DPI, FORMATS, save_as

AS_PAINTED, AS_PHOTO = "as it was painted", "as large as the photo"
PRINTS = {f"print, {width} cm wide": float(width) for width in (10, 15, 20, 30, 42)}
KEPT = 3600
"""Seconds for which a file is kept."""

SIZES = (AS_PAINTED, AS_PHOTO, *PRINTS)


def made(job: Job, format: str, size: str, folder: Path, limits: Limits) -> Path:
    """The picture of a job as a file to be downloaded; a film is as it was painted.

    Raises:
        InvalidInputError, MissingFileError: there is no picture, or the print would be too large.
    """
    if job.result is None:
        raise InvalidInputError("there is no picture yet")
    is_film = job.request.is_film
    out = _fresh(folder) / f"{stem(job)}{job.result.suffix if is_film else FORMATS[format]}"
    if is_film:
        return Path(shutil.copyfile(job.result, out))
    return save_as(job.result, out, width=_width(job, size), limits=limits)


def packed(request: Request, folder: Path) -> Path:
    """A zip of the inputs and the command."""
    path = _fresh(folder) / f"{request.mode}.zip"
    request.zip(path)
    return path


def _fresh(folder: Path) -> Path:
    """A new folder within, so that tabs do not replace each other's files; those of an hour ago are deleted.

    The page's framework copies a file into its cache before it is offered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in folder.iterdir():
        with contextlib.suppress(OSError):  # another thread was faster
            if time.time() - each.stat().st_mtime > KEPT:
                shutil.rmtree(each)
    return Path(tempfile.mkdtemp(dir=folder))


def stem(job: Job) -> str:
    """A name for the picture: that of the photo and of the first painting."""
    names = [path.stem for path in job.request.files[:2]]
    return "_".join(["in", *names][1:] or ["picture"])[:80]


def _width(job: Job, size: str) -> float | None:
    """The width in centimetres at 300 dpi; None leaves the pixels as they are."""
    photo = job.request.file("photo")
    if size == AS_PHOTO and photo is not None:
        with opened(photo, "the photo") as file, open_image(file) as image:
            return (image.height if is_turned(image) else image.width) / DPI * CENTIMETRES_OF_AN_INCH
    return PRINTS.get(size)
