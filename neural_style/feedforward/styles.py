"""Styles of feed-forward networks: prepared once, used for any number of photos, and mixed."""

from __future__ import annotations

# First, since it starts Keras silently: the process of a task begins here.
import neural_style.backend  # noqa: F401  # isort: skip

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from keras import ops

from neural_style.errors import InvalidInputError
from neural_style.feedforward import encoder
from neural_style.feedforward.embedded import EmbeddedNetwork
from neural_style.inputs import Style
from neural_style.validation import check_weight

SIZES = 8
"""Sizes of photos whose statistics a style keeps: a folder has a few."""


@dataclass(frozen=True, eq=False)
class PreparedStyle:
    """One or more paintings with their shares, for `Painter.paint`; made by `Painter.style` and `mix`.

    Attributes:
        paintings: in memory, with weights that add up to 1; empty where the network knows its styles by name.
        names: the styles of a network that was trained for them, each with its share.
    """

    paintings: tuple[Style, ...] = ()
    names: tuple[tuple[str, float], ...] = ()
    _kept: dict[tuple[str, int, int], encoder.Style] = field(default_factory=dict, repr=False)

    def statistics(self, network: EmbeddedNetwork, size: tuple[int, int], *, tile: int | None = None) -> encoder.Style:
        """The statistics for photos of `size` rows and columns; a large painting is processed in tiles.

        Each painting is brought to the area of the photo, as in every technique here (`Style.size_at`), so that the
        width of the strokes does not depend on the painting's resolution. Of several paintings they are those of all
        pixels together, each painting with its share: the Gram matrices are the weighted means, which is what the sum
        of weighted style losses asks an optimisation for.
        """
        key = network.weights_sha256, *size
        if key not in self._kept:
            if len(self._kept) >= SIZES:
                self._kept.pop(next(iter(self._kept)))
            found = [network.style(style.at(size), tile=tile) for style in self.paintings]
            self._kept[key] = pooled(found, [style.weight for style in self.paintings])
        return self._kept[key]


def prepared(paintings: Sequence[Style]) -> PreparedStyle:
    """A style of paintings in memory, with their weights.

    Raises:
        InvalidInputError: all weights are zero.
    """
    total = sum(style.weight for style in paintings)
    if not total > 0:
        raise InvalidInputError("the weights of all styles are 0: give one a weight above 0")
    return PreparedStyle(tuple(replace(style, weight=style.weight / total) for style in paintings))


def mix(styles: Sequence[PreparedStyle], weights: Iterable[float]) -> PreparedStyle:
    """A mixture of prepared styles.

    Example:
        >>> from neural_style.feedforward import Painter, mix
        >>> from neural_style.samples import sample
        >>> painter = Painter()
        >>> night, harvest = (painter.style(sample(name)[:64, :64]) for name in ("night", "harvest"))
        >>> [round(style.weight, 2) for style in mix([night, harvest], [3, 1]).paintings]
        [0.75, 0.25]

    Args:
        styles: of one network.
        weights: of the styles, at least 0; only their ratios matter.

    Raises:
        InvalidInputError: there are more or fewer weights than styles, or no weight is above 0.
    """
    shares = list(weights)
    for share in shares:
        check_weight("the weight of a style", share)
    total = sum(shares)
    if len(shares) != len(styles) or not total > 0:
        raise InvalidInputError(f"a mixture needs a weight for each style, one of them above 0, received {shares}")
    parts = [(style, share / total) for style, share in zip(styles, shares, strict=True)]
    if len({bool(style.names) for style in styles}) > 1:
        raise InvalidInputError("styles of different networks cannot be mixed: prepare them with one Painter")
    return PreparedStyle(
        tuple(replace(each, weight=each.weight * share) for style, share in parts for each in style.paintings),
        tuple((name, own * share) for style, share in parts for name, own in style.names),
    )


def pooled(found: Sequence[encoder.Style], shares: Sequence[float]) -> encoder.Style:
    """Statistics of the pixels of several paintings together, each with its share w (adding up to 1).

        m = sum w m_i,    C = sum w (C_i + (m_i - m)^T (m_i - m)),

    the mean and the covariance of a mixture of distributions.
    """
    if len(found) == 1:
        return found[0]
    parts = list(zip(found, shares, strict=True))
    means = {name: sum(share * each.means[name] for each, share in parts) for name in encoder.SCALES}
    covariances = {}
    for name in encoder.SCALES:
        away = [each.means[name] - means[name] for each in found]
        spread = [ops.transpose(each, (0, 2, 1)) * each for each in away]
        covariances[name] = sum(
            share * (each.covariances[name] + more) for (each, share), more in zip(parts, spread, strict=True)
        )
    return encoder.with_roots(means, covariances)
