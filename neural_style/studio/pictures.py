"""The pictures of a request as the library takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, Style
from neural_style.masks.mask import Mask, read_mask
from neural_style.studio.request import Request


def pictures_of(request: Request) -> tuple[Content, Sequence[Style]]:
    """Content and styles of a request, their pictures still in files and their masks in memory.

    Raises:
        InvalidInputError, MissingFileError: a mask cannot be read, or there are not as many as pictures.
    """
    if request.mode == "doodle":
        style = Style(cast(Path, request.file("painting")), label_map=request.file("painting_map"))
        return Content(request.file("photo"), label_map=request.file("target_map")), [style]
    if request.mode == "reconstruct":
        return Content(request.file("picture")), []
    masks = [_mask(request, request.file(name), name) for name in ("content_mask", "color_mask")]
    return Content(request.file("photo"), mask=masks[0], color_mask=masks[1]), styles_of(request)


def styles_of(request: Request) -> list[Style]:
    """The paintings with their weights, scales and masks.

    Raises:
        InvalidInputError, MissingFileError: as in `pictures_of`.
    """
    paintings = cast(tuple[Path, ...], request.inputs.get("paintings", ()))
    masks = request.inputs.get("style_masks") or (None,) * len(paintings)
    if len(masks) != len(paintings):
        raise InvalidInputError(f"{len(masks)} regions for {len(paintings)} paintings: give one for each")
    known = request.of_mode.settings
    weights, scales = (request.per_picture(known[name]) for name in ("style_weight", "stroke_scale"))
    return [
        Style(path, weight=weight, scale=scale, resize=request.value("resize"), mask=_mask(request, mask, "style mask"))
        for path, weight, scale, mask in zip(paintings, weights, scales, masks, strict=True)
    ]


def _mask(request: Request, path: Path | None, what: str) -> Mask | None:
    if path is None:
        return None
    is_soft = "soft_masks" in request.of_mode.settings and request.value("soft_masks")
    return read_mask(path, soft=bool(is_soft), what=what.replace("_", " "))
