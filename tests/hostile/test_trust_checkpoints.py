"""Checkpoints from anywhere: the run is resumed, or the file refused in one line, before an objective is made."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from neural_style import InvalidInputError, Network, NeuralStyleError, solvers
from neural_style.backend.program import Evaluated, Function
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.pyramid import Pyramid
from neural_style.runs.settings import LevelPlan, Run
from neural_style.runs.transfer import minimise
from tests.hostile.crafted import damaged, edited

TINY = Network(model="mini", weights="random", content_layer="conv1_2", style_layers=("conv1_1",))
SETTINGS: dict[str, Any] = {"image_size": 16, "iterations": 2}
SIZE = 16, 19


def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    photo, painting = rng.integers(0, 256, (40, 48, 3), np.uint8), rng.integers(0, 256, (36, 30, 3), np.uint8)
    return photo, painting


class Stopped(BaseException):
    """Ends a run as a kill does."""


def stop(*_: object) -> None:
    raise Stopped


@pytest.fixture(scope="module", params=["lbfgs", "adam"])
def good(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint after the first of two iterations."""
    path = tmp_path_factory.mktemp("good") / "run"
    for step in TINY.steps(*pictures(), checkpoint=path, solver=request.param, **SETTINGS):
        if step.iteration == 2:
            break
    with np.load(path) as stored:
        return dict(stored)


def header_of(arrays: dict[str, np.ndarray]) -> Any:
    return json.loads(arrays["header"].tobytes())


def as_header(value: Any) -> np.ndarray:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def resume(path: Path, solver: str) -> None:
    """Read the file, restore the run, and hand its state to the solver, on a function that costs nothing."""
    checkpoint = Checkpoint.opened(path, resume=True)
    assert checkpoint.found is not None
    run = Run(solver=solver, image_size=16, iterations=2)
    found = checkpoint.progress(checkpoint.found["run"] | {"versions": {"backend": "a", "device": "b"}})
    assert found is not None
    pyramid = Pyramid(lambda *_: pytest.fail("an objective was made"), run, [LevelPlan(SIZE, None, 10)], START)
    pyramid.load_state(*found)
    if pyramid.history and not pyramid.level.is_over:
        assert pyramid.level._solver_state is not None
        points = solvers.solver(solver)(
            SQUARES, pyramid.level.image, evaluations=40, bounds=(0.0, 255.0), resume=pyramid.level._solver_state()
        )
        next(points, None)


START = np.zeros((*SIZE, 3), np.float32)
SQUARES = Function(lambda x, _: Evaluated(ops.sum(x * x), 2 * x, ()))


def refusal(path: Path, arrays: dict[str, Any], solver: str) -> str:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(InvalidInputError) as caught:
        resume(path, solver)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def solver_of(arrays: dict[str, np.ndarray]) -> str:
    return str(header_of(arrays)["run"]["run"]["solver"])


