"""Pictures in rows and columns as one picture, with labels above and beside them and notes below."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from neural_style.images.picture import Array, resize

NARROWEST = 120
"""Columns of a cell with text at least: text above and below a narrower picture would be illegible."""

WIDEST = 1400
"""Columns of pixels after which a single row of pictures is wrapped: the width of a screen."""

MOST_LINES = 4
"""Lines of a label at most; a longer one is cut."""

WHITE, INK, FAINT = "#ffffff", "#111111", "#666666"


class Label(NamedTuple):
    """The name of a setting and its value, on two lines."""

    name: str
    value: str


class Cell(NamedTuple):
    """One place of a grid.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        above: the label above the picture.
        note: short phrases below the picture, each on one line.
        inside: words on top of the picture.
    """

    picture: Array
    above: Label | None = None
    note: Sequence[str] = ()
    inside: Sequence[str] = ()


class _Text(NamedTuple):
    """Lines with the font and colour of each."""

    lines: Sequence[tuple[str, Any, str]] = ()

    @property
    def height(self) -> int:
        return sum(_line_height(font) for _, font, _ in self.lines)

    @property
    def width(self) -> int:
        return max((_width(line, font) for line, font, _ in self.lines), default=0)


class _Spacing(NamedTuple):
    """Distances in pixels, and fonts.

    Attributes:
        gap: between cells.
        line: between a picture and its texts.
        margin: around the grid.
        large, small: fonts for values, and for everything else.
    """

    gap: int
    line: int
    margin: int
    large: Any
    small: Any


class _Texts(NamedTuple):
    """All texts: above, below and inside each cell, and beside each row."""

    cells: Sequence[Sequence[tuple[_Text, _Text, _Text]]]
    beside: Sequence[_Text]


class _Layout(NamedTuple):
    """The places of a grid.

    Attributes:
        size: columns and rows of the grid, as Pillow has them.
        edge: right edge of the labels beside the rows, and of the corner's pictures.
        tops: top row of the pictures in each row of cells.
        lefts: left column of each column of cells.
    """

    size: tuple[int, int]
    edge: int
    tops: Sequence[int]
    lefts: Sequence[int]


def cells_in_a_row(count: int, width: int) -> int:
    """How many of `count` pictures of that width fit beside each other, in rows of equal length as far as possible."""
    most = max(1, WIDEST // max(width, NARROWEST))
    return ceil(count / ceil(count / most))


def draw(
    cells: Sequence[Sequence[Cell]],
    *,
    beside: Sequence[Label] = (),
    corner: Sequence[Array] = (),
    gap: int | None = None,
    margin: int | None = None,
) -> tuple[Array, list[list[tuple[int, int]]]]:
    """Arrange pictures in a grid; each keeps its size, and is at the top of its row and in the middle of its column.

    Args:
        cells: rows of cells; the last row may be shorter.
        beside: a label for each row.
        corner: pictures, uint8 (h, w, 3), that are shown small: above the labels of the rows, or without these beside
            the first row.
        gap: pixels between cells; by default in proportion to the pictures.
        margin: pixels around the grid; by default the gap.

    Returns:
        uint8 (H, W, 3), and for each cell the top row and the left column of its picture.
    """
    widths = [max(cell.picture.shape[1] for cell in column if cell is not None) for column in zip_longest(*cells)]
    if any(cell.above or cell.note or cell.inside for row in cells for cell in row):
        widths = [max(width, NARROWEST) for width in widths]
    heights = [max(cell.picture.shape[0] for cell in row) for row in cells]
    spacing = _spacing(max(heights), gap, margin)
    texts = _texts(cells, beside, widths, spacing)
    thumbs = _thumbs(corner, (heights[0], widths[0]), spacing.line, stacked=not beside)
    layout = _laid_out((heights, widths), texts, thumbs, spacing)
    sheet = Image.new("RGB", layout.size, WHITE)
    _paste_corner(sheet, thumbs, layout, spacing, stacked=not beside)
    pen = ImageDraw.Draw(sheet)
    for text, top, height in zip(texts.beside, layout.tops, heights, strict=False):
        _write(pen, text, top + (height - text.height) // 2, lambda width: layout.edge - width)
    places: list[list[tuple[int, int]]] = [[] for _ in cells]
    for index, row in enumerate(cells):
        top = layout.tops[index]
        for cell, left, width, cell_texts in zip(row, layout.lefts, widths, texts.cells[index], strict=False):
            above, note, inside = cell_texts
            rows, columns = cell.picture.shape[:2]
            place = top, left + (width - columns) // 2
            sheet.paste(Image.fromarray(cell.picture), place[::-1])
            places[index].append(place)
            middle = _centred(left, width)
            _write(pen, above, top - spacing.line - above.height, middle)
            _write(pen, note, top + rows + spacing.line, middle)
            _write(pen, inside, top + (rows - inside.height) // 2, middle)
    return np.asarray(sheet), places


def _spacing(tallest: int, gap: int | None, margin: int | None) -> _Spacing:
    """Distances and fonts in proportion to the tallest picture; fonts are never too small to be legible."""
    gap = max(8, tallest // 12) if gap is None else gap
    large = min(32, max(16, 12 + tallest // 24))
    fonts = (ImageFont.load_default(size=size) for size in (large, max(12, large * 3 // 4)))
    return _Spacing(gap, gap // 3, gap if margin is None else margin, *fonts)


def _texts(
    cells: Sequence[Sequence[Cell]], beside: Sequence[Label], widths: Sequence[int], spacing: _Spacing
) -> _Texts:
    """All texts, broken into lines."""

    def of_cell(cell: Cell, width: int) -> tuple[_Text, _Text, _Text]:
        rows, columns = cell.picture.shape[:2]
        most = max(1, rows // _line_height(spacing.small))
        return (
            _label(cell.above, width, spacing),
            _wrapped(cell.note, spacing.small, FAINT, width),
            _wrapped(cell.inside, spacing.small, FAINT, columns - 2 * spacing.line, joint=" ", most=most),
        )

    of_cells = [[of_cell(cell, width) for cell, width in zip(row, widths, strict=False)] for row in cells]
    return _Texts(of_cells, [_label(label, widths[0], spacing) for label in beside])


def _laid_out(
    sizes: tuple[Sequence[int], Sequence[int]], texts: _Texts, thumbs: Sequence[Array], spacing: _Spacing
) -> _Layout:
    """Places with room for the tallest text of each row, and for the corner: a line above the labels, or a stack.

    `sizes` are the heights of the rows and the widths of the columns.
    """
    heights, widths = sizes
    heads = [_with_line(max(above.height for above, _, _ in row), spacing) for row in texts.cells]
    if texts.beside and thumbs:
        heads[0] = max(heads[0], max(thumb.shape[0] for thumb in thumbs) + spacing.gap)
        corner = sum(thumb.shape[1] + spacing.line for thumb in thumbs) - spacing.line
    else:
        corner = max((thumb.shape[1] for thumb in thumbs), default=0)
    edge = spacing.margin + max([corner, *(text.width for text in texts.beside)])
    tops, bottom = [], spacing.margin
    for height, head, row in zip(heights, heads, texts.cells, strict=True):
        tops.append(bottom + head)
        bottom += head + height + _with_line(max(note.height for _, note, _ in row), spacing) + spacing.gap
    lefts = [edge + spacing.gap if thumbs or texts.beside else edge]
    for width in widths:
        lefts.append(lefts[-1] + width + spacing.gap)
    right = lefts.pop() - spacing.gap + spacing.margin
    return _Layout((right, bottom - spacing.gap + spacing.margin), edge, tops, lefts)


def _with_line(height: int, spacing: _Spacing) -> int:
    """Rows of a text with its distance from the picture."""
    return height + spacing.line if height else 0


def _thumbs(corner: Sequence[Array], size: tuple[int, int], line: int, *, stacked: bool) -> list[Array]:
    """The corner's pictures: in a stack as tall as the first cell of that size, or side by side and half as tall."""
    if not corner:
        return []
    rows, columns = size
    if stacked:
        height = (rows - (len(corner) - 1) * line) // len(corner)
    else:
        across = sum(picture.shape[1] / picture.shape[0] for picture in corner)
        height = min(max(40, rows // 2), int(1.5 * columns / across))
    found = []
    for picture in corner:
        factor = min(height / picture.shape[0], columns / picture.shape[1])
        thumb = max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor))
        found.append(resize(picture, thumb, method="box"))
    return found


