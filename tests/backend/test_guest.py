"""The library is a guest in its host's process: it leaves the switches of the process as they are."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from keras import ops

from neural_style import Network, backend
from neural_style.backend import forks
from neural_style.errors import InvalidInputError
from neural_style.feedforward.embedded import EmbeddedNetwork
from neural_style.solvers import minimise

TECHNIQUE = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")

WHOLE_PROCESS = """
import faulthandler, logging, os, traceback, warnings
import numpy as np
from PIL import Image
import {name} as framework

def state():
    if "{name}" == "jax":
        own = [framework.config.jax_default_matmul_precision, framework.config.jax_default_device]
    else:
        own = [framework.config.experimental.tensor_float_32_execution_enabled()]
    return own + [Image.MAX_IMAGE_PIXELS, logging.getLogger("tifffile").handlers, logging.root.handlers]

import keras, scipy.optimize, skimage.io, tifffile
before, filters = state(), list(warnings.filters)
import neural_style
from neural_style import Network, backend, feedforward
image = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
result = net.transfer(image, image, image_size=24, iterations=1, solver="adam")
if "{name}" == "jax":  # whose switch is read when a program is traced
    seen = []
    backend.compiled(lambda x: seen.append(framework.config.jax_default_matmul_precision) or x)(keras.ops.ones(2))
    assert seen == ["highest"], seen

    def watched(image):
        seen.append(framework.config.jax_default_matmul_precision)
        return keras.ops.sum(image)

    term = neural_style.Term("watched", 1.0, neural_style.Statistic(("image",), watched))
    settings = {{"model": "mini", "weights": "random", "content_layer": "conv1_2", "style_layers": "conv1_1"}}
    for precision in ("bfloat16", "float32"):
        one = Network(precision=precision, **settings)
        one.objective(image, image, image_size=24).with_terms(term).evaluate(image.astype("f4"))
    assert list(dict.fromkeys(seen[1:])) == ["tensorfloat32", "highest"], seen
assert state() == before, (state(), before)
assert warnings.filters == filters
objective = net.objective(image, image, image_size=24)
painter = feedforward.Painter()
style = painter.style(image)

def transfer():
    return net.transfer(image, image, image_size=24, iterations=1, solver="adam").image

def sketch():
    return feedforward.paint(image, image, rounds=0).image

def in_child():
    for of_before in (lambda: painter.paint(image, style), lambda: objective.evaluate(image.astype("f4"))):
        try:
            of_before()
            assert False, "a painter or an objective from before the fork"
        except neural_style.InvalidInputError as error:
            assert "make objectives and painters again" in str(error), error
    for paint, expected in ((sketch, sketched), (transfer, result.image)):
        try:
            painted = paint()
            assert "{name}" == "tensorflow" and (painted == expected).all()
        except neural_style.InvalidInputError as error:
            assert "{name}" == "jax" and "start processes by spawn" in str(error), error

sketched = sketch() if "{name}" == "tensorflow" else None

child = os.fork()
if not child:
    faulthandler.dump_traceback_later(60, exit=True)  # a child that waits for threads waits forever
    try:
        in_child()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert np.isfinite(objective.evaluate(image.astype("f4")).value)
print("as it was")
"""


@pytest.mark.parametrize("name", ["tensorflow", "jax"])
def test_a_transfer_changes_nothing_for_the_process(name):
    """Nor for a child that it forks: with a TensorFlow of one thread it paints the same, and with JAX it is refused."""
    pytest.importorskip(name)
    environment = {**os.environ, "KERAS_BACKEND": name, "JAX_PLATFORMS": "cpu", "TF_NUM_INTRAOP_THREADS": "1"}
    code = WHOLE_PROCESS.format(name=name)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "as it was\n", done.stderr


@pytest.fixture
def tensor_float_32():
    """TensorFlow's switch, on as it is by default and off afterwards if it was."""
    experimental = pytest.importorskip("tensorflow").config.experimental
    before = experimental.tensor_float_32_execution_enabled()
    experimental.enable_tensor_float_32_execution(True)
    yield experimental.tensor_float_32_execution_enabled
    experimental.enable_tensor_float_32_execution(before)


def test_products_are_exact_inside_of_programs_and_for_targets(tensor_float_32):
    """Where kernels are started: here by an operation of Python's, in a graph and alone."""
    tf, seen = pytest.importorskip("tensorflow"), []

    def watched(x):
        tf.py_function(lambda: seen.append(tensor_float_32()), [], [])
        return 2 * x

    for function in (backend.compiled(watched), backend.eager(watched)):
        function(ops.ones(3))
        assert tensor_float_32()
    assert seen == [False, False]


