"""Painting at once: a network in the package that paints any photo in the style of any painting."""

from __future__ import annotations

from neural_style.feedforward.painting import Network, paint

__all__ = ["Network", "paint"]
