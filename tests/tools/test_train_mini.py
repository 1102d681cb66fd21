"""tools/train_mini.py: distillation in a few steps on tiny pictures with random teachers."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style.features import vgg, weights

PROGRAM = Path(__file__).parents[2] / "tools" / "train_mini.py"
CROP = 16


def load_program() -> ModuleType:
    specification = importlib.util.spec_from_file_location("train_mini", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["train_mini"] = module
    specification.loader.exec_module(module)
    return module


program: Any = load_program()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures, (40, 48): smooth random colours."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("pictures")
    for i in range(5):
        small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        small.resize((48, 40), Image.Resampling.BICUBIC).save(path / f"{i}.png")
    return path


Weights = Mapping[str, np.ndarray]


def train(folder: Path, out: Path, *, steps: int, more: tuple[str, ...] = ()) -> Weights:
    out.mkdir(exist_ok=True)
    program.main(
        [
            *("--teacher", "random:3", "--images", str(folder), "--steps", str(steps)),
            *("--batch", "4", "--crop", str(CROP), "--pastiche", "0.5", "--every", "1"),
            *("--out", str(out / "mini.npz"), "--checkpoint", str(out / "checkpoint.npz"), *more),
        ]
    )
    with np.load(out / "mini.npz") as file:
        return dict(file)


@pytest.fixture(scope="module", autouse=True)
def quick(folder: Path) -> None:
    for name, value in {"PAINT_STEPS": 8, "PAINT_EVERY": 1, "CALIBRATION": 8}.items():
        setattr(program, name, value)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return train(folder, tmp_path_factory.mktemp("once"), steps=2)


def assert_equal(a: Weights, b: Weights) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_file_is_one_of_mini_in_float16(trained, tmp_path):
    assert {array.dtype for array in trained.values()} == {np.dtype(np.float16)}
    np.savez(tmp_path / "mini.npz", **trained)
    mini = vgg.architecture("mini")
    assert len(weights.load(mini, str(tmp_path / "mini.npz"), mini.layers)) == 2 * len(mini.layers)


def test_a_run_is_repeatable_and_resumes_where_it_stopped(trained, folder, tmp_path):
    """Stopped by --minutes 0 after the first of two steps and resumed, it ends where the unbroken run did."""
    halfway = train(folder, tmp_path, steps=2, more=("--minutes", "0"))
    with np.load(tmp_path / "checkpoint.npz") as file:
        assert file["step"] == 1
    assert any(not np.array_equal(halfway[name], trained[name]) for name in trained)
    assert_equal(train(folder, tmp_path, steps=2, more=("--resume",)), trained)


def test_copies_of_excluded_pictures_are_left_out(folder, tmp_path):
    with Image.open(folder / "3.png") as original:
        original.resize((100, 90)).save(tmp_path / "copy.jpg")
    assert len(program.read_images([folder], [tmp_path], with_skimage=False)) == 4


def test_scales_undo_a_scaling_of_channels():
    """A student that is the teacher with channels scaled gets the teacher's inner products back."""
    rng = np.random.default_rng(0)
    teacher = np.maximum(rng.normal(0, 1, (500, 6)), 0) @ np.diag([1, 2, 3, 4, 5, 6])
    factors = np.array([0.1, 10, 1, 3, 0.5, 2])
    student = teacher * factors
    scaled = student * program.inner_product_scales(student, teacher)
    # The ridge towards equal scales keeps it from being exact.
    before, after = (np.linalg.norm(f @ f.T - teacher @ teacher.T) for f in (student, scaled))
    assert after < 0.05 * before
    np.testing.assert_allclose(np.linalg.norm(scaled @ scaled.T), np.linalg.norm(teacher @ teacher.T), rtol=0.1)


@pytest.fixture(scope="module")
def untrained(folder: Path) -> tuple[Any, Any]:
    """A distiller and the images that it was started on."""
    rng = np.random.default_rng(0)
    images = program.read_images([folder], [], with_skimage=False)
    x = program.preprocess(program.crops(images, rng, 8, CROP))
    teacher = weights.load(vgg.architecture("vgg19"), "random:3", program.LAYERS)
    return program.Distiller(teacher, x, rng), x


def test_folded_scales_leave_the_network_the_same_up_to_scale(untrained):
    distiller, x = untrained
    exported = vgg.build("mini", program.LAYERS, distiller.export(x))(x)
    found = zip(program.LAYERS, distiller.student(x, "float32"), distiller.scales(x), strict=True)
    for layer, features, scale in found:
        np.testing.assert_allclose(exported[layer], features * scale, rtol=1e-3, atol=1e-3 * np.max(features * scale))


def test_steps_lower_what_they_minimise(untrained):
    distiller, x = untrained
    x = x[:, ::-1]  # the student was fitted to x itself as closely as can be
    before = 1 - distiller.r2(x).numpy()
    for seed in range(10):
        distiller.step(x, np.array([0, seed], np.int32))
    assert np.sum(1 - distiller.r2(x).numpy()) < 0.9 * np.sum(before)