def test_the_switch_is_put_back_by_the_last_of_several_threads(tensor_float_32):
    inside, leave = threading.Barrier(3, timeout=60), [threading.Event(), threading.Event()]

    def run(event):
        with backend.full_float32():
            inside.wait()
            assert event.wait(60)

    threads = [threading.Thread(target=run, args=[event]) for event in leave]
    for thread in threads:
        thread.start()
    inside.wait()
    assert not tensor_float_32()
    leave[0].set()
    threads[0].join()
    assert not tensor_float_32()
    leave[1].set()
    threads[1].join()
    assert tensor_float_32()


def test_the_switch_is_put_back_after_an_error(tensor_float_32):
    def broken(x):
        raise ZeroDivisionError

    for function in (backend.compiled(broken), backend.eager(broken)):
        with pytest.raises(ZeroDivisionError):
            function(ops.ones(3))
        assert tensor_float_32()


def test_growth_is_asked_for_and_a_gpu_that_has_started_is_borne(monkeypatch, caplog):
    config = pytest.importorskip("tensorflow").config
    asked = []

    class Device:
        name = "/physical_device:GPU:0"

    def set_memory_growth(device, enable):
        asked.append((device.name, enable))
        if len(asked) > 1:
            raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(config, "list_physical_devices", lambda _: [Device()])
    monkeypatch.setattr(config.experimental, "set_memory_growth", set_memory_growth)
    assert backend.grow_memory()
    assert not caplog.records
    assert not backend.grow_memory()
    assert asked == [("/physical_device:GPU:0", True)] * 2
    (record,) = caplog.records
    assert record.name.startswith("neural_style.")
    assert "GPU:0 stays as it is: Physical devices cannot be modified" in record.getMessage()


def test_a_device_cannot_be_chosen_once_tensorflow_has_started(monkeypatch):
    config = pytest.importorskip("tensorflow").config

    def set_visible_devices(*_):
        raise RuntimeError("Visible devices cannot be modified after being initialized")

    monkeypatch.setattr(config, "set_visible_devices", set_visible_devices)
    with pytest.raises(InvalidInputError, match='"cpu" was asked for and TensorFlow has started on'):
        backend.choose_device("cpu")


def test_tensors_are_pictures_everywhere(photo, painting):
    tf, jnp = pytest.importorskip("tensorflow"), pytest.importorskip("jax.numpy")
    settings = {"image_size": 24, "iterations": 1, "solver": "adam"}
    expected = TECHNIQUE.transfer(photo, [painting], init=photo, **settings)
    found = TECHNIQUE.transfer(tf.constant(photo), jnp.asarray(painting), init=tf.constant(photo), **settings)
    np.testing.assert_array_equal(found.image, expected.image)
    assert found.losses == expected.losses


def test_a_tensorflow_that_does_not_compute_is_named(photo, painting):
    """As after `tf.compat.v1.disable_eager_execution()`, which the host program may need for its own graphs."""
    tf = pytest.importorskip("tensorflow")
    with tf.Graph().as_default():
        with pytest.raises(InvalidInputError, match="eager execution is disabled: leave out") as raised:
            TECHNIQUE.transfer(photo, painting, image_size=24, iterations=1)
        assert "\n" not in str(raised.value)
        with pytest.raises(InvalidInputError, match="eager execution is disabled"):
            minimise(lambda x: ops.sum(x * x), np.ones(3, np.float32))


@pytest.mark.parametrize("compute", [backend.compiled, backend.eager])
def test_every_computation_notes_its_process(monkeypatch, compute):
    """Not only a transfer: a child of a process that has computed in any way must not wait for its threads."""
    monkeypatch.setattr(forks._process, "number", None)
    compute(lambda x: 2 * x)(ops.ones(2))
    assert forks._process.number == os.getpid()


def test_a_painter_notes_its_process(monkeypatch):
    """Before it makes the first tensor."""
    monkeypatch.setattr(forks, "_has_one_thread", lambda: False)
    monkeypatch.setattr(forks._process, "number", 1)
    with pytest.raises(InvalidInputError, match="start processes by spawn"):
        EmbeddedNetwork()


def test_a_forked_child_without_the_threads_of_its_parent_is_refused(monkeypatch):
    """TensorFlow would wait for them forever."""
    monkeypatch.setattr(forks, "_has_one_thread", lambda: False)
    monkeypatch.setattr(forks._process, "number", 1)
    with pytest.raises(InvalidInputError, match=r"forked after .*, whose threads it lacks: start processes by spawn"):
        backend.check_process()
    assert forks._process.number == 1
