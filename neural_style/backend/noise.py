"""Silence of TensorFlow's start-up notes, which it writes to the error stream before any setting can keep it from that.

They state which instructions it was built for, and that there is no GPU. The host program's settings stay: the stream
is redirected for the moment of the import, and all other lines are written to it afterwards.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from neural_style.files import without_lines

_NOTES = re.compile(
    rb"[IWE]\d{4} [\d:.]+ +\d+ \w+\.\w+:\d+\] "
    rb"|WARNING: All log messages before absl|To enable the following instructions"
    rb"|Matplotlib created a temporary cache directory|mkdir -p failed for path"
)
"""Beginnings of lines of TensorFlow's C++ log that are no fatal errors, and of Matplotlib, which Keras imports, about a
home that is not there."""


def without_noise() -> AbstractContextManager[None]:
    """Drop the notes of a backend that starts within; see `neural_style.files.without_lines`."""
    return without_lines(_NOTES)


@contextmanager
def without_deprecations() -> Iterator[None]:
    """Drop the deprecation warnings of NumPy that Keras and TensorFlow cause within."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        yield
