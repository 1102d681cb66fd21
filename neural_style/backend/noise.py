"""Silence of TensorFlow's start-up notes, which it writes to the error stream before any setting can keep it from that.

They state which instructions it was built for, and that there is no GPU. The host program's settings stay: the stream
is redirected for the moment of the import, and all other lines are written to it afterwards.
"""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ERROR_STREAM = 2

_NOTES = re.compile(
    rb"[IWE]\d{4} [\d:.]+ +\d+ \w+\.\w+:\d+\] "
    rb"|WARNING: All log messages before absl|To enable the following instructions"
    rb"|Matplotlib created a temporary cache directory|mkdir -p failed for path"
)
"""Beginnings of lines of TensorFlow's C++ log that are no fatal errors, and of Matplotlib, which Keras imports, about a
home that is not there."""


@contextmanager
def without_noise() -> Iterator[None]:
    """Drop the notes of a backend that starts within; every other line on the error stream comes a moment later."""
    try:
        kept = os.dup(_ERROR_STREAM)
    except OSError:  # the process has no error stream
        yield
        return
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), _ERROR_STREAM)
        try:
            yield
        finally:
            os.dup2(kept, _ERROR_STREAM)
            os.close(kept)
            written.seek(0)
            for line in written:
                if not _NOTES.match(line):
                    os.write(_ERROR_STREAM, line)


@contextmanager
def without_deprecations() -> Iterator[None]:
    """Drop the deprecation warnings of NumPy that Keras and TensorFlow cause within."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        yield
