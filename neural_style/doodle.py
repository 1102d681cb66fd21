"""NeuralDoodle: a style painted into the regions of a label map (Champandard 2016, arXiv:1603.01768).

The variant `patches` is the paper's. The mathematics of the others is that of `neural_doodle.py` and
`improved_neural_doodle.py` of titu1994/Neural-Style-Transfer, which compare Gram matrices region by region instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import Picture
from neural_style.inputs import Content, Inputs, as_content, as_styles, warn_of_stretched_masks
from neural_style.masks import label_map
from neural_style.objectives.layer_weights import validate_layer_weights, validate_layers, weights_of_layers
from neural_style.objectives.presets import PRESETS, TOTAL_VARIATION_WEIGHT, Preset
from neural_style.objectives.transfer_loss import MATCHED_LAYERS
from neural_style.runs.memory_plan import ExtractorSpec, held_bytes
from neural_style.runs.settings import Run, RunSettings, sizes_for
from neural_style.technique import Source, Sources, Technique
from neural_style.validation import check_choice, check_count, check_weight, documented, setting

if TYPE_CHECKING:
    from neural_style.objectives.objective import ObjectiveAt

VARIANTS = ("plain", "improved", "patches")
SHIFTS = {"plain": 0.0, "improved": -1.0, "patches": 0.0}

SEMANTIC_WEIGHT = 10.0
"""Of `patches`, as in alexjc/neural-doodle."""

PATCHES_TOTAL_VARIATION_WEIGHT = 1e-5
"""Of the mean TV in `patches`, chosen by looking, with mini at 128 rows: 1e-6 leaves coloured grain, and 2e-5 softens
strokes."""

START_CONTRAST = 0.25
"""Contrast of the initial image in parts of the painting's: enough to break symmetries, too little to last as grain."""


@dataclass(frozen=True, eq=False)
class DoodleInputs(Inputs):
    """A painting and a target with the same regions.

    Attributes:
        style_labels, target_labels: label of each pixel, uint8 (rows, columns).
        palette: the colour of each label, uint8 (labels, 3).
    """

    style_labels: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)
    target_labels: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)
    palette: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)


