"""The front door: a photo painted in the style of paintings, with one number for how strongly.

Weights are relative errors (`normalization="relative"`), which keep their meaning at any size, and a run is a pyramid,
so that the strokes are those of the painting and not of its grain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Unpack

from neural_style.errors import InvalidInputError
from neural_style.features.weights import is_cached
from neural_style.images import ImageSource
from neural_style.inputs import Content, Style
from neural_style.network import Network
from neural_style.runs.level import Progress
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import Run, RunSettings, sizes_for
from neural_style.validation import check_weight

if TYPE_CHECKING:
    from neural_style.runs.transfer import CheckpointSource

STRENGTH_HELP = "0.3 a tint, 1 a painting, 3 mostly painting"
"""Help text of the strength, for the command line and the studio."""

CONTENT_LAYERS = ("conv3_3", "conv2_2")
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")
"""The same layers with every network, so that a strength has one meaning; mini ends at this block."""

CONTENT_WEIGHT = 0.0022
"""Weight of the squared content errors at strength 1: a balanced painting, chosen by the numbers of
benchmarks/painting.py and by looking at its pictures."""

CONTENT_POWER = 2.0
"""Of a content error in the loss: a painting of strong contrasts, which would cover a photo, is held back more than one
that leaves the photo near."""

ITERATIONS = 5
"""At each size. The last size takes three quarters of the time."""


def technique_for(strength: float = 1.0, *, model: str | None = None, weights: str | None = None) -> Network:
    """The technique that `paint` runs.

    It minimises, for a strength s,::

        CONTENT_WEIGHT / s^2 * mean_k E(F_k(x), F_k(c))^2 + sum_j w_j mean_l E(G_l(x), G_l(s_j)) + 1e-6 mean TV(x)

    with `E(V, T) = |V - T|^2 / |T|^2`, features F at k = conv3_3 and conv2_2 of the photo c, and mean Gram matrices G
    at l = conv1_1, conv2_1, conv3_1 and conv3_3 of the paintings s_j. conv2_2 keeps the drawing.

    Args:
        strength: 1 is a balanced painting, 0.3 a tint, 3 mostly painting; above 0.
        model: `vgg16`, `vgg19` or `mini`; None takes vgg19 where its weights are in Keras' cache, and mini otherwise.
        weights: see `Network`.

    Raises:
        InvalidInputError: the strength is not above 0, or a name is unknown.
    """
    check_weight("strength", strength)
    if strength == 0:
        raise InvalidInputError("strength must be above 0: 0.3 is a tint, 1 a painting, 3 mostly painting")
    return Network(
        model=model or default_model(weights),
        weights=weights,
        content_layers=CONTENT_LAYERS,
        style_layers=STYLE_LAYERS,
        content_weight=CONTENT_WEIGHT / strength**2,
        content_power=CONTENT_POWER,
        normalization="relative",
        mask_normalization="gatys2017",
        precision="auto",
        padding="reflect",
    )


def default_model(weights: str | None = None) -> str:
    """`vgg19` where its weights are named or in Keras' cache, otherwise `mini`, which is part of this package."""
    return "vgg19" if weights is not None or is_cached("vgg19") else "mini"


def run_for(settings: RunSettings) -> RunSettings:
    """The settings of the run, with a pyramid and its iterations where they name none."""
    sizes = settings.get("sizes") or sizes_for(settings.get("image_size", Run.image_size))
    return {"iterations": ITERATIONS, **settings, "sizes": sizes}


def paint(
    photo: Content | ImageSource,
    *paintings: Style | ImageSource,
    strength: float = 1.0,
    model: str | None = None,
    weights: str | None = None,
    progress: Progress | None = None,
    on_step: Callable[[Step], None] | None = None,
    checkpoint: CheckpointSource | None = None,
    resume: bool = False,
    **run: Unpack[RunSettings],
) -> Result:
    """Paint a photo in the style of one or more paintings.

    Example:
        >>> from neural_style import paint
        >>> from neural_style.samples import sample
        >>> result = paint(sample("cat"), sample("night"), model="mini", weights="random", image_size=32, iterations=1)
        >>> result.image.shape
        (32, 48, 3)

    Args:
        photo: a path, a PIL image, an array (H, W, 3), RGB in 0..255, or a `Content`.
        paintings: one or more, likewise, or `Style` objects with weights and masks.
        strength: 1 is a balanced painting, 0.3 a tint, 3 mostly painting.
        model: `vgg16`, `vgg19` or `mini`; None takes vgg19 where its weights are in Keras' cache, and mini otherwise.
        weights: see `Network`.
        progress, on_step, checkpoint, resume: see `Network.transfer`.
        run: `image_size` (400 rows), `iterations` (5 at each size), `preserve_color`, `seed` and the other settings of
            `neural_style.runs.settings.Run`; `sizes` replaces the pyramid of rows / 4, rows / 2 and rows.

    Returns:
        The picture with its record.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done.
    """
    technique = technique_for(strength, model=model, weights=weights)
    return technique.transfer(
        photo, paintings, progress=progress, on_step=on_step, checkpoint=checkpoint, resume=resume, **run_for(run)
    )
