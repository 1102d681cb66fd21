"""Steps by name: their order, their errors, photos before they are painted, and records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import Content, InvalidInputError, enhance
from neural_style.cli import main
from neural_style.cli.commands import enhance as command
from neural_style.enhancement.steps import KINDS, SAME_SIZE, enhanced, steps_of
from neural_style.images import Picture
from neural_style.runs import records
from neural_style.runs.color_preservation import ColorPreservation
from neural_style.runs.settings import Run

VALUES = {"upscale": "upscale:2", "rows": "rows:20"}


def test_steps_are_taken_in_their_order(photo: np.ndarray) -> None:
    one = enhance(enhance(photo, "sharpen"), "reduce:2:max darker")
    np.testing.assert_array_equal(enhance(photo, "sharpen reduce:2:max darker"), one)
    assert not np.array_equal(one, enhance(photo, "reduce:2:max darker sharpen"))


@pytest.mark.parametrize("name", KINDS)
def test_a_flat_picture_stays_flat(name: str) -> None:
    flat = np.full((24, 32, 3), 137, np.uint8)
    found = enhance(flat, VALUES.get(name, name))
    assert found.dtype == np.uint8
    assert len(np.unique(found)) == 1
    assert (found.shape == flat.shape) == (name in SAME_SIZE)
    if name != "darker":
        assert found[0, 0, 0] == 137


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("sharpn", 'unknown step "sharpn": did you mean "sharpen"'),
        ("sharpen,denoise", "by blanks"),
        ("upscale", "needs a value"),
        ("upscale:3", "2 or 4 times"),
        ("denoise:magic", "nl_means"),
        ("median:4", "odd"),
        ("reduce:0", "at least 1"),
        ("reduce:2:min", "average, max"),
        ("sharpen:x", "impossible value"),
        ("sharpen:-1", "at least 0"),
        ("darker:0", "more than 0"),
        ("grey:1", "too many values, at most none"),
    ],
)
def test_impossible_steps(steps: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        steps_of(steps)


def test_a_result_that_would_be_too_small(photo: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="fewer than 8 on a side"):
        enhanced(photo, "reduce:9")


def test_sizes_are_checked_before_the_first_step(
    photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: list[str] = []

    def recorded(picture: Picture) -> Picture:
        taken.append("grey")
        return picture

    monkeypatch.setitem(KINDS, "grey", KINDS["grey"]._replace(function=recorded))
    with pytest.raises(InvalidInputError, match="4 times as large, is too large"):
        enhance(photo, "grey rows:10000 upscale:4")
    monkeypatch.setattr(command, "start_backend", lambda *_: taken.append("backend"))
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    assert main(["enhance", str(path), str(tmp_path / "out.png"), "--steps", "rows:10000 upscale:4"]) == 2
    assert "is too large" in capsys.readouterr().err
    assert taken == []


def test_a_photo_is_prepared_and_its_colours_are_kept(photo: np.ndarray) -> None:
    content = Content(photo, prepare="grey").read()
    assert content.picture.is_grey
    np.testing.assert_array_equal(content.original.rgb, photo)
    assert records.describe(content)["sha256"] == records.describe(Content(photo).read())["sha256"]
    preservation = ColorPreservation(content, Run(preserve_color="luminance"))
    assert np.ptp(preservation.recolored(content.picture.rgb), axis=2).max() > 20
    with pytest.raises(InvalidInputError, match="prepare: unknown step"):
        Content(photo, prepare="upscale:2")


def test_files_of_16_bits_with_transparency(tmp_path: Path, photo: np.ndarray) -> None:
    import tifffile

    deep = photo.astype(np.uint16) * 257 + 77
    alpha = np.full(photo.shape[:2], 65535, np.uint16)
    alpha[:, :10] = 0
    path, out = tmp_path / "deep.tif", tmp_path / "out.tif"
    tifffile.imwrite(path, np.dstack([deep, alpha]), photometric="rgb", extrasamples=["unassalpha"])
    assert main(["enhance", str(path), str(out), "--steps", "median sharpen"]) == 0
    found = tifffile.imread(out)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[..., 3], alpha)
    assert (found[..., :3] % 257 != 0).any()


def test_a_rerun_repeats_the_steps(tmp_path: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the flags, and those of `enhance` afterwards."""
    from neural_style.cli import main
    from tests.conftest import SMALL

    monkeypatch.chdir(tmp_path)
    for name in ("photo", "painting"):
        Image.fromarray(photo).save(f"{name}.png")
    flags = [*SMALL, "--save_every", "1", "--quiet", "--prepare", "darker", "--denoise", "--upscale", "2", "--sharpen"]
    assert main(["network", "photo.png", "painting.png", "out", *flags]) == 0
    assert records.read(Path("out.png"))["output"]["enhance"] == "denoise upscale:2 sharpen"
    assert main(["enhance", "out.png", "more.png", "--steps", "rows:40"]) == 0
    assert main(["rerun", "more.png", "again", "--quiet"]) == 0
    found = {name: np.asarray(Image.open(f"{name}.png")) for name in ("out", "out_at_iteration_1", "more", "again")}
    assert [picture.shape[0] for picture in found.values()] == [64, 32, 40, 40]
    np.testing.assert_array_equal(found["more"], found["again"])
