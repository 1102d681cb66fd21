"""Sample pictures, and the command that writes them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError
from neural_style.samples import MASKS, SAMPLES, as_rgb, sample


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_a_picture_or_a_mask(name):
    picture = sample(name)
    assert picture.dtype == np.uint8
    is_mask = name in MASKS
    assert picture.shape[2:] == (() if is_mask else (3,))
    if is_mask:
        assert set(np.unique(picture)) == {0, 255}


def test_masks_belong_to_their_photos_and_complement_each_other():
    for photo, one, other in (("coffee", "cup", "table"), ("rocket", "launchpad", "sky")):
        assert sample(one).shape == sample(photo).shape[:2]
        np.testing.assert_array_equal(sample(one) == 255, sample(other) == 0)


def test_a_mask_as_rgb_has_three_equal_channels_and_a_picture_is_unchanged():
    mask = sample("cup")
    for channel in range(3):
        np.testing.assert_array_equal(as_rgb(mask)[..., channel], mask)
    np.testing.assert_array_equal(as_rgb(sample("cat")), sample("cat"))


def test_changing_a_sample_does_not_change_the_next_one():
    sample("cup")[:] = 7
    assert 7 not in sample("cup")


def test_an_unknown_sample_gets_a_suggestion():
    with pytest.raises(InvalidInputError, match='did you mean "rocket"'):
        sample("rockett")


def test_the_command_writes_all_samples_and_replaces_none(command, tmp_path):
    ran = command("samples", tmp_path / "here")
    assert ran.status == 0
    assert [line.rsplit("/", 1)[-1] for line in ran.out.split()] == [f"{name}.png" for name in SAMPLES]
    for name in SAMPLES:
        with Image.open(tmp_path / "here" / f"{name}.png") as image:
            assert image.size == sample(name).shape[1::-1]
    command("samples", tmp_path / "here").assert_refused("cat.png", "exists")
    assert command("samples", tmp_path / "here", "--overwrite").status == 0
