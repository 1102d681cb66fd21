"""Network: the neural algorithm of artistic style (Gatys, Ecker & Bethge 2015, arXiv:1508.06576; CVPR 2016).

Defaults, layers and normalisation are those of `Network.py` of titu1994/Neural-Style-Transfer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from neural_style import images
from neural_style.errors import InvalidInputError, check_choice
from neural_style.features import vgg
from neural_style.inputs import Content, Style, check_weight
from neural_style.runs.memory_plan import ExtractorSpec
from neural_style.runs.transfer import ObjectiveAt, Technique

if TYPE_CHECKING:
    import numpy as np

    from neural_style.features.extractor import FeatureExtractor
    from neural_style.masks.guidance import Guides
    from neural_style.objectives.objective import Objective, Term

NORMALIZATIONS = ("titu1994", "gatys2016")
CONTENT_LOSS_TYPES = (0, 1, 2)
TOTAL_VARIATION_WEIGHT = 8.5e-5
"""Of the reference's scripts."""
MASK_NORMALIZATIONS = ("titu1994", "gatys2017")
GUIDE_PROPAGATIONS = ("simple", "inside")
PRECISIONS = ("float32", "bfloat16", "float64", "auto")


def validate_network(settings: Any, *, layers: str = "style_layers") -> None:
    """Bring the fields that say which network looks, and at what, to one form in a new dataclass, and check them.

    Args:
        settings: with the fields `model`, `weights`, `pooling` and `precision`, and maybe `content_layer`.
        layers: the field that names several layers, or is None.

    Raises:
        InvalidInputError: one of them is impossible.
    """
    if settings.weights is not None:
        object.__setattr__(settings, "weights", str(settings.weights))
    object.__setattr__(settings, "pooling", str(settings.pooling).lower())
    several = getattr(settings, layers)
    if several is not None:
        several = (several,) if isinstance(several, str) else tuple(several)
        object.__setattr__(settings, layers, several)
        if not several or len(set(several)) != len(several):
            raise InvalidInputError(f"{layers} must be different layers, at least one, received {list(several)}")
    named = [*filter(None, [getattr(settings, "content_layer", None)]), *(several or ())]
    vgg.architecture(settings.model).check_layers(named)
    check_choice("pooling", settings.pooling, vgg.POOLING)
    check_choice("precision", settings.precision, PRECISIONS)


def resolve_precision(name: str) -> str:
    """The precision that `auto` stands for on this machine, the others as they are.

    Raises:
        InvalidInputError: the backend would compute in less.
    """
    # Keras, and with it the backend, starts here and not when the package is imported.
    from neural_style import backend

    backend.check_precision(name)
    return backend.fast_precision() if name == "auto" else name


