"""tools/train_upscaler.py: what a crop lacks, and a training of a moment."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style.enhancement.network import HALO, pixel_shuffle, shapes

PROGRAM = Path(__file__).parents[2] / "tools" / "train_upscaler.py"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    specification = importlib.util.spec_from_file_location("train_upscaler", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "train_upscaler", module)
    specification.loader.exec_module(module)
    for name, value in {"CORE": 8, "BATCH": 1}.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def picture() -> Image.Image:
    """160 x 170, smooth, with a texture."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 200, (8, 9, 3), np.uint8)).resize((170, 160), Image.Resampling.BICUBIC)
    return Image.fromarray(np.asarray(coarse) + rng.integers(0, 50, (160, 170, 3), np.uint8))


def test_what_a_crop_lacks(program: Any, picture: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bicubic enlargement and the details together are the crop."""
    for name in ("OTHER_FILTER", "COMPRESSED", "NOISY"):
        monkeypatch.setattr(program, name, 0)
    image = np.asarray(picture.convert("L"))
    given, wanted = next(program.batches([image], 2, np.random.default_rng(3)))
    found = (
        program.enlarged(given[0, ..., 0], 2)[2 * HALO : -2 * HALO, 2 * HALO : -2 * HALO] + pixel_shuffle(wanted, 2)[0]
    )
    levels = np.rint(255 * found)
    np.testing.assert_allclose(255 * found, levels, atol=1e-3)
    windows = np.lib.stride_tricks.sliding_window_view(image, levels.shape)
    turned = [np.rot90(each, k) for each in (levels, levels[::-1]) for k in range(4)]
    assert any((windows == each).all(axis=(2, 3)).any() for each in turned)


@pytest.mark.filterwarnings("ignore")
def test_a_training_writes_both_scales(
    program: Any, picture: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in range(2):  # the first is held out
        (picture if name else picture.rotate(90)).save(tmp_path / f"{name}.png")
    out = tmp_path / "upscaler.npz"
    monkeypatch.setattr(program, "gains", lambda *_: np.ones((1, 2)))
    monkeypatch.setattr(sys, "argv", ["", "--images", str(tmp_path), "--minutes", "1e-4", "--out", str(out)])
    program.main()
    with np.load(out) as file:
        expected = {f"x{scale}_{name}": shape for scale in (2, 4) for name, shape in shapes(scale).items()}
        assert {name: file[name].shape for name in file.files} == expected
        assert all(file[name].dtype == np.float16 for name in file.files)
        assert np.abs(file["x2_last_kernel"]).max() > 0
