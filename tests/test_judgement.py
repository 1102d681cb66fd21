"""Pictures by any tools, judged side by side."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, metrics
from neural_style.cli import main
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


@pytest.fixture
def names(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photo", "painting", "copy"):
        Image.fromarray(getattr(pictures, name)).save(f"{name}.png")
    return ["photo.png", "painting.png", "copy.png"]


def test_the_command_prints_a_table_and_draws_a_sheet(pictures, names, capsys):
    flags = ["--model", "mini", "--weights", "random", "--scales", "1", "2"]
    assert main(["judge", *names, *flags]) == 0
    head, *rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith((" ", "the photo", "copy"))]
    assert head.split() == ["Gram", "1/2", "Wasserstein", "content", "SSIM", "clipped"]
    [judged] = metrics.judge(pictures.photo, pictures.painting, [pictures.copy], scales=[1, 2], **TINY)
    assert rows[0].split()[5:7] == ["0.000", "1.00"]
    assert rows[1].split()[1:3] == [f"{judged.gram[1]:.3f}", f"{judged.gram[2]:.3f}"]
    with Image.open("judged.png") as sheet:
        assert sheet.width > 3 * pictures.photo.shape[1]
    assert main(["judge", *names, *flags]) == 2  # the sheet is not replaced unasked
    assert main(["judge", *names, *flags, "--overwrite", "--quiet"]) == 0
    assert "wrote" not in capsys.readouterr().out
    assert main(["judge", *names, *flags, "--overwrite", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["picture"] for each in found["judged"]] == ["the photo", "copy.png"]
    assert found["judged"][1]["gram"]["2"] == pytest.approx(judged.gram[2])


def test_an_input_is_no_sheet(names, capsys):
    assert main(["judge", *names, "--output", "copy.png", "--overwrite", "--model", "mini"]) == 2
    assert "is one of the inputs and would be lost" in capsys.readouterr().err
