"""A caption's claims as numbers, measured on the figure's panels: what rises, falls, stays equal or passes a bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from neural_style import images
from neural_style.figures.measurements import MadePanels, Numbers
from neural_style.figures.panels import Measurement, Picture, TransferPanel
from neural_style.images import LUMA
from neural_style.metrics import relative_gram_error, structural_similarity

Array = np.ndarray[Any, Any]

PLACES = 1 / 24
"""Width of the Gaussian that reduces a picture to which colour is where, as a fraction of its rows: textures vanish."""


def claim(
    text: str,
    number: str,
    order: str,
    *pictures: Picture,
    against: tuple[Picture, ...] = (),
    bound: float = 0.0,
    series: int | None = None,
    **settings: Any,
) -> Measurement:
    """A claim about pictures, in the order in which the caption names them.

    Args:
        text: the claim, as the caption has it after "Measured:".
        number: one of `NUMBERS`, measured on each picture.
        order: one of `ORDERS`.
        pictures: whose numbers are compared.
        against: a picture that each is compared with where the number needs one, or one for each of them.
        bound: see `ORDERS`.
        series: pictures in a series, where there are several of equal length, such as rows; by default all are one.
        settings: keyword arguments of the number.
    """
    count = len(pictures)
    named = {"text": text, "number": number, "order": order, "count": count, "bound": bound, "series": series}
    return Measurement("claimed", (*pictures, *against), tuple({**named, **settings}.items()))


def claimed(
    made: MadePanels,
    *pictures: Picture,
    text: str,
    number: str,
    order: str,
    count: int,
    bound: float = 0.0,
    series: int | None = None,
    **settings: Any,
) -> Numbers:
    """The numbers of a claim, and whether it holds; arguments are those of `claim`.

    Returns:
        `claim`, `number`, `order`, `bound`; `values` by series; `holds`, in every series; `text` with the numbers.
    """
    measured, references = pictures[:count], pictures[count:]
    given = [references] * count if len(references) < 2 else [(reference,) for reference in references]
    flat = [
        float(NUMBERS[number](made, each, *others, **settings)) for each, others in zip(measured, given, strict=True)
    ]
    length = series or count
    values = [flat[first : first + length] for first in range(0, count, length)]
    is_true = all(holds(each, order, bound) for each in values)
    found = " | ".join(", ".join(f"{value:.2g}" for value in each) for each in values)
    return {
        "claim": text,
        "number": number,
        "order": order,
        "bound": bound,
        "values": values,
        "holds": is_true,
        "text": f"{text}: {found}" + ("" if is_true else " (which does not show it)"),
    }


def holds(values: list[float], order: str, bound: float) -> bool:
    """Whether numbers are in an order of `ORDERS`."""
    return all(map(np.isfinite, values)) and ORDERS[order](values, bound)


ORDERS: dict[str, Callable[[list[float], float], bool]] = {
    "rises": lambda values, bound: all(a < b for a, b in pairwise(values)) and values[-1] >= (1 + bound) * values[0],
    "falls": lambda values, bound: all(a > b for a, b in pairwise(values)) and values[0] >= (1 + bound) * values[-1],
    "equal": lambda values, bound: max(values) <= (1 + bound) * min(values),
    "above": lambda values, bound: min(values) > bound,
    "below": lambda values, bound: max(values) < bound,
}
"""How numbers compare: each larger, or smaller, than the one before, with first and last at least a fraction `bound`
apart; largest and smallest at most a fraction `bound` apart; all above `bound`, or below it."""


def content_error(made: MadePanels, panel: Picture) -> float:
    """The relative content error of a painted picture, as it stands below it."""
    return content_error_in(_metrics(made, panel))


def content_error_in(metrics: Mapping[str, float]) -> float:
    """The content error among the metrics of a picture, which has one content layer."""
    return next(value for name, value in metrics.items() if name.startswith("content."))


def gram_error(made: MadePanels, panel: Picture, *, style: int = 0, deepest: int = 0) -> float:
    """The relative Gram error of a painted picture to one of its styles: the mean over layers, or the deepest ones."""
    errors = [value for name, value in _metrics(made, panel).items() if name.startswith(f"gram.{style}.")]
    return float(np.mean(errors[-deepest:]))


def texture_distance(
    made: MadePanels, picture: Picture, reference: Picture, *, layers: tuple[str, ...], rows: int
) -> float:
    """The mean of relative Gram errors between any two pictures, with the network as it comes."""
    first, second = (
        made.judge.features(made.picture_at(each, rows), tuple(layers), normalised=False)
        for each in (picture, reference)
    )
    return float(np.mean([relative_gram_error(first[layer], second[layer]) for layer in layers]))


def patch_error(made: MadePanels, picture: Picture, painting: Picture, *, layer: str) -> float:
    """Mean squared distance of the picture's patches of activations to the nearest ones of the painting, over their
    mean square: of pictures at one size, with the network as it comes (Li & Wand 2016, equation 2)."""
    from neural_style.losses.patches import patch_loss, patch_power

    (own,), (others,) = (
        made.judge.features(made.picture_at(each, rows), (layer,), normalised=False).values()
        for rows in (made.picture(picture).shape[0],)
        for each in (picture, painting)
    )
    count = (own.shape[1] - 2) * (own.shape[2] - 2)
    return float(np.asarray(patch_loss(own, others)[0] / patch_power(others)[0]) / count)


def similarity(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """SSIM of two pictures, at the size of the first."""
    return float(structural_similarity(*_pair(made, picture, reference)))


def structure_size(made: MadePanels, picture: Picture) -> float:
    """Size of structures in pixels: deviation of the luminance over the root mean square of its gradient."""
    luma = _rgb(made, picture) @ LUMA
    down, right = np.gradient(luma)
    return float(luma.std() / np.sqrt(np.mean(down**2 + right**2)))


def local_colour_distance(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """Distance between the colours at the same places, in grey levels: of both pictures without luminance, blurred."""
    return _rms([_places(each - (each @ LUMA)[..., None]) for each in _pair(made, picture, reference)])


def chroma_distance(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """Root mean square difference of two pictures without their luminance, in grey levels."""
    return _rms([each - (each @ LUMA)[..., None] for each in _pair(made, picture, reference)])


def chroma_variation(made: MadePanels, picture: Picture) -> float:
    """Mean absolute difference of the picture without its luminance from pixel to pixel, in grey levels."""
    colour = _rgb(made, picture)
    colour = colour - (colour @ LUMA)[..., None]
    return float(np.mean([np.abs(np.diff(colour, axis=axis)).mean() for axis in (0, 1)]))


def local_luminance_distance(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """Distance between the luminances at the same places, in grey levels, of both pictures blurred."""
    return _rms([_places((each @ LUMA)[..., None]) for each in _pair(made, picture, reference)])


def layout(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """Correlation of luminance between two pictures, both blurred: what is bright in one is bright in the other."""
    first, second = (_places((each @ LUMA)[..., None]).ravel() for each in _pair(made, picture, reference))
    return float(np.corrcoef(first, second)[0, 1])


def colour_distance(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """Distance between the distributions of colours, in grey levels: of the means, and of the deviations."""
    moments = [(each.mean((0, 1)), each.std((0, 1))) for each in (_rgb(made, picture), _rgb(made, reference))]
    return float(np.sqrt(sum(np.mean((a - b) ** 2) for a, b in zip(*moments, strict=True))))


def pixel_distance(made: MadePanels, picture: Picture, reference: Picture) -> float:
    """Root mean square difference of two pictures, in grey levels."""
    return _rms(list(_pair(made, picture, reference)))


def variation(made: MadePanels, panel: Picture) -> float:
    """The total variation of a painted picture, as it stands below it."""
    return float(_metrics(made, panel)["tv"])


def clipped_share(made: MadePanels, panel: Picture) -> float:
    """The share of clipped pixels of a painted picture."""
    return float(_metrics(made, panel)["clipped"])


def _metrics(made: MadePanels, panel: Picture) -> dict[str, float]:
    assert isinstance(panel, TransferPanel), "only painted pictures have metrics"
    found: dict[str, float] = made.report(panel)["metrics"]
    return found


def _rgb(made: MadePanels, picture: Picture) -> Array:
    return made.picture(picture).astype(np.float64)


def _pair(made: MadePanels, picture: Picture, reference: Picture) -> tuple[Array, Array]:
    """Both pictures at the size of the first."""
    first = _rgb(made, picture)
    return first, images.resize(_rgb(made, reference), first.shape[:2])


def _places(image: Array) -> Array:
    width = PLACES * image.shape[0]
    blurred: Array = gaussian_filter(image, (width, width, 0))
    return blurred


def _rms(pair: list[Array]) -> float:
    first, second = pair
    return float(np.sqrt(np.mean((first - second) ** 2)))


NUMBERS: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (
        content_error,
        gram_error,
        texture_distance,
        patch_error,
        similarity,
        structure_size,
        local_colour_distance,
        chroma_distance,
        chroma_variation,
        local_luminance_distance,
        layout,
        colour_distance,
        pixel_distance,
        variation,
        clipped_share,
    )
}
