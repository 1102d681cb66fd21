"""Records from anywhere: `show` and `rerun` of whatever a file holds end with their work or in one line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from neural_style import Content, INetwork, InvalidInputError, Network, NeuralDoodle, NeuralStyleError, Style, images
from neural_style.cli.commands import rerun, show
from neural_style.masks.mask import read_mask
from neural_style.runs import records, schema
from neural_style.runs.memory_plan import fit_run
from neural_style.runs.settings import Run
from tests.hostile.crafted import edited

Command = Callable[..., Any]

TINY: dict[str, Any] = {"model": "mini", "weights": "random", "style_layers": ("conv1_1", "conv2_1")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo, a painting, a mask and a label map."""
    made = tmp_path_factory.mktemp("records")
    rng = np.random.default_rng(0)
    for name in ("photo", "painting"):
        Image.fromarray(rng.integers(0, 256, (40, 48, 3), np.uint8)).save(made / f"{name}.png")
    regions = np.zeros((40, 48, 3), np.uint8)
    regions[20:] = 255
    Image.fromarray(regions).save(made / "regions.png")
    return made


@pytest.fixture(scope="module")
def good(folder: Path) -> list[dict[str, Any]]:
    """Records as three techniques write them, with results."""
    photo, painting, regions = (folder / f"{name}.png" for name in ("photo", "painting", "regions"))
    masked = Content(photo, mask=read_mask(regions), color_mask=regions)
    runs: list[tuple[Any, Any, Any, dict[str, Any]]] = [
        (Network(**TINY), masked, [Style(painting, mask=regions)], {"preserve_color": "luminance"}),
        (INetwork(**TINY), Content(photo), [Style(painting), Style(photo)], {"sizes": (16, 24), "init": painting}),
        (NeuralDoodle(**TINY), Content(label_map=regions), [Style(painting, label_map=regions)], {"solver": "adam"}),
    ]
    found = []
    for technique, content, styles, run in runs:
        inputs = technique.inputs(content, styles)
        identity = technique.identity(inputs, technique.run_settings(inputs, run))
        entry = {"iteration": 1, "evaluations": 20, "image_size": [16, 20], "loss": 1.5, "losses": {"tv": 1.5}}
        history = [{**entry, "seconds": 0.1}]
        record = records.finished(identity, weights_sha256="0" * 64, losses={"tv": 1.5}, history=history, stopped="")
        output = {"rescale_image": False, "rescale_method": "box"}
        found.append(json.loads(records.to_json({**record, "output": output})))
    return found


def planned(path: Path) -> Any:
    """`rerun` up to the plan of its run."""
    found = rerun._parser().read([str(path)])
    session = rerun._session(found, records.read(path))
    inputs = session.technique.inputs(session.content, session.styles)
    run = session.technique.run_settings(inputs, session.run)
    fit_run(session.technique.extractor_spec, inputs.content.canvas, inputs.styles, run)
    return session


def test_a_good_record_is_planned_and_shown(good: list[dict[str, Any]], folder: Path, command: Command) -> None:
    for record in good:
        (folder / "good.json").write_text(json.dumps(record))
        assert records.read(folder / "good.json") == record
        assert planned(folder / "good.json").technique.name == record["technique"]
        assert json.loads(command("show", folder / "good.json", "--json").out) == record


