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
    rows, columns = size
    large, small = _fonts(rows)
    gap = max(8, rows // 12)
    line = gap // 3
    wide = max(columns, NARROWEST)
    notes = [[_wrapped(cell.note, small, FAINT, wide) for cell in cells] for cells in grid]
    above = [[_label(cell.above, large, small, wide) for cell in cells] for cells in grid]
    at_left = [_label(label, large, small, wide) for label in beside]
    thumbs = _thumbs(inputs, rows, wide, stacked=not beside, gap=line)
    corner = max((thumb.shape[0] for thumb in thumbs), default=0) if beside else 0
    across = sum(thumb.shape[1] + line for thumb in thumbs) - line
    taken = across if beside else max((thumb.shape[1] for thumb in thumbs), default=0)
    margin = max([taken, *(text.width for text in at_left)])
    first_column = gap + margin + gap

    heads = [max(text.height for text in texts) + line for texts in above]
    heads[0] = max(heads[0], corner + gap)
    feet = [max((text.height for text, cell in zip(*row, strict=True) if cell.picture is not None), default=0)
            for row in zip(notes, grid, strict=True)]  # fmt: skip
    height = gap + sum(heads) + sum(feet) + len(grid) * (rows + line + gap)
    width = first_column + max(map(len, grid)) * (wide + gap)
    sheet = Image.new("RGB", (width, height), WHITE)
    pen = ImageDraw.Draw(sheet)

    places: list[list[tuple[int, int]]] = []
    top = gap
    for index, cells in enumerate(grid):
        top += heads[index]
        places.append([])
        if index == 0:
            _paste_corner(sheet, thumbs, top - gap if beside else top, gap + margin, line, stacked=not beside)
        if beside:
            text = at_left[index]
            _write(pen, text, top + (rows - text.height) // 2, lambda w: gap + margin - w)
        for number, cell in enumerate(cells):
            left = first_column + number * (wide + gap)
            middle = _centred(left, wide)
            label, note = above[index][number], notes[index][number]
            _write(pen, label, top - line - label.height, middle)
            place = top, left + (wide - columns) // 2
            places[-1].append(place)
            if cell.picture is None:
                pen.rectangle((place[1], top, place[1] + columns - 1, top + rows - 1), fill=EMPTY)
                inside = _wrapped(
                    cell.note, small, FAINT, columns - 2 * line, joint=" ", most=rows // _line_height(small)
                )
                _write(pen, inside, top + (rows - inside.height) // 2, middle)
                continue
            sheet.paste(Image.fromarray(images.resize(cell.picture, size, method="lanczos")), (place[1], place[0]))
            _write(pen, note, top + rows + line, middle)
        top += rows + line + feet[index] + gap
    return np.asarray(sheet), places


def _thumbs(inputs: Sequence[np.ndarray], rows: int, wide: int, *, stacked: bool, gap: int) -> list[np.ndarray]:
    """The inputs as they are shown: together as high as a picture in a stack, half as high side by side."""
    if stacked:
        height = (rows - (len(inputs) - 1) * gap) // len(inputs)
    else:
        shapes = sum(image.shape[1] / image.shape[0] for image in inputs)
        height = min(max(40, rows // 2), int(1.5 * wide / shapes))
    found = []
    for image in inputs:
        factor = min(height / image.shape[0], wide / image.shape[1])
        size = max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor))
        found.append(images.resize(image, size, method="box"))
    return found


def _paste_corner(
    sheet: Image.Image, thumbs: Sequence[np.ndarray], edge: int, right: int, gap: int, *, stacked: bool
) -> None:
    """In a stack from `edge` down, or in a line that stands on it; flush with `right` either way."""
    if stacked:
        for thumb in thumbs:
            sheet.paste(Image.fromarray(thumb), (right - thumb.shape[1], edge))
            edge += thumb.shape[0] + gap
        return
    for thumb in reversed(thumbs):
        sheet.paste(Image.fromarray(thumb), (right - thumb.shape[1], edge - thumb.shape[0]))
        right -= thumb.shape[1] + gap


def _fonts(rows: int) -> tuple[Any, Any]:
    """For values and for all else: larger in a larger sheet, never too small to be read."""
    large = min(32, max(16, 12 + rows // 24))
    return ImageFont.load_default(size=large), ImageFont.load_default(size=max(12, large * 3 // 4))


def _label(label: Label | None, large: Any, small: Any, width: int) -> _Text:
    if label is None:
        return _Text([])
    value = _wrapped(_breakable(label.value), large, INK, width, joint="")
    return _Text([*_wrapped([label.name], small, FAINT, width).lines, *value.lines])


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
