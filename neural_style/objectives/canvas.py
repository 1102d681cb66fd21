"""The canvas: the pastiche as the network sees it, mirrored at its borders, and grey where everything else is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.masks.mask import Mask
from neural_style.objectives.transfer_loss import PADDINGS
from neural_style.validation import check_choice

MARGIN = 2
"""Positions of the deepest layer that are mirrored on each side: convolutions take what lies beyond the border for
zero, and paint a frame of lines along it. The pastiche itself is never padded, so that nothing is cropped."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Canvas:
    """A linear function P of the pastiche x, so that an objective is f(P x) and its gradient P^T f'(P x).

    Poolings drop the rows and columns at the right and lower edges that fill no position of their own: deep layers have
    hardly any gradient there, and what remains is grain. Mirrored to a multiple of the stride, every pixel is part of
    a position.

    Attributes:
        rows, columns: mirrored ones before the first and after the last.
        is_grey: every channel is replaced by the mean of the three.
    """

    rows: tuple[int, int] = (0, 0)
    columns: tuple[int, int] = (0, 0)
    is_grey: bool = False

    @classmethod
    def of(cls, padding: str, size: tuple[int, int], stride: int) -> Canvas:
        """The canvas of a pastiche of `size` rows and columns for a network of that stride.

        Args:
            padding: `reflect` mirrors `MARGIN` positions and more to the next multiple of the stride, half on each
                side; `none` does not.

        Raises:
            InvalidInputError: the padding is unknown.
        """
        check_choice("padding", padding, PADDINGS)
        if padding == "none":
            return cls()
        # A mirror shows no more than there is.
        missing = [-extent % stride + 2 * stride * (MARGIN if extent > 2 * MARGIN * stride else 0) for extent in size]
        rows, columns = ((more // 2, more - more // 2) for more in missing)
        return cls(rows, columns)

    def size(self, image_size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the canvas of a pastiche."""
        return image_size[0] + sum(self.rows), image_size[1] + sum(self.columns)

    def seen(self, image: Tensor) -> Tensor:
        """P x of a pastiche (H, W, 3), as operations on tensors."""
        if self.is_grey:
            image = ops.broadcast_to(ops.sum(image, axis=-1, keepdims=True) / 3.0, image.shape)
        return ops.pad(image, (self.rows, self.columns, (0, 0)), mode="reflect") if self._is_padded else image

    def padded(self, array: Array) -> Array:
        """A picture, mask or map (H, W, ...) mirrored in the same way."""
        if not self._is_padded:
            return array
        return np.pad(array, (self.rows, self.columns, *((0, 0),) * (array.ndim - 2)), mode="reflect")

    def padded_mask(self, mask: Mask | None, image_size: tuple[int, int]) -> Mask | None:
        """A mask of the pastiche as one of the canvas."""
        if mask is None or not self._is_padded:
            return mask
        grey = np.rint(mask.at(image_size) * 255).astype(np.uint8)
        return Mask(self.padded(grey), mask.soft, mask.name, mask.path)

    def adjoint(self, gradient: Array) -> Array:
        """P^T g: the gradient with respect to the pastiche, of one with respect to the canvas."""
        for axis, widths in enumerate((self.rows, self.columns)):
            gradient = _folded(gradient, widths, axis)
        if self.is_grey:
            gradient = np.broadcast_to(gradient.mean(axis=-1, keepdims=True), gradient.shape)
        return gradient

    @property
    def _is_padded(self) -> bool:
        return any((*self.rows, *self.columns))


def _folded(gradient: Array, widths: tuple[int, int], axis: int) -> Array:
    """The shares of mirrored rows (or columns) added to those that they mirror."""
    lines = np.moveaxis(gradient, axis, 0)
    before, after = widths
    inner = lines[before : len(lines) - after].copy()
    if before:
        inner[1 : before + 1] += lines[:before][::-1]
    if after:
        inner[-after - 1 : -1] += lines[-after:][::-1]
    return np.moveaxis(inner, 0, axis)
