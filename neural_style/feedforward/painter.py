"""Photos painted in one pass by a feed-forward network, with colours, strength, transparency and record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Unpack

import numpy as np

from neural_style import images
from neural_style.color_transfer import transfer_color
from neural_style.errors import InvalidInputError
from neural_style.feedforward.embedded import EmbeddedNetwork
from neural_style.feedforward.fast_run import EMBEDDED, TECHNIQUE, FastRun, FastRunSettings
from neural_style.feedforward.model import Array, Statistics
from neural_style.feedforward.styles import PreparedStyle, prepared
from neural_style.feedforward.trained import TrainedNetwork
from neural_style.images import ImageSource, Picture
from neural_style.inputs import Content, Style, as_content, as_styles, working_size
from neural_style.runs import records
from neural_style.runs.result import Result
from neural_style.validation import check_choice


class Painter:
    """A network that paints photos in one pass, without an optimisation.

    Example:
        >>> from neural_style.feedforward import Painter
        >>> from neural_style.samples import sample
        >>> painter = Painter()
        >>> night = painter.style(sample("night")[:64, :80])  # a style serves any number of photos
        >>> painter.paint(sample("cat")[:40, :50], night).image.shape
        (40, 50, 3)

    Attributes:
        model: `embedded`, or the path of the file.
        network: an `EmbeddedNetwork` or a `TrainedNetwork`.
    """

    def __init__(self, model: str | os.PathLike[str] = EMBEDDED) -> None:
        """
        Args:
            model: `embedded`, the network inside the package, for any painting; a `.keras` file that
                `neural-style train` has written, for the paintings that it was trained for; or an `.npz` file with
                other weights of the embedded network.

        Raises:
            InvalidInputError, MissingFileError: the file is not one of such a network, or not there.
        """
        self.model = os.fspath(model)
        self.network: EmbeddedNetwork | TrainedNetwork
        if self.model == EMBEDDED:
            self.network = _embedded_network(os.getpid())
        elif self.model.endswith(".npz"):
            self.network = EmbeddedNetwork(Path(model))
        else:
            self.network = TrainedNetwork(Path(model))

    def __reduce__(self) -> tuple[type[Painter], tuple[str]]:
        """In another process the network is loaded again."""
        return Painter, (self.model,)

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles that the network was trained for; empty where it paints in any."""
        return self.network.styles if isinstance(self.network, TrainedNetwork) else ()

    def style(self, *paintings: Style | ImageSource) -> PreparedStyle:
        """A style for any number of photos.

        Args:
            paintings: of the embedded network one or more, as paths, PIL images, arrays (H, W, 3), RGB in 0..255, or
                `Style` objects with weights and scales; their statistics are computed when a photo is painted, once for
                each size. Of a trained network names of its styles, by default the first.

        Raises:
            InvalidInputError, MissingFileError: a painting cannot be read or has a mask, or a name is no style's.
        """
        if isinstance(self.network, TrainedNetwork):
            names = [str(each) for each in paintings] or [self.network.styles[0]]
            for name in names:
                check_choice("style of this network", name, self.network.styles)
            return PreparedStyle(names=tuple((name, 1 / len(names)) for name in names))
        found = as_styles(list(paintings))
        if any(style.mask is not None or style.label_map is not None for style in found):
            raise InvalidInputError("a feed-forward network has no masks: leave them out, or use Network")
        return prepared(found)

    def paint(
        self, photo: Content | ImageSource, style: PreparedStyle | None = None, **settings: Unpack[FastRunSettings]
    ) -> Result:
        """Paint a photo.

        Args:
            photo: a path, a PIL image, an array (H, W, 3), RGB in 0..255, or a `Content`, whose `color_mask` limits
                `preserve_color`.
            style: from `style`; optional for a trained network, whose first style it is then.
            settings: the fields of `FastRun`.

        Returns:
            The picture, of the photo's size to the pixel, with the photo's alpha and with its record.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, before any work is done.
        """
        return self.paint_batch([photo], style, **settings)[0]

    def paint_batch(
        self,
        photos: Iterable[Content | ImageSource] | Array,
        style: PreparedStyle | None = None,
        *,
        statistics: Statistics | None = None,
        **settings: Unpack[FastRunSettings],
    ) -> list[Result]:
        """Paint photos of one size together, such as an array (N, H, W, 3); otherwise as `paint`.

        Args:
            photos, style, settings: see `paint`.
            statistics: of an earlier frame of a video, which the embedded network uses in place of these photos' own;
                an empty dict is filled. A trained network computes its own for each photo.

        Raises:
            InvalidInputError, MissingFileError: as in `paint`; and where the photos have several sizes.
        """
        run = checked_settings(settings)
        style = self._checked_style(style)
        contents = [_checked_content(photo) for photo in photos]
        if not contents:
            return []
        sizes = sorted({size_of(content.picture, run) for content in contents})
        if len(sizes) > 1:
            raise InvalidInputError(f"photos of one batch must have one size, received {sizes}: paint them one by one")
        before = [images.resize(content.picture.rgb, sizes[0]) for content in contents]
        painted = before if run.strength == 0 else self._painted(before, style, run, statistics)
        return [
            self._result(content, plain, after, style, run)
            for content, plain, after in zip(contents, before, painted, strict=True)
        ]

    def _painted(
        self, photos: Sequence[Array], style: PreparedStyle, run: FastRun, held: Statistics | None
    ) -> Iterable[Array]:
        """Photos of one size, (H, W, 3) in 0..255, painted: float32."""
        if isinstance(self.network, TrainedNetwork):
            if run.rounds is not None or run.tile is not None:
                raise InvalidInputError("rounds and tile are settings of the embedded network: leave them out")
            return self.network.run(np.stack(photos), style.names)
        size = photos[0].shape[0], photos[0].shape[1]
        tile = run.tile_for(size)
        statistics = style.statistics(self.network, size, tile=tile)
        seed, rounds, network = run.seed, run.rounds, self.network
        if tile is None:
            return network.run(np.stack(photos), statistics, seed=seed, rounds=rounds, statistics=held)
        return (
            network.run_in_tiles(photo, statistics, tile, seed=seed, rounds=rounds, statistics=held) for photo in photos
        )

    def _checked_style(self, style: PreparedStyle | None) -> PreparedStyle:
        if isinstance(self.network, TrainedNetwork):
            style = style or self.style()
            known = {name for name, _ in style.names}
            if style.paintings or not known <= set(self.network.styles):
                raise InvalidInputError(
                    f"{self.model} paints in {', '.join(self.network.styles)} only: leave the style out, or name one"
                )
        elif style is None or not style.paintings:
            raise InvalidInputError("the embedded network needs a painting: pass painter.style(painting)")
        return style

    def _result(self, content: Content, before: Array, after: Array, style: PreparedStyle, run: FastRun) -> Result:
        if run.preserve_color != "none" and run.strength > 0:
            opacity = content.picture.alpha
            opacity = None if opacity is None else images.resize(opacity, after.shape[:2])
            painted = Picture(after, opacity, "the painted picture", None)
            mask = content.color_mask_in_memory
            after = transfer_color(content.original, painted, method=run.preserve_color, mask=mask)
        mixed = after if run.strength in (0, 1) else before + np.float32(run.strength) * (after - before)
        alpha = content.picture.alpha
        return Result(
            image=images.to_uint8(mixed),
            alpha=None if alpha is None else images.resize(alpha, mixed.shape[:2]),
            losses={},
            history=(),
            stopped="",
            record=self._record(content, style, run),
        )

    def _record(self, content: Content, style: PreparedStyle, run: FastRun) -> records.Record:
        named = [{"name": name, "weight": share} for name, share in style.names]
        return {
            "neural_style": records.library_version(),
            "technique": TECHNIQUE,
            "settings": {"model": self.model},
            "content": records.describe(content),
            "styles": [*map(records.describe, style.paintings), *named],
            "run": records.plain(run),
            "versions": records.versions(),
            "weights_sha256": self.network.weights_sha256,
            "losses": {},
            "history": [],
            "stopped": "",
        }


