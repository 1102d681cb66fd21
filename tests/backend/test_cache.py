"""The cache of networks, programs and graphs: bounded, cleared, dropped with its owner, and safe among threads."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from keras import ops

import neural_style
from neural_style import Network, backend
from neural_style.backend import GRAPHS, NETWORKS, PROGRAMS, Budget, Cache
from neural_style.backend.cache import SHAPES
from neural_style.features.extractor import feature_extractor


def made(cache, *keys):
    """The keys whose values had to be made."""
    found = []
    for key in keys:
        cache.get(key, lambda key=key: found.append(key))
    return found


def test_the_least_recently_used_entry_makes_room():
    cache = Cache(Budget(2))
    assert made(cache, "a", "b", "a", "c", "a", "b") == ["a", "b", "c", "b"]
    assert len(cache) == 2


def test_a_budget_bounds_all_of_its_caches_together():
    budget = Budget(3)
    one, other = Cache(budget), Cache(budget)
    made(one, "a", "b")
    made(other, "a", "b")
    assert len(budget) == 3
    assert made(other, "a", "b") == []
    assert made(one, "b", "a") == ["a"]


def test_a_cache_may_have_a_limit_of_its_own():
    budget = Budget(9)
    one, other = Cache(budget, 2), Cache(budget)
    made(other, "a")
    assert made(one, "a", "b", "c", "a") == ["a", "b", "c", "a"]
    assert len(budget) == 3


def test_entries_die_with_the_owner_of_their_cache():
    budget = Budget(3)
    owner, kept = Cache(budget), Cache(budget)
    made(kept, "x")
    made(owner, "a", "b")
    del owner
    gc.collect()
    assert len(budget) == 1
    assert made(kept, "x", "y", "z", "x") == ["y", "z"]


def test_a_cleared_budget_makes_everything_anew():
    budget = Budget(3)
    cache = Cache(budget)
    made(cache, "a", "b")
    budget.clear()
    assert len(budget) == 0
    assert made(cache, "b", "a", "b") == ["b", "a"]


def test_what_cannot_be_made_is_tried_again():
    cache = Cache(Budget(3))
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    assert cache.get("a", lambda: 7) == 7


def test_threads_share_what_one_of_them_makes_and_do_not_wait_for_others():
    cache, calls, started, finish = Cache(Budget(3)), [], threading.Event(), threading.Event()

    def slow():
        calls.append("slow")
        started.set()
        assert finish.wait(60)
        return "slow"

    with ThreadPoolExecutor(3) as pool:
        twice = [pool.submit(cache.get, "slow", slow) for _ in range(2)]
        assert started.wait(60)
        assert cache.get("quick", lambda: "quick") == "quick"
        assert not any(each.done() for each in twice)
        finish.set()
        assert [each.result() for each in twice] == ["slow", "slow"]
    assert calls == ["slow"]


def extractor(seed):
    return feature_extractor("mini", f"random:{seed}", ("conv1_1",))


def test_networks_are_bounded_and_take_their_programs_with_them():
    neural_style.clear_caches()
    networks = [weakref.ref(extractor(seed)) for seed in range(NETWORKS.limit + 3)]
    assert [network() is not None for network in networks] == [False] * 3 + [True] * NETWORKS.limit
    newest = networks[-1]()
    newest.features(np.zeros((24, 24, 3)), ["conv1_1"], tile=16)  # one tile, and so one program
    assert (len(PROGRAMS), len(GRAPHS)) == (1, 1)
    del newest
    extractor(100)
    extractor(101)
    assert networks[-1]() is None
    assert (len(PROGRAMS), len(GRAPHS)) == (0, 0)
    neural_style.clear_caches()
    assert len(NETWORKS) == 0


def test_graphs_of_one_program_are_bounded_and_computed_anew():
    GRAPHS.clear()
    traced = []
    double = backend.compiled(lambda x: traced.append(x.shape) or 2 * x)
    for length in (*range(1, SHAPES + 3), 1):
        np.testing.assert_array_equal(double(ops.ones(length)), 2 * np.ones(length))
    assert len(GRAPHS) == SHAPES
    assert len(traced) == SHAPES + 3
    del double
    gc.collect()
    assert len(GRAPHS) == 0


def test_threads_transfer_at_once(photo, painting):
    """More networks than are kept, in two sizes, each by two threads."""
    techniques = [
        Network(model="mini", weights=f"random:{seed}", content_layer="conv1_2", style_layers="conv1_1")
        for seed in range(NETWORKS.limit + 2)
    ]
    jobs = [(technique, rows) for technique in techniques for rows in (16, 20)]

    def run(job):
        technique, rows = job
        return technique.transfer(photo, painting, image_size=rows, iterations=1, solver="adam")

    alone = [run(job) for job in jobs]
    neural_style.clear_caches()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, [*jobs, *jobs]))
    for expected, found in zip([*alone, *alone], together, strict=True):
        assert found.losses == pytest.approx(expected.losses, rel=1e-4)
        assert np.abs(found.image.astype(int) - expected.image).max() <= 1