def refused(record: Any, folder: Path, *parts: str) -> None:
    (folder / "bad.json").write_text(record if isinstance(record, str) else json.dumps(record))
    with pytest.raises(InvalidInputError) as caught:
        planned(folder / "bad.json")
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize(
    ("way", "value", "part"),
    [
        (("settings", "model"), ["mini"], "model must be a text"),
        (("settings", "style_layers"), [["conv1_1"]], "style_layers 0 must be a text"),
        (("settings", "style_layers"), {"conv1_1": 1}, "style_layers"),
        (("settings", "content_weight"), "1", "content_weight"),
        (("settings", "content_weight"), 10**400, "more than 63 bits"),
        (("settings", "content_loss_type"), True, "content_loss_type"),
        (("settings", "chain"), True, "chain"),
        (("styles",), [{}], "image"),
        (("styles", 0, "weight"), None, "weight"),
        (("styles", 0, "weight"), -1, "weight"),
        (("styles", 0, "sha256"), 5, "sha256 must be a text"),
        (("styles", 0, "mask"), "regions.png", "mask"),
        (("styles", 0, "mask"), {"image": None, "sha256": "", "soft": 1}, "soft"),
        (("content", "image"), 5, "image"),
        (("content", "extra"), 5, "extra"),
        (("run", "init"), "/etc/passwd", "init"),
        (("run", "init"), {"image": "a.png"}, "init"),
        (("run", "iterations"), 0, "iterations"),
        (("run", "iterations"), 2**80, "iterations"),
        (("run", "sizes"), list(range(100, 0, -1)), "sizes must grow"),
        (("run", "sizes"), "400", "sizes"),
        (("run", "memory"), 1e300, "memory"),
        (("run", "memory_limit"), -5, "memory_limit"),
        (("losses", "tv"), "\x1b[2J", "losses tv"),
        (("output", "suffix"), "/../../evil.png", "suffix"),
        (("output", "own"), ["/etc/passwd"], "own"),
        (("output", "rescale_method"), "magic", "magic"),
        (("technique",), "custom", "custom"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_no_run_writes(
    good: list[dict[str, Any]], folder: Path, way: tuple[Any, ...], value: Any, part: str
) -> None:
    record = json.loads(json.dumps(good[0]))
    parent = record
    for name in way[:-1]:
        parent = parent[name]
    parent[way[-1]] = value
    refused(record, folder, part)


def test_numbers_that_json_lacks(good: list[dict[str, Any]], folder: Path) -> None:
    text = json.dumps(good[0])
    for number in ("NaN", "-Infinity", "1e999", "9" * 5000):
        refused(text.replace("1.5", number), folder, "holds no record")


def test_a_record_of_50_mb_is_refused_cheaply(folder: Path) -> None:
    (folder / "large.json").write_bytes(b'{"a": "' + b"a" * 50_000_000 + b'"}')
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="more than 16777216 letters"):
        records.read(folder / "large.json")
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**24
    tracemalloc.stop()


def test_deep_nesting_is_refused(good: list[dict[str, Any]], folder: Path) -> None:
    refused("[" * 10**6, folder, "holds no record")
    refused(json.dumps(good[0]).replace('"box"', "[" * 500 + "]" * 500), folder)
    nested: Any = 1
    for _ in range(schema.DEEPEST + 2):
        nested = {"a": nested}
    refused({**good[0], "more": nested}, folder, "nested too deep")


def test_a_pipe_is_no_record(tmp_path: Path) -> None:

    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InvalidInputError, match="not a regular file"):
        records.read(tmp_path / "pipe.json")


def test_the_record_of_a_png_is_found_without_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the pixels, as we write it, and after them; stored or packed."""
    for is_packed in (False, True):
        for follows in (False, True):
            text = PngImagePlugin.PngInfo()
            text.add_itxt("neural_style", '{"é": 1}', zip=is_packed)
            if follows:
                text.chunks = [(kind, data, True) for kind, data, *_ in text.chunks]
            Image.new("RGB", (20, 20)).save(tmp_path / "out.png", pnginfo=text)
            with monkeypatch.context() as patch:
                patch.setattr(PngImagePlugin.PngImageFile, "load", lambda *_: pytest.fail("pixels were decoded"))

                assert images.read_record(tmp_path / "out.png") == '{"é": 1}'


def test_control_characters_are_shown_as_escapes(good: list[dict[str, Any]], folder: Path, command: Command) -> None:
    evil = "\x1b]0;owned\x07\x9b2J\u202egnp\x7f\r\n"
    record = {**good[0], "technique": evil, "stopped": evil, "losses": {evil: 1.0}, "settings": {evil: evil}}
    record["content"] = {"image": evil}
    (folder / "evil.json").write_text(json.dumps(record))
    for flags in ([], ["--json"]):
        ran = command("show", folder / "evil.json", *flags)
        assert ran.status == 0
        assert all(character.isprintable() or character == "\n" for character in ran.out)
        assert "owned" in ran.out
    assert json.loads(ran.out) == record


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_record_is_shown_and_planned_or_refused(
    good: list[dict[str, Any]], folder: Path, data: st.DataObject
) -> None:
    record = data.draw(edited(data.draw(st.sampled_from(good))))
    path = folder / "any.json"
    path.write_text(json.dumps(record))
    for read in (lambda: show.main([str(path)]), lambda: show.main([str(path), "--json"]), lambda: planned(path)):
        printed = io.StringIO()
        with warnings.catch_warnings(), contextlib.suppress(NeuralStyleError), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")  # such as of a picture that has changed
            read()
        assert all(character.isprintable() or character == "\n" for character in printed.getvalue())
    assert sorted(each.name for each in folder.iterdir() if each.suffix == ".png") == [
        *("painting.png", "photo.png", "regions.png")
    ]


def test_the_run_of_every_setting_has_a_schema() -> None:
    """A setting of a new type fails here, and not in the hands of a reader of records."""
    schema.RUN(json.loads(records.to_json(records.plain(Run()))), "run")
