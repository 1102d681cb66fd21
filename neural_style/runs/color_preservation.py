"""`preserve_color`: pastiches, or paintings beforehand, in the colours of the content."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neural_style.color_transfer import match_colors, recolored
from neural_style.images import Picture
from neural_style.inputs import Content, Inputs, Style
from neural_style.runs.settings import Run


class ColorPreservation:
    """How a run keeps the colours of its content (Gatys et al. 2016, arXiv:1606.05897)."""

    def __init__(self, content: Content, run: Run) -> None:
        self._content, self._method, self._when = content, run.preserve_color, run.color_when

    def recolored(self, image: np.ndarray) -> np.ndarray:
        """A pastiche (H, W, 3) in the colours of the content, if that is asked for; unchanged otherwise."""
        if self._method == "none" or self._when == "before":
            return image
        clipped = Picture(np.clip(image, 0, 255), None, "the pastiche", None)
        mask = self._content.color_mask_in_memory
        return recolored(self._content.picture, clipped, method=self._method, mask=mask)

    def recolored_styles(self, inputs: Inputs) -> Inputs:
        """The inputs with their paintings in the colours of the content, if that is asked for."""
        if self._method == "none" or self._when == "after":
            return inputs
        return replace(inputs, styles=tuple(map(self._recolored_style, inputs.styles)))

    def _recolored_style(self, style: Style) -> Style:
        mask = self._content.color_mask
        rgb = match_colors(style.picture, self._content.picture, method=self._method, reference_mask=mask)
        return replace(style, image=replace(style.picture, rgb=rgb))
