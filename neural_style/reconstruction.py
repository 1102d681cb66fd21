"""Reconstruction: what layers of a network keep of a picture (Gatys, Ecker & Bethge 2015, arXiv:1508.06576, figure 1).

A content reconstruction is that of Mahendran & Vedaldi 2015 (arXiv:1412.0035), a style reconstruction the texture
synthesis of Gatys, Ecker & Bethge 2015 (arXiv:1505.07376).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError, check_choice
from neural_style.features import vgg
from neural_style.images import ImageSource
from neural_style.inputs import Content, Style, check_weight
from neural_style.network import resolve_precision, validate_network
from neural_style.runs.memory_plan import ExtractorSpec
from neural_style.runs.transfer import ObjectiveAt, Result, Step, Technique

if TYPE_CHECKING:
    from neural_style.features.extractor import FeatureExtractor
    from neural_style.objectives.objective import Objective, Term

KINDS = ("content", "style")
NORMALIZATIONS = ("gatys2016", "relative")

INIT = "noise"
"""Where reconstructions start, so that whatever is seen in one comes from the layers."""


@dataclass(frozen=True)
class Reconstruction(Technique):
    """A picture made from nothing but what some layers hold of another: its content, or its style.

    The objective is::

        1/n * sum_l L(F_l(x), F_l(p)) + total_variation_weight * TV(x) / (3 (H - 1) (W - 1))        of content
        1/n * sum_l S(G_l(x), G_l(p)) + total_variation_weight * TV(x) / (3 (H - 1) (W - 1))        of style

    over the n layers l, for the picture p and the pastiche x, which has p's shape; see `neural_style.losses` for L, S
    and TV. By `gatys2016` L is the mean of `(F - P)^2` and S that of `(G - A)^2`, by `relative` they are
    `|F - P|^2 / |P|^2` and `|G - A|^2 / |A|^2`. Either way the size of the pastiche changes nothing in the weights.

    The figure's content reconstructions have one layer each; its first style reconstruction has conv1_1, the second
    conv1_1 and conv2_1, and so on. With plain VGG weights the mean square of a Gram matrix of conv2_1 or conv3_1 is a
    hundred times that of conv1_1, which then has little to say: `relative` gives all layers the same say, and so does
    the normalised network of the papers (`neural_style.features.calibration`).

    What poolings hardly see stays long as it was at the start: from noise, a chequered grain. A little smoothness takes
    it away, which is how Mahendran & Vedaldi choose among all pictures that have these features (with beta = 2 in place
    of our 2.5). A pyramid of sizes leaves none either, but with it comes what the layers see in a small picture: trees
    instead of strokes. At the right and lower edges noise stays where sides are no multiples of the stride, as poolings
    drop what is odd. Average pooling is the default because the solver gets further with it: after 200 evaluations for
    conv3_1 of VGG-19 the loss is a fortieth of that with max pooling.

    Example:
        >>> from neural_style import Reconstruction
        >>> from neural_style.samples import sample
        >>> texture = Reconstruction(of="style", layers=("conv1_1", "conv1_2"), model="mini", weights="random")
        >>> result = texture.transfer(sample("night"), image_size=24, iterations=1)
        >>> sorted(result.losses)
        ['style.conv1_1', 'style.conv1_2']

    Attributes:
        of: `content`, activations position by position, or `style`, Gram matrices, which know no positions.
        layers: that are reconstructed from; by default the model's own: of content its content layer, conv5_2 (of mini
            conv3_3), and of style its style layers, conv1_1 conv2_1 conv3_1 conv4_1 conv5_1 (of mini conv1_1 conv2_1
            conv3_1 conv3_3).
        model: `vgg16`, `vgg19` or `mini`.
        weights: `imagenet`, `embedded`, `random`, `random:<seed>`, or a path to an .h5 or .npz file; by default the
            model's own, imagenet for the VGG networks and embedded for mini.
        pooling: `max` or `ave`.
        total_variation_weight: how smooth the picture is, in the units of the normalization.
        normalization: `gatys2016`, means of squared errors, or `relative`, squared errors in parts of what there is.
        precision: `float32`, `bfloat16`, `auto` or `float64`; see `Network`.
    """

    of: str = "content"
    layers: tuple[str, ...] | None = None
    model: str = "vgg19"
    weights: str | None = None
    pooling: str = "ave"
    total_variation_weight: float = 0.0
    normalization: str = "gatys2016"
    precision: str = "float32"

    name: ClassVar[str] = "reconstruction"

    def __post_init__(self) -> None:
        validate_network(self, layers="layers")
        check_choice("reconstruction", self.of, KINDS)
        check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_weight("total_variation_weight", self.total_variation_weight)

    @property
    def _architecture(self) -> vgg.Architecture:
        return vgg.architecture(self.model)

    @property
    def _layers(self) -> tuple[str, ...]:
        """In the order of the network."""
        table = self._architecture
        named = self.layers or ((table.content_layer,) if self.of == "content" else table.style_layers)
        return tuple(layer for layer in table.layers if layer in named)

    @property
    def extractor_spec(self) -> ExtractorSpec:
        kept = self._layers if self.of == "content" else ()
        return ExtractorSpec(self._architecture, self._layers, self.precision, kept)

    def resolved(self) -> Self:
        return replace(
            self,
            layers=self._layers,
            weights=self.weights or self._architecture.weights,
            precision=resolve_precision(self.precision) if self.precision == "auto" else self.precision,
        )

    def inputs(
        self, content: Content | ImageSource, styles: Sequence[Style | ImageSource] | Style | ImageSource
    ) -> tuple[Content, tuple[Style, ...]]:
        """The picture, in the content's place whether it is a photo or a painting."""
        if not isinstance(styles, list | tuple) or styles:
            raise InvalidInputError("a reconstruction is of one picture: give no styles beside it")
        content = content if isinstance(content, Content) else Content(content)
        if content.mask is not None:
            raise InvalidInputError("a reconstruction has no mask: crop the picture instead")
        picture = images.read(content.image, what=self.of)
        if self.of == "style":  # which knows no positions, so that what is transparent there is not so here
            picture = replace(picture, alpha=None)
        return replace(content, image=picture).read(), ()

    def objective_at(self, content: Content, styles: Sequence[Style]) -> ObjectiveAt:
        # Keras, and with it the backend, starts here and not when the package is imported.
        from neural_style.features.extractor import feature_extractor
        from neural_style.objectives import terms
        from neural_style.objectives.objective import Objective

        precision = resolve_precision(self.precision)
        extractor = feature_extractor(self.model, self.weights, self._layers, pooling=self.pooling, precision=precision)

        def at(size: tuple[int, int], tile: int | None = None) -> Objective:
            picture = images.resize(content.picture.rgb, size)
            chosen = (self._content_terms if self.of == "content" else self._style_terms)(picture, extractor, tile)
            if self.total_variation_weight:
                starts = 3 * (size[0] - 1) * (size[1] - 1)
                chosen.append(terms.total_variation(weight=self.total_variation_weight / starts))
            return Objective(chosen, extractor, size, tile=tile)

        return at

    def steps(
        self,
        content: Content | ImageSource,
        styles: Sequence[Style | ImageSource] | Style | ImageSource = (),
        *,
        init: ImageSource = INIT,
        **settings: Any,
    ) -> Iterator[Step]:
        """A transfer as an iterator over its iterations; arguments and errors are those of `transfer`."""
        return super().steps(content, styles, init=init, **settings)

    def transfer(
        self,
        content: Content | ImageSource,
        styles: Sequence[Style | ImageSource] | Style | ImageSource = (),
        *,
        init: ImageSource = INIT,
        **settings: Any,
    ) -> Result:
        """Make a reconstruction.

        Args:
            content: the picture, a photo or a painting: a path, a PIL image or an array (H, W, 3), RGB in 0..255.
            styles: none.
            init: the first pastiche: `noise` (uniform in 0..255, seeded) or a picture; `content` and `gray` are the
                picture itself.
            settings: the other keywords of `Technique.transfer`, such as image_size, iterations and seed.

        Returns:
            As `Technique.transfer`.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done.
        """
        return super().transfer(content, styles, init=init, **settings)

    def _content_terms(self, picture: np.ndarray, extractor: FeatureExtractor, tile: int | None) -> list[Term]:
        """Those of the features of the picture, which has the size of the pastiche."""
        from neural_style.objectives import terms

        features = extractor.features(picture, self._layers, tile=tile)
        return [
            terms.content(
                layer,
                features[layer],
                weight=1 / len(self._layers),
                image_size=(picture.shape[0], picture.shape[1]),
                normalization=self.normalization,
            )
            for layer in self._layers
        ]

    def _style_terms(self, picture: np.ndarray, extractor: FeatureExtractor, tile: int | None) -> list[Term]:
        """Those of the Gram matrices of the picture, which has the size of the pastiche."""
        from neural_style.objectives import terms

        size = picture.shape[0], picture.shape[1]
        statistics = [
            terms.correlations((layer,), size=size, image_size=size, normalization=self.normalization)
            for layer in self._layers
        ]
        targets = extractor.sums(picture, statistics, tile=tile)
        return [
            terms.style(
                statistic,
                target,
                name=f"style.{layer}",
                weight=1 / len(self._layers),
                image_size=size,
                normalization=self.normalization,
            )
            for layer, statistic, target in zip(self._layers, statistics, targets, strict=True)
        ]
