"""Runs that are broken off and resumed, in this process."""

import dataclasses
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from neural_style import Content, InvalidInputError, Network, NeuralDoodle, NeuralStyleError, Style
from neural_style.runs import checkpoint_file
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.pyramid import Pyramid

TINY = Network(model="mini", weights="random", content_layer="conv1_2", style_layers=("conv1_1", "conv2_1"))


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def killed_at(iteration):
    def on_step(step):
        if step.iteration == iteration:
            raise Killed

    return on_step


def broken_off(path, photo, painting, iteration, *, technique=TINY, **settings):
    """Run until the picture of `iteration` is told and its checkpoint not yet written."""
    with pytest.raises(Killed):
        technique.transfer(photo, painting, checkpoint=path, on_step=killed_at(iteration), **settings)


def assert_same_end(found, expected):
    np.testing.assert_array_equal(found.image, expected.image)
    assert found.losses == expected.losses
    assert found.stopped == expected.stopped
    for one, other in zip(found.history, expected.history, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.parametrize(
    ("iteration", "settings"),
    [
        (1, {"image_size": 16, "iterations": 3}),
        (3, {"image_size": 16, "iterations": 3, "init": "noise", "seed": 5}),
        (2, {"image_size": 16, "iterations": 3, "solver": "adam", "learning_rate": 5, "averaging": 0.9}),
        (2, {"sizes": (12, 16), "iterations": 2}),  # at the end of the coarse size
        (3, {"sizes": (12, 16), "iterations": 2}),  # at the beginning of the fine one
        (4, {"sizes": (12, 16), "iterations": 2, "preserve_color": "luminance"}),
        (2, {"sizes": (12, 16), "iterations": 4, "min_improvement": 99.9}),
    ],
    ids=str,
)
def test_a_resumed_run_ends_like_an_unbroken_one(photo, painting, tmp_path, iteration, settings):
    whole, steps = TINY.transfer(photo, painting, **settings), []
    broken_off(tmp_path / "run", photo, painting, iteration, **settings)
    again = TINY.transfer(photo, painting, checkpoint=tmp_path / "run", resume=True, on_step=steps.append, **settings)
    assert_same_end(again, whole)
    # Nothing is done twice but what was in work.
    assert [step.iteration for step in steps] == list(range(iteration, len(whole.history) + 1))
    assert again.record["run"] == whole.record["run"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_broken_at_every_iteration(photo, painting, tmp_path):
    settings = {"sizes": (12, 16), "iterations": 2}
    whole = TINY.transfer(photo, painting, **settings)
    for iteration in (1, 1, 2, 3, 4):
        with pytest.raises(Killed):
            TINY.transfer(
                photo,
                painting,
                checkpoint=tmp_path / "run",
                resume=True,
                on_step=killed_at(iteration),
                **settings,
            )
    steps = list(TINY.steps(photo, painting, checkpoint=tmp_path / "run", resume=True, **settings))
    assert [step.iteration for step in steps] == [4]
    np.testing.assert_array_equal(steps[-1].image, whole.image)


def test_a_finished_run_is_told_at_once(photo, painting, tmp_path, monkeypatch):
    settings = {"image_size": 16, "iterations": 2, "checkpoint": tmp_path / "run"}
    whole = TINY.transfer(photo, painting, **settings)

    def work(*_):
        raise AssertionError("an objective was made")

    monkeypatch.setattr(Pyramid, "_objective", work)
    again = TINY.transfer(photo, painting, resume=True, on_step=work, **settings)
    assert_same_end(again, whole)
    assert again.record["weights_sha256"] == whole.record["weights_sha256"]


@pytest.mark.parametrize("settings", [{}, {"min_improvement": 20.0}, {"solver": "adam"}], ids=str)
def test_more_iterations_than_before(photo, painting, tmp_path, settings):
    """The same as if they had been wanted from the beginning, also where that had ended early."""
    settings = {"image_size": 16, **settings}
    whole = TINY.transfer(photo, painting, iterations=5, **settings)
    TINY.transfer(photo, painting, iterations=2, checkpoint=tmp_path / "run", **settings)
    again = TINY.transfer(photo, painting, iterations=5, checkpoint=tmp_path / "run", resume=True, **settings)
    assert_same_end(again, whole)


def test_more_iterations_come_too_late_for_a_size_that_is_left(photo, painting, tmp_path):
    broken_off(tmp_path / "run", photo, painting, 3, sizes=(12, 16), iterations=1 + 1)
    shutil.copy(tmp_path / "run", tmp_path / "early")
    TINY.transfer(photo, painting, sizes=(12, 16), iterations=2, checkpoint=tmp_path / "run", resume=True)
    with pytest.raises(InvalidInputError, match="iterations was 2 and is 3"):
        TINY.transfer(photo, painting, sizes=(12, 16), iterations=3, checkpoint=tmp_path / "run", resume=True)
    whole = TINY.transfer(photo, painting, sizes=(12, 16), iterations=3)
    again = TINY.transfer(photo, painting, sizes=(12, 16), iterations=3, checkpoint=tmp_path / "early", resume=True)
    assert_same_end(again, whole)


def test_an_interrupted_iteration_is_done_again(photo, painting, tmp_path):
    settings = {"image_size": 16, "iterations": 3}
    whole = TINY.transfer(photo, painting, **settings)

    def interrupt_at(count):
        def progress(evaluations, _):
            if evaluations == count:
                raise KeyboardInterrupt

        return progress

    first = TINY.transfer(photo, painting, checkpoint=tmp_path / "run", progress=interrupt_at(35), **settings)
    assert (first.stopped, len(first.history)) == ("interrupted", 2)
    # Interrupted again before an iteration is whole.
    again = TINY.transfer(
        photo, painting, checkpoint=tmp_path / "run", resume=True, progress=interrupt_at(21), **settings
    )
    assert again.stopped == "interrupted"
    assert_same_end(TINY.transfer(photo, painting, checkpoint=tmp_path / "run", resume=True, **settings), whole)


def test_a_doodle(photo, painting, tmp_path):
    regions = np.zeros((36, 30, 3), "uint8")
    regions[18:] = [0, 255, 0]
    target = np.zeros((28, 40, 3), "uint8")
    target[:, 20:] = [0, 255, 0]
    doodle = NeuralDoodle(labels=2, model="mini", weights="random", style_layers=("conv1_1", "conv2_1"))
    settings = {"image_size": 16, "iterations": 2}
    inputs = Content(label_map=target), Style(painting, label_map=regions)
    whole = doodle.transfer(*inputs, **settings)
    with pytest.raises(Killed):
        doodle.transfer(*inputs, checkpoint=tmp_path / "run", on_step=killed_at(2), **settings)
    again = list(doodle.steps(*inputs, checkpoint=tmp_path / "run", resume=True, **settings))
    assert [step.iteration for step in again] == [2]
    np.testing.assert_array_equal(again[0].image, whole.image)
    turned = Content(label_map=target[::-1, ::-1].copy()), inputs[1]
    with pytest.raises(InvalidInputError, match=r"other pixels in content\.label_map"):
        doodle.steps(*turned, checkpoint=tmp_path / "run", resume=True, **settings)


@pytest.fixture
def kept(photo, painting, tmp_path):
    """The checkpoint of a run, broken off in its second iteration."""
    broken_off(tmp_path / "run", photo, painting, 2, image_size=16, iterations=2)
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("technique", "content", "style", "settings", "message"),
    [
        ({"content_weight": 5.0}, {}, {}, {}, "of another run: content_weight was .* and is 5.0; give the same"),
        ({"style_layers": ("conv1_1",)}, {}, {}, {}, "style_layers was conv1_1 conv2_1 and is conv1_1"),
        ({"weights": "random:3"}, {}, {}, {}, "weights was random and is random:3"),
        ({}, {}, {"weight": 0.5}, {}, "styles.0.weight was 1.0 and is 0.5"),
        ({}, {}, {"mask": np.eye(40, 48) > 0}, {}, "styles.0.mask was none and is a picture; give"),
        ({}, {"image": np.full((40, 48, 3), 9, "uint8")}, {}, {}, "other pixels in content;"),
        ({}, {}, {}, {"image_size": 20, "seed": 3}, "image_size was 16 and is 20, seed was 0 and is 3"),
        ({}, {}, {}, {"image_size": 20, "solver": "adam", "memory": 3, "seed": 3, "init": "gray"}, "and 1 more"),
    ],
)
def test_settings_that_differ_are_named(photo, painting, kept, idle, technique, content, style, settings, message):
    settings = {"image_size": 16, "iterations": 2, **settings}
    with pytest.raises(InvalidInputError, match=message) as caught:
        dataclasses.replace(TINY, **technique).transfer(
            Content(**{"image": photo, **content}),
            Style(**{"image": painting, **style}),
            checkpoint=kept,
            resume=True,
            **settings,
        )
    assert "\n" not in str(caught.value)


def test_other_weights_are_refused(photo, painting, kept, tmp_path):
    """The name of the file is the same, what is in it is not."""
    with np.load(kept) as stored:
        arrays = dict(stored)
    header = json.loads(arrays["header"].tobytes())
    header["progress"]["weights_sha256"] = "0" * 64
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with kept.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(InvalidInputError, match="weights are not those of the checkpoint"):
        TINY.transfer(photo, painting, image_size=16, iterations=2, checkpoint=kept, resume=True)


def test_pictures_may_have_moved(photo_file, painting_file, tmp_path, kept, idle):
    """Only pixels count. An objective that is made says that the run was taken up."""
    for file in (photo_file, painting_file):
        file.rename(tmp_path / f"moved_{file.name}")
    with pytest.raises(AssertionError, match="work was done"):
        TINY.transfer(
            tmp_path / "moved_photo.png",
            tmp_path / "moved_painting.png",
            image_size=16,
            iterations=2,
            checkpoint=kept,
            resume=True,
        )


def refusal(path):
    with pytest.raises(InvalidInputError) as caught:
        Checkpoint.opened(path, resume=True)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_damaged_files_are_refused(kept):
    data = kept.read_bytes()
    with zipfile.ZipFile(kept) as archive:
        places = [entry.header_offset + 200 for entry in archive.infolist()]
    for length in (len(data) // 3, len(data) - 1, 100):
        kept.write_bytes(data[:length])
        assert "is damaged and cannot be resumed: delete it" in refusal(kept)
    for place in places:
        kept.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert "is damaged" in refusal(kept)
    kept.write_bytes(data)
    assert Checkpoint.opened(kept, resume=True).found is not None


def test_foreign_files_are_refused_and_kept(tmp_path, photo_file):
    np.savez(tmp_path / "weights.npz", block1_conv1_kernel=np.zeros(3))
    np.savez(tmp_path / "header.npz", header=np.frombuffer(b'{"a": 1}', np.uint8))
    np.savez(tmp_path / "pickle.npz", header=np.array([{}], dtype=object))
    with zipfile.ZipFile(tmp_path / "text.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    (tmp_path / "empty").touch()
    names = ("weights.npz", "header.npz", "pickle.npz", "text.zip", "empty", photo_file.name)
    for name in names:
        before = (tmp_path / name).read_bytes()
        assert name in (message := refusal(tmp_path / name))
        assert "is no checkpoint of neural_style" in message or name == "pickle.npz"
        assert (tmp_path / name).read_bytes() == before
    (tmp_path / "folder").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder")


def test_another_format_is_refused(kept, monkeypatch):
    monkeypatch.setattr(checkpoint_file, "FORMAT", checkpoint_file.FORMAT + 1)
    assert "of another version" in refusal(kept)


def test_what_can_be_no_checkpoint_is_found_out_before_the_run(photo, painting, kept, tmp_path, idle):
    before = kept.read_bytes()
    for settings, message in (
        ({"checkpoint": kept}, "exists: resume its run with resume=True"),
        ({"resume": True}, "resume needs a checkpoint"),
        ({"checkpoint": tmp_path / "new", "solver": "scipy_lbfgs"}, "scipy_lbfgs cannot be .*use lbfgs or adam"),
        ({"checkpoint": "/proc/run"}, 'checkpoint "/proc/run" cannot be written'),
        ({"checkpoint": kept / "deeper"}, "is a file, not a folder"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            TINY.transfer(photo, painting, image_size=16, iterations=2, **settings)
    assert kept.read_bytes() == before
    assert not (tmp_path / "new").exists()


def test_a_run_that_never_began_leaves_no_checkpoint(photo, painting, tmp_path, monkeypatch):
    def exhausted(*_):
        raise NeuralStyleError("no memory")

    monkeypatch.setattr(Pyramid, "_objective", exhausted)
    with pytest.raises(NeuralStyleError, match="no memory"):
        TINY.transfer(photo, painting, image_size=16, checkpoint=tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_killed_while_a_checkpoint_is_written(photo, painting, kept, monkeypatch):
    """What was there before is there still, and what was left behind is removed by the next run."""
    before, save = kept.read_bytes(), np.savez

    def half(file, **arrays):
        whole = io.BytesIO()
        save(whole, **arrays)
        file.write(whole.getvalue()[: whole.tell() // 2])
        raise Killed

    monkeypatch.setattr(np, "savez", half)
    monkeypatch.setattr(type(kept), "unlink", lambda *_, **__: None)  # whoever is killed tidies up nothing
    with pytest.raises(Killed):
        TINY.transfer(photo, painting, image_size=16, iterations=2, checkpoint=kept, resume=True)
    monkeypatch.undo()
    assert kept.read_bytes() == before
    assert list(kept.parent.glob(".*.part"))
    TINY.transfer(photo, painting, image_size=16, iterations=2, checkpoint=kept, resume=True)
    assert not list(kept.parent.glob(".*.part"))


def test_a_frame_is_written_once(tmp_path):
    """Killed after a frame was appended and before its checkpoint: the next run overwrites it; other files stay."""
    inputs = {"content": {}, "styles": [], "run": {"iterations": 4}}
    record = {"neural_style": "0", "versions": {}, "technique": "t", "settings": {}, **inputs}
    progress = {"level": {}, "index": 0, "evaluations_before": 0, "seconds": 0, "history": [], "weights_sha256": ""}
    frames = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3), np.uint8)
    checkpoint, sizes = Checkpoint.opened(tmp_path / "run", resume=True), []
    for frame in frames[:3]:
        checkpoint.frames.append(frame)
        checkpoint.write(record, progress, {}, is_finished=False)
        sizes.append((tmp_path / "run").stat().st_size)
    assert max(sizes) - min(sizes) < 30  # the sizes of two more frames in the header
    before = (tmp_path / "run.frames").read_bytes()
    (tmp_path / "run.frames").write_bytes(before + b"half a frame")
    again = Checkpoint.opened(tmp_path / "run", resume=True)
    np.testing.assert_array_equal(again.frames, frames[:3])
    again.frames.append(frames[3])
    again.write(record, progress, {}, is_finished=False)
    assert (tmp_path / "run.frames").read_bytes() == before + frames[3].tobytes()
    np.testing.assert_array_equal(Checkpoint.opened(tmp_path / "run", resume=True).frames, frames)
    (tmp_path / "run.frames").write_bytes(before[:-1])
    assert Checkpoint.opened(tmp_path / "run", resume=True).frames == []
    (tmp_path / "run.frames").write_bytes(b"")  # the disk was full
    assert Checkpoint.opened(tmp_path / "run", resume=True).frames == []
    again.delete()
    assert not list(tmp_path.iterdir())
    (tmp_path / "run.frames").write_bytes(b"mine")
    with pytest.raises(InvalidInputError, match="is no file of neural_style"):
        Checkpoint.opened(tmp_path / "run", resume=True)


def test_a_checkpoint_takes_no_space_for_an_empty_memory(photo, painting, tmp_path):
    sizes = []
    for memory in (3, 300):
        TINY.transfer(photo, painting, image_size=32, iterations=1, memory=memory, checkpoint=tmp_path / str(memory))
        sizes.append((tmp_path / str(memory)).stat().st_size)
    picture = 32 * 38 * 3 * 4
    assert sizes[0] < (5 + 2 * 3) * picture + 10_000
    assert sizes[1] < (5 + 2 * 20) * picture + 10_000  # 20 evaluations
