"""Widgets of inputs: drop zones for pictures, and drawing boards for masks and label maps.

Each input of a mode becomes one `Field`: components in a fixed order, and a function that turns their values into
files.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from neural_style.studio import sketches
from neural_style.studio.limits import Limits
from neural_style.studio.mode import Input
from neural_style.studio.results import upright

BOARD = (720, 480)
"""Width and height of an empty drawing board, in pixels."""

BOARD_HEIGHT = 460
"""Of the editor with its tools, on the page."""

BRUSHES = [sketches.hexadecimal(color) for color in sketches.PALETTE.values()]

BACKGROUND = 1024
"""Longer side of the copy of a picture on which one draws; masks and maps need no more."""


def as_uploaded(widget: Any) -> Any:
    """Let the file of an image reach the painter as it was uploaded: with all depth, profile and settings inside.

    The method is replaced on the object, since gradio writes a file beside each module that derives from its classes.
    """
    widget.preprocess = lambda payload: None if payload is None else payload.path
    return widget


def refuse_addresses(block: Any) -> None:
    """Let a component take no file by an address, which gradio would download: the studio sends nothing anywhere."""
    keep = block.async_move_resource_to_block_cache

    async def kept(path: Any) -> str | None:
        if "://" in str(path):
            raise gr.Error("A file is uploaded, and not named by an address.", print_exception=False)
        found: str | None = await keep(path)
        return found

    block.async_move_resource_to_block_cache = kept


def limited(board: Any, limits: Limits) -> Any:
    """Let an editor check the size of what it is sent before it decodes it."""
    decode = board.convert_and_format_image

    def checked(file: Any, *arguments: Any, **named: Any) -> Any:
        if file is not None:
            with Image.open(io.BytesIO(file) if isinstance(file, bytes | bytearray) else file.path) as image:
                pixels = image.width * image.height  # of the header
            if pixels > limits.pixels:
                raise gr.Error(f"A drawing may have at most {limits.pixels / 1e6:g} megapixels.")
        return decode(file, *arguments, **named)

    board.convert_and_format_image = checked
    return board


@dataclass(frozen=True)
class Field:
    """The components of an input.

    Attributes:
        input: what they are for.
        components: in the order of their values in `read`.
        read: the files that those values, and the number of paintings, stand for; empty where there are none.
        show: the values that stand for some files.
        board: the component that draws on a picture, which is set when that picture is chosen.
    """

    input: Input
    components: Sequence[Any]
    read: Callable[[Sequence[Any]], tuple[Path, ...]]
    show: Callable[[Sequence[Path]], list[Any]]
    board: Any = None


def picture(entry: Input, *, height: int = 360) -> Field:
    """A drop zone for one picture."""
    widget = gr.Image(
        type="filepath",
        image_mode=None,
        label=entry.title,
        height=height,
        sources=["upload", "clipboard"],
        buttons=["fullscreen"],
        placeholder=f"{entry.title}\ndrop it here, or press to choose",
        alt_text=entry.title,
        elem_classes=["mount", f"input-{entry.name}"],
    )
    return Field(entry, [as_uploaded(widget)], lambda values: _files(values[:1]), _first)


def pictures(entry: Input, *, height: int = 360) -> Field:
    """A drop zone for one or more pictures."""
    widget = gr.Gallery(
        type="filepath",
        label=entry.title,
        height=height,
        columns=2,
        object_fit="contain",
        interactive=True,
        buttons=[],
        sources=["upload", "clipboard"],
        elem_classes=["mount", f"input-{entry.name}"],
    )
    return Field(
        entry,
        [widget],
        lambda values: _files([path for path, _ in values[0] or ()]),
        lambda paths: [[str(path) for path in paths] or None],
    )


def film(entry: Input, *, height: int = 360) -> Field:
    """A drop zone for a film."""
    widget = gr.Video(
        label=entry.title,
        height=height,
        sources=["upload"],
        buttons=[],
        elem_classes=["mount", f"input-{entry.name}"],
    )
    return Field(entry, [widget], lambda values: _files(values[:1]), _first)


def mask(entry: Input) -> Field:
    """A mask, drawn in white or uploaded."""
    return _drawn_or_uploaded(entry, ["#ffffff"], sketches.mask_of)


def label_map(entry: Input) -> Field:
    """A label map, drawn in a few colours or uploaded."""
    return _drawn_or_uploaded(entry, BRUSHES, sketches.label_map)


def masks(entry: Input) -> Field:
    """A mask for each of so many paintings, drawn on the photo in a colour for each."""
    board = _drawing_board(entry, BRUSHES)

    def read(values: Sequence[Any]) -> tuple[Path, ...]:
        layer = _layer(values[0])
        if layer is None:
            return ()
        found = sketches.region_masks(layer, values[1])
        return tuple(_saved(each, f"region_{index}") for index, each in enumerate(found, 1))

    def show(paths: Sequence[Path]) -> list[Any]:
        if not paths:
            return [gr.skip()]
        drawn = sketches.layer_of_masks([np.asarray(Image.open(path).convert("L")) for path in paths])
        return [{"background": None, "layers": [drawn], "composite": None}]

    return Field(entry, [board], read, show, board)


def _drawn_or_uploaded(entry: Input, colors: Sequence[str], pixels: Callable[[np.ndarray], np.ndarray]) -> Field:
    """A drawing board and a drop zone; a file that was uploaded comes before the drawing."""
    with gr.Column(min_width=260):
        gr.HTML(f"<p class='board-title'>{entry.title}</p>", padding=False)
        with gr.Tabs(elem_classes="either"):
            with gr.Tab("Draw"):
                board = _drawing_board(entry, colors)
            with gr.Tab("Upload"):
                upload = picture(entry, height=300).components[0]

    def read(values: Sequence[Any]) -> tuple[Path, ...]:
        layer = _layer(values[0])
        return _files(values[1:2]) or (() if layer is None else (_saved(pixels(layer), entry.name),))

    return Field(entry, [board, upload], read, lambda paths: [gr.skip(), *_first(paths)], board)


def _drawing_board(entry: Input, colors: Sequence[str]) -> Any:
    board = gr.ImageEditor(
        value={"background": np.full((BOARD[1], BOARD[0], 3), 255, np.uint8), "layers": [], "composite": None},
        type="numpy",
        image_mode="RGBA",
        label=entry.title,
        show_label=False,
        height=BOARD_HEIGHT,
        brush=gr.Brush(colors=list(colors), default_color=colors[0], color_mode="fixed", default_size=sketches.BRUSH),
        eraser=gr.Eraser(default_size=sketches.BRUSH),
        layers=gr.LayerOptions(allow_additional_layers=False, disabled=True),
        sources=[],
        transforms=(),
        buttons=["fullscreen"],
        canvas_size=BOARD,
        elem_classes=["board", f"board-{entry.name}"],
    )
    return limited(board, Limits())


def on_board(path: str | None) -> Any:
    """The value of a board on which one draws over a picture."""
    if not path:
        return gr.skip()
    Limits().check_picture(Path(path), "the picture")
    image = upright(Path(path), BACKGROUND)
    image.thumbnail((BACKGROUND, BACKGROUND))
    return {"background": np.asarray(image), "layers": [], "composite": None}


def _layer(value: Any) -> Any:
    return None if not value else sketches.drawn(value["layers"])


def _first(paths: Sequence[Path]) -> list[Any]:
    return [str(paths[0]) if paths else None]


def _files(values: Sequence[Any]) -> tuple[Path, ...]:
    return tuple(Path(value) for value in values if value)


def _saved(pixels: np.ndarray, name: str) -> Path:
    """A PNG among the temporary files of the page, which are removed after a time."""
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR")))
    path = folder / f"{name}.png"
    Image.fromarray(pixels).save(path)
    return path
