"""Label maps of masks as they are painted and saved in practice."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from neural_style import InvalidInputError
from neural_style.masks.label_map import areas_of, describe, one_hot, preview, read_labels, resize

WHITE, GREEN, BLUE, RED = (255, 255, 255), (0, 255, 0), (0, 0, 255), (255, 51, 31)
SKY_AND_LAND = {"sky": WHITE, "land": GREEN, "lake": BLUE, "tree": RED}


def landscape(colours=SKY_AND_LAND, *, lake=True, tree=True, softness=1, size=(96, 72)):
    """A mask drawn `softness` times as large and made smaller, so that its edges are anti-aliased."""
    columns, rows = (side * softness for side in size)
    image = Image.new("RGB", (columns, rows), colours["sky"])
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, rows * 0.5), (columns, rows * 0.4), (columns, rows), (0, rows)], fill=colours["land"])
    if lake:
        draw.ellipse((columns * 0.1, rows * 0.6, columns * 0.6, rows * 0.9), fill=colours["lake"])
    if tree:
        draw.ellipse((columns * 0.65, rows * 0.1, columns * 0.9, rows * 0.6), fill=colours["tree"])
    return image.resize(size, Image.Resampling.BOX) if softness > 1 else image


def as_jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def mirrored(image):
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def colours_of(label_map, palette):
    return palette[label_map].astype(int)


def test_clean_masks_are_read_as_they_were_painted():
    image = landscape()
    style, target, palette = read_labels(image, mirrored(image), labels=4)
    np.testing.assert_array_equal(colours_of(style, palette), np.asarray(image))
    np.testing.assert_array_equal(target, style[:, ::-1])
    areas = areas_of(style, 4)
    assert sorted(areas, reverse=True) == list(areas)


@pytest.mark.parametrize("softness", [3, 8])
def test_anti_aliased_edges_belong_to_what_they_lie_between(softness):
    """One label is grey, the colour of every soft edge between black and white."""
    colours = {"sky": WHITE, "land": (0, 0, 0), "lake": (128, 128, 128), "tree": RED}
    soft, hard = landscape(colours, softness=softness), landscape(colours)
    assert len(soft.getcolors(10_000)) > 20
    style, _, palette = read_labels(soft, mirrored(soft), labels=4)
    wrong = (np.abs(colours_of(style, palette) - np.asarray(hard, int)) > 3).any(axis=-1)
    rows = np.asarray(hard)[1:-1, 1:-1]
    inside = np.ones(rows.shape[:2], bool)
    for shift in [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)]:
        inside &= (np.roll(np.asarray(hard), shift, (0, 1))[1:-1, 1:-1] == rows).all(axis=-1)
    assert not wrong[1:-1, 1:-1][inside].any()
    assert wrong.mean() < 0.03


@pytest.mark.parametrize("quality", [90, 60, 25])
def test_jpeg_masks(quality):
    image = landscape(size=(192, 144))
    masks = [as_jpeg(each, quality) for each in (image, mirrored(image))]
    style, _, palette = read_labels(*masks, labels=4)
    wrong = (np.abs(colours_of(style, palette) - np.asarray(image, int)) > 20).any(axis=-1)
    assert wrong.mean() < 0.015
    assert len(np.unique(style)) == 4


def test_specks_are_painted_over():
    image = np.array(landscape())
    image[5, 5] = BLUE
    image[60:62, 80] = WHITE
    style, _, palette = read_labels(image, landscape(), labels=4)
    np.testing.assert_array_equal(colours_of(style, palette), np.asarray(landscape()))


def test_shades_of_one_region_are_one_label():
    """The shared masks have their red as (255, 51, 31) in one and (254, 0, 0) in the other."""
    other = {**SKY_AND_LAND, "tree": (254, 0, 0), "land": (0, 250, 4)}
    style, target, _ = read_labels(landscape(), landscape(other), labels=4)
    np.testing.assert_array_equal(style, target)


def test_a_small_region_is_no_noise():
    """A house of 1 %, and two shades of the sky that are 50 apart and 20 % each: the shades are merged."""
    image = np.array(landscape(tree=False, lake=False))
    image[:20, :48] = (205, 255, 255)
    image[50:58, 70:78] = (255, 128, 0)
    style, _, palette = read_labels(image, image, labels=3)
    assert [255, 128, 0] in palette.tolist()
    assert areas_of(style, 3).min() == pytest.approx(64 / style.size)


def test_other_colours_make_the_same_regions():
    """Regions do not depend on which colour stands for which, nor on the order of colours."""
    swapped = {"sky": RED, "land": BLUE, "lake": GREEN, "tree": WHITE}
    one = read_labels(landscape(), mirrored(landscape()), labels=4)
    other = read_labels(landscape(swapped), mirrored(landscape(swapped)), labels=4)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_masks_of_different_sizes():
    small, large = landscape(), landscape(size=(192, 100))
    style, target, _ = read_labels(small, large, labels=4)
    assert style.shape == (72, 96)
    assert target.shape == (100, 192)


def test_labels_are_resized_and_never_mixed():
    label_map = np.zeros((40, 40), "uint8")
    label_map[:, 20:] = 2
    assert set(np.unique(resize(label_map, (23, 17)))) == {0, 2}
    np.testing.assert_array_equal(one_hot(label_map, 3).sum(axis=(0, 1)), [800, 0, 800])


@pytest.mark.parametrize("missing", ["style mask", "target mask"])
def test_a_label_that_one_mask_lacks_is_named_with_its_area(missing):
    whole, without = landscape(), landscape(lake=False)
    masks = (without, whole) if missing == "style mask" else (whole, without)
    area = (np.asarray(whole) == BLUE).all(axis=-1).mean()
    with pytest.raises(InvalidInputError, match=rf"the {missing} has nothing of #0000ff \(blue\), which is {area:.1%}"):
        read_labels(*masks, labels=4)


def test_a_region_of_specks_only_is_empty():
    image = np.array(landscape(lake=False))
    image[50, 50] = BLUE
    with pytest.raises(InvalidInputError, match=r"the style mask has nothing of #0000ff"):
        read_labels(image, landscape(), labels=4)


def test_more_labels_than_colours():
    with pytest.raises(InvalidInputError, match=r"6 labels, but the masks hold 4 colours .*blue.*choose at most 4"):
        read_labels(as_jpeg(landscape(size=(192, 144)), 75), landscape(softness=4), labels=6)
    with pytest.raises(InvalidInputError, match="labels must be a whole number of at least 1, received 0"):
        read_labels(landscape(), landscape(), labels=0)


def test_any_picture_can_be_read_as_a_mask():
    """Noise without a flat place has colours, too, and there may be fewer labels than colours."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype("uint8")
    style, _, palette = read_labels(noise, noise[::-1], labels=3)
    assert style.max() == 2
    assert palette.shape == (3, 3)
    single, _, _ = read_labels(landscape(), landscape(), labels=1)
    assert not single.any()


def test_preview_shows_regions_with_their_colours_and_areas():
    style, _, palette = read_labels(landscape(), landscape(), labels=4)
    image = preview(style, palette)
    assert image.dtype == np.uint8
    assert image.shape[0] > style.shape[0]
    shown = image[: style.shape[0], : style.shape[1]]
    assert (shown == palette[style]).all(axis=-1).mean() > 0.97  # the rest are the numbers
    for line, colour in enumerate(palette):
        assert image[style.shape[0] + 2 + 14 * line + 7, 10].tolist() == colour.tolist()


@pytest.mark.parametrize(
    ("colour", "text"), [(RED, "#ff331f (red)"), ((0, 90, 10), "#005a0a (dark green)"), (BLUE, "#0000ff (blue)")]
)
def test_colours_have_names(colour, text):
    assert describe(np.array(colour)) == text


def test_a_label_map_holds_bytes():
    with pytest.raises(InvalidInputError, match="labels must be at most 256, received 300"):
        read_labels(np.zeros((20, 20, 3), "uint8"), np.zeros((20, 20, 3), "uint8"), labels=300)
