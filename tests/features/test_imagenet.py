"""The weights of ImageNet: downloaded once, announced, checked, and reported where they cannot be had."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest

from neural_style.errors import InvalidInputError
from neural_style.features import weights
from tests.features.test_weights import SAVED, VGG19, some_weights

KERAS_CACHE = """
    import functools, http.server, json, logging, os, sys, threading
    from pathlib import Path
    from neural_style.features import vgg, weights

    served, digest = Path(sys.argv[1]), sys.argv[2]
    table, name = vgg.architecture("vgg19"), served.name
    weights.KERAS_FILES = {"vgg19": (name, digest)}
    told = {}

    def attempt():
        try:
            return weights.fingerprint(weights.load(table, "imagenet", ("conv1_1",)))
        except weights.InvalidInputError as error:
            return str(error)

    weights.KERAS_URL = "http://127.0.0.1:9"  # nobody listens there
    told["unreachable"] = attempt()
    place = Path(told["unreachable"].partition(" into ")[2].partition(", or")[0]) / name
    told["place"] = str(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(served.read_bytes())
    told["put there"] = attempt()
    place.unlink()

    requests, messages = [], []
    recorder = logging.Handler()
    recorder.emit = lambda record: messages.append(record.getMessage())
    logging.getLogger("neural_style").addHandler(recorder)
    logging.getLogger("neural_style").setLevel(logging.INFO)
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            requests.append(self.command)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=served.parents[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    weights.KERAS_URL = f"http://127.0.0.1:{server.server_port}"
    told["downloaded"], told["cached"], told["requests"] = attempt(), attempt(), requests.copy()
    told["messages"] = messages
    told["cache"] = sorted(str(p.relative_to(os.environ["KERAS_HOME"])) for p in place.parent.iterdir())
    place.unlink()
    weights.KERAS_FILES = {"vgg19": (name, "0" * 32)}
    told["other hash"] = attempt()
    print("\\n" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def keras_cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Outcomes of loading `imagenet`, in a process of its own, as Keras reads KERAS_HOME when it is imported."""
    folder = tmp_path_factory.mktemp("imagenet")
    (folder / "vgg19").mkdir()
    path = folder / "vgg19" / "fake_notop.h5"
    SAVED["keras1.h5"](path, some_weights(architecture=VGG19))
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KERAS_CACHE), path, digest],
        env={**os.environ, "KERAS_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    told["expected"] = weights.fingerprint(some_weights(("conv1_1",), architecture=VGG19))
    told["home"] = str(folder / "home")
    return told


def test_imagenet_is_downloaded_once_into_keras_own_cache(keras_cache: dict[str, Any]) -> None:
    assert keras_cache["downloaded"] == keras_cache["cached"] == keras_cache["expected"]
    assert keras_cache["requests"] == ["HEAD", "GET"]
    assert keras_cache["cache"] == ["models/fake_notop.h5"]


def test_an_unreachable_download_names_the_place_of_the_file(keras_cache: dict[str, Any]) -> None:
    message = keras_cache["unreachable"]
    assert "\n" not in message
    for part in (
        "vgg19",
        "(80 MB)",
        'model="mini"',
        "http://127.0.0.1:9/vgg19/fake_notop.h5",
        "weights=FILE",
        keras_cache["home"],
    ):
        assert part in message
    assert keras_cache["place"] == f"{keras_cache['home']}/models/fake_notop.h5"


def test_a_download_is_announced_with_its_size(keras_cache: dict[str, Any]) -> None:
    place = f"{keras_cache['home']}/models/fake_notop.h5"
    assert keras_cache["messages"][0] == f"downloading the weights of vgg19 (80 MB) once, to {place}"


def test_a_silent_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolving a name has no timeout of its own."""
    forever = threading.Event()

    def hang(*_: object, **__: object) -> None:
        forever.wait()
        raise OSError("gone")

    monkeypatch.setattr(weights, "urlopen", hang)
    monkeypatch.setattr(weights, "CONNECTION_SECONDS", 0.01)
    monkeypatch.setattr(weights, "is_cached", lambda name: False)
    with pytest.raises(InvalidInputError, match=r'no answer within .* model="mini"'):
        weights.check_available("vgg16", None, ("conv1_1",))
    forever.set()


def test_other_sources_ask_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "urlopen", None)
    for name, source in (("mini", None), ("vgg19", "random:7")):
        weights.check_available(name, source, ("conv1_1",))


def test_imagenet_file_that_the_user_put_there_is_used(keras_cache: dict[str, Any]) -> None:
    assert keras_cache["put there"] == keras_cache["expected"]


def test_imagenet_file_with_another_hash_is_refused(keras_cache: dict[str, Any]) -> None:
    message = keras_cache["other hash"]
    assert ("hash" in message, "\n" in message) == (True, False)
