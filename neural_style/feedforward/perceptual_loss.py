"""The loss of a painting network: features of any network of the VGG family, for a batch of pictures.

For a photo c, its pastiche x and the style s that was asked for, with features F_l and mean Gram matrices G_l:

    content_weight L(F(x), F(c)) + style_weight sum_l S(G_l(x), G_l(s)) + total_variation_weight TV(x)
        + range_weight E(x).

S is `relative`, |G - A|^2 / |A|^2, in the units of `neural_style.losses.style`, or `norm`, that of `gatys2016` divided
by 4 |F_l(s)| (msokoloff1/Real-Time-Style-Transfer). L is `relative`, |F - P|^2 / |P|^2, `mean`,
|F - P|^2 / (C h w) (Johnson et al. 2016, equation 2), or `norm`, |F - P|^2 / (2 |P|) (msokoloff1 again). TV is the mean
of the squared differences of vertical neighbours plus that of horizontal ones (lengstrom/fast-style-transfer). E is the
mean distance of values from 0..255, over 64; with it, F and G are those of the picture clipped to that range, which is
the one that is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.features import vgg, weights
from neural_style.features.extractor import preprocess
from neural_style.feedforward.model import Array
from neural_style.feedforward.settings import LossSettings
from neural_style.losses.content import content_loss_gatys2016, squared_error
from neural_style.losses.relative import SMALLEST, relative_error
from neural_style.losses.style import mean_gram_matrix, style_loss_gatys2016, style_loss_johnson2016

Loss = Callable[[Tensor, Tensor], Tensor]

STYLE_LOSSES: dict[str, Loss] = {
    "relative": relative_error,
    "johnson2016": style_loss_johnson2016,
    "gatys2016": style_loss_gatys2016,
    "norm": style_loss_gatys2016,
}


def error_by_norm(features: Tensor, target: Tensor) -> Tensor:
    """`|F - P|^2 / (2 |P|)`, (N,), for (N, h, w, C); see the module."""
    norm = ops.sqrt(ops.sum(ops.square(target), axis=(1, 2, 3)))
    return squared_error(features, target) / (2 * norm + SMALLEST)


CONTENT_LOSSES: dict[str, Loss] = {
    "relative": relative_error,
    "mean": content_loss_gatys2016,
    "norm": error_by_norm,
}


def mean_squared_differences(image: Tensor) -> Tensor:
    """`mean (x[i+1,j] - x[i,j])^2 + mean (x[i,j+1] - x[i,j])^2`, (N,), for (N, H, W, C) in grey levels."""
    down = ops.square(image[:, 1:] - image[:, :-1])
    right = ops.square(image[:, :, 1:] - image[:, :, :-1])
    return ops.mean(down, axis=(1, 2, 3)) + ops.mean(right, axis=(1, 2, 3))


def mean_excess(image: Tensor) -> Tensor:
    """Mean distance of values from 0..255, over 64, (N,), for (N, H, W, C) in grey levels."""
    return ops.mean(ops.abs(image - ops.clip(image, 0.0, 255.0)), axis=(1, 2, 3)) / 64


class PerceptualLoss:
    """The loss of given paintings.

    Attributes:
        settings: layers, weights and units.
        network: of the VGG family, with weights of its own that nothing else uses, as a training moves them.
        weights_sha256: fingerprint of these weights.
        targets: mean Gram matrices of the paintings by layer, (styles, C, C).
        norms: of the paintings' features by layer, (styles,).
    """

    def __init__(self, settings: LossSettings, paintings: Sequence[Array]) -> None:
        """
        Args:
            settings: see the class.
            paintings: (H, W, 3), RGB in 0..255, of any sizes.

        Raises:
            InvalidInputError, MissingFileError: see `neural_style.features.weights.load`.
        """
        table = vgg.architecture(str(settings.model))
        self._style_layers: tuple[str, ...] = settings.style_layers or ()
        layers = tuple(dict.fromkeys([*self._style_layers, settings.content_layer]))
        loaded = weights.load(table, settings.weights, table.up_to_deepest(layers))
        self.settings, self.weights_sha256 = settings, weights.fingerprint(loaded)
        self.network: keras.Model = vgg.build(table.name, layers, loaded, pooling=settings.pooling)
        found = [self._grams(painting) for painting in paintings]
        self.targets = {name: np.concatenate([each[name] for each in found]) for name in self._style_layers}
        self.norms = {
            name: np.stack(
                [_norm(each[name][0], name, painting) for each, painting in zip(found, paintings, strict=True)]
            )
            for name in self._style_layers
        }

    def _grams(self, painting: Array) -> dict[str, Array]:
        program = backend.compiled(self._mean_grams, is_run_once=True)
        found = program(ops.convert_to_tensor(painting[None], dtype="float32"))
        return {name: np.asarray(ops.convert_to_numpy(gram)) for name, gram in found.items()}

    def _mean_grams(self, picture: Tensor) -> dict[str, Tensor]:
        features = self.network(preprocess(picture))
        return {name: mean_gram_matrix(features[name]) for name in self._style_layers}

    def __call__(self, pastiche: Tensor, photo: Tensor, style: Tensor | None = None) -> dict[str, Tensor]:
        """The weighted parts `content`, `style`, `tv` and `range` of each picture, (N,).

        Args:
            pastiche, photo: (N, H, W, 3), RGB in 0..255.
            style: (N, styles), the weight of each style; its target is the mixture of the styles' Gram matrices. None
                with one style.
        """
        chosen = self.settings
        seen = ops.clip(pastiche, 0.0, 255.0) if chosen.range_weight else pastiche
        found, wanted = (self.network(preprocess(each)) for each in (seen, photo))
        content = CONTENT_LOSSES[chosen.content_normalization](
            found[chosen.content_layer], wanted[chosen.content_layer]
        )
        styles = []
        for layer, targets in self.targets.items():
            target, norm = ops.convert_to_tensor(targets), ops.convert_to_tensor(self.norms[layer])
            if style is not None:
                target, norm = ops.tensordot(style, target, axes=1), ops.matmul(style, norm)
            error = STYLE_LOSSES[chosen.normalization](mean_gram_matrix(found[layer]), target)
            styles.append(error / (4 * norm) if chosen.normalization == "norm" else error)
        return {
            "content": chosen.content_weight * content,
            "style": chosen.style_weight * sum(styles[1:], styles[0]),
            "tv": chosen.total_variation_weight * mean_squared_differences(seen),
            "range": chosen.range_weight * mean_excess(pastiche),
        }


def _norm(gram: Array, layer: str, picture: Array) -> Array:
    """The Frobenius norm of a layer's features, from their mean Gram matrix: the square root of M tr A."""
    rows, columns = vgg.size_at(layer, (picture.shape[0], picture.shape[1]))
    return np.asarray(np.sqrt(np.trace(gram) * rows * columns), np.float32)
