"""Grids of pictures: places, and texts beside the pictures and never over them."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style.images import grid


def colours(count: int, size: tuple[int, int] = (40, 60)) -> list[np.ndarray]:
    return [np.full((*size, 3), 20 * index, np.uint8) for index in range(1, count + 1)]


def cut(sheet: np.ndarray, place: tuple[int, int], size: tuple[int, ...]) -> np.ndarray:
    top, left = place
    return sheet[top : top + size[0], left : left + size[1]]


@pytest.mark.parametrize("size", [(24, 20), (128, 170), (300, 150)])
def test_texts_are_beside_the_pictures_and_never_over_them(size: tuple[int, int]) -> None:
    pictures = colours(4, size)
    long = "conv1_1,conv2_1,conv3_1,conv4_1,conv5_1"
    labels = [grid.Label("style_layers", value) for value in ("conv1_1", long)]
    note = ["content 0.51", "Gram 0.42", "SSIM 0.36", "TV 91", "clipped 67%"]
    cells = [
        [grid.Cell(pictures[2 * row + i], labels[i] if row == 0 else None, note) for i in (0, 1)] for row in (0, 1)
    ]
    sheet, places = grid.draw(cells, beside=labels, corner=colours(2))
    for row in (0, 1):
        for column in (0, 1):
            assert (cut(sheet, places[row][column], size) == pictures[2 * row + column][0, 0]).all()
    border = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
    assert (border == 255).all()  # nothing reaches the edge of the sheet
    top, left = places[0][0]
    for part in (sheet[:top, left:], sheet[top:, :left], sheet[top + size[0] : places[1][0][0], left:]):
        assert (part < 128).any()  # labels above, labels beside, notes below


def test_a_row_that_is_wrapped() -> None:
    cells = [grid.Cell(picture, grid.Label("seed", "1")) for picture in colours(5)]
    _, places = grid.draw([cells[:3], cells[3:]], corner=colours(2))
    assert [len(row) for row in places] == [3, 2]
    assert places[1][0][0] > places[0][0][0] + 40
    assert [left for _, left in places[1]] == [left for _, left in places[0][:2]]


def test_pictures_of_several_widths_without_texts_are_side_by_side() -> None:
    """With a gap of 6 and no margin, the grid is the pictures and the white between them."""
    pictures = [picture[:, :width] for picture, width in zip(colours(3), (60, 20, 33), strict=True)]
    sheet, places = grid.draw([[grid.Cell(picture) for picture in pictures]], gap=6, margin=0)
    white = np.full((40, 6, 3), 255, np.uint8)
    expected = np.concatenate([pictures[0], white, pictures[1], white, pictures[2]], axis=1)
    np.testing.assert_array_equal(sheet, expected)
    assert places == [[(0, 0), (0, 66), (0, 92)]]


def test_words_inside_a_picture_stay_in_it() -> None:
    empty = np.full((60, 130, 3), 0xEC, np.uint8)
    words = ("the solver is diverging " * 20).split()
    sheet, [[place]] = grid.draw([[grid.Cell(empty, inside=words)]])
    box = cut(sheet, place, (60, 130))
    assert (box < 200).any()
    outside = sheet.copy()
    outside[place[0] : place[0] + 60, place[1] : place[1] + 130] = 255
    assert (outside == 255).all()
