"""Network: the neural algorithm of artistic style (Gatys, Ecker & Bethge 2015, arXiv:1508.06576; CVPR 2016).

Defaults, layers and normalisation are those of `Network.py` of titu1994/Neural-Style-Transfer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from neural_style import images
from neural_style.errors import InvalidInputError, check_choice
from neural_style.features import vgg
from neural_style.inputs import Content, Style, check_weight
from neural_style.transfer import Technique

if TYPE_CHECKING:
    from neural_style.objective import Objective, Term
    from neural_style.terms import Features, Guide

NORMALIZATIONS = ("titu1994", "gatys2016")
CONTENT_LOSS_TYPES = (0, 1, 2)
MASK_NORMALIZATIONS = ("titu1994", "gatys2017")
GUIDE_PROPAGATIONS = ("simple", "inside")
PRECISIONS = ("float32", "float64")


@dataclass(frozen=True)
class Network(Technique):
    """Layout from one layer of the content, texture from Gram matrices of the styles, smoothness from total variation.

    The objective is

        content_weight * L(F_x, F_c) + sum_j w_j style_scale / n * sum_l S(G_l(x), G_l(s_j))
            + total_variation_weight * TV(x)

    over the n style layers l and the styles s_j with weights w_j; see `neural_style.losses` for L, S and TV. Targets
    are computed once. Where S compares plain sums over positions (`titu1994`), a style of another size than the
    pastiche has its Gram matrix brought to the pastiche's number of positions, so that its size changes nothing else.

    Attributes:
        model: `vgg16`, `vgg19` or `mini`.
        weights: `imagenet`, `embedded`, `random`, `random:<seed>`, or a path to an .h5 or .npz file; by default the
            model's own, imagenet for the VGG networks and embedded for mini.
        pooling: `max` or `ave`.
        content_layer: whose activations keep the layout; by default the model's own, conv5_2 (of mini conv3_3).
        content_weight: how much of the layout is kept; by default the model's own, 0.025 (of mini 0.0025).
        content_loss_type: 0, 1 or 2: a sum, and two ways to scale it by the size of image and layer.
        style_layers: whose Gram matrices make the texture; by default the model's own, conv1_1 conv2_1 conv3_1 conv4_1
            conv5_1 (of mini conv1_1 conv2_1 conv3_1 conv3_3).
        style_scale: multiplies the weight of every style (a name of the reference; it scales no image).
        total_variation_weight: how smooth the picture is.
        normalization: `titu1994`, the sums of the reference scripts, or `gatys2016`, means of squared errors, the
            units of the authors' own code, which need other weights.
        mask_normalization: of masked styles: `titu1994`, features times mask, under which a small region gets little of
            its style, or `gatys2017`, guides of unit energy, under which it gets as much as a large one.
        guide_propagation: of gatys2017: `simple` resizes a mask to the layer, `inside` leaves out what sees beyond it.
        precision: `float32`, or `float64` to check gradients with.
    """

    model: str = "vgg16"
    weights: str | None = None
    pooling: str = "max"
    content_layer: str | None = None
    content_weight: float = None  # type: ignore[assignment]  # the model's own: a number once __post_init__ has run
    content_loss_type: int = 0
    style_layers: tuple[str, ...] | None = None
    style_scale: float = 1.0
    total_variation_weight: float = 8.5e-5
    normalization: str = "titu1994"
    mask_normalization: str = "titu1994"
    guide_propagation: str = "simple"
    precision: str = "float32"

    name: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", str(self.weights))
        if self.content_weight is None:
            object.__setattr__(self, "content_weight", self._architecture.content_weight)
        object.__setattr__(self, "pooling", str(self.pooling).lower())
        if self.style_layers is not None:
            layers = (self.style_layers,) if isinstance(self.style_layers, str) else tuple(self.style_layers)
            object.__setattr__(self, "style_layers", layers)
            if not layers or len(set(layers)) != len(layers):
                raise InvalidInputError(f"style_layers must be different layers, at least one, received {list(layers)}")
        self._architecture.check_layers((self.content_layer or "conv1_1", *(self.style_layers or ())))
        check_choice("pooling", self.pooling, vgg.POOLING)
        check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_choice("mask_normalization", self.mask_normalization, MASK_NORMALIZATIONS)
        check_choice("guide_propagation", self.guide_propagation, GUIDE_PROPAGATIONS)
        check_choice("precision", self.precision, PRECISIONS)
        if not isinstance(self.content_loss_type, int) or self.content_loss_type not in CONTENT_LOSS_TYPES:
            raise InvalidInputError(f"content_loss_type must be 0, 1 or 2, received {self.content_loss_type}")
        if self.content_loss_type != 0 and self.normalization != "titu1994":
            raise InvalidInputError("content_loss_type belongs to normalization titu1994: leave it at 0")
        for setting in ("content_weight", "style_scale", "total_variation_weight"):
            check_weight(setting, getattr(self, setting))

    @property
    def _architecture(self) -> vgg.Architecture:
        return vgg.architecture(self.model)

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
        used = {*self._style_layers, *(self._content_layers if self.content_weight else ())}
        return tuple(layer for layer in self._architecture.layers if layer in used)

    @property
    def stride(self) -> int:
        return self._architecture.stride(self.layers)

    def resolved(self) -> Network:
        return replace(
            self,
            weights=self.weights or self._architecture.weights,
            content_layer=self._content_layer,
            style_layers=self._style_layers,
        )

    def objective_at(self, content: Content, styles: Sequence[Style]) -> Callable[[tuple[int, int]], Objective]:
        if not (self.content_weight or self.total_variation_weight or self.style_scale * sum(s.weight for s in styles)):
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")
        # Keras, and with it the backend, starts here and not when the package is imported.
        from neural_style import backend, terms
        from neural_style.features import weights
        from neural_style.objective import Objective, features_of

        backend.check_precision(self.precision)
        loaded = weights.load(self._architecture, self.weights, self._architecture.up_to_deepest(self.layers))
        network = vgg.build(self.model, self.layers, loaded, pooling=self.pooling, dtype=self.precision)
        digest = weights.fingerprint(loaded)

        def at(size: tuple[int, int]) -> Objective:
            of_content = features_of(images.resize(content.picture.rgb, size), network)
            chosen: list[Term] = []
            guides = terms.Guides(
                self._architecture,
                normalization=self.mask_normalization,
                propagation=self.guide_propagation,
                dtype=self.precision,
            )
            if self.content_weight:
                chosen += self._content_terms(of_content, size)
            for index, style in enumerate(styles):
                weight = style.weight * self.style_scale
                if weight:
                    of_style = features_of(style.at(size, minimum=self.stride), network)
                    of_masks = guides.of(style.guide, content.guide)
                    seen = style.size_at(size, minimum=self.stride)
                    guided = {
                        layer: (
                            guides.at(of_masks[0], layer, of_style[layer], seen),
                            guides.at(of_masks[1], layer, of_content[layer], size),
                        )
                        for layer in self._style_layers
                    }
                    chosen += self._style_terms(f"style.{index}", weight, of_style, of_content, guided, size)
            if self.total_variation_weight:
                chosen.append(terms.smoothness(weight=self._smoothness_weight(size)))
            return Objective(chosen, network, size, weights_sha256=digest)

        return at

    def _smoothness_weight(self, size: tuple[int, int]) -> float:
        return self.total_variation_weight

    def _content_terms(self, of_content: Features, size: tuple[int, int]) -> list[Term]:
        from neural_style import terms

        return [
            terms.content(
                self._content_layer,
                of_content[self._content_layer],
                weight=self.content_weight,
                image_size=size,
                normalization=self.normalization,
                loss_type=self.content_loss_type,
            )
        ]

    def _style_terms(
        self,
        name: str,
        weight: float,
        of_style: Features,
        of_pastiche: Features,
        guides: Mapping[str, tuple[Guide | None, Guide | None]],
        size: tuple[int, int],
    ) -> list[Term]:
        """Those of one style; `of_pastiche` are features of any image of the pastiche's size."""
        from neural_style import terms

        return [
            terms.style(
                (layer,),
                of_style,
                of_pastiche,
                name=f"{name}.{layer}",
                weight=weight / len(self._style_layers),
                image_size=size,
                normalization=self.normalization,
                guides=guides[layer],
            )
            for layer in self._style_layers
        ]
