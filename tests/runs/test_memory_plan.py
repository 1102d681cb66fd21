"""The plan of memory: what is predicted, what is chosen when memory is short, and what is told."""

from dataclasses import replace

import numpy as np
import pytest

from neural_style import INetwork, InvalidInputError, Network, Style, backend, images
from neural_style.features.vgg import architecture
from neural_style.runs import memory_plan
from neural_style.runs.memory_plan import (
    GIB,
    ExtractorSpec,
    MemoryEstimate,
    describe_change,
    estimates,
    fit_to_memory,
    largest,
)
from neural_style.runs.settings import Run

SPEC = ExtractorSpec(architecture("vgg19"), ("conv1_1", "conv5_1", "conv5_2"), "float32", ("conv5_2",))
PRINT = MemoryEstimate(SPEC, (4096, 4096), ((4096, 4096),), memory=10)
SHALLOW = Network(model="mini", weights="random", content_layer="conv1_1", style_layers=("conv1_1",))


def test_memory_grows_with_the_picture_and_its_history_and_shrinks_with_tiles():
    small = replace(PRINT, size=(2048, 2048), style_sizes=((2048, 2048),))
    per_pixel = (PRINT.bytes - small.bytes) / (4096**2 - 2048**2)
    # Every activation of VGG-19 up to conv5_2 in float32, and of the picture 12 bytes for each of its copies.
    kept = 4 * (2 * 64 + 2 * 128 / 4 + 4 * 256 / 16 + 4 * 512 / 64 + 2 * 512 / 256)
    assert per_pixel > kept + 12 * 2 * 10
    assert PRINT.bytes - replace(PRINT, memory=0).bytes == 12 * 2 * 10 * 4096**2
    by_tiles = [replace(PRINT, tile=tile).bytes for tile in (1024, 512, 256)]
    assert PRINT.bytes > by_tiles[0] > by_tiles[1] > by_tiles[2]
    assert replace(PRINT, spec=SPEC._replace(precision="bfloat16")).bytes < PRINT.bytes


@pytest.mark.parametrize(
    ("name", "solver", "precision", "times"),
    [
        ("tensorflow", "lbfgs", "float32", 1),
        ("jax", "lbfgs", "float32", 1),
        ("tensorflow", "scipy_lbfgs", "float32", 2),
        ("jax", "scipy_lbfgs", "bfloat16", 2),
        ("tensorflow", "scipy_lbfgs", "float64", 1),
        ("jax", "adam", "float32", 1),
    ],
)
def test_steps_that_are_held_twice_count_twice(photo, monkeypatch, name, solver, precision, times):
    monkeypatch.setattr(backend, "NAME", name)
    run = Run(image_size=40, solver=solver, memory=7)
    (found,) = estimates(SPEC._replace(precision=precision), images.read(photo), (), run)
    picture = 40 * 48 * 3 * (8 if precision == "float64" else 4)
    steps = 0 if solver == "adam" else 7
    assert found.bytes - replace(found, memory=0).bytes == times * 2 * steps * picture


def test_content_is_kept_where_it_is_looked_at():
    shallow = replace(PRINT, spec=SPEC._replace(content_layers=("conv1_1", "conv5_2")))
    assert shallow.bytes - PRINT.bytes == pytest.approx(4 * 64 * 4096**2, rel=1e-6)
    everywhere = INetwork(model="mini", variant="novak2016").extractor_spec
    assert everywhere.content_layers == everywhere.layers == architecture("mini").layers


def test_a_painting_looked_at_much_larger_than_the_picture_counts():
    assert replace(PRINT, style_sizes=((16384, 16384),)).bytes > 2 * PRINT.bytes


@pytest.mark.parametrize(
    ("gib", "tile", "memory"),
    [(64, None, 10), (18, 1536, 10), (15, 1024, 10), (12.5, 768, 7)],
)
def test_what_fits_is_chosen_before_anything_is_given_up(gib, tile, memory):
    """As a whole if it fits, by the largest tiles that do, with fewer steps before tiles become tiny."""
    found = fit_to_memory(PRINT, gib * GIB)
    assert found.bytes <= gib * GIB
    assert (found.tile is None) == (tile is None)
    assert (found.memory < 10) == (memory < 10)
    assert found.tile is None or found.tile >= 512


def test_what_is_done_otherwise_is_told():
    assert describe_change(PRINT, fit_to_memory(PRINT, 100 * GIB), 100 * GIB) == ""
    assert describe_change(PRINT, fit_to_memory(PRINT, None), None) == ""
    change = describe_change(PRINT, fit_to_memory(PRINT, 12 * GIB), 12 * GIB)
    assert "4096 x 4096 pixels need" in change
    assert "only 12.0 GiB is free" in change
    assert "processing in tiles of" in change
    assert "pairs instead of 10" in change


def test_the_users_tile_stays():
    wanted = replace(PRINT, tile=768)
    assert fit_to_memory(wanted, 64 * GIB) == wanted
    assert fit_to_memory(wanted, 13 * GIB).tile == 768


def test_what_does_not_fit_is_refused_with_the_size_that_does():
    with pytest.raises(
        InvalidInputError,
        match=r"4096 x 4096 pixels need .* GiB of memory with \d+ instead of 10 remembered pairs, even by tiles, "
        r"but only 2\.0 GiB is free: choose at most \d+",
    ):
        fit_to_memory(PRINT, 2 * GIB)
    rows = largest(PRINT, 2 * GIB)
    assert fit_to_memory(replace(PRINT, size=(rows, rows), style_sizes=((rows, rows),)), 2 * GIB).tile is not None
    with pytest.raises(InvalidInputError):
        fit_to_memory(replace(PRINT, size=(rows + 200, rows + 200), style_sizes=((rows, rows),)), 2 * GIB)
    assert largest(PRINT, GIB // 2) == 0


def test_a_picture_that_does_not_fit_is_looked_at_by_tiles_which_is_told(photo, painting, monkeypatch):
    large = np.tile(photo, (18, 15, 1))
    needed = MemoryEstimate(SHALLOW.extractor_spec, (720, 720), ((720, 720),), memory=10)
    between = (needed.bytes + replace(needed, tile=512).bytes) / 2 / memory_plan.RESERVE
    monkeypatch.setattr(memory_plan, "free_memory", lambda: int(between))
    with pytest.warns(UserWarning, match="720 x 720 pixels need .* processing in tiles of 512"):
        objective = SHALLOW.objective(large, painting, image_size=720)
    assert objective.tile == 512


def test_a_run_by_tiles_makes_the_same_picture(photo, painting):
    technique = Network(model="mini", weights="random", content_layer="conv1_2", style_layers=("conv1_1", "conv2_1"))
    large = np.tile(photo, (3, 3, 1))
    whole, tiled = (
        technique.transfer(large, painting, image_size=120, iterations=1, solver="adam", tile=tile)
        for tile in (None, 64)
    )
    assert tiled.loss == pytest.approx(whole.loss, rel=1e-4)
    assert np.abs(tiled.image.astype(int) - whole.image).mean() < 0.1
    assert tiled.record["run"]["tile"] == tiled.history[0]["tile"] == 64
    assert "tile" not in whole.history[0]


def test_a_tile_that_holds_everything_is_none(photo, painting):
    assert SHALLOW.objective(photo, painting, image_size=40, tile=64).tile is None
    assert SHALLOW.objective(photo, Style(painting, scale=3), image_size=40, tile=64).tile == 64
