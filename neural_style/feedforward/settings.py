"""Settings of the training of a network for given paintings. Reading them starts no backend."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.painting import STYLE_LAYERS, default_model
from neural_style.validation import check_choice, check_count, check_weight, documented, setting

NORMALIZATIONS = ("relative", "johnson2016", "gatys2016", "norm")
CONTENT_NORMALIZATIONS = ("relative", "mean", "norm")
UPSAMPLING = ("nearest", "transposed")
PADDING = ("reflect", "zeros")
OUTPUTS = ("tanh", "sigmoid")
STARTS = ("scratch", "embedded")
SCHEDULES = ("cosine", "constant")

MULTIPLE = 8
"""Rows and columns that the networks of this package process are a multiple of this."""


@documented
@dataclass(frozen=True, kw_only=True)
class TransformerSettings:
    """The network of Johnson et al. 2016, see `neural_style.feedforward.transformer`."""

    width: int = setting(32, "channels of the first layer; those at a quarter of the size are four times as many.")
    blocks: int = setting(5, "number of residual blocks.")
    ends: int = setting(9, "rows and columns of the first and the last kernel: 9 as in the paper, or 3, much faster.")
    upsampling: str = setting(
        "nearest", "`nearest`, repeated pixels and a convolution, or `transposed`, a transposed convolution."
    )
    padding: str = setting("reflect", "`reflect` or `zeros`, which can leave a frame.")
    affine: bool = setting(True, "scale and shift of each channel after instance normalisation.")
    output: str = setting("tanh", "last activation: `tanh`, times 150 plus 127.5, or `sigmoid`, times 255.")
    normalize_output: bool = setting(True, "instance normalisation before the last activation.")
    deviation: float = setting(0.0, "standard deviation of the kernels at the start; 0 is He's, sqrt(2 / fan in).")

    def __post_init__(self) -> None:
        check_count("width", self.width, at_least=1)
        check_count("blocks", self.blocks, at_least=0)
        check_count("ends", self.ends, at_least=1)
        if self.ends % 2 == 0:
            raise InvalidInputError(f"ends must be odd, such as 9 or 3, received {self.ends}")
        check_choice("upsampling", self.upsampling, UPSAMPLING)
        check_choice("padding", self.padding, PADDING)
        check_choice("output", self.output, OUTPUTS)
        check_weight("deviation", self.deviation)


@documented
@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """The loss; see `neural_style.feedforward.perceptual_loss`."""

    model: str | None = setting(
        None, "network of the loss: `vgg16`, `vgg19` or `mini`; by default vgg19 if downloaded, otherwise mini."
    )
    weights: str | None = setting(
        None, "weights of that network: `imagenet`, `embedded`, `random`, or an `.h5` or `.npz` file."
    )
    pooling: str = setting("max", "`max`, `ave` or `l2`.")
    content_layer: str = setting("conv3_3", "layer whose activations keep the layout.")
    style_layers: tuple[str, ...] | None = setting(
        None, "layers whose Gram matrices make the texture; by default conv1_1 conv2_1 conv3_1 conv3_3."
    )
    content_weight: float = setting(0.05, "weight of the photo's layout.")
    style_weight: float = setting(1.0, "weight of the sum of the style layers' losses.")
    total_variation_weight: float = setting(1e-6, "weight of the mean squared differences of neighbouring pixels.")
    range_weight: float = setting(
        1.0,
        "weight of the mean excess beyond 0..255, over 64; features are then those of the clipped picture, which is "
        "the one that is saved. 0 leaves both out.",
    )
    consistency: float = setting(
        0.0,
        "weight of the squared differences, over 100, between the moved painting and the painting of the moved photo "
        "with noise: steadier films, at twice the time of a step of the painter.",
    )
    normalization: str = setting(
        "relative",
        "units of the style loss: `relative`, squared errors divided by the target's square; `johnson2016`, Gram "
        "matrices divided by C h w; `gatys2016`; or `norm`, see msokoloff1. Each needs weights of its own.",
    )
    content_normalization: str = setting(
        "relative", "units of the content loss: `relative`; `mean`, as in the papers; or `norm`, see msokoloff1."
    )

    def __post_init__(self) -> None:
        if self.model is None:
            object.__setattr__(self, "model", default_model(self.weights))
        table = vgg.architecture(str(self.model))
        check_choice("pooling", self.pooling, vgg.POOLING)
        layers = self.style_layers or STYLE_LAYERS
        layers = (layers,) if isinstance(layers, str) else tuple(layers)
        object.__setattr__(self, "style_layers", layers)
        if not layers or len(set(layers)) != len(layers):
            raise InvalidInputError(f"style_layers must be different layers, at least one, received {list(layers)}")
        table.check_layers([self.content_layer, *layers])
        for name in ("content_weight", "style_weight", "total_variation_weight", "range_weight", "consistency"):
            check_weight(name, getattr(self, name))
        if not self.content_weight + self.style_weight:
            raise InvalidInputError("content_weight and style_weight are zero, so there is nothing to learn: give one")
        check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_choice("content_normalization", self.content_normalization, CONTENT_NORMALIZATIONS)


@documented
@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Data, steps and rate of a training."""

    start: str = setting(
        "scratch",
        "`scratch`, or `embedded`: begin as the painter of this package in the style of the painting (one painting).",
    )
    steps: int = setting(20_000, "number of steps, each with one batch.")
    minutes: float = setting(0.0, "time limit in minutes, resumed parts included; 0 for none.")
    batch: int = setting(4, "photos in a step.")
    crop: int = setting(256, "side of the square crops of the photos; a multiple of 8.")
    style_size: int = setting(
        0, "sqrt(rows x columns) that paintings are scaled to, which sets the strokes' width; 0 is that of the crops."
    )
    rate: float = setting(1e-3, "learning rate of Adam at the start.")
    schedule: str = setting("cosine", "the rate falls to a hundredth as a `cosine` of time, or is `constant`.")
    seed: int = setting(0, "of the network, the order of the photos and their crops.")
    save_every: int = setting(100, "steps between checkpoints, each with a validation, a sheet and a line of the log.")
    held_out: int = setting(8, "photos held out for validation, at most a fifth of all.")

    def __post_init__(self) -> None:
        check_choice("start", self.start, STARTS)
        check_choice("schedule", self.schedule, SCHEDULES)
        for name, least in {"steps": 1, "batch": 1, "crop": MULTIPLE, "style_size": 0, "seed": 0}.items():
            check_count(name, getattr(self, name), at_least=least)
        if self.crop % MULTIPLE:
            raise InvalidInputError(f"crop must be a multiple of {MULTIPLE}, received {self.crop}")
        check_count("save_every", self.save_every, at_least=1)
        check_count("held_out", self.held_out, at_least=0)
        check_weight("minutes", self.minutes)
        check_weight("rate", self.rate)


@dataclass(frozen=True)
class Recipe:
    """All settings of a training."""

    transformer: TransformerSettings = field(default_factory=TransformerSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    @classmethod
    def from_values(cls, **values: Any) -> Recipe:
        """From settings by name, as they stand in the three groups.

        Raises:
            InvalidInputError: a name is unknown, or a value impossible.
        """
        groups = {each.name: GROUPS[each.name] for each in fields(cls)}
        names = {each.name: group for group, settings in groups.items() for each in fields(settings)}
        for name in values:
            check_choice("setting", name, names)
        parts = {
            group: settings(**{name: value for name, value in values.items() if names[name] == group})
            for group, settings in groups.items()
        }
        return cls(**parts)

    def values(self) -> dict[str, Any]:
        """Settings by name, as JSON has them."""
        found = {name: value for group in asdict(self).values() for name, value in group.items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


GROUPS: dict[str, Any] = {
    "transformer": TransformerSettings,
    "loss": LossSettings,
    "training": TrainingSettings,
}
