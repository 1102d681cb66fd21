"""`preserve_color`: pastiches, or paintings beforehand, in the colours of the content."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neural_style import images
from neural_style.color_transfer import matched, recolored_picture
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
        alpha = self._content.canvas.alpha
        if alpha is not None:
            alpha = images.resize(alpha, image.shape[:2])
        pastiche = Picture(np.clip(image, 0, 255), alpha, "the pastiche", None)
        mask = self._content.color_mask_in_memory
        return recolored_picture(self._content.original, pastiche, method=self._method, mask=mask).rgb

    def recolored_styles(self, inputs: Inputs) -> Inputs:
        """The inputs with their paintings in the colours of the content, if that is asked for."""
        if self._method == "none" or self._when == "after":
            return inputs
        return replace(inputs, styles=tuple(map(self._recolored_style, inputs.styles)))

    def _recolored_style(self, style: Style) -> Style:
        mask = self._content.color_mask
        picture = matched(style.picture, self._content.original, method=self._method, reference_mask=mask)
        return replace(style, image=picture)