def _paste_corner(
    sheet: Image.Image, thumbs: Sequence[Array], layout: _Layout, spacing: _Spacing, *, stacked: bool
) -> None:
    """Paste the corner's pictures in a stack beside the first row, or in a line above it, flush with the labels."""
    right, top = layout.edge, layout.tops[0]
    if stacked:
        for thumb in thumbs:
            sheet.paste(Image.fromarray(thumb), (right - thumb.shape[1], top))
            top += thumb.shape[0] + spacing.line
        return
    for thumb in reversed(thumbs):
        sheet.paste(Image.fromarray(thumb), (right - thumb.shape[1], top - spacing.gap - thumb.shape[0]))
        right -= thumb.shape[1] + spacing.line


def _label(label: Label | None, width: int, spacing: _Spacing) -> _Text:
    if label is None:
        return _Text()
    value = _wrapped(_breakable(label.value), spacing.large, INK, width, joint="")
    return _Text([*_wrapped([label.name], spacing.small, FAINT, width).lines, *value.lines])


def _breakable(text: str) -> list[str]:
    """Parts of a value, which may be broken after commas, slashes and spaces."""
    return re.findall(r"[^,/ ]*[,/ ]|[^,/ ]+", text)


def _wrapped(
    parts: Iterable[str], font: Any, colour: str, width: int, *, joint: str = "  ", most: int = MOST_LINES
) -> _Text:
    """Parts in lines of at most `width` pixels; a part that is too long for a line is broken between letters."""
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
    """Write lines from `top` downwards; `left` gives the left column of a line by its width."""
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
