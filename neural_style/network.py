"""Network: the neural algorithm of artistic style (Gatys, Ecker & Bethge 2015, arXiv:1508.06576; CVPR 2016).

Defaults, layers and normalisation are those of `Network.py` of titu1994/Neural-Style-Transfer.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from neural_style.errors import InvalidInputError
from neural_style.inputs import Inputs
from neural_style.objectives.layer_weights import (
    content_weights_of,
    validate_content_layers,
    validate_layer_weights,
    validate_layers,
    weights_of_layers,
)
from neural_style.objectives.presets import (
    PRESETS,
    RELATIVE_TOTAL_VARIATION_WEIGHT,
    TOTAL_VARIATION_WEIGHT,
    Preset,
)
from neural_style.objectives.transfer_loss import (
    BY_TILES,
    CONTENT_FACTORS,
    MATCHED,
    MATCHED_LAYERS,
    TransferLoss,
    check_guides,
    check_masks,
    check_style_loss,
    check_whole_pictures,
)
from neural_style.runs.memory_plan import ExtractorSpec, held_bytes
from neural_style.runs.settings import Run, check_solver_of_normalized
from neural_style.technique import Technique
from neural_style.validation import check_choice, check_finite, check_weight, documented, setting

if TYPE_CHECKING:
    from neural_style.objectives.objective import ObjectiveAt

NORMALIZATIONS = ("titu1994", "gatys2016", "johnson2016", "relative")
CONTENT_LOSS_TYPES = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class TransferTechnique(Technique):
    """Settings that `Network` and `INetwork` share; each makes a `TransferLoss` of them."""

    content_layer: str | None = setting(
        None, "layer whose activations keep the layout; by default conv5_2 (mini: conv3_3)."
    )
    content_layers: tuple[str, ...] | None = setting(
        None,
        "several such layers in place of `content_layer`: conv3_3 conv2_2 also keeps the drawing, which a deep layer "
        "leaves to the painting.",
    )
    content_layer_weights: tuple[float, ...] | None = setting(
        None, "weight of each content layer's loss, one for each of `content_layers`, instead of 1/n for n layers."
    )
    content_weight: float | None = setting(
        None,
        "weight of the photo's layout; by default 0.025 (mini: 0.0025) in the units of titu1994; with relative errors "
        "0.05, and 0.011 with mini in `network`.",
    )
    content_loss_type: int = setting(
        0, "scale of the content loss: 0 (a plain sum), 1 or 2 (by the size of image and layer)."
    )
    style_layers: tuple[str, ...] | None = setting(
        None,
        "layers whose Gram matrices make the texture; by default conv1_1 conv2_1 conv3_1 conv4_1 conv5_1 (mini: "
        "conv1_1 conv2_1 conv3_1 conv3_3).",
    )
    style_layer_weights: tuple[float, ...] | str | None = setting(
        None,
        "weight of each style layer's loss, one for each of `style_layers`, instead of 1/n for n layers; or "
        "`gatys2016`, 1000 / C^2 for a layer of C channels as in the authors' notebooks.",
    )
    style_scale: float = setting(
        1.0, "factor on the weight of every style (a name of the reference scripts; it scales no image)."
    )
    total_variation_weight: float | None = setting(
        None, "weight of smoothness; by default 8.5e-5, and 1e-6 with relative errors."
    )
    mask_normalization: str = setting(
        "titu1994",
        "normalisation of a masked style: with `titu1994`, that of the reference scripts, a small region gets little "
        "of its style, unless errors are relative; with `gatys2017` it gets as much as a large one.",
    )
    guide_propagation: str = setting(
        "simple",
        "with gatys2017: `simple` resizes a mask to each layer; `zoom` does so as the authors' code, softly; `inside` "
        "keeps only positions whose receptive field lies inside the mask; `all` those that overlap it.",
    )
    guide_dilation: int = setting(
        0,
        "with gatys2017: positions of each layer by which a guide is extended at all sides, or reduced if negative; "
        "the authors' figure 2 has 3 with inside.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_layer_weights(self)
        validate_layers(self, "style_layers")
        validate_content_layers(self)
        check_guides(self)
        if not isinstance(self.content_loss_type, int) or self.content_loss_type not in CONTENT_LOSS_TYPES:
            raise InvalidInputError(f"content_loss_type must be 0, 1 or 2, received {self.content_loss_type!r}")
        for name in ("content_weight", "style_scale", "total_variation_weight"):
            if getattr(self, name) is not None:
                check_weight(name, getattr(self, name))

    @property
    def preset(self) -> Preset:
        """Defaults that depend on the network."""
        return PRESETS[self.model]

    @property
    @abstractmethod
    def transfer_loss(self) -> TransferLoss:
        """The loss that these settings stand for, with every default written out."""

    @property
    def extractor_spec(self) -> ExtractorSpec:
        return super().extractor_spec._replace(groups=tuple(self.style_coefficients()))

    @property
    def used_layers(self) -> tuple[str, ...]:
        loss = self.transfer_loss
        used = {layer for layers in loss.style for layer in layers}.union(self.content_targets)
        return tuple(layer for layer in self.architecture.layers if layer in used)

    @property
    def content_targets(self) -> tuple[str, ...]:
        loss = self.transfer_loss
        return tuple(layer for layer, weight in loss.content.items() if weight * loss.content_weight)

    def content_coefficients(self) -> dict[str, float]:
        """Factor of the loss at each content layer, beside the content weight."""
        return dict(self.transfer_loss.content)

    def style_coefficients(self) -> dict[tuple[str, ...], float]:
        """Factor of each style loss, beside the weight of the style, by its layer or pair of layers."""
        return dict(self.transfer_loss.style)

    def resolved(self) -> Self:
        loss = self.transfer_loss
        return replace(
            super().resolved(),
            content_layer=None if self.content_layers else self.content_layer or self.preset.content_layer,
            content_weight=loss.content_weight,
            total_variation_weight=loss.total_variation_weight,
            style_layers=self._style_layers,
        )

    def objective_at(self, inputs: Inputs) -> ObjectiveAt:
        # Keras, and with it the backend, starts here and not when the package is imported.
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.objectives.transfer_objective import objective_at

        self.check_inputs(inputs)
        return objective_at(self.transfer_loss, inputs, self.extractor())

    def check_inputs(self, inputs: Inputs) -> None:
        if not inputs.styles:
            raise InvalidInputError("no style was given: name at least one painting")
        if self.transfer_loss.is_zero(inputs):
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")
        check_masks(self, inputs)

    @property
    def _content_layers(self) -> tuple[str, ...]:
        """As named, or that of the preset."""
        return self.content_layers or (self.content_layer or self.preset.content_layer,)

    @property
    def _style_layers(self) -> tuple[str, ...]:
        """As named, or those of the preset."""
        return self.style_layers or self.preset.style_layers


@documented
@dataclass(frozen=True, kw_only=True)
class Network(TransferTechnique):
    """Layout from layers of the content, texture from Gram matrices of the styles, total variation against noise.

    The objective is::

        content_weight * sum_k v_k L(F_k(x), F_k(c))^p + sum_j w_j style_scale / n * sum_l S(G_l(x), G_l(s_j))
            + total_variation_weight * TV(x)

    over the content layers k with weights v_k, 1/m for m of them unless `content_layer_weights` are given (the papers
    have one; jcjohnson/neural-style sums over several), the n style layers l, and the styles s_j with weights w_j, with
    p = `content_power`; see `neural_style.losses` for L, S and TV. Targets are computed once. Where S compares plain
    sums over positions (`titu1994`), the Gram matrix of a style of another size than the pastiche is scaled to the
    pastiche's number of positions, so that its size changes nothing else.

    Example:
        >>> from neural_style import Network
        >>> from neural_style.samples import sample
        >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
        >>> result = net.transfer(sample("cat"), sample("night"), image_size=24, iterations=1)
        >>> result.image.shape
        (24, 36, 3)
        >>> sorted(result.losses)
        ['content.conv1_2', 'style.0.conv1_1', 'tv']
    """

    normalization: str | None = setting(
        None,
        "units of the loss, each of which needs weights of its own: `titu1994`, the sums of the reference scripts, the "
        "default with the VGG networks; "
        "`gatys2016`, means of squared errors as in the authors' code; `johnson2016`, Gram matrices divided by C h w; "
        "or `relative`, squared errors divided by the target's square, and the mean TV, the default with mini.",
    )

    content_power: float = setting(
        1.0,
        "with relative errors, the power p of the content error E in the loss, at least 1. A content has the weight "
        "`p E^(p - 1)` against the style: with 2, paintings that cover more of the photo than others are held back.",
    )

    style_loss: str = setting(
        "gram",
        "what compares pastiche and painting: `gram`, Gram matrices; `wasserstein`, means and covariances; `moments`, "
        "means and standard deviations; `sliced`, whole distributions; `patches`, the nearest patches of the painting; "
        "or `neighbours`, its nearest hypercolumns. All but gram are relative errors.",
    )

    guided_statistic: str = setting(
        "gram",
        "with gatys2017 and relative or gatys2016 units, what is compared of a style with a mask: `gram`, the Gram "
        "matrices of its region; `sums`, half and half, the Gram matrices of the whole pictures and the mean features "
        "of the region, which takes less time.",
    )

    painting_rotations: int = setting(
        0,
        "with patches and neighbours, also search copies of the painting rotated by 7.5 degrees each way; 2 adds "
        "15 degrees, and so on.",
    )

    painting_scales: int = setting(
        0,
        "with patches and neighbours, also search copies of the painting 5 % larger and smaller; 2 adds 10 %.",
    )

    normalize_gradients: bool = setting(
        False,
        "with the solver adam, give the gradient at each layer the L1 norm of the layer's weight, as "
        "jcjohnson/neural-style does: weights are then shares of the push and not of the loss, and need to be chosen "
        "anew.",
    )

    name: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_style_loss(self)
        if self.normalization is not None:
            check_choice("normalization", self.normalization, NORMALIZATIONS)
        if self.content_loss_type != 0 and self.units != "titu1994":
            raise InvalidInputError("content_loss_type belongs to normalization titu1994: choose it, or leave 0")
        check_finite("content_power", self.content_power)
        if self.content_power < 1:
            raise InvalidInputError(f"content_power must be at least 1, received {self.content_power:g}")
        if self.content_power != 1 and self.units != "relative":
            raise InvalidInputError("content_power belongs to normalization relative: choose it, or leave 1")
        for name in ("content_power", "content_loss_type"):
            default = getattr(Network, name)
            if self.normalize_gradients and getattr(self, name) != default:
                raise InvalidInputError(f"{name} scales gradients, which normalize_gradients undoes: use {default:g}")
        weights_of_layers(self, self._style_layers)
        content_weights_of(self, self._content_layers)

    @property
    def preset(self) -> Preset:
        preset = PRESETS[self.model]
        if self.style_loss == "gram":
            return preset
        layers = MATCHED_LAYERS[self.style_loss][self.model] if self.style_loss in MATCHED else preset.style_layers
        layer = "conv4_2" if self.style_loss in MATCHED and self.model != "mini" else preset.content_layer
        weight = preset.relative_content_weight * CONTENT_FACTORS.get(self.style_loss, 1.0)
        return replace(
            preset, content_layer=layer, style_layers=layers, normalization="relative", relative_content_weight=weight
        )

    @property
    def extractor_spec(self) -> ExtractorSpec:
        spec = super().extractor_spec
        variants = (2 * self.painting_rotations + 1) * (2 * self.painting_scales + 1)
        held = held_bytes(self.style_loss, self._style_layers, spec, variants=variants)
        is_by_tiles = self.style_loss in BY_TILES and not self.normalize_gradients
        return spec._replace(by_tiles=is_by_tiles, held=held)

    def check_run(self, run: Run) -> None:
        super().check_run(run)
        if self.normalize_gradients:
            check_solver_of_normalized(run)

    def check_inputs(self, inputs: Inputs) -> None:
        super().check_inputs(inputs)
        if self.style_loss not in BY_TILES:
            check_whole_pictures(self.style_loss, inputs)

    @property
    def units(self) -> str:
        """The normalization, as it was named or by default."""
        return self.normalization or self.preset.normalization

    def resolved(self) -> Self:
        return replace(super().resolved(), normalization=self.units)

    @property
    def transfer_loss(self) -> TransferLoss:
        layers, is_relative = self._style_layers, self.units == "relative"
        weights = weights_of_layers(self, layers) or {layer: 1 / len(layers) for layer in layers}
        preset = self.preset
        content_weight = preset.relative_content_weight if is_relative else preset.content_weight
        tv_weight = RELATIVE_TOTAL_VARIATION_WEIGHT if is_relative else TOTAL_VARIATION_WEIGHT
        return TransferLoss(
            content=content_weights_of(self, self._content_layers),
            style={(layer,): weights[layer] for layer in layers},
            content_weight=content_weight if self.content_weight is None else self.content_weight,
            style_scale=self.style_scale,
            total_variation_weight=tv_weight if self.total_variation_weight is None else self.total_variation_weight,
            normalization=self.units,
            mean_total_variation=is_relative,
            content_loss_type=self.content_loss_type,
            content_power=self.content_power,
            mask_normalization=self.mask_normalization,
            guide_propagation=self.guide_propagation,
            guide_dilation=self.guide_dilation,
            padding=self.resolved_padding,
            style_loss=self.style_loss,
            rotations=self.painting_rotations,
            scales=self.painting_scales,
            normalize_gradients=self.normalize_gradients,
            guided_statistic=self.guided_statistic,
        )
