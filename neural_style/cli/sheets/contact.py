"""Pictures in rows and columns as one picture: labels above and beside them, a note under each, the inputs small."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from neural_style import images

NARROWEST = 120
"""Columns of a cell at least: labels and notes above and under a narrower picture could not be read."""

MOST_LINES = 4
"""Of a label; what is longer is cut."""

WHITE, INK, FAINT, EMPTY = "#ffffff", "#111111", "#666666", "#ececec"


class Label(NamedTuple):
    """What was varied, and the value that it has here: two lines."""

    name: str
    value: str


class Cell(NamedTuple):
    """One place of the sheet.

    Attributes:
        picture: uint8 (H, W, 3), RGB; None leaves an empty box.
        note: short phrases under the picture, none of which is broken; or words inside the empty box.
        above: the label over the picture.
    """

    picture: np.ndarray | None
    note: Sequence[str] = ()
    above: Label | None = None


class _Text(NamedTuple):
    """Lines with the font and colour of each."""

    lines: Sequence[tuple[str, Any, str]]

    @property
    def height(self) -> int:
        return sum(_line_height(font) for _, font, _ in self.lines)

    @property
    def width(self) -> int:
        return max((_width(line, font) for line, font, _ in self.lines), default=0)


class _Shape(NamedTuple):
    """Of every cell, in pixels: rows and columns of its picture, and what follows from these."""

    rows: int
    columns: int

    @property
    def gap(self) -> int:
        """Between cells, and around all."""
        return max(8, self.rows // 12)

    @property
    def line(self) -> int:
        """Between a picture and its texts."""
        return self.gap // 3

    @property
    def width(self) -> int:
        """Columns of the cell, in whose middle the picture is."""
        return max(self.columns, NARROWEST)

    @property
    def fonts(self) -> tuple[Any, Any]:
        """For values and for all else: larger in a larger sheet, never too small to be read."""
        large = min(32, max(16, 12 + self.rows // 24))
        return ImageFont.load_default(size=large), ImageFont.load_default(size=max(12, large * 3 // 4))


class _Texts(NamedTuple):
    """All that is written: over each cell, under each or in its place, and beside each row."""

    above: Sequence[Sequence[_Text]]
    notes: Sequence[Sequence[_Text]]
    beside: Sequence[_Text]


class _Layout(NamedTuple):
    """Where all of a sheet is.

    Attributes:
        size: columns and rows of the sheet, as Pillow has them.
        edge: where labels beside the rows, and the inputs, end on the right.
        tops: top row of the pictures in each row of cells.
        lefts: left column of each column of cells.
    """

    size: tuple[int, int]
    edge: int
    tops: Sequence[int]
    lefts: Sequence[int]


def draw(
    grid: Sequence[Sequence[Cell]],
    beside: Sequence[Label],
    inputs: Sequence[np.ndarray],
    size: tuple[int, int],
) -> tuple[np.ndarray, list[list[tuple[int, int]]]]:
    """The sheet, and where the pictures are in it.

    Args:
        grid: cells by row; the last row may be shorter.
        beside: the label of each row, or none at all.
        inputs: small pictures for the corner, which is above the rows' labels, or beside the first row without them.
        size: rows and columns that every picture is shown in.

    Returns:
        uint8 (H, W, 3), and for each cell the top row and the left column of its picture.
    """
    shape = _Shape(*size)
    texts = _Texts(
        [[_label(cell.above, shape) for cell in cells] for cells in grid],
        [[_note(cell, shape) for cell in cells] for cells in grid],
        [_label(label, shape) for label in beside],
    )
    thumbs = _thumbs(inputs, shape, stacked=not beside)
    layout = _laid_out(grid, texts, thumbs, shape)
    sheet = Image.new("RGB", layout.size, WHITE)
    _paste_corner(sheet, thumbs, layout, shape, stacked=not beside)
    pen = ImageDraw.Draw(sheet)
    for text, top in zip(texts.beside, layout.tops, strict=False):
        _write(pen, text, top + (shape.rows - text.height) // 2, lambda width: layout.edge - width)
    places: list[list[tuple[int, int]]] = []
    for cells, top, above, notes in zip(grid, layout.tops, texts.above, texts.notes, strict=True):
        places.append([])
        for cell, left, label, note in zip(cells, layout.lefts, above, notes, strict=False):
            place = top, left + (shape.width - shape.columns) // 2
            middle = _centred(left, shape.width)
            _write(pen, label, top - shape.line - label.height, middle)
            if cell.picture is None:
                box = place[1], top, place[1] + shape.columns - 1, top + shape.rows - 1
                pen.rectangle(box, fill=EMPTY)
                _write(pen, note, top + (shape.rows - note.height) // 2, middle)
            else:
                shown = images.resize(cell.picture, size, method="lanczos")
                sheet.paste(Image.fromarray(shown), place[::-1])
                _write(pen, note, top + shape.rows + shape.line, middle)
            places[-1].append(place)
    return np.asarray(sheet), places


def _laid_out(grid: Sequence[Sequence[Cell]], texts: _Texts, thumbs: Sequence[np.ndarray], shape: _Shape) -> _Layout:
    """Room for the highest text of each row, and for the inputs: in a line above the labels, or else in a stack."""
    gap, line = shape.gap, shape.line
    heads = [max(text.height for text in row) + line for row in texts.above]
    if texts.beside:
        heads[0] = max(heads[0], max((thumb.shape[0] for thumb in thumbs), default=0) + gap)
        taken = sum(thumb.shape[1] + line for thumb in thumbs) - line
    else:
        heads[0] = max(heads[0], gap)
        taken = max((thumb.shape[1] for thumb in thumbs), default=0)
    edge = gap + max([taken, *(text.width for text in texts.beside)])
    tops, bottom = [], gap
    for cells, head, notes in zip(grid, heads, texts.notes, strict=True):
        tops.append(bottom + head)
        under = [text for cell, text in zip(cells, notes, strict=True) if cell.picture is not None]
        bottom += head + shape.rows + line + max((text.height for text in under), default=0) + gap
    *lefts, right = (edge + gap + index * (shape.width + gap) for index in range(max(map(len, grid)) + 1))
    return _Layout((right, bottom), edge, tops, lefts)


def _thumbs(inputs: Sequence[np.ndarray], shape: _Shape, *, stacked: bool) -> list[np.ndarray]:
    """The inputs as they are shown: together as high as a picture in a stack, half as high side by side."""
    if stacked:
        height = (shape.rows - (len(inputs) - 1) * shape.line) // len(inputs)
    else:
        across = sum(image.shape[1] / image.shape[0] for image in inputs)
        height = min(max(40, shape.rows // 2), int(1.5 * shape.width / across))
    found = []
    for image in inputs:
        factor = min(height / image.shape[0], shape.width / image.shape[1])
        size = max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor))
        found.append(images.resize(image, size, method="box"))
    return found


def _paste_corner(
    sheet: Image.Image, thumbs: Sequence[np.ndarray], layout: _Layout, shape: _Shape, *, stacked: bool
) -> None:
    """In a stack beside the first row, or in a line above it; flush with the labels either way."""
    right, top = layout.edge, layout.tops[0]
    if stacked:
        for thumb in thumbs:
            sheet.paste(Image.fromarray(thumb), (right - thumb.shape[1], top))
            top += thumb.shape[0] + shape.line
        return
    for thumb in reversed(thumbs):
        sheet.paste(Image.fromarray(thumb), (right - thumb.shape[1], top - shape.gap - thumb.shape[0]))
        right -= thumb.shape[1] + shape.line


def _label(label: Label | None, shape: _Shape) -> _Text:
    if label is None:
        return _Text([])
    large, small = shape.fonts
    value = _wrapped(_breakable(label.value), large, INK, shape.width, joint="")
    return _Text([*_wrapped([label.name], small, FAINT, shape.width).lines, *value.lines])


def _note(cell: Cell, shape: _Shape) -> _Text:
    """For under the picture, or for inside the box without one, as far as there is room."""
    _, font = shape.fonts
    if cell.picture is not None:
        return _wrapped(cell.note, font, FAINT, shape.width)
    most = shape.rows // _line_height(font)
    return _wrapped(cell.note, font, FAINT, shape.columns - 2 * shape.line, joint=" ", most=most)


def _breakable(text: str) -> list[str]:
    """Parts of a value: it may be broken behind commas, slashes and blanks."""
    return re.findall(r"[^,/ ]*[,/ ]|[^,/ ]+", text)


def _wrapped(
    parts: Iterable[str], font: Any, colour: str, width: int, *, joint: str = "  ", most: int = MOST_LINES
) -> _Text:
    """Parts in lines of at most `width` pixels; one that is longer by itself is broken between letters."""
    lines: list[str] = []
    for part in parts:
        if lines and _width(lines[-1] + joint + part, font) <= width:
            lines[-1] += joint + part
            continue
        lines.append("")
        for letter in part:
            if lines[-1] and _width(lines[-1] + letter, font) > width:
                lines.append("")
            lines[-1] += letter
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
    return _Text([(line, font, colour) for line in lines])


def _write(pen: ImageDraw.ImageDraw, text: _Text, top: int, left: Callable[[int], int]) -> None:
    """Lines from `top` down, each from `left` of its width on."""
    for line, font, colour in text.lines:
        pen.text((left(_width(line, font)), top), line, font=font, fill=colour)
        top += _line_height(font)


def _centred(left: int, width: int) -> Callable[[int], int]:
    return lambda own: left + (width - own) // 2


def _width(line: str, font: Any) -> int:
    return int(np.ceil(font.getlength(line)))


def _line_height(font: Any) -> int:
    ascent, descent = font.getmetrics()
    return int(ascent + descent)