@dataclass(frozen=True)
class Network(Technique):
    """Layout from one layer of the content, texture from Gram matrices of the styles, smoothness from total variation.

    The objective is::

        content_weight * L(F_x, F_c) + sum_j w_j style_scale / n * sum_l S(G_l(x), G_l(s_j))
            + total_variation_weight * TV(x)

    over the n style layers l and the styles s_j with weights w_j; see `neural_style.losses` for L, S and TV. Targets
    are computed once. Where S compares plain sums over positions (`titu1994`), a style of another size than the
    pastiche has its Gram matrix brought to the pastiche's number of positions, so that its size changes nothing else.

    Example:
        >>> from neural_style import Network
        >>> from neural_style.samples import sample
        >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
        >>> result = net.transfer(sample("cat"), sample("night"), image_size=24, iterations=1)
        >>> result.image.shape
        (24, 36, 3)
        >>> sorted(result.losses)
        ['content.conv1_2', 'style.0.conv1_1', 'tv']

    Attributes:
        model: `vgg16`, `vgg19` or `mini`.
        weights: `imagenet`, `embedded`, `random`, `random:<seed>`, or a path to an .h5 or .npz file; by default the
            model's own, imagenet for the VGG networks and embedded for mini.
        pooling: `max` or `ave`.
        content_layer: whose activations keep the layout; by default the model's own, conv5_2 (of mini conv3_3).
        content_weight: how much of the layout is kept; by default the model's own, 0.025 (of mini 0.0025).
        content_loss_type: 0 (a plain sum), 1 or 2 (scaled by the size of image and layer).
        style_layers: whose Gram matrices make the texture; by default the model's own, conv1_1 conv2_1 conv3_1 conv4_1
            conv5_1 (of mini conv1_1 conv2_1 conv3_1 conv3_3).
        style_scale: multiplies the weight of every style (a name of the reference; it scales no image).
        total_variation_weight: how smooth the picture is; by default 8.5e-5, and 1e-6 in the units of novak2016.
        normalization: `titu1994`, the sums of the reference scripts, or `gatys2016`, means of squared errors, the
            units of the authors' own code, which need other weights.
        mask_normalization: how a masked style is measured: `titu1994` as the reference does, where a small region gets
            little of its style, or `gatys2017`, where it gets as much as a large one.
        guide_propagation: with gatys2017: `simple` shrinks a mask to each layer, `inside` keeps only what sees no pixel
            beyond the mask.
        precision: `float32`; `bfloat16`, in which the network computes its features on processors that are faster so,
            and which follows float32 to about a percent; `auto`, the one of these two that suits the machine; or
            `float64` to check gradients with. Image, Gram matrices and sums have float32 at least.
    """

    model: str = "vgg16"
    weights: str | None = None
    pooling: str = "max"
    content_layer: str | None = None
    content_weight: float | None = None
    content_loss_type: int = 0
    style_layers: tuple[str, ...] | None = None
    style_scale: float = 1.0
    total_variation_weight: float | None = None
    normalization: str = "titu1994"
    mask_normalization: str = "titu1994"
    guide_propagation: str = "simple"
    precision: str = "float32"

    name: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        validate_network(self)
        check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_choice("mask_normalization", self.mask_normalization, MASK_NORMALIZATIONS)
        check_choice("guide_propagation", self.guide_propagation, GUIDE_PROPAGATIONS)
        if self.guide_propagation != "simple" and self.mask_normalization == "titu1994":
            raise InvalidInputError("guide_propagation belongs to mask_normalization gatys2017: name that too")
        if not isinstance(self.content_loss_type, int) or self.content_loss_type not in CONTENT_LOSS_TYPES:
            raise InvalidInputError(f"content_loss_type must be 0, 1 or 2, received {self.content_loss_type}")
        if self.content_loss_type != 0 and self.normalization != "titu1994":
            raise InvalidInputError("content_loss_type belongs to normalization titu1994: leave it at 0")
        check_weight("content_weight", self._content_weight)
        check_weight("style_scale", self.style_scale)
        check_weight("total_variation_weight", self._total_variation_weight)

    @property
    def _architecture(self) -> vgg.Architecture:
        return vgg.architecture(self.model)

    @property
    def _content_weight(self) -> float:
        return self._architecture.content_weight if self.content_weight is None else self.content_weight

    @property
    def _total_variation_weight(self) -> float:
        return TOTAL_VARIATION_WEIGHT if self.total_variation_weight is None else self.total_variation_weight

    @property
    def _content_layer(self) -> str:
        return self.content_layer or self._architecture.content_layer

    @property
    def _content_layers(self) -> tuple[str, ...]:
        return (self._content_layer,)

    @property
    def _style_layers(self) -> tuple[str, ...]:
        return self.style_layers or self._architecture.style_layers

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that a term looks at, in the order of the network."""
        used = {*self._style_layers, *(self._content_layers if self._content_weight else ())}
        return tuple(layer for layer in self._architecture.layers if layer in used)

    @property
    def extractor_spec(self) -> ExtractorSpec:
        kept = self._content_layers if self._content_weight else ()
        return ExtractorSpec(self._architecture, self.layers, self.precision, kept)

    def resolved(self) -> Self:
        return replace(
            self,
            weights=self.weights or self._architecture.weights,
            content_layer=self._content_layer,
            content_weight=self._content_weight,
            total_variation_weight=self._total_variation_weight,
            style_layers=self._style_layers,
            precision=resolve_precision(self.precision) if self.precision == "auto" else self.precision,
        )

    def objective_at(self, content: Content, styles: Sequence[Style]) -> ObjectiveAt:
        if not (
            self._content_weight or self._total_variation_weight or self.style_scale * sum(s.weight for s in styles)
        ):
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")
        masks = [content.mask_as_read, *(style.mask_as_read for style in styles)]
        if self.mask_normalization == "titu1994" and any(mask is not None and mask.soft for mask in masks):
            raise InvalidInputError("soft masks need mask_normalization gatys2017: titu1994 makes every mask hard")
        # Keras, and with it the backend, starts here and not when the package is imported.
        from neural_style.features.extractor import feature_extractor
        from neural_style.masks.guidance import Guides
        from neural_style.objectives import terms
        from neural_style.objectives.objective import Objective

        precision = resolve_precision(self.precision)
        extractor = feature_extractor(self.model, self.weights, self.layers, pooling=self.pooling, precision=precision)

        def at(size: tuple[int, int], tile: int | None = None) -> Objective:
            guides = Guides(
                self._architecture,
                normalization=self.mask_normalization,
                propagation=self.guide_propagation,
                dtype=extractor.dtype,
            )
            chosen: list[Term] = []
            if self._content_weight:
                chosen += self._content_terms(images.resize(content.picture.rgb, size), extractor, tile)
            for index, style in enumerate(styles):
                if style.weight * self.style_scale:
                    chosen += self._style_terms(index, style, content, extractor, guides, size, tile)
            if self._total_variation_weight:
                chosen.append(terms.total_variation(weight=self._scaled_total_variation_weight(size)))
            return Objective(chosen, extractor, size, tile=tile)

        return at

    def _scaled_total_variation_weight(self, size: tuple[int, int]) -> float:
        return self._total_variation_weight

    def content_coefficients(self) -> dict[str, float]:
        """What the loss at each content layer is multiplied by, beside the content weight."""
        return {self._content_layer: 1.0}

    def style_coefficients(self) -> dict[tuple[str, ...], float]:
        """What each style loss is multiplied by, beside the weight of the style; by the layers that it looks at."""
        return {(layer,): 1 / len(self._style_layers) for layer in self._style_layers}

    @property
    def _units(self) -> str:
        """The normalisation of `neural_style.objectives.terms`."""
        return self.normalization

    @property
    def _shift(self) -> float:
        """Added to activations before correlations are taken."""
        return 0.0

    def _content_terms(self, content: np.ndarray, extractor: FeatureExtractor, tile: int | None) -> list[Term]:
        """Those of the content, which has the size of the pastiche."""
        from neural_style.objectives import terms

        coefficients = self.content_coefficients()
        features = extractor.features(content, coefficients, tile=tile)
        return [
            terms.content(
                layer,
                features[layer],
                weight=self._content_weight * coefficient,
                image_size=(content.shape[0], content.shape[1]),
                normalization=self._units,
                loss_type=self.content_loss_type,
            )
            for layer, coefficient in coefficients.items()
        ]

    def _style_terms(
        self,
        index: int,
        style: Style,
        content: Content,
        extractor: FeatureExtractor,
        guides: Guides,
        size: tuple[int, int],
        tile: int | None,
    ) -> list[Term]:
        """Those of one style, for a pastiche of `size` rows and columns."""
        from neural_style.objectives import terms

        coefficients = {layers: factor for layers, factor in self.style_coefficients().items() if factor}
        painting = style.at(size, minimum=self.extractor_spec.stride)
        looked_at = (painting.shape[0], painting.shape[1]), size
        of_painting, of_pastiche = (
            [
                terms.correlations(
                    layers,
                    size=at,
                    image_size=size,
                    normalization=self._units,
                    shift=self._shift,
                    guide=guides.at(mask, layers, at),
                )
                for layers in coefficients
            ]
            for at, mask in zip(looked_at, guides.masks(style.mask_as_read, content.mask_as_read), strict=True)
        )
        targets = extractor.sums(painting, of_painting, tile=tile)
        return [
            terms.style(
                statistic,
                target,
                name=f"style.{index}.{'-'.join(layers)}",
                weight=style.weight * self.style_scale * coefficient,
                image_size=size,
                normalization=self._units,
            )
            for (layers, coefficient), statistic, target in zip(coefficients.items(), of_pastiche, targets, strict=True)
        ]