@documented
@dataclass(frozen=True, kw_only=True)
class NeuralDoodle(Technique):
    """The texture of each region of a painting, in the region of the same colour of a label map painted by hand.

    The objective is::

        style_weight region_style_weight * sum_l c_l sum_r mean (G_lr(x) - G_lr(s))^2
            + content_weight * sum (F_x - F_c)^2 + total_variation_weight * TV(x)

    over style layers l and regions r, with the Gram matrices of `neural_style.losses.regions`. `plain` has c_l = 1/n
    for n layers; `improved` uses all layers, shifts activations by -1 and has c_l = 2^-(n-i) for the i-th of n.
    `patches`, the paper's, is::

        style_weight region_style_weight * sum_l c_l mean_i |Psi_i(F_lx) - Psi_NN(i)(F_ls)|^2 / mean_j |Psi_j(F_ls)|^2
            + content_weight * sum (F_x - F_c)^2 / sum F_c^2 + total_variation_weight * mean TV(x)

    with c_l = 1/n and the patches Psi of 3 x 3 positions; NN(i) is the painting's patch that is nearest in features and
    label map together, see `neural_style.losses.patches.semantic_patch_loss`.

    The painting is a `Style` with the label map of its regions, the target a `Content` with a label map of the same
    colours, and with a photo where its layout is to be kept, too. Painting and pastiche may differ in size and shape:
    Gram matrices of the painting are scaled to the pastiche's number of positions. The pastiche has the shape of the
    photo, or else of the target's label map (the reference always takes the map's, and stretches everything to it).
    Without a photo it starts from the painting's colours in each region (the reference from noise, `init="noise"`).
    Label maps are read by `neural_style.masks.label_map`, and pictures are saved unchanged (the reference smooths and
    sharpens each).

    Example:
        >>> from neural_style import Content, NeuralDoodle, Style
        >>> from neural_style.samples import sample
        >>> doodle = NeuralDoodle(labels=4, model="mini", weights="random", style_layers="conv1_1")
        >>> painting = Style(sample("night"), label_map=sample("night_map"))
        >>> target = Content(label_map=sample("doodle_map"))
        >>> doodle.transfer(target, painting, image_size=24, iterations=1).image.shape
        (24, 30, 3)
    """

    labels: int | None = setting(
        None, "number of regions; by default the number of colours that each cover at least 0.5 % of the label maps."
    )
    variant: str = setting(
        "plain",
        "`plain`; `improved`: all layers, with shifted activations and geometric weights; or `patches`: the nearest "
        "patches of the painting, by features and label map, as in the paper.",
    )
    semantic_weight: float = setting(
        SEMANTIC_WEIGHT,
        "with patches, weight of the label maps beside the features in finding the nearest patch; 0 ignores them.",
    )
    style_weight: float = setting(1.0, "weight of the painting's texture.")
    region_style_weight: float = setting(1.0, "factor on `style_weight` (the reference scripts have both).")
    content_weight: float = setting(0.1, "weight of the photo's layout, if there is a photo.")
    total_variation_weight: float | None = setting(
        None, "weight of smoothness; by default 8.5e-5, and 1e-5 with patches, whose errors are relative."
    )
    style_layers: tuple[str, ...] | None = setting(
        None,
        "layers whose Gram matrices or patches make the texture; by default conv1_1 conv2_1 conv3_1 conv4_1 conv5_1 "
        "(mini: conv1_1 conv2_1 conv3_1 conv3_3), all layers in `improved`, and conv3_1 conv4_1 (mini: conv3_1) in "
        "`patches`.",
    )
    style_layer_weights: tuple[float, ...] | str | None = setting(
        None,
        "weight of each style layer's loss, one for each of `style_layers`, instead of the variant's; or `gatys2016`, "
        "1000 / C^2 for a layer of C channels as in the authors' notebooks.",
    )
    content_layer: str | None = setting(
        None, "layer whose activations keep the layout; by default conv5_2, in `patches` conv4_2 (mini: conv3_3)."
    )

    name: ClassVar[str] = "doodle"

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_layer_weights(self)
        validate_layers(self, "style_layers")
        if self.content_layer is not None:
            self.architecture.check_layers([self.content_layer], what="content_layer")
        check_choice("variant", self.variant, VARIANTS)
        if self.labels is not None:
            check_count("labels", self.labels, at_least=1)
        for name in ("style_weight", "region_style_weight", "content_weight", "semantic_weight"):
            check_weight(name, getattr(self, name))
        if self.total_variation_weight is not None:
            check_weight("total_variation_weight", self.total_variation_weight)
        if self.semantic_weight != SEMANTIC_WEIGHT and not self.by_patches:
            raise InvalidInputError("semantic_weight belongs to variant patches: choose that, or leave the weight out")
        self.style_coefficients()

    @property
    def preset(self) -> Preset:
        """Defaults that depend on the network."""
        preset = PRESETS[self.model]
        if not self.by_patches:
            return preset
        layer = preset.content_layer if self.model == "mini" else "conv4_2"
        return replace(preset, content_layer=layer, style_layers=MATCHED_LAYERS["patches"][self.model])

    @property
    def by_patches(self) -> bool:
        """Whether patches are compared, and not Gram matrices."""
        return self.variant == "patches"

    @property
    def smoothness(self) -> float:
        """The weight of the total variation, as it was named or by default."""
        default = PATCHES_TOTAL_VARIATION_WEIGHT if self.by_patches else TOTAL_VARIATION_WEIGHT
        return default if self.total_variation_weight is None else self.total_variation_weight

    def style_coefficients(self) -> dict[str, float]:
        """Factor c_l of each style layer's loss, in the order of the network; see the class."""
        table, is_improved = self.architecture, self.variant == "improved"
        named = self.style_layers or (table.layers if is_improved else self.preset.style_layers)
        layers = [layer for layer in table.layers if layer in named]
        own, last = weights_of_layers(self, self.style_layers or tuple(layers)), len(layers) - 1
        if own is not None:
            return {layer: own[layer] for layer in layers}
        return {layer: 2.0 ** (i - last) if is_improved else 1 / len(layers) for i, layer in enumerate(layers)}

    @property
    def used_layers(self) -> tuple[str, ...]:
        used = {*self.style_coefficients(), *self.content_targets}
        return tuple(layer for layer in self.architecture.layers if layer in used)

    @property
    def content_targets(self) -> tuple[str, ...]:
        return (self.content_layer or self.preset.content_layer,) if self.content_weight else ()

    @property
    def extractor_spec(self) -> ExtractorSpec:
        spec = super().extractor_spec
        if not self.by_patches:
            return spec
        return spec._replace(by_tiles=False, held=held_bytes("patches", tuple(self.style_coefficients()), spec))

    def resolved(self) -> Self:
        return replace(
            super().resolved(),
            content_layer=self.content_layer or self.preset.content_layer,
            total_variation_weight=self.smoothness,
            # Weights belong to the layers in the order in which they were named.
            style_layers=(self.style_layer_weights and self.style_layers) or tuple(self.style_coefficients()),
        )

    def inputs(self, content: Source, styles: Sources = ()) -> DoodleInputs:
        """The target and the painting in memory, with their regions.

        Args:
            content: a `Content` with a label map, and with a photo whose layout is kept, if there is one.
            styles: one `Style` with a label map.

        Raises:
            InvalidInputError, MissingFileError: they cannot be read, there is no label map or more than one painting,
                or the label maps do not go together (see `neural_style.masks.label_map.read_labels`).
        """
        if isinstance(content, DoodleInputs) and self.labels in (None, len(content.palette)):
            return content
        given = content.content if isinstance(content, Inputs) else content
        styles = content.styles if isinstance(content, Inputs) else styles
        content, (style, *others) = as_content(given), as_styles(styles)
        if others:
            raise InvalidInputError(f"a doodle has one style, received {len(others) + 1}")
        if style.mask is not None or content.mask is not None:
            raise InvalidInputError("a doodle has label maps instead of masks: remove the masks from style and content")
        wanted, painted = content.label_map, style.label_map
        if wanted is None or painted is None:
            missing = "target: give Content(label_map=...)" if wanted is None else "style: give Style(label_map=...)"
            raise InvalidInputError(f"a doodle needs the label map of the {missing}")
        labels = label_map.count_colours(painted, wanted) if self.labels is None else self.labels
        found = label_map.read_labels(painted, wanted, labels=labels)
        style_map, content_map = images.read(painted), images.read(wanted)
        images.warn_of_other_shape("style label map", style_map.size, "style", style.picture.size)
        images.warn_of_other_shape("content label map", content_map.size, "content", content.canvas.size)
        warn_of_stretched_masks(content)
        return DoodleInputs(content, (style,), *found)

    def run_settings(self, inputs: Inputs, settings: RunSettings) -> Run:
        """The settings of a run: as large as the target's label map, and from its regions where there is no photo.

        `patches` goes through three sizes, the phases of alexjc/neural-doodle: a patch cannot place what is larger than
        itself.

        Raises:
            InvalidInputError: they are impossible, or need a photo that is not there.
        """
        self.check_run_names(settings)
        has_photo = inputs.content.image is not None
        defaults: RunSettings = {
            "image_size": _label_map_of(inputs.content).size[0],
            "init": "content" if has_photo else "regions",
        }
        settings = {**defaults, **settings}
        if self.by_patches and not settings.get("sizes"):
            settings["sizes"] = sizes_for(settings["image_size"])
        if not has_photo:
            if isinstance(settings["init"], str) and settings["init"] in ("content", "gray"):
                raise InvalidInputError(
                    f"init {settings['init']} needs a photo: give one, or start from regions or noise"
                )
            if settings.get("preserve_color", "none") != "none":
                raise InvalidInputError("preserve_color needs a photo: give the picture whose colours are kept")
        return super().run_settings(inputs, settings)

    def initial_picture(self, inputs: Inputs, run: Run) -> Picture | None:
        if not (isinstance(run.init, str) and run.init == "regions"):
            return super().initial_picture(inputs, run)
        return _colours_of_regions(self.inputs(inputs), run.seed)

    def objective_at(self, inputs: Inputs) -> ObjectiveAt:
        # Keras, and with it the backend, starts here and not when the package is imported.
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.objectives.doodle_objective import DoodleLoss, objective_at

        inputs = self.inputs(inputs)
        loss = DoodleLoss(
            style={
                layer: self.style_weight * self.region_style_weight * coefficient
                for layer, coefficient in self.style_coefficients().items()
            },
            content={layer: self.content_weight for layer in self.content_targets if inputs.content.image is not None},
            total_variation_weight=self.smoothness,
            shift=SHIFTS[self.variant],
            padding=self.resolved_padding,
            semantic_weight=self.semantic_weight if self.by_patches else None,
        )
        if loss.is_zero(inputs.styles[0].weight):
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")
        labels = (inputs.style_labels, inputs.target_labels)
        return objective_at(loss, inputs, labels, inputs.palette, self.extractor())


def _colours_of_regions(inputs: DoodleInputs, seed: int) -> Picture:
    """`m_r + START_CONTRAST (p - m_r)` at each pixel of a region r, p being a random pixel of that region of the
    painting and m_r their mean.

    Noise of all colours, from which the reference scripts start, leaves dots in smooth regions such as a sky.
    """
    painting, rng = inputs.styles[0].shown.rgb, np.random.default_rng(seed)
    labels = label_map.resize(inputs.style_labels, (painting.shape[0], painting.shape[1]))
    colours = np.zeros((*inputs.target_labels.shape, 3), np.float32)
    for label in range(len(inputs.palette)):
        wanted, pixels = inputs.target_labels == label, painting[labels == label].astype(np.float32)
        if not len(pixels):  # too small for this size: the objective will name it
            continue
        mean = pixels.mean(axis=0)
        chosen = pixels[rng.integers(len(pixels), size=np.count_nonzero(wanted))]
        colours[wanted] = mean + np.float32(START_CONTRAST) * (chosen - mean)
    return Picture(colours, None, "colours of the regions", None)


def _label_map_of(content: Content) -> Picture:
    assert isinstance(content.label_map, Picture), "the inputs of a doodle are in memory"
    return content.label_map
