"""Analogy: a painting that relates to a photo as another painting does to the picture that it was made from.

Image analogies are those of Hertzmann et al. 2001 ("Image Analogies", SIGGRAPH), in features of a network as in
awentzonline/image-analogies and MRFNetwork.py of titu1994/Neural-Style-Transfer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.inputs import Inputs
from neural_style.objectives.layer_weights import validate_layer_weights, validate_layers, weights_of_layers
from neural_style.objectives.presets import PRESETS
from neural_style.objectives.transfer_loss import MATCHED_LAYERS
from neural_style.runs.memory_plan import ExtractorSpec, held_bytes
from neural_style.runs.settings import Run, RunSettings, sizes_for
from neural_style.technique import Source, Sources, Technique
from neural_style.validation import check_weight, documented, setting

if TYPE_CHECKING:
    from neural_style.objectives.objective import ObjectiveAt

WEIGHTS = ("analogy_weight", "mrf_weight", "content_weight", "total_variation_weight")


@documented
@dataclass(frozen=True, kw_only=True)
class Analogy(Technique):
    """A : A' :: B : B'. From a picture A, the painting A' made from it and a photo B, the painting B'.

    The objective is, over the n style layers l::

        1/n sum_l [analogy_weight * mean_i |Psi_i(x) - Psi_NN(i)(A')|^2
                   + mrf_weight * mean_i |Psi_i(x) - Psi_MM(i)(A')|^2] / mean_j |Psi_j(A')|^2
            + content_weight * sum (F_x - F_B)^2 / sum F_B^2 + total_variation_weight * mean TV(x)

    with patches Psi of 3 x 3 positions. NN(i) is the place of A whose patch is nearest to that of B at i, found once:
    the painting has there what it made of such a thing. MM(i) is the place of A' that is nearest to x itself, found
    anew in each evaluation, so that neighbouring patches go together. The nearest have the largest normalised
    correlation, see `neural_style.losses.patches`. The mean over NN(i) is taken without its constant, by which
    overlapping patches disagree.

    The painting is a `Style` with its `source`, the photo a content. Source and painting must show the same thing in
    the same place; the source is resized to the painting. A run goes through three sizes unless it names others, and
    starts from the photo.

    Hertzmann et al. match B and the unfinished B' at once, pixel by pixel; image-analogies and the reference have the
    two terms, with approximate matches.

    Example:
        >>> from neural_style import Analogy, Style
        >>> from neural_style.samples import sample
        >>> analogy = Analogy(model="mini", weights="random", style_layers="conv1_1", mrf_weight=0)
        >>> painted = Style(sample("night"), source=sample("night_map"))
        >>> analogy.transfer(sample("doodle_map"), painted, image_size=24, iterations=1).image.shape
        (24, 30, 3)
    """

    analogy_weight: float = setting(1.0, "weight of the patches that the photo's patches have in the painting.")
    mrf_weight: float = setting(
        1.0, "weight of the painting's patches that are nearest to those of the picture itself, which join the others."
    )
    content_weight: float = setting(0.0, "weight of the photo's layout, a relative error.")
    total_variation_weight: float = setting(1e-5, "weight of smoothness.")
    style_layers: tuple[str, ...] | None = setting(
        None, "layers whose patches are compared; by default conv3_1 conv4_1 (mini: conv3_1)."
    )
    style_layer_weights: tuple[float, ...] | str | None = setting(
        None,
        "weight of each style layer's loss, one for each of `style_layers`, instead of 1/n for n layers; or "
        "`gatys2016`, 1000 / C^2 for a layer of C channels.",
    )
    content_layer: str | None = setting(
        None, "layer whose activations keep the layout; by default conv4_2 (mini: conv3_3)."
    )

    name: ClassVar[str] = "analogy"
    uses_sources: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_layer_weights(self)
        validate_layers(self, "style_layers")
        if self.content_layer is not None:
            self.architecture.check_layers([self.content_layer], what="content_layer")
        for name in WEIGHTS:
            check_weight(name, getattr(self, name))
        if self.content_layer is not None and not self.content_weight:
            raise InvalidInputError("content_layer has no effect without content_weight: give one, or leave it out")
        self.style_coefficients()

    def style_coefficients(self) -> dict[str, float]:
        """Factor of each style layer's loss."""
        layers = self.style_layers or MATCHED_LAYERS["patches"][self.model]
        return weights_of_layers(self, layers) or {layer: 1 / len(layers) for layer in layers}

    @property
    def used_layers(self) -> tuple[str, ...]:
        used = {*self.style_coefficients(), *self.content_targets}
        return tuple(layer for layer in self.architecture.layers if layer in used)

    @property
    def content_targets(self) -> tuple[str, ...]:
        return (self._content_layer,) if self.content_weight else ()

    @property
    def _content_layer(self) -> str:
        deepest = PRESETS[self.model].content_layer if self.model == "mini" else "conv4_2"
        return self.content_layer or deepest

    @property
    def extractor_spec(self) -> ExtractorSpec:
        spec = super().extractor_spec
        held = held_bytes("patches", tuple(self.style_coefficients()), spec)
        return spec._replace(by_tiles=not self.mrf_weight, held=held)

    def resolved(self) -> Self:
        layer = self._content_layer if self.content_weight else None
        return replace(super().resolved(), content_layer=layer, style_layers=tuple(self.style_coefficients()))

    def inputs(self, content: Source, styles: Sources = ()) -> Inputs:
        """The photo, and the painting with its source, in memory.

        Args:
            content: the photo B.
            styles: one `Style`: the painting A' with its source A.

        Raises:
            InvalidInputError, MissingFileError: they cannot be read, the source is missing, or there are masks or
                transparent pictures.
        """
        inputs = super().inputs(content, styles)
        if len(inputs.styles) != 1:
            raise InvalidInputError(f"an analogy has one painting, received {len(inputs.styles)}")
        style, photo = inputs.styles[0], inputs.content
        if style.source is None:
            raise InvalidInputError(
                "an analogy needs the picture that the painting was made from: give Style(painting, source=...)"
            )
        if style.mask is not None or photo.mask is not None:
            raise InvalidInputError("an analogy compares whole pictures: remove the masks from painting and photo")
        source = images.read(style.source)
        for each in (photo.picture, style.picture, source):
            if each.alpha is not None and not (each.alpha == 255).all():
                raise InvalidInputError(f"an analogy compares whole pictures, and {each.name} is transparent")
        if not isinstance(content, Inputs):  # which were warned of when they were read
            images.warn_of_other_shape("source of the style", source.size, "style", style.picture.size)
        return inputs

    def run_settings(self, inputs: Inputs, settings: RunSettings) -> Run:
        """The settings of a run, of three sizes unless it names them.

        Raises:
            InvalidInputError: they are impossible, or do not go with the inputs.
        """
        self.check_run_names(settings)
        if not settings.get("sizes"):
            settings = {**settings, "sizes": sizes_for(settings.get("image_size", Run.image_size))}
        return super().run_settings(inputs, settings)

    def objective_at(self, inputs: Inputs) -> ObjectiveAt:
        # Keras, and with it the backend, starts here and not when the package is imported.
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.analogy.objective import AnalogyLoss, objective_at

        loss = AnalogyLoss(
            style=self.style_coefficients(),
            content=dict.fromkeys(self.content_targets, self.content_weight),
            analogy_weight=self.analogy_weight,
            mrf_weight=self.mrf_weight,
            total_variation_weight=self.total_variation_weight,
            padding=self.resolved_padding,
        )
        by_patches = inputs.styles[0].weight * any(loss.style.values()) * (self.analogy_weight + self.mrf_weight)
        if not (by_patches or self.content_weight or self.total_variation_weight):
            raise InvalidInputError("every weight is zero, so there is nothing to optimise: give one that is not")
        return objective_at(loss, inputs, self.extractor())
