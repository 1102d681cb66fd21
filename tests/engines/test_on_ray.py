"""Ray, where it is installed: tasks come back, a killed worker is replaced, and nothing is left running."""

from __future__ import annotations

import importlib.util
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from neural_style.engines import on_ray
from neural_style.engines.interface import TRIES, Outcome
from neural_style.engines.on_ray import OnRay
from neural_style.errors import InvalidInputError
from neural_style.features import sent_files
from neural_style.features.sent_files import SentFile
from neural_style.features.vgg import architecture
from neural_style.features.weights import fingerprint, hash_of, load, random
from neural_style.runs.records import library_version
from tests.engines.test_local import Deadly, Named

with_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray")


@with_ray
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_tasks_of_which_some_kill_their_worker(tmp_path: Path) -> None:
    often, once = tmp_path / "often", tmp_path / "once"
    tasks = {"a": Named("a"), "killed always": Deadly(often, 99), "killed once": Deadly(once, 1)}
    found = dict(OnRay().outcomes(tasks.items()))
    assert found.keys() == tasks.keys()
    assert str(TRIES) in found.pop("killed always").error
    assert len(often.read_text()) == TRIES
    assert not any(outcome.error for outcome in found.values())


@pytest.mark.parametrize(
    ("address", "words"),
    [("127.0.0.1:1", r"127\.0\.0\.1:1 does not answer"), ("head", "HOST:PORT"), (":99999", "HOST:PORT")],
)
def test_no_cluster_at_the_address(monkeypatch: pytest.MonkeyPatch, address: str, words: str) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: True)
    with pytest.raises(InvalidInputError, match=words):
        next(OnRay(address).outcomes([("a", Named("a"))]))


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    with pytest.raises(InvalidInputError, match=r"pip install 'neural-style-keras\[ray\]'"):
        OnRay()


def test_worker_of_another_version() -> None:
    outcome = on_ray._run("0.0.0", Named("a"), None, {})
    assert "0.0.0" in outcome.error
    assert not outcome.files


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """In place of Ray: two cores, no GPU, a handler of its own for SIGTERM, and the arguments of `init`."""

    def init(*_: Any, **settings: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        vars(found).update(settings)

    found = SimpleNamespace(
        init=init,
        shutdown=lambda: None,
        cluster_resources=lambda: {"CPU": 2.0},
        exceptions=SimpleNamespace(RayError=OSError),
    )
    monkeypatch.setitem(sys.modules, "ray", found)
    monkeypatch.setattr(on_ray, "find_spec", lambda name: True)
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_USAGE_STATS_ENABLED"):
        monkeypatch.setenv(name, "0")
    return found


def test_sigterm_stays_ours_and_workers_leave_no_files(ray: SimpleNamespace) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(InvalidInputError, match=r"has 0 GPUs, and per_task_gpus is 0\.5"):
        next(OnRay(per_task_gpus=0.5).outcomes([("a", Named("a"))]))
    assert signal.getsignal(signal.SIGTERM) is before
    assert not Path(ray.runtime_env["env_vars"]["TMPDIR"]).exists()


def test_ray_is_not_started_for_nothing(ray: SimpleNamespace) -> None:
    assert list(OnRay().outcomes([])) == []
    assert not hasattr(ray, "runtime_env")


def test_cluster_without_gpus_may_grow(ray: SimpleNamespace) -> None:
    with pytest.warns(UserWarning, match="head:1 has 0 GPUs, and per_task_gpus is 2: tasks wait"):
        OnRay("head:1", 2)._check_gpus(ray)
    with pytest.raises(InvalidInputError, match=r"whole number, received 1\.5"):
        OnRay(per_task_gpus=1.5)


@dataclass(frozen=True)
class Read:
    """Reads files of weights, and returns what it finds."""

    weights: tuple[str, ...]

    def run(self) -> Outcome:
        table = architecture("mini")
        files = [name for name in self.weights if name != "imagenet"]
        return Outcome(value=[(hash_of(Path(name)), fingerprint(load(table, name, ["conv1_1"]))) for name in files])


def test_files_of_weights_are_sent_once_under_the_names_of_the_user(
    ray: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_files, "_sent", {})
    monkeypatch.chdir(tmp_path)
    found = random(architecture("mini"), ["conv1_1"])
    np.savez(tmp_path / "own.npz", **found)
    with h5py.File(tmp_path / "own.h5", "w") as file:
        for name, values in found.items():
            file[f"layers/{name}"] = values
    names = ("own.npz", str(tmp_path / "own.h5"))
    expected = [(hash_of(Path(name)), fingerprint(found)) for name in names]
    kept: list[np.ndarray] = []
    fetched: list[int] = []

    def get(number: int) -> np.ndarray:
        fetched.append(number)
        return kept[number]

    ray.put = lambda content: kept.append(content) or len(kept) - 1  # type: ignore[func-returns-value]
    ray.get = get
    store = on_ray._Store(ray)
    references = [store.references((*names, "imagenet")) for _ in range(2)]
    for name in names:
        Path(name).unlink()  # as on another machine
    for each in references:
        assert on_ray._run(library_version(), Read(names), None, each).value == expected
    assert fetched == [0, 1]
    assert not list(tmp_path.iterdir())

    damaged = SentFile(np.zeros(9, np.uint8), "another")
    sent_files.receive("own.npz", damaged)
    with pytest.raises(InvalidInputError, match=r"^own\.npz cannot be read as a weights file"):
        load(architecture("mini"), "own.npz", ["conv1_1"])
