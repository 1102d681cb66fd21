"""What masks become at each layer (Gatys et al. 2017, arXiv:1611.07865, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.features.statistics import Field
from neural_style.features.vgg import Architecture, block_of, size_at
from neural_style.masks.mask import WHITE, Mask


@dataclass(frozen=True, eq=False)
class Guide:
    """A mask as it acts on the features of one layer.

    Attributes:
        weights: with values (1, h, w, 1).
        energy: what `sum weights^2` stands for: `positions` (the weights are a mask in 0..1 and a Gram matrix of masked
            features is a sum over the image, titu1994), or `one` (the weights have unit energy and it is a mean over
            the region, Gatys et al. 2017, arXiv:1611.07865, section 4).
    """

    weights: Field
    energy: str

    @classmethod
    def of(cls, mask: np.ndarray, *, energy: str, dtype: str) -> Guide:
        """From a mask (h, w) in 0..1."""
        weights = mask / np.sqrt(np.square(mask).sum()) if energy == "one" else mask
        return cls(Field(weights[None, :, :, None].astype(dtype)), energy)


class Guides:
    """Makes guides, each once: terms with the same guide share the statistics of the pastiche.

    Args:
        architecture: the network.
        normalization: `titu1994` (the reference's masks) or `gatys2017` (guides of unit energy).
        propagation: of `gatys2017`: `simple` resizes the mask to the layer, `inside` keeps the positions that see
            nothing but what is white.
        dtype: of the features.
    """

    def __init__(self, architecture: Architecture, *, normalization: str, propagation: str, dtype: str) -> None:
        self._architecture, self._dtype = architecture, dtype
        self._normalization, self._propagation = normalization, propagation
        self._made: dict[tuple[object, tuple[str, ...], tuple[int, int]], Guide] = {}

    def masks(self, of_style: Mask | None, of_content: Mask | None) -> tuple[Mask | None, Mask | None]:
        """What masks the painting and what masks the pastiche.

        As in the reference scripts a style's mask is that of the pastiche unless the content has one. By `titu1994` it
        always masks the painting as well; by `gatys2017` only when the content has a mask, so that all of a painting is
        used otherwise.
        """
        if of_content is not None:
            return of_style, of_content
        return (of_style if self._normalization == "titu1994" else None), of_style

    def at(self, mask: Mask | None, layers: tuple[str, ...], image_size: tuple[int, int]) -> Guide | None:
        """The guide of a mask at a layer, or at two neighbours `aligned`, for an image of `image_size`.

        Raises:
            InvalidInputError: nothing of the mask is left at that layer.
        """
        if mask is None:
            return None
        key = mask.key, layers, image_size
        if key not in self._made:
            weights = self._weights(mask, layers[0], image_size)
            for deeper in layers[1:]:
                rows, columns = size_at(deeper, image_size)
                factor = 1 if weights.shape[:2] == (rows, columns) else 2
                weights = weights[: rows * factor, : columns * factor]
                if self._propagation == "inside":
                    below = self._weights(mask, deeper, image_size)
                    weights = weights * below.repeat(factor, 0).repeat(factor, 1)
            if not weights.any():
                raise InvalidInputError(
                    f'mask "{mask.name}" has no position at {layers[-1]} that sees nothing but white: use '
                    "guide_propagation simple, or shallower style layers"
                )
            energy = "positions" if self._normalization == "titu1994" else "one"
            self._made[key] = Guide.of(weights, energy=energy, dtype=self._dtype)
        return self._made[key]

    def _weights(self, mask: Mask, layer: str, image_size: tuple[int, int]) -> np.ndarray:
        """How much each position of a layer acts, (h, w) in 0..1."""
        size = size_at(layer, image_size)
        if self._normalization == "titu1994":
            return mask.at_titu1994(size)
        weights = mask.at(size)
        if self._propagation == "inside":
            white = (mask.at(image_size) >= WHITE / 255).astype(np.float32)
            weights = weights * inside(white, self._architecture, layer)
        return weights


def inside(mask: np.ndarray, architecture: Architecture, layer: str) -> np.ndarray:
    """The positions of a layer that see nothing but what is white: Gatys et al. 2017, guide propagation "inside".

    A position of a 3x3 convolution is inside if all nine below it are, one of a 2x2 pooling if all four are. What lies
    beyond the border of the image does not count as outside.

    Args:
        mask: (rows, columns), 0 or 1, at the size of the image.
        architecture: the network.
        layer: one of its layers.

    Returns:
        float32 (h, w), 0 or 1; smaller than the mask at that layer, and possibly all 0.
    """
    from scipy.ndimage import minimum_filter

    block = 1
    for below in architecture.up_to_deepest([layer]):
        if block_of(below) > block:
            block += 1
            rows, columns = (side // 2 * 2 for side in mask.shape)
            mask = mask[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).min(axis=(1, 3))
        mask = minimum_filter(mask, size=3, mode="nearest")
    return np.asarray(mask, np.float32)
