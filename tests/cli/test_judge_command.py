"""`neural-style judge`: the table, the sheet, and JSON."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neural_style import metrics
from neural_style.cli import main
from neural_style.samples import sample


@pytest.fixture
def pictures():
    photo, painting = sample("cat")[::6, ::6], sample("night")[::6, ::6]
    columns, rows = photo.shape[1::-1]
    copy = np.array(Image.fromarray(painting).resize((columns, rows), Image.Resampling.BILINEAR))
    return SimpleNamespace(photo=photo, painting=painting, copy=copy)


@pytest.fixture
def names(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photo", "painting", "copy"):
        Image.fromarray(getattr(pictures, name)).save(f"{name}.png")
    return ["photo.png", "painting.png", "copy.png"]


def test_a_table_is_printed_and_a_sheet_drawn(pictures, names, capsys):
    flags = ["--model", "mini", "--weights", "random", "--scales", "1", "2"]
    assert main(["judge", *names, *flags]) == 0
    head, *rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith((" ", "the photo", "copy"))]
    assert head.split() == ["Gram", "1/2", "Wasserstein", "content", "SSIM", "clipped"]
    [judged] = metrics.judge(
        pictures.photo, pictures.painting, [pictures.copy], scales=[1, 2], model="mini", weights="random"
    )
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
