"""INetwork: four improvements of the neural algorithm of artistic style (Novak & Nikulin 2016, arXiv:1605.04603).

Two variants. `titu1994` is the mathematics of `INetwork.py` of titu1994/Neural-Style-Transfer, to the number; what it
calls a chain, and which way its geometric weights run, are not the paper's. `novak2016` is the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isfinite
from typing import ClassVar, Self, TypeVar

from neural_style.errors import InvalidInputError, check_choice
from neural_style.network import Network

_Key = TypeVar("_Key")

NOVAK_CONTENT_WEIGHT = 0.05
"""In relative errors: of the content at all layers against the style at all pairs of layers."""

NOVAK_TOTAL_VARIATION_WEIGHT = 1e-6
"""Of the mean of what total variation sums, beside relative errors: takes the grain away and blurs nothing. The
reference's number would make a third of the loss."""

VARIANTS = ("titu1994", "novak2016")


@dataclass(frozen=True)
class INetwork(Network):
    """Network with geometric layer weights (section 3.1 of the paper), all layers (3.2), an activation shift (3.3) and
    a correlation chain (3.5), each of which can be switched off.

    With style layers l_0 ... l_n and S_i the style loss of `Network` at l_i, on Gram matrices of shifted activations,
    `titu1994` has the style term::

        sum_i 2^-(n-1-i) (S_i - S_{i+1})          over i = 0 ... n-1

    in which each layer's loss has a fixed coefficient, the last one -1: THIS OBJECTIVE IS NOT BOUNDED BELOW. It rewards
    a pastiche whose deepest layer is unlike the style. With real weights that usually goes well for the 200 evaluations
    of a run; a warning tells when it does not. Without the chain the coefficients are 2^-(n-i), largest for the deepest
    layer; without geometric weights either, 1 / (n + 1).

    `novak2016` weighs style layers by 2^(D-d) and content layers by 2^d, d being the rank of a layer among D; content
    is kept at all layers; and the chain is made of Gram matrices BETWEEN neighbouring layers, the smaller map repeated
    to the size of the larger. The paper's normalisation is not known: here every term is a relative error
    `|V - T|^2 / |T|^2`, and weights of layers are divided by their sum, so that content_weight and style weights are
    ratios at any size and with any network; content_weight is 0.05 by default. Total variation is a mean over pixels
    and channels there.

    Example:
        >>> from neural_style import INetwork
        >>> layers = ("conv1_1", "conv1_2", "conv2_1")
        >>> INetwork(model="mini", style_layers=layers).style_coefficients()
        {('conv1_1',): 0.5, ('conv1_2',): 0.5, ('conv2_1',): -1.0}
        >>> INetwork(model="mini", style_layers=layers, variant="novak2016").style_coefficients()
        {('conv1_1', 'conv1_2'): 0.666..., ('conv1_2', 'conv2_1'): 0.333...}

    Attributes:
        variant: `titu1994`, the mathematics of the reference scripts, or `novak2016`, that of the paper.
        geometric_weights: weigh layers by powers of two.
        all_layers: use all convolutional layers where none are named; in novak2016 the content is then kept at all
            style layers, too.
        activation_shift: added to every activation before correlations are taken; 0 switches it off.
        chain: titu1994: subtract each layer's loss from that of the layer before; novak2016: correlations between
            neighbouring layers.
    """

    variant: str = "titu1994"
    geometric_weights: bool = True
    all_layers: bool = True
    activation_shift: float = -1.0
    chain: bool = True
    normalization: str = field(default="titu1994", init=False)

    name: ClassVar[str] = "inetwork"

    def __post_init__(self) -> None:
        check_choice("variant", self.variant, VARIANTS)
        super().__post_init__()
        if not isfinite(self.activation_shift):
            raise InvalidInputError(f"activation_shift must be a finite number, received {self.activation_shift}")
        if self.variant == "novak2016" and self.content_loss_type:
            raise InvalidInputError("content_loss_type belongs to variant titu1994: leave it at 0")
        if self.chain and len(self._style_layers) < 2:
            raise InvalidInputError("a chain needs at least two style layers: name more, or switch the chain off")

    @property
    def _content_weight(self) -> float:
        is_paper = self.variant == "novak2016" and self.content_weight is None
        return NOVAK_CONTENT_WEIGHT if is_paper else super()._content_weight

    @property
    def _total_variation_weight(self) -> float:
        is_paper = self.variant == "novak2016" and self.total_variation_weight is None
        return NOVAK_TOTAL_VARIATION_WEIGHT if is_paper else super()._total_variation_weight

    @property
    def _style_layers(self) -> tuple[str, ...]:
        """In the order of the network: neighbours matter here."""
        named = self.style_layers or (self._architecture.layers if self.all_layers else self._architecture.style_layers)
        return tuple(layer for layer in self._architecture.layers if layer in named)

    @property
    def _content_layers(self) -> tuple[str, ...]:
        return self._style_layers if self._content_is_everywhere else (self._content_layer,)

    @property
    def _content_is_everywhere(self) -> bool:
        return self.variant == "novak2016" and self.all_layers and not self.content_layer

    def style_coefficients(self) -> dict[tuple[str, ...], float]:
        """What each style loss is multiplied by, beside the weight of the style; by the layers that it looks at."""
        layers, geometric = self._style_layers, self.geometric_weights
        last = len(layers) - 1
        if self.variant == "novak2016":
            looked_at = pairwise(layers) if self.chain else ((layer,) for layer in layers)
            # A pair has the weight of its shallower layer: the paper has one matrix fewer than layers.
            return _shares({names: 2.0 ** (last - i) if geometric else 1.0 for i, names in enumerate(looked_at)})
        if not self.chain:
            return {(layer,): 2.0 ** (i - last) if geometric else 1 / len(layers) for i, layer in enumerate(layers)}
        factors = [2.0 ** (i - last + 1) if geometric else 1 / len(layers) for i in range(last)]
        # sum_i factor_i (S_i - S_{i+1}), sorted by layer
        coefficients = zip(layers, [*factors, 0.0], [0.0, *factors], strict=True)
        return {(layer,): gained - lost for layer, gained, lost in coefficients}

    def content_coefficients(self) -> dict[str, float]:
        """What the loss at each content layer is multiplied by, beside the content weight."""
        layers = self._content_layers
        return _shares({layer: 2.0**i if self.geometric_weights else 1.0 for i, layer in enumerate(layers)})

    def _scaled_total_variation_weight(self, size: tuple[int, int]) -> float:
        if self.variant == "titu1994":
            return self._total_variation_weight
        return self._total_variation_weight / (3 * (size[0] - 1) * (size[1] - 1))

    def resolved(self) -> Self:
        settings = super().resolved()
        # None means the style layers to novak2016, and must go on meaning it.
        return replace(settings, content_layer=None) if self._content_is_everywhere else settings

    @property
    def _units(self) -> str:
        return "titu1994" if self.variant == "titu1994" else "relative"

    @property
    def _shift(self) -> float:
        return self.activation_shift


def _shares(weights: dict[_Key, float]) -> dict[_Key, float]:
    """The same divided by their sum."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
