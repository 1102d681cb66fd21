"""The objective of a transfer: the terms that a `TransferLoss` stands for, with the targets of given pictures."""

from __future__ import annotations

import numpy as np

from neural_style import images
from neural_style.backend import Tensor
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Statistic
from neural_style.inputs import Content, Inputs, Style
from neural_style.losses.regions import guided_sum_loss_gatys2016
from neural_style.losses.relative import relative_error
from neural_style.masks.guidance import Guide, Guides
from neural_style.masks.mask import Mask, visible_mask
from neural_style.objectives import terms
from neural_style.objectives.canvas import Canvas
from neural_style.objectives.matched_terms import matched_terms
from neural_style.objectives.objective import Objective, ObjectiveAt, Term
from neural_style.objectives.style_losses import distribution, relative_loss, target_of
from neural_style.objectives.transfer_loss import MATCHED, TransferLoss

SUMS = "sums."
"""In the names of terms of guided sums, before the layer."""

StyleTerms = dict[tuple[tuple[int, int], int | None], list[Term]]
"""The terms of all styles by size and tile, kept for the frames of a video."""


def objective_at(
    loss: TransferLoss, inputs: Inputs, extractor: FeatureExtractor, *, style_terms: StyleTerms | None = None
) -> ObjectiveAt:
    """A function of size and tile that makes the objective; the network's layers are those of `loss`.

    Gram matrices are those of visible pixels, of a transparent painting and of a pastiche of a transparent content.

    Args:
        loss: layers, weights and units.
        inputs: content and styles.
        extractor: the network, with the layers of `loss`.
        style_terms: filled here, and used by a later call with the same styles and another content of the same masks:
            targets of styles are then computed once.
    """
    seen = visible_mask(inputs.content.canvas)

    def at(size: tuple[int, int], tile: int | None = None) -> Objective:
        guides = Guides(
            extractor.architecture,
            normalization=loss.mask_normalization,
            propagation=loss.guide_propagation,
            dilation=loss.guide_dilation,
            dtype=extractor.dtype,
        )
        canvas = Canvas.of(loss.padding, size, extractor.architecture.stride(extractor.layers))
        whole = canvas.size(size)
        chosen: list[Term] = []
        if loss.content_weight:
            content = canvas.padded(images.resize(inputs.content.picture.rgb, size))
            chosen += _content_terms(loss, content, extractor, tile)
        kept = {} if style_terms is None else style_terms
        if (size, tile) not in kept:
            kept[size, tile] = [
                term
                for index, style in enumerate(inputs.styles)
                if style.weight * loss.style_scale
                for term in _style_terms(
                    loss, index, style, inputs.content, seen, extractor, guides, canvas, size, tile
                )
            ]
        chosen += kept[size, tile]
        if loss.total_variation_weight:
            differences = 3 * (whole[0] - 1) * (whole[1] - 1) if loss.mean_total_variation else 1
            chosen.append(terms.total_variation(weight=loss.total_variation_weight / differences))
        return Objective(
            chosen, extractor, size, tile=tile, canvas=canvas, normalize_gradients=loss.normalize_gradients
        )

    return at


def _content_terms(
    loss: TransferLoss, content: np.ndarray, extractor: FeatureExtractor, tile: int | None
) -> list[Term]:
    """The terms of the content, which has the size of the pastiche."""
    coefficients = {layer: coefficient for layer, coefficient in loss.content.items() if coefficient}
    features = extractor.features(content, coefficients, tile=tile)
    return [
        terms.content(
            layer,
            features[layer],
            weight=loss.content_weight * coefficient,
            image_size=(content.shape[0], content.shape[1]),
            normalization=loss.normalization,
            loss_type=loss.content_loss_type,
            power=loss.content_power,
        )
        for layer, coefficient in coefficients.items()
    ]


def _style_terms(
    loss: TransferLoss,
    index: int,
    style: Style,
    content: Content,
    seen: Mask | None,
    extractor: FeatureExtractor,
    guides: Guides,
    canvas: Canvas,
    size: tuple[int, int],
    tile: int | None,
) -> list[Term]:
    """The terms of one style, for a pastiche of `size` rows and columns of which `seen` is visible."""
    coefficients = {layers: factor for layers, factor in loss.style.items() if factor}
    stride = extractor.architecture.stride(extractor.layers)
    painting = style.at(size, minimum=stride)
    own_size = painting.shape[0], painting.shape[1]
    own = Canvas.of(loss.padding, own_size, stride)  # the same as of the pastiche, so that a painting has its own style
    whole = canvas.size(size)
    name, factor = loss.style_name.format(index=index), style.weight * loss.style_scale
    if loss.style_loss in MATCHED:
        scaled = {layers: factor * coefficient for layers, coefficient in coefficients.items()}
        return matched_terms(loss, name, scaled, painting, extractor, image_size=whole)
    sizes = own.size(own_size), whole
    of_style, of_canvas = guides.masks(style.mask_in_memory, content.mask_in_memory)
    masks = own.padded_mask(of_style, own_size), canvas.padded_mask(of_canvas, size)
    visible = own.padded_mask(style.visible, own_size), canvas.padded_mask(seen, size)
    found: list[Term] = []
    for kind, share, guided in _kinds(loss, of_canvas):
        pairs = zip(sizes, masks if guided else (None, None), visible, strict=True)
        of_painting, of_pastiche = (
            [
                _statistic(loss, kind, layers, extractor, at, whole, guides.at(mask, layers, at, visible=shown))
                for layers in coefficients
            ]
            for at, mask, shown in pairs
        )
        targets = extractor.sums(own.padded(painting), of_painting, tile=tile)
        found += [
            _style_term(loss, kind, statistic, target, f"{name}.{kind}{'-'.join(layers)}", factor * share * part, whole)
            for (layers, part), statistic, target in zip(coefficients.items(), of_pastiche, targets, strict=True)
        ]
    return found


def _kinds(loss: TransferLoss, mask: Mask | None) -> list[tuple[str, float, bool]]:
    """What is compared of a style with that mask: its part of the terms' names, its share, and whether it is guided."""
    if loss.guided_statistic == "gram" or mask is None:
        return [("", 1.0, True)]
    return [("", 0.5, False), (SUMS, 0.5, True)]


def _statistic(
    loss: TransferLoss,
    kind: str,
    layers: tuple[str, ...],
    extractor: FeatureExtractor,
    size: tuple[int, int],
    image_size: tuple[int, int],
    guide: Guide | None,
) -> Statistic:
    """What is compared at a layer, of an image of `size`, for a pastiche of `image_size`."""
    if kind == SUMS:
        return terms.guided_sums(layers, guide, size=size, dtype=extractor.dtype)
    if loss.style_loss != "gram":
        return distribution(loss.style_loss, layers, extractor.architecture, image_size=image_size, guide=guide)
    return terms.correlations(
        layers, size=size, image_size=image_size, normalization=loss.normalization, shift=loss.shift, guide=guide
    )


def _style_term(
    loss: TransferLoss,
    kind: str,
    statistic: Statistic,
    target: Tensor,
    name: str,
    weight: float,
    image_size: tuple[int, int],
) -> Term:
    """A term of a style: the loss of the statistics at a layer."""
    if kind == SUMS:
        compared = relative_error if loss.normalization == "relative" else guided_sum_loss_gatys2016
        return Term(name, weight, statistic, compared, target)
    if loss.style_loss != "gram":
        return Term(name, weight, statistic, relative_loss(loss.style_loss), target_of(loss.style_loss, target))
    return terms.style(
        statistic, target, name=name, weight=weight, image_size=image_size, normalization=loss.normalization
    )