@pytest.mark.filterwarnings("ignore:.*was started on:UserWarning")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.full((*SIZE, 3), np.nan, np.float32)}, "is damaged"),
        ({"image": np.zeros((*SIZE, 3), np.uint8)}, "is damaged"),
        ({"image": np.zeros((8, 8, 3), np.float32)}, "another size"),
        ({"image": np.zeros(5, np.float32)}, "is damaged"),
        ({"image": None}, "is damaged"),
        ({"solver.x": None}, "x must have the shape"),
        ({"solver.x": np.zeros((8, 8, 3), np.float32)}, "x must have the shape"),
        ({"solver.x": np.zeros((*SIZE, 3), np.float32).astype(">f4")}, "is damaged"),
        ({"solver.done": np.array("many")}, "done must have the shape"),
        ({"solver.stopped": np.zeros(3)}, "stopped must have the shape"),
        ({"other": np.zeros(3)}, "is damaged"),
    ],
    ids=lambda value: str(next(iter(value), "")) if isinstance(value, dict) else value[:12],
)
def test_an_array_that_no_run_writes(
    good: dict[str, np.ndarray], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    arrays = {name: array for name, array in {**good, **change}.items() if array is not None}
    assert message in refusal(tmp_path / "run", arrays, solver_of(good))


@pytest.mark.parametrize(
    ("way", "value", "part"),
    [
        (("run", "run", "iterations"), "2", "iterations"),
        (("run", "versions"), None, "versions"),
        (("progress",), [], "progress"),
        (("progress", "index"), 7, "another size"),
        (("progress", "index"), -1, "index"),
        (("progress", "history"), {}, "history"),
        (("progress", "history"), [], "is damaged"),
        (("progress", "level", "loss"), "1", "loss"),
        (("progress", "level", "losses"), [1], "losses"),
        (("progress", "level"), {}, "is damaged"),
        (("progress", "seconds"), None, "seconds"),
        (("is_finished",), 1, "is_finished"),
        (("note",), {"files": 5}, "files"),
        (("frames",), 10**9, "frames"),
        (("frames",), [[2**40, 2**20]], "frames"),
        (("neural_style_checkpoint",), "4", "another version"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else str(value)[:12],
)
@pytest.mark.filterwarnings("ignore:.*was started on:UserWarning")
def test_a_header_that_no_run_writes(
    good: dict[str, np.ndarray], tmp_path: Path, way: tuple[str, ...], value: Any, part: str
) -> None:
    header = header_of(good)
    parent = header
    for name in way[:-1]:
        parent = parent[name]
    parent[way[-1]] = value
    assert part in refusal(tmp_path / "run", {**good, "header": as_header(header)}, solver_of(good))


@pytest.mark.filterwarnings("ignore:.*was started on:UserWarning")
def test_a_state_with_more_pairs_than_it_holds(good: dict[str, np.ndarray], tmp_path: Path) -> None:
    if solver_of(good) == "lbfgs":
        for pairs in (-1, 999):
            text = refusal(tmp_path / "run", {**good, "solver.pairs": np.array(pairs)}, "lbfgs")
            assert "state of the solver is damaged" in text


def test_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for settings in ({"resume": True}, {"resume": False, "overwrite": True}):
        with pytest.raises(InvalidInputError, match="is no checkpoint"):
            Checkpoint.opened(tmp_path / "pipe", **settings)


def test_a_packed_header_of_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.zeros(2**25, np.uint8))
    with zipfile.ZipFile(tmp_path / "run", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", buffer.getvalue())
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="is no checkpoint"):
        Checkpoint.opened(tmp_path / "run", resume=True)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_more_iterations_than_a_list_has_room_for(tmp_path: Path) -> None:
    """The checkpoint and the check of the outputs name no file one by one."""
    photo, painting = pictures()
    run = {"image_size": 16, "iterations": 20_000_000, "checkpoint": tmp_path / "run"}
    assert next(TINY.steps(photo, painting, **run)).iteration == 1


def test_settings_without_end_are_bounded_before_the_run(tmp_path: Path) -> None:
    photo, painting = pictures()
    huge: dict[str, Any] = {"image_size": 16, "memory": 2**31 - 1, "memory_limit": 1e308}
    assert len(TINY.transfer(photo, painting, iterations=1, **huge).history) == 1
    with pytest.raises(InvalidInputError, match="memory must be at most 1000 pairs"):
        minimise(TINY.objective_at(TINY.inputs(photo, painting)), photo, Run(memory=2**31 - 1, iterations=10**6))


def quietly(path: Path, solver: str) -> None:
    """Resume, or one line."""
    import warnings

    message = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            resume(path, solver)
        except NeuralStyleError as error:
            message = str(error)
    assert "\n" not in message


ARRAYS = st.one_of(
    st.builds(np.zeros, st.sampled_from([(), (4,), (*SIZE, 3), (8, 8, 3), (2, 0, 3)]), st.sampled_from("fdiBU?")),
    st.builds(np.full, st.just((*SIZE, 3)), st.sampled_from([np.nan, np.inf, -1e30, 300.0]), st.just(np.float32)),
    st.builds(np.array, st.integers(-(2**40), 2**40)),
)


@given(data=st.data())
def test_any_checkpoint_is_resumed_or_refused(
    good: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path, arrays = tmp_path_factory.getbasetemp() / "any.checkpoint", dict(good)
    kind = data.draw(st.sampled_from(["header", "arrays", "bytes"]))
    if kind == "header":
        arrays["header"] = as_header(data.draw(edited(header_of(good))))
    elif kind == "arrays":
        for name in data.draw(st.lists(st.sampled_from([*good, "solver.new"]), min_size=1, max_size=3)):
            arrays[name] = data.draw(ARRAYS)
    with path.open("wb") as file:
        np.savez(file, **arrays)
    if kind == "bytes":
        path.write_bytes(data.draw(damaged(path.read_bytes())))
    quietly(path, solver_of(good))
