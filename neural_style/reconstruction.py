"""Reconstruction: what layers of a network keep of a picture (Gatys, Ecker & Bethge 2015, arXiv:1508.06576, figure 1).

A content reconstruction is that of Mahendran & Vedaldi 2015 (arXiv:1412.0035), a style reconstruction the texture
synthesis of Gatys, Ecker & Bethge 2015 (arXiv:1505.07376).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import Picture
from neural_style.inputs import Content, Inputs, Style
from neural_style.objectives.layer_weights import (
    content_weights_of,
    validate_layer_weights,
    validate_layers,
    weights_of_layers,
)
from neural_style.objectives.presets import PRESETS
from neural_style.objectives.transfer_loss import TransferLoss
from neural_style.runs.settings import Run, RunSettings
from neural_style.technique import Source, Sources, Technique
from neural_style.validation import check_choice, check_weight, documented, setting

if TYPE_CHECKING:
    from neural_style.objectives.objective import ObjectiveAt

KINDS = ("content", "style")
NORMALIZATIONS = ("gatys2016", "johnson2016", "relative")

INIT = "noise"
"""Where reconstructions start, so that whatever is seen in one comes from the layers."""


class _Texture(Content):
    """The picture whose style is reconstructed: a texture knows no positions, and so is opaque all over."""

    @cached_property
    def canvas(self) -> Picture:
        return replace(self.picture, alpha=None)


@documented
@dataclass(frozen=True, kw_only=True)
class Reconstruction(Technique):
    """A picture made from nothing but the content, or the style, that some layers keep of another.

    The objective is::

        sum_l w_l L(F_l(x), F_l(p)) + total_variation_weight * TV(x) / (3 (H - 1) (W - 1))        of content
        sum_l w_l S(G_l(x), G_l(p)) + total_variation_weight * TV(x) / (3 (H - 1) (W - 1))        of style

    over the n layers l, with w_l = 1/n unless weights of layers are given, for the picture p and the pastiche x,
    which has p's shape; see `neural_style.losses` for L, S and TV. In `gatys2016` L is the mean of `(F - P)^2` and S
    that of `(G - A)^2`; in `relative` they are `|F - P|^2 / |P|^2` and `|G - A|^2 / |A|^2`. Either way the size of the
    pastiche changes nothing in the weights.

    The figure's content reconstructions have one layer each; its first style reconstruction has conv1_1, the second
    conv1_1 and conv2_1, and so on. With plain VGG weights the mean square of a Gram matrix of conv2_1 or conv3_1 is a
    hundred times that of conv1_1, which then hardly counts: `relative` gives all layers equal influence, and so does
    the normalised network of the papers (`neural_style.features.calibration`).

    Patterns that poolings hardly register persist from the start: from noise, a chequered grain. A little total
    variation removes it, which is how Mahendran & Vedaldi choose among all pictures that have these features (with
    beta = 2 in place of our 2.5). A pyramid of sizes leaves none either, but adds what the layers see in a small
    picture: trees instead of strokes. With `padding="none"`, the default of the VGG networks, noise stays at the right
    and lower edges where sides are no multiples of the stride, as poolings drop odd rows and columns. Average pooling
    is the default because the solver gets further with it: after 200 evaluations for conv3_1 of VGG-19 the loss is a
    fortieth of that with max pooling.

    Example:
        >>> from neural_style import Reconstruction
        >>> from neural_style.samples import sample
        >>> texture = Reconstruction(of="style", layers=("conv1_1", "conv1_2"), model="mini", weights="random")
        >>> result = texture.transfer(sample("night"), image_size=24, iterations=1)
        >>> sorted(result.losses)
        ['style.conv1_1', 'style.conv1_2']
    """

    model: str = setting("vgg19", "the network: `vgg16`, `vgg19` or `mini`.")
    pooling: str = setting("ave", "pooling of the network: `max`, `ave` or `l2`.")
    of: str = setting(
        "content", "`content`, activations position by position, or `style`, Gram matrices, which know no positions."
    )
    layers: tuple[str, ...] | None = setting(
        None,
        "layers to reconstruct from; by default conv5_2 for content (mini: conv3_3), and conv1_1 conv2_1 conv3_1 "
        "conv4_1 conv5_1 for style (mini: conv1_1 conv2_1 conv3_1 conv3_3).",
    )
    style_layer_weights: tuple[float, ...] | str | None = setting(
        None, "for style: weight of each layer's loss, one for each of `layers`, instead of 1/n; or `gatys2016`."
    )
    content_layer_weights: tuple[float, ...] | None = setting(
        None, "for content: weight of each layer's loss, one for each of `layers`, instead of 1/n."
    )
    total_variation_weight: float = setting(0.0, "weight of smoothness, in the units of the normalization.")
    normalization: str = setting(
        "gatys2016",
        "`gatys2016`, means of squared errors; `johnson2016`, Gram matrices divided by C h w; or `relative`, squared "
        "errors divided by the target's square.",
    )

    name: ClassVar[str] = "reconstruction"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("reconstruction", self.of, KINDS)
        check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_weight("total_variation_weight", self.total_variation_weight)
        validate_layer_weights(self, layers="layers", part=self.of)
        validate_layers(self, "layers")
        other = next(kind for kind in KINDS if kind != self.of)
        if getattr(self, f"{other}_layer_weights") is not None:
            raise InvalidInputError(f"{other}_layer_weights belong to the reconstruction of {other}: leave them out")
        if not any(self._layer_weights().values()) and not self.total_variation_weight:
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")

    @property
    def used_layers(self) -> tuple[str, ...]:
        preset = PRESETS[self.model]
        named = self.layers or ((preset.content_layer,) if self.of == "content" else preset.style_layers)
        return tuple(layer for layer in self.architecture.layers if layer in named)

    @property
    def content_targets(self) -> tuple[str, ...]:
        return self.used_layers if self.of == "content" else ()

    def resolved(self) -> Self:
        # Weights belong to the layers in the order in which they were named.
        is_weighted = self.style_layer_weights is not None or self.content_layer_weights is not None
        named = self.layers if is_weighted else None
        return replace(super().resolved(), layers=named or self.used_layers)

    def _layer_weights(self) -> dict[str, float]:
        """The weight of each layer's loss."""
        layers = self.layers or self.used_layers
        if self.of == "content":
            return content_weights_of(self, layers)
        return weights_of_layers(self, layers) or {layer: 1 / len(layers) for layer in layers}

    def inputs(self, content: Source, styles: Sources = ()) -> Inputs:
        """The picture, in the content's place whether it is a photo or a painting.

        Raises:
            InvalidInputError, MissingFileError: it cannot be read, has a mask, or is not the only one.
        """
        if isinstance(content, Inputs):
            if not content.styles and content.content.mask is None and content.content.label_map is None:
                return content
            styles, content = content.styles, content.content
        if not isinstance(styles, list | tuple) or styles:
            raise InvalidInputError("a reconstruction is of one picture: give no styles beside it")
        content = content if isinstance(content, Content) else Content(content)
        if content.mask is not None or content.label_map is not None:
            raise InvalidInputError("a reconstruction has no mask and no label map: crop the picture instead")
        source, frame = content.image, content.frame
        picture = content.picture if source is None else images.read(source, what=self.of, frame=frame)
        kind = _Texture if self.of == "style" else Content
        return Inputs(kind(picture, color_mask=content.color_mask, frame=frame, prepare=content.prepare).read())

    def run_settings(self, inputs: Inputs, settings: RunSettings) -> Run:
        """The settings of a run; it starts from noise unless `init` names another picture."""
        self.check_run_names(settings)
        return super().run_settings(inputs, {**RunSettings(init=INIT), **settings})

    def objective_at(self, inputs: Inputs) -> ObjectiveAt:
        # Keras, and with it the backend, starts here and not when the package is imported.
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.objectives.transfer_objective import objective_at

        layers, is_style = self.used_layers, self.of == "style"
        weights = self._layer_weights()
        loss = TransferLoss(
            content={} if is_style else weights,
            style={(layer,): weights[layer] for layer in layers} if is_style else {},
            content_weight=0.0 if is_style else 1.0,
            style_scale=1.0,
            total_variation_weight=self.total_variation_weight,
            normalization=self.normalization,
            mean_total_variation=True,
            style_name="style",
            padding=self.resolved_padding,
        )
        if is_style:  # at the size of the pastiche
            inputs = replace(inputs, styles=(Style(inputs.content.picture, resize="stretch"),))
        return objective_at(loss, inputs, self.extractor())
