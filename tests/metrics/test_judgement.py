"""Pictures by any tools, judged side by side."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, metrics
from neural_style.features.extractor import FeatureExtractor
from neural_style.samples import sample

TINY = {"model": "mini", "weights": "random"}


@pytest.fixture(scope="module")
def pictures():
    photo, painting = sample("cat")[::6, ::6], sample("night")[::6, ::6]
    columns, rows = photo.shape[1::-1]
    copy = np.array(Image.fromarray(painting).resize((columns, rows), Image.Resampling.BILINEAR))
    return SimpleNamespace(photo=photo, painting=painting, copy=copy)


def test_photo_and_painting_are_the_ends_of_the_table(pictures):
    """The photo is itself, and its texture is far; the painting's is near."""
    photo, copy = metrics.judge(pictures.photo, pictures.painting, [pictures.photo, pictures.copy], **TINY)
    assert (photo.content, photo.ssim) == (0, 1)
    assert copy.content > 0
    assert copy.ssim < 1
    for scale in (1, 2, 4):
        assert copy.gram[scale] < 0.2 * photo.gram[scale]
    assert copy.wasserstein < photo.wasserstein


def test_all_are_judged_at_the_size_of_the_smallest(pictures):
    rows, columns = pictures.photo.shape[:2]
    large = np.array(Image.fromarray(pictures.copy).resize((2 * columns, 2 * rows), Image.Resampling.NEAREST))
    one, other = metrics.judge(pictures.photo, pictures.painting, [large, pictures.copy], **TINY)
    assert one.picture.size == other.picture.size == (rows, columns)
    assert np.abs(one.picture.rgb.astype(int) - other.picture.rgb).mean() < 5
    [small] = metrics.judge(pictures.photo, pictures.painting, [pictures.photo], rows=32, **TINY)
    assert small.picture.size[0] == 32
    assert (small.content, small.ssim) == (0, 1)  # photo and picture are reduced by one method


def test_unlike_pictures_are_refused(pictures):
    with pytest.raises(InvalidInputError, match="another shape: judge it against the photo it was painted from"):
        metrics.judge(pictures.photo, pictures.painting, [pictures.copy[:, :40]], **TINY)
    with pytest.raises(InvalidInputError, match="enlarging it would judge the enlargement: choose rows of at most"):
        metrics.judge(pictures.photo, pictures.painting, [pictures.copy], rows=999, **TINY)
    with pytest.raises(InvalidInputError, match="nothing to judge"):
        metrics.judge(pictures.photo, pictures.painting, [], **TINY)
    with pytest.raises(InvalidInputError, match="rows must be a whole number of at least 1"):
        metrics.judge(pictures.photo, pictures.painting, [pictures.copy], rows=0, **TINY)


def test_pictures_that_take_more_memory_than_is_free_are_refused(pictures, monkeypatch):
    monkeypatch.setattr("neural_style.images.memory.headroom", lambda: 2**20)
    with pytest.raises(InvalidInputError, match=r"judging a picture needs .* of memory .* is free: choose fewer rows"):
        metrics.judge(pictures.photo, pictures.painting, [pictures.copy], **TINY)


def test_targets_are_computed_once_for_all_pictures(pictures, monkeypatch):
    """Of the photo, and of the painting at each scale; every picture adds its own features at each scale."""
    seen = []
    features = FeatureExtractor.features
    monkeypatch.setattr(FeatureExtractor, "features", lambda *a, **k: (seen.append(a), features(*a, **k))[1])
    for count in (1, 3):
        seen.clear()
        metrics.judge(pictures.photo, pictures.painting, count * [pictures.copy], scales=[1, 2], **TINY)
        assert len(seen) == 1 + 2 + 2 * count