def checked_settings(settings: FastRunSettings) -> FastRun:
    """The settings of a picture, checked."""
    for name in settings:
        check_choice("setting of a picture", name, FastRun.__dataclass_fields__)
    return FastRun(**settings)


def size_of(picture: Picture, run: FastRun) -> tuple[int, int]:
    """Rows and columns of the painted picture."""
    return picture.size if run.size is None else working_size(picture, run.size)


def _checked_content(photo: Content | ImageSource) -> Content:
    content = as_content(photo)
    if content.mask is not None or content.label_map is not None:
        raise InvalidInputError("a feed-forward network has no masks and no label maps: leave them out, or use Network")
    return content


def paint(photo: Content | ImageSource, *paintings: Style | ImageSource, **settings: Unpack[FastRunSettings]) -> Result:
    """Paint a photo in the style of one or more paintings in one pass of the network in the package; see `Painter`.

    Example:
        >>> from neural_style.feedforward import paint
        >>> from neural_style.samples import sample
        >>> paint(sample("cat")[:40, :50], sample("night")[:64, :80], strength=0.8).image.shape
        (40, 50, 3)
    """
    painter = Painter()
    return painter.paint(photo, painter.style(*paintings), **settings)


@lru_cache(maxsize=1)
def _embedded_network(process: int) -> EmbeddedNetwork:
    """The network in the package, loaded once in each process, with its programs."""
    return EmbeddedNetwork()
