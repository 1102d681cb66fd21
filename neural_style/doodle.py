"""NeuralDoodle: a style painted into the regions of a label map (Champandard 2016, arXiv:1603.01768).

The mathematics is that of `neural_doodle.py` and `improved_neural_doodle.py` of titu1994/Neural-Style-Transfer, which
compare Gram matrices region by region instead of patches as the paper does.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError, check_choice
from neural_style.features import vgg
from neural_style.images import ImageSource, Picture
from neural_style.inputs import Content, Style, as_content, as_styles, check_weight
from neural_style.masks import label_map as label_maps
from neural_style.network import resolve_precision, validate_network
from neural_style.runs import records
from neural_style.runs.level import Progress
from neural_style.runs.memory_plan import ExtractorSpec
from neural_style.runs.settings import Run
from neural_style.runs.transfer import CheckpointSource, ObjectiveAt, Result, Step, Technique, _Transfer

if TYPE_CHECKING:
    from neural_style.features.extractor import FeatureExtractor
    from neural_style.features.statistics import Statistic
    from neural_style.objectives.objective import Objective, Term

VARIANTS = ("plain", "improved")
SHIFTS = {"plain": 0.0, "improved": -1.0}

OTHER_SHAPE = 0.02
"""Part by which the aspects of a picture and its mask may differ before it is told: rounding, no mistake."""


@dataclass(frozen=True)
class NeuralDoodle:
    """The texture of each region of a painting, in the region of the same colour of a mask that somebody has painted.

    The objective is::

        style_weight region_style_weight * sum_l c_l sum_r mean (G_lr(x) - G_lr(s))^2
            + content_weight * sum (F_x - F_c)^2 + total_variation_weight * TV(x)

    over style layers l and regions r, with the Gram matrices of `neural_style.losses.regions`. `plain` has c_l = 1/n
    for n layers; `improved` looks at all layers, shifts activations by -1 and has c_l = 2^-(n-i) for the i-th of n.

    Painting and pastiche may differ in size and shape, each with a mask of its own: Gram matrices of the painting are
    brought to the pastiche's number of positions. With a content image the pastiche has its shape, otherwise that of
    the target mask (the reference always takes the mask's, and stretches everything to it). Masks are read by
    `neural_style.masks.label_map`, and pictures are saved as they are (the reference smooths and sharpens each).

    Example:
        >>> from neural_style import NeuralDoodle
        >>> from neural_style.samples import sample
        >>> doodle = NeuralDoodle(model="mini", weights="random", style_layers="conv1_1")
        >>> painting, regions, drawn = (sample(name) for name in ("night", "night_map", "doodle_map"))
        >>> doodle.transfer(painting, regions, drawn, labels=4, image_size=24, iterations=1).image.shape
        (24, 30, 3)

    Attributes:
        model: `vgg16`, `vgg19` or `mini`.
        weights: `imagenet`, `embedded`, `random`, `random:<seed>`, or a path to an .h5 or .npz file; by default the
            model's own, imagenet for the VGG networks and embedded for mini.
        pooling: `max` or `ave`.
        variant: `plain` or `improved`.
        style_weight: how much of the painting's texture is taken.
        region_style_weight: multiplies it (the reference has both).
        content_weight: how much of the content's layout is kept, where there is one.
        total_variation_weight: how smooth the picture is.
        style_layers: whose Gram matrices make the texture; by default the model's own, conv1_1 conv2_1 conv3_1 conv4_1
            conv5_1 (of mini conv1_1 conv2_1 conv3_1 conv3_3), and all layers in `improved`.
        content_layer: whose activations keep the layout; by default the model's own, conv5_2 (of mini conv3_3).
        precision: `float32`, `bfloat16`, `auto` or `float64`; see `Network`.
    """

    model: str = "vgg16"
    weights: str | None = None
    pooling: str = "max"
    variant: str = "plain"
    style_weight: float = 1.0
    region_style_weight: float = 1.0
    content_weight: float = 0.1
    total_variation_weight: float = 8.5e-5
    style_layers: tuple[str, ...] | None = None
    content_layer: str | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        validate_network(self)
        check_choice("variant", self.variant, VARIANTS)
        for setting in ("style_weight", "region_style_weight", "content_weight", "total_variation_weight"):
            check_weight(setting, getattr(self, setting))

    @property
    def _architecture(self) -> vgg.Architecture:
        return vgg.architecture(self.model)

    def style_coefficients(self) -> dict[str, float]:
        """What each style layer's loss is multiplied by, in the order of the network; see the class."""
        table = self._architecture
        named = self.style_layers or (table.layers if self.variant == "improved" else table.style_layers)
        layers = [layer for layer in table.layers if layer in named]
        last = len(layers) - 1
        return {
            layer: 2.0 ** (i - last) if self.variant == "improved" else 1 / len(layers)
            for i, layer in enumerate(layers)
        }

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that a term looks at, in the order of the network."""
        used = {*self.style_coefficients(), *([self._content_layer] if self.content_weight else [])}
        return tuple(layer for layer in self._architecture.layers if layer in used)

    @property
    def _content_layer(self) -> str:
        return self.content_layer or self._architecture.content_layer

    def resolved(self) -> NeuralDoodle:
        """The same settings with the defaults that depend on the model written out."""
        return replace(
            self,
            weights=self.weights or self._architecture.weights,
            content_layer=self._content_layer,
            style_layers=tuple(self.style_coefficients()),
            precision=resolve_precision(self.precision) if self.precision == "auto" else self.precision,
        )

    def objective(
        self,
        style: Style | ImageSource,
        style_mask: ImageSource,
        target_mask: ImageSource,
        *,
        labels: int,
        content: Content | ImageSource | None = None,
        image_size: int | None = None,
        tile: int | None = Run.tile,
    ) -> Objective:
        """The function of the pastiche that a transfer minimises, at one size; arguments are those of `transfer`."""
        transfer = self._transfer(style, style_mask, target_mask, labels, content, image_size=image_size, tile=tile)
        return transfer.objective_at(transfer.sizes[0], transfer.estimates[0].tile)

    def steps(
        self,
        style: Style | ImageSource,
        style_mask: ImageSource,
        target_mask: ImageSource,
        *,
        labels: int,
        content: Content | ImageSource | None = None,
        progress: Progress | None = None,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
        **settings: Any,
    ) -> Iterator[Step]:
        """A transfer as an iterator over its iterations; arguments and errors are those of `transfer`."""
        kept = checkpoint, resume
        return self._transfer(style, style_mask, target_mask, labels, content, kept, **settings).steps(progress)

    def transfer(
        self,
        style: Style | ImageSource,
        style_mask: ImageSource,
        target_mask: ImageSource,
        *,
        labels: int,
        content: Content | ImageSource | None = None,
        image_size: int | None = None,
        sizes: Sequence[int] = Run.sizes,
        iterations: int = Run.iterations,
        init: ImageSource | None = None,
        solver: str = Run.solver,
        memory: int = Run.memory,
        tile: int | None = Run.tile,
        memory_limit: float | None = Run.memory_limit,
        seed: int = Run.seed,
        min_improvement: float = Run.min_improvement,
        preserve_color: str = Run.preserve_color,
        progress: Progress | None = None,
        on_step: Callable[[Step], None] | None = None,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
    ) -> Result:
        """Paint a doodle.

        Args:
            style: the painting: a `Style`, or an image as a path, a PIL image or an array.
            style_mask: its regions, each in one colour.
            target_mask: where the same colours are wanted.
            labels: number of colours.
            content: a photo whose layout is kept besides; None for none.
            image_size: rows of the pastiche; None for those of the target mask.
            sizes: rows of each level of a pyramid, coarse to fine; replaces `image_size`.
            iterations: at each size; one iteration is 20 evaluations.
            init: the first pastiche: `content`, `noise` (uniform in 0..255, seeded), `gray` (the content without its
                colours), or a picture; None for `content` where there is one and `noise` otherwise.
            solver: `lbfgs` (preconditioned, on the device), `scipy_lbfgs` or `adam`.
            memory: number of steps that the two L-BFGS remember; each takes the memory of two pictures.
            tile, memory_limit: see `Technique.transfer`.
            seed: of the noise.
            min_improvement: percent; a size is left when an iteration lowers the loss by less, from the second on.
            preserve_color: `none`, or how the content's colours are kept; see `neural_style.color_transfer`.
            progress: called after every evaluation with how many there were and the lowest loss so far.
            on_step: called after every iteration.
            checkpoint, resume: as in `Technique.transfer`.

        Returns:
            The best picture of the last size, see `Technique.transfer`.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done.
        """
        return self._transfer(
            style,
            style_mask,
            target_mask,
            labels,
            content,
            (checkpoint, resume),
            image_size=image_size,
            sizes=sizes,
            iterations=iterations,
            init=init,
            solver=solver,
            memory=memory,
            tile=tile,
            memory_limit=memory_limit,
            seed=seed,
            min_improvement=min_improvement,
            preserve_color=preserve_color,
        ).result(progress, on_step)

    def _transfer(
        self,
        style: Style | ImageSource,
        style_mask: ImageSource,
        target_mask: ImageSource,
        labels: int,
        content: Content | ImageSource | None,
        kept: tuple[CheckpointSource | None, bool] = (None, False),
        **run: Any,
    ) -> _Transfer:
        doodle = Doodle.of(self, style_mask, target_mask, labels=labels, has_content=content is not None)
        return _Transfer(doodle, doodle.content(content), style, Run(**doodle.run(run)), *kept)


@dataclass(frozen=True, eq=False)
class Doodle(Technique):
    """A `NeuralDoodle` with its masks: what can be run like any technique, on a content and one style.

    Attributes:
        settings: those of the technique.
        style_mask, target_mask: as they were read.
        labels: number of regions.
        has_content: False where the target mask stands in for it, to give the pastiche its shape and nothing else.
        style_map, target_map, palette: from `neural_style.masks.label_map.read_labels`.
    """

    settings: NeuralDoodle
    style_mask: Picture
    target_mask: Picture
    labels: int
    has_content: bool
    style_map: np.ndarray = field(repr=False)
    target_map: np.ndarray = field(repr=False)
    palette: np.ndarray = field(repr=False)

    name: ClassVar[str] = "doodle"

    @classmethod
    def of(
        cls,
        settings: NeuralDoodle,
        style_mask: ImageSource,
        target_mask: ImageSource,
        *,
        labels: int,
        has_content: bool,
    ) -> Doodle:
        """Read the masks.

        Raises:
            InvalidInputError, MissingFileError: they cannot be used, see `neural_style.masks.label_map.read_labels`.
        """
        masks = images.read(style_mask, what="style mask"), images.read(target_mask, what="target mask")
        if not has_content:
            settings = replace(settings, content_weight=0.0)
        return cls(settings, *masks, labels, has_content, *label_maps.read_labels(*masks, labels=labels))

    @classmethod
    def again(cls, recorded: Mapping[str, Any], *, beside: Path) -> Doodle:
        """From the settings in a record; `beside` is where masks are looked for that are not where they were."""
        settings = dict(recorded)
        masks = [
            records.find_picture(settings.pop(name), beside, name.replace("_", " "))
            for name in ("style_mask", "target_mask")
        ]
        labels, has_content = settings.pop("labels"), settings.pop("has_content")
        return cls.of(NeuralDoodle(**settings), *masks, labels=labels, has_content=has_content)

    def recorded(self) -> dict[str, Any]:
        return {
            **records.plain(self.settings.resolved()),
            "style_mask": records.describe_picture(self.style_mask),
            "target_mask": records.describe_picture(self.target_mask),
            "labels": self.labels,
            "has_content": self.has_content,
        }

    def content(self, content: Content | ImageSource | None) -> Content:
        """The content, or what stands in for it; the same where it is one already."""
        if content is None or not self.has_content:  # what is transparent in a mask is not to be so in the picture
            return Content(replace(self.target_mask, alpha=None))
        return as_content(content)

    def run(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of `Run` with those that are None filled in.

        Raises:
            InvalidInputError: one of them needs a content that is not there.
        """
        run = dict(given)
        if run.get("image_size") is None:
            run["image_size"] = self.target_mask.size[0]
        if run.get("init") is None:
            run["init"] = "content" if self.has_content else "noise"
        if not self.has_content:
            if isinstance(run["init"], str) and run["init"] in ("content", "gray"):
                raise InvalidInputError(f"init {run['init']} needs a content: give one, or start from noise")
            if run.get("preserve_color", "none") != "none":
                raise InvalidInputError("preserve_color needs a content: give the picture whose colours are kept")
        return run

    def resolved(self) -> Doodle:
        return replace(self, settings=self.settings.resolved())

    @property
    def extractor_spec(self) -> ExtractorSpec:
        settings = self.settings
        kept = (settings._content_layer,) if settings.content_weight else ()
        return ExtractorSpec(settings._architecture, settings.layers, settings.precision, kept)

    def objective_at(self, content: Content, styles: Sequence[Style]) -> ObjectiveAt:
        settings, (style, *others) = self.settings, as_styles(styles)
        if others:
            raise InvalidInputError(f"a doodle has one style, received {len(others) + 1}")
        if style.mask is not None or content.mask is not None:
            raise InvalidInputError(
                "the masks of a doodle are style_mask and target_mask: take those of style and content away"
            )
        factor = style.weight * settings.style_weight * settings.region_style_weight
        if not (factor or settings.content_weight or settings.total_variation_weight):
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")
        _compare_shapes("style", style.picture, self.style_mask)
        _compare_shapes("content", content.picture, self.target_mask)
        # Keras, and with it the backend, starts here and not when the package is imported.
        from neural_style.features.extractor import feature_extractor
        from neural_style.objectives import terms
        from neural_style.objectives.objective import Objective

        extractor = feature_extractor(
            settings.model,
            settings.weights,
            settings.layers,
            pooling=settings.pooling,
            precision=resolve_precision(settings.precision),
        )

        def at(size: tuple[int, int], tile: int | None = None) -> Objective:
            chosen: list[Term] = []
            if settings.content_weight:
                layer = settings._content_layer
                features = extractor.features(images.resize(content.picture.rgb, size), [layer], tile=tile)
                chosen.append(
                    terms.content(
                        layer,
                        features[layer],
                        weight=settings.content_weight,
                        image_size=size,
                        normalization="titu1994",
                    )
                )
            if factor:
                chosen += self._style_terms(
                    factor, style.at(size, minimum=self.extractor_spec.stride), extractor, size, tile
                )
            if settings.total_variation_weight:
                chosen.append(terms.total_variation(weight=settings.total_variation_weight))
            return Objective(chosen, extractor, size, tile=tile)

        return at

    def _style_terms(
        self, factor: float, painting: np.ndarray, extractor: FeatureExtractor, size: tuple[int, int], tile: int | None
    ) -> list[Term]:
        from neural_style.losses.regions import region_style_loss
        from neural_style.objectives.objective import Term

        coefficients = self.settings.style_coefficients()
        painted = self._masks("style mask", self.style_map, (painting.shape[0], painting.shape[1]))
        wanted = self._masks("target mask", self.target_map, size)
        of_painting, of_pastiche = (
            [self._region_statistic(layer, masks[layer].astype(extractor.dtype)) for layer in coefficients]
            for masks in (painted, wanted)
        )
        targets = extractor.sums(painting, of_painting, tile=tile)
        return [
            Term(
                f"style.0.{layer}",
                factor * coefficient,
                statistic,
                region_style_loss,
                target * (prod(wanted[layer].shape[:2]) / prod(painted[layer].shape[:2])),  # as if both were as large
            )
            for (layer, coefficient), statistic, target in zip(coefficients.items(), of_pastiche, targets, strict=True)
        ]

    def _region_statistic(self, layer: str, masks: np.ndarray) -> Statistic:
        """Gram matrices of all regions at a layer, given its soft masks (h, w, R)."""
        from neural_style.features.statistics import Field, Statistic
        from neural_style.losses.regions import region_gram_matrices

        areas = tuple(masks.mean(axis=(0, 1), dtype=np.float64).tolist())
        function = partial(region_gram_matrices, areas=areas, shift=SHIFTS[self.settings.variant])
        return Statistic((layer,), function, (Field(masks[None]),))

    def _masks(self, what: str, label_map: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
        """A soft mask for each label at each style layer.

        Raises:
            InvalidInputError: nothing of a region is left at that size, or at one of the layers.
        """
        from neural_style.masks.propagation import mask_pyramid

        masks = label_maps.one_hot(label_maps.resize(label_map, size), self.labels)
        found = mask_pyramid(masks, self.settings._architecture, self.settings.style_coefficients())
        areas = label_maps.areas_of(label_map, self.labels)
        for layer, at_layer in found.items():
            for label, colour in enumerate(self.palette):
                if not at_layer[..., label].any():
                    raise InvalidInputError(
                        f"{label_maps.describe(colour)}, {areas[label]:.2%} of the {what}, is too small to be seen by "
                        f"{layer} at {size[0]} x {size[1]} pixels: paint it larger, or choose a larger image_size"
                    )
        return found


def _compare_shapes(what: str, picture: Picture, mask: Picture) -> None:
    (rows, columns), (mask_rows, mask_columns) = picture.size, mask.size
    if abs(columns * mask_rows / (rows * mask_columns) - 1) > OTHER_SHAPE:
        warnings.warn(
            f"the {what} is {rows} x {columns} and its mask {mask_rows} x {mask_columns}: the mask is stretched to it",
            stacklevel=4,
        )
