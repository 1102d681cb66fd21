"""Guides: masks at the size of a layer, as weights of its features (Gatys et al. 2017, arXiv:1611.07865, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.features.statistics import Field
from neural_style.features.vgg import Architecture, aligned_size, size_at
from neural_style.masks.mask import WHITE, Mask
from neural_style.masks.propagation import dilated, inside, overlapping, zoomed


@dataclass(frozen=True, eq=False)
class Guide:
    """A mask as weights that the features of one layer are multiplied by.

    Attributes:
        weights: with values (1, h, w, 1).
        energy: the meaning of `sum weights^2`: `positions` (the weights are a mask in 0..1, and the Gram matrix of
            masked features is a sum over the image, titu1994), or `one` (the weights have unit energy, and it is a mean
            over the region, Gatys et al. 2017, arXiv:1611.07865, section 4).
    """

    weights: Field
    energy: str

    @cached_property
    def shares(self) -> Field:
        """The weights divided by their sum, with which a sum over positions is a mean."""
        return Field(self.weights.values / self.weights.values.sum())

    @classmethod
    def of(cls, mask: np.ndarray, *, energy: str, dtype: str) -> Guide:
        """The guide of a mask (h, w) in 0..1, for features of a data type."""
        weights = mask / np.sqrt(np.square(mask).sum()) if energy == "one" else mask
        return cls(Field(weights[None, :, :, None].astype(dtype)), energy)


class Guides:
    """Makes guides, each once, so that terms with the same guide share the statistics of the pastiche.

    Args:
        architecture: the network.
        normalization: `titu1994` (the reference's masks) or `gatys2017` (guides of unit energy).
        propagation: of `gatys2017`: `simple` resizes the mask to the layer, `zoom` does so as the authors' code,
            `inside` keeps only positions whose receptive field is all white, `all` those where some of it is.
        dilation: of `gatys2017`: positions by which a guide of zeros and ones is then extended, or reduced if negative.
        dtype: of the features.
    """

    def __init__(
        self, architecture: Architecture, *, normalization: str, propagation: str, dtype: str, dilation: int = 0
    ) -> None:
        self._architecture, self._dtype = architecture, dtype
        self._normalization, self._propagation, self._dilation = normalization, propagation, dilation
        self._made: dict[tuple[object, object, tuple[str, ...], tuple[int, int]], Guide] = {}

    def masks(self, of_style: Mask | None, of_content: Mask | None) -> tuple[Mask | None, Mask | None]:
        """The mask of the painting and the mask of the pastiche, from those of a style and of the content.

        As in the reference scripts a style's mask is that of the pastiche unless the content has one. By `titu1994` it
        always masks the painting as well; by `gatys2017` only if the content has a mask, so that all of a painting is
        used otherwise.
        """
        if of_content is not None:
            return of_style, of_content
        return (of_style if self._normalization == "titu1994" else None), of_style

    def at(
        self, mask: Mask | None, layers: tuple[str, ...], image_size: tuple[int, int], *, visible: Mask | None = None
    ) -> Guide | None:
        """The guide of a mask at a layer, or at two neighbours as `neural_style.losses.style.aligned` returns them.

        Args:
            mask: None is everywhere, and gives None where everything is visible.
            layers: one layer, or a layer and its deeper neighbour.
            image_size: rows and columns of the image.
            visible: where the image can be seen; None is everywhere. With weights m of the mask and v of this, those of
                the guide are `m v sqrt(sum m^2 / sum (m v)^2)`, so that its energy is the mask's: statistics are as
                large as if all of the masked part could be seen. Without a mask they have unit energy.

        Raises:
            InvalidInputError: no position of the layer is left inside the mask.
        """
        if mask is None and visible is None:
            return None
        key = mask and mask.key, visible and visible.key, layers, image_size
        if key not in self._made:
            rows, columns = aligned_size(layers, image_size)
            weights = np.ones((rows, columns), np.float32) if mask is None else self._aligned(mask, layers, image_size)
            if visible is not None:
                seen = visible.at(size_at(layers[0], image_size))[:rows, :columns]
                weights = _spread(weights, seen, visible)
            energy = "one" if mask is None or self._normalization != "titu1994" else "positions"
            self._made[key] = Guide.of(weights, energy=energy, dtype=self._dtype)
        return self._made[key]

    def _aligned(self, mask: Mask, layers: tuple[str, ...], image_size: tuple[int, int]) -> np.ndarray:
        """The weight of each position of a layer, or of two neighbours."""
        weights = self._weights(mask, layers[0], image_size)
        for deeper in layers[1:]:
            rows, columns = size_at(deeper, image_size)
            factor = 1 if weights.shape[:2] == (rows, columns) else 2
            weights = weights[: rows * factor, : columns * factor]
            if self._propagation in ("inside", "all"):
                below = self._weights(mask, deeper, image_size)
                weights = weights * below.repeat(factor, 0).repeat(factor, 1)
        if not weights.any():
            raise InvalidInputError(
                f'mask "{mask.name}" is too small for {layers[-1]}: no position is left there; use guide_propagation '
                "simple or all, or shallower style layers"
            )
        return weights

    def _weights(self, mask: Mask, layer: str, image_size: tuple[int, int]) -> np.ndarray:
        """The weight of each position of a layer, (h, w), in 0..1 but for `zoom`."""
        size = size_at(layer, image_size)
        if self._normalization == "titu1994":
            return mask.at_titu1994(size)
        white = (mask.at(image_size) >= WHITE / 255).astype(np.float32)
        if self._propagation == "all":
            weights = overlapping(white, self._architecture, layer)
        elif self._propagation == "zoom":
            weights = zoomed(mask.at(image_size), size)
        elif self._propagation == "inside":
            weights = inside(white, self._architecture, layer)
            weights = weights if self._dilation else mask.at(size) * weights  # which a soft mask weighs
        else:
            weights = mask.at(size)
        return dilated((weights >= WHITE / 255).astype(np.float32), self._dilation) if self._dilation else weights


def _spread(weights: np.ndarray, seen: np.ndarray, visible: Mask) -> np.ndarray:
    """The weights of a mask on the visible positions, with the same energy; both (h, w)."""
    found = weights * seen
    energy = np.square(found).sum()
    if energy == 0:
        raise InvalidInputError(f'the mask on "{visible.name}" selects only pixels that are transparent there')
    return np.asarray(found * np.sqrt(np.square(weights).sum() / energy))
