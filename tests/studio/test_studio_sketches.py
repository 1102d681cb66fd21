"""Masks and maps from drawings: every pixel has its colour's region, and regions fill the picture once."""

from __future__ import annotations

import numpy as np

from neural_style.studio.sketches import PALETTE, drawn, label_map, layer_of_masks, mask_of, region_masks


def layer() -> np.ndarray:
    """A drawing of 4 x 6 pixels: vermilion on the left, a slightly wrong blue on the right, faint green in between."""
    found = np.zeros((4, 6, 4), np.uint8)
    found[:, :2] = (*PALETTE["vermilion"], 255)
    found[:, 4:] = (6, 110, 170, 200)
    found[:, 2] = (*PALETTE["green"], 90)
    return found


def test_regions_fill_the_picture_without_overlap() -> None:
    masks = region_masks(layer(), 3)
    assert np.array_equal(np.sum([mask > 0 for mask in masks], axis=0), np.ones((4, 6)))
    assert [int((mask > 0).sum()) for mask in masks] == [8, 8, 8]
    assert (masks[1][:, :2] == 255).all()
    assert (masks[2][:, 4:] == 255).all()


def test_colours_without_a_painting_belong_to_the_first() -> None:
    first, second = region_masks(layer(), 2)
    assert (first[:, 4:] == 255).all()
    assert int((second > 0).sum()) == 8


def test_masks_become_the_drawing_they_came_from() -> None:
    masks = region_masks(layer(), 3)
    assert all(np.array_equal(a, b) for a, b in zip(region_masks(layer_of_masks(masks), 3), masks, strict=True))


def test_label_maps_have_the_colours_of_the_palette_on_white() -> None:
    rgb = label_map(layer())
    assert (rgb[0, [0, 2, 5]] == (PALETTE["vermilion"], (255, 255, 255), PALETTE["blue"])).all()


def test_a_mask_is_white_where_anything_is_drawn() -> None:
    assert np.array_equal(mask_of(layer())[0], [255, 255, 0, 0, 255, 255])


def test_layers_above_cover_those_below_and_an_empty_drawing_is_none() -> None:
    top = np.zeros((4, 6, 4), np.uint8)
    top[0, 0] = (*PALETTE["yellow"], 255)
    both = drawn([layer(), top])
    assert both is not None
    assert tuple(both[0, 0, :3]) == PALETTE["yellow"]
    assert tuple(both[1, 0, :3]) == PALETTE["vermilion"]
    assert drawn([np.zeros((4, 6, 4), np.uint8)]) is None
    assert drawn([]) is None
