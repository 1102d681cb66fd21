"""INetwork: four improvements of the neural algorithm of artistic style (Novak & Nikulin 2016, arXiv:1605.04603).

Two variants. `titu1994`, the default of the VGG networks, is the mathematics of `INetwork.py` of
titu1994/Neural-Style-Transfer, to the number; its chain, and the direction of its geometric weights, differ from the
paper's. `novak2016`, the default of mini, is the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Self, TypeVar

from neural_style.errors import InvalidInputError
from neural_style.network import TransferTechnique
from neural_style.objectives.layer_weights import content_weights_of, weights_of_layers
from neural_style.objectives.presets import (
    RELATIVE_CONTENT_WEIGHT,
    RELATIVE_TOTAL_VARIATION_WEIGHT,
    TOTAL_VARIATION_WEIGHT,
)
from neural_style.objectives.transfer_loss import TransferLoss
from neural_style.validation import check_choice, check_finite, documented, setting

_Key = TypeVar("_Key")

VARIANTS = ("titu1994", "novak2016")

DEFAULT_VARIANTS = {"vgg16": "titu1994", "vgg19": "titu1994", "mini": "novak2016"}
"""The variant by network. With mini the last layer's weight of -1 outweighs everything else for every pair of pictures,
and the loss becomes negative within an iteration."""


@documented
@dataclass(frozen=True, kw_only=True)
class INetwork(TransferTechnique):
    """Network with geometric layer weights (section 3.1 of the paper), all layers (3.2), an activation shift (3.3) and
    a correlation chain (3.5), each of which can be switched off.

    With style layers l_0 ... l_n and S_i the style loss of `Network` at l_i, on Gram matrices of shifted activations,
    `titu1994` has the style term::

        sum_i 2^-(n-1-i) (S_i - S_{i+1})          over i = 0 ... n-1

    in which each layer's loss has a fixed coefficient, the last one -1: THIS OBJECTIVE IS NOT BOUNDED BELOW. It rewards
    a pastiche whose deepest layer is unlike the style. With real weights that usually goes well for the 200 evaluations
    of a run; a warning reports when it does not. Without the chain the coefficients are 2^-(n-i), largest for the
    deepest layer; without geometric weights either, 1 / (n + 1).

    `novak2016` weighs style layers by 2^(D-d) and content layers by 2^d, d being the rank of a layer among D; content
    is kept at all layers; and the chain consists of Gram matrices BETWEEN neighbouring layers, the smaller map repeated
    to the size of the larger. The paper's normalisation is not known: here every term is a relative error
    `|V - T|^2 / |T|^2`, and weights of layers are divided by their sum, so that content_weight and style weights are
    ratios at any size and with any network; content_weight is 0.05 by default. Total variation is a mean over pixels
    and channels there.

    `style_layer_weights` and `content_layer_weights` multiply these coefficients; a pair of neighbours has the weight
    of its shallower layer.

    Example:
        >>> from neural_style import INetwork
        >>> layers = ("conv1_1", "conv1_2", "conv2_1")
        >>> INetwork(model="vgg19", style_layers=layers).style_coefficients()
        {('conv1_1',): 0.5, ('conv1_2',): 0.5, ('conv2_1',): -1.0}
        >>> novak = INetwork(model="mini", style_layers=layers)
        >>> novak.style_coefficients()
        {('conv1_1', 'conv1_2'): 0.666..., ('conv1_2', 'conv2_1'): 0.333...}
        >>> novak.normalization
        'relative'
    """

    variant: str | None = setting(
        None,
        "`titu1994`, the mathematics of the reference scripts, or `novak2016`, that of the paper; by default titu1994 "
        "(mini: novak2016, since titu1994 ends after a few evaluations there).",
    )
    geometric_weights: bool = setting(True, "weight layers by powers of two.")
    all_layers: bool = setting(
        True,
        "use all convolutional layers unless some are named; in novak2016 the content is then also kept at all style "
        "layers.",
    )
    activation_shift: float = setting(
        -1.0, "constant added to every activation before correlations are computed; 0 disables it."
    )
    chain: bool = setting(
        True,
        "titu1994: subtract each layer's loss from that of the layer before; novak2016: correlations between "
        "neighbouring layers.",
    )

    name: ClassVar[str] = "inetwork"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant is None:
            object.__setattr__(self, "variant", DEFAULT_VARIANTS[self.model])
        check_choice("variant", self.variant, VARIANTS)
        check_finite("activation_shift", self.activation_shift)
        if self.variant == "novak2016" and self.content_loss_type:
            raise InvalidInputError(
                "content_loss_type belongs to variant titu1994: name that variant, or leave it at 0"
            )
        if self.chain and len(self._ordered_style_layers) < 2:
            raise InvalidInputError("a chain needs at least two style layers: name more, or switch the chain off")
        weights_of_layers(self, self.style_layers or self._ordered_style_layers)
        self._content_weights()

    @property
    def normalization(self) -> str:
        """Units of the loss, which are `titu1994`, or `relative` for novak2016."""
        return "relative" if self.variant == "novak2016" else "titu1994"

    @property
    def transfer_loss(self) -> TransferLoss:
        is_paper = self.variant == "novak2016"
        content_weight = RELATIVE_CONTENT_WEIGHT if is_paper else self.preset.content_weight
        tv_weight = RELATIVE_TOTAL_VARIATION_WEIGHT if is_paper else TOTAL_VARIATION_WEIGHT
        return TransferLoss(
            content=self._content_weights(),
            style=self._paper_weights() if is_paper else self._reference_weights(),
            content_weight=content_weight if self.content_weight is None else self.content_weight,
            style_scale=self.style_scale,
            total_variation_weight=tv_weight if self.total_variation_weight is None else self.total_variation_weight,
            normalization=self.normalization,
            mean_total_variation=is_paper,
            content_loss_type=self.content_loss_type,
            shift=self.activation_shift,
            mask_normalization=self.mask_normalization,
            guide_propagation=self.guide_propagation,
            guide_dilation=self.guide_dilation,
            padding=self.resolved_padding,
        )

    def resolved(self) -> Self:
        # None stands for the style layers in novak2016, and a layer here would mean that one alone.
        resolved = replace(super().resolved(), style_layers=self._recorded_style_layers)
        return replace(resolved, content_layer=None) if self._content_is_everywhere else resolved

    @property
    def _ordered_style_layers(self) -> tuple[str, ...]:
        """The style layers in the order of the network: neighbours matter here."""
        named = self.style_layers or (self.architecture.layers if self.all_layers else self.preset.style_layers)
        return tuple(layer for layer in self.architecture.layers if layer in named)

    @property
    def _recorded_style_layers(self) -> tuple[str, ...]:
        """As named, where weights belong to them one by one."""
        return self.style_layers if self.style_layers and self.style_layer_weights else self._ordered_style_layers

    @property
    def _content_is_everywhere(self) -> bool:
        return self.variant == "novak2016" and self.all_layers and not (self.content_layer or self.content_layers)

    def _content_weights(self) -> dict[str, float]:
        layers = self._ordered_style_layers if self._content_is_everywhere else self._content_layers
        own = content_weights_of(self, layers)
        if self.variant == "titu1994":
            return own
        ordered = [layer for layer in self.architecture.layers if layer in layers]
        shares = _shares({layer: 2.0**i if self.geometric_weights else 1.0 for i, layer in enumerate(ordered)})
        return {layer: shares[layer] * own[layer] for layer in ordered} if self.content_layer_weights else shares

    def _paper_weights(self) -> dict[tuple[str, ...], float]:
        """2^(D-d) of each layer, or pair of neighbours, divided by their sum."""
        layers = self._ordered_style_layers
        last = len(layers) - 1
        compared = pairwise(layers) if self.chain else ((layer,) for layer in layers)
        # A pair has the weight of its shallower layer: the paper has one matrix fewer than layers.
        geometric = {names: 2.0 ** (last - i) if self.geometric_weights else 1.0 for i, names in enumerate(compared)}
        own = weights_of_layers(self, self.style_layers or layers)
        return {names: share * own[names[0]] if own else share for names, share in _shares(geometric).items()}

    def _reference_weights(self) -> dict[tuple[str, ...], float]:
        """Coefficients of the layers' losses in `titu1994`, in which the chain has negative ones."""
        layers, geometric = self._ordered_style_layers, self.geometric_weights
        last = len(layers) - 1
        if self.chain:
            factors = [2.0 ** (i - last + 1) if geometric else 1 / len(layers) for i in range(last)]
            # sum_i factor_i (S_i - S_{i+1}), sorted by layer
            gained_and_lost = zip([*factors, 0.0], [0.0, *factors], strict=True)
            coefficients = [gained - lost for gained, lost in gained_and_lost]
        else:
            coefficients = [2.0 ** (i - last) if geometric else 1 / len(layers) for i in range(len(layers))]
        own = weights_of_layers(self, self.style_layers or layers)
        return {
            (layer,): coefficient * own[layer] if own else coefficient
            for layer, coefficient in zip(layers, coefficients, strict=True)
        }


def _shares(weights: Mapping[_Key, float]) -> dict[_Key, float]:
    """The same divided by their sum."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
