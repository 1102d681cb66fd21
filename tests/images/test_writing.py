"""Every format written and read back, and outputs that must be refused."""

from __future__ import annotations

import resource
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.images import writing

RECORD = '{"content": "Möwe am Meer.jpg", "style": "神奈川沖浪裏 🌊", "seed": 7}'
WRITABLE = [".png", ".jpg", ".webp", ".tif"]


@pytest.mark.parametrize("suffix", images.SUFFIXES)
def test_written_pictures_are_read_back(tmp_path: Path, smooth: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"out{suffix.upper()}"
    images.write(path, smooth)
    tolerance = {".png": 0, ".tif": 0, ".tiff": 0, ".jpg": 4, ".jpeg": 4, ".webp": 12}[suffix]
    assert np.abs(images.read(path).rgb.astype(int) - smooth).max() <= tolerance
    assert images.read_record(path) is None
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_jpegs_keep_full_colour_resolution(tmp_path: Path, smooth: np.ndarray) -> None:
    images.write(tmp_path / "a.jpg", smooth)
    with Image.open(tmp_path / "a.jpg") as image:
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}  # type: ignore[attr-defined]
        assert image.quantization[0][0] == 2  # type: ignore[attr-defined]  # ITU T.81 table K.1 begins with 16, a tenth of it at quality 95


def test_floats_are_clipped_and_rounded(tmp_path: Path) -> None:
    values = np.tile(np.array([-3.0, 0.4, 0.6, 254.4, 254.6, 400.0, 7.0, 8.0])[:, None, None], (1, 9, 3))
    images.write(tmp_path / "a.png", values)
    assert images.read(tmp_path / "a.png").rgb[:, 0, 0].tolist() == [0, 0, 1, 254, 255, 255, 7, 8]


@pytest.mark.parametrize("suffix", WRITABLE)
def test_alpha_is_written_where_the_format_has_it(tmp_path: Path, smooth: np.ndarray, suffix: str) -> None:
    alpha = np.repeat(np.linspace(0, 255, 24).astype(np.uint8)[:, None], 32, axis=1)
    images.write(tmp_path / f"a{suffix}", smooth, alpha=alpha, record=RECORD)
    picture = images.read(tmp_path / f"a{suffix}")
    if suffix == ".jpg":
        assert picture.alpha is None
    else:
        np.testing.assert_array_equal(picture.alpha, alpha)
    opacity = alpha[..., None] / 255
    assert np.abs(picture.rgb - (smooth * opacity + 255 * (1 - opacity))).max() <= (
        0.5 if suffix in (".png", ".tif") else 12
    )
    assert images.read_record(tmp_path / f"a{suffix}") == RECORD


@pytest.mark.parametrize("record", [RECORD, "{}", RECORD * 400], ids=["non-ascii", "short", "long"])
@pytest.mark.parametrize("suffix", WRITABLE)
def test_records_are_read_back(tmp_path: Path, smooth: np.ndarray, suffix: str, record: str) -> None:
    images.write(tmp_path / f"a{suffix}", smooth, record=record)
    assert images.read_record(tmp_path / f"a{suffix}") == record
    assert images.read(tmp_path / f"a{suffix}").size == (24, 32)


def test_a_name_that_is_not_utf8_is_escaped_as_json_does(tmp_path: Path, smooth: np.ndarray) -> None:
    for suffix in WRITABLE:
        images.write(tmp_path / f"a{suffix}", smooth, record='"caf\udce9"')
        assert images.read_record(tmp_path / f"a{suffix}") == '"caf\\udce9"'


def test_a_record_too_long_for_a_jpeg(tmp_path: Path, smooth: np.ndarray) -> None:
    record = "x" * 70_000
    with pytest.warns(UserWarning, match=r"a JPEG has no room for a record of 70000 bytes; written without it"):
        images.write(tmp_path / "a.jpg", smooth, record=record)
    assert images.read_record(tmp_path / "a.jpg") is None
    for suffix in (".png", ".webp", ".tif"):
        images.write(tmp_path / f"a{suffix}", smooth, record=record)
        assert images.read_record(tmp_path / f"a{suffix}") == record


def test_a_description_by_another_program_is_no_record(tmp_path: Path, smooth: np.ndarray) -> None:
    exif = Image.Exif()
    exif[270] = "Ünser Hund".encode()
    Image.fromarray(smooth).save(tmp_path / "a.jpg", exif=exif)
    assert images.read_record(tmp_path / "a.jpg") is None


def test_records_of_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello, hello")
    with pytest.raises(InvalidInputError, match="is not a picture that can be read"):
        images.read_record(tmp_path / "text.png")
    with pytest.raises(MissingFileError, match=r'does not exist: did you mean ".*text\.png"'):
        images.read_record(tmp_path / "test.png")


def test_nothing_is_overwritten(tmp_path: Path, smooth: np.ndarray) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    for call in (lambda: images.check_output(path, overwrite=False), lambda: images.write(path, smooth)):
        with pytest.raises(InvalidInputError, match=r'"\S+a\.png" exists: choose another .* overwrite=True$'):
            call()
    assert path.read_bytes() == b"precious"
    images.check_output(path, overwrite=True)
    assert path.read_bytes() == b"precious"
    images.write(path, smooth, overwrite=True)
    np.testing.assert_array_equal(images.read(path).rgb, smooth)


def test_a_file_that_appears_during_the_run_is_kept(
    tmp_path: Path, smooth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    monkeypatch.setattr(writing, "check_output", lambda *args, **kwargs: None)
    with pytest.raises(InvalidInputError, match="exists: choose another name"):
        images.write(path, smooth)
    assert path.read_bytes() == b"precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_only_a_complete_file_gets_the_name(
    tmp_path: Path, smooth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at the last moment: no empty file has the name, which a second run would take for finished."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("link", "replace"):
        monkeypatch.setattr(f"neural_style.files.os.{name}", killed)
    for overwrite in (False, True):
        with pytest.raises(KeyboardInterrupt):
            images.write(tmp_path / "a.png", smooth, overwrite=overwrite)
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_links(tmp_path: Path, smooth: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("neural_style.files.os.link", refused)
    images.write(tmp_path / "a.png", smooth)
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, smooth)
    monkeypatch.setattr(writing, "check_output", lambda *args, **kwargs: None)
    with pytest.raises(InvalidInputError, match="exists: choose another name"):
        images.write(tmp_path / "a.png", smooth)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (tmp_path / "old.png").write_bytes(b"precious")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the file system refuses more than 4 kB
    try:
        for name in ("new.png", "old.png"):
            with pytest.raises(InvalidInputError, match=rf'output ".*{name}" cannot be written: File too large'):
                images.write(tmp_path / name, noise, overwrite=name == "old.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [entry.name for entry in tmp_path.iterdir()] == ["old.png"]
    assert (tmp_path / "old.png").read_bytes() == b"precious"


def test_pictures_that_no_format_can_hold(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r'output ".*a\.webp" cannot be written: '):
        images.write(tmp_path / "a.webp", np.zeros((8, 20_000, 3), np.uint8))
    with pytest.raises(InvalidInputError, match=r"NaN or infinite values: every value must be finite"):
        images.write(tmp_path / "a.png", np.full((9, 9, 3), np.nan))
    with pytest.raises(InvalidInputError, match=r"a picture is \(rows, columns, 3\)\, received \(9, 9\)"):
        images.write(tmp_path / "a.png", np.zeros((9, 9), np.uint8))
    with pytest.raises(InvalidInputError, match=r"alpha must be uint8 of shape \(9, 9\)\, received float64 \(9, 8\)"):
        images.write(tmp_path / "a.png", np.zeros((9, 9, 3), np.uint8), alpha=np.zeros((9, 8)))
    assert not list(tmp_path.iterdir())


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    for name, message in (
        ("out", r'output ".*out" has no suffix: name the format, as in out\.png'),
        ("out.pgn", r'unknown suffix "\.pgn": did you mean "\.png"\?'),
        ("out.xyzzy", r"choose one of: \.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff"),
        ("folder.png", r"folder\.png\" is a folder: choose another name"),
        ("file/out.png", r'cannot be written: ".*/file" is a file, not a folder'),
        ("file/deeper/out.png", r'cannot be written: ".*/file" is a file, not a folder'),
        ("/proc/out.png", r'output "/proc/out\.png" cannot be written: '),
        ("/proc/new/out.png", r'output "/proc/new/out\.png" cannot be written: '),
        ("x" * 300 + ".png", r"cannot be written: File name too long"),
    ):
        with pytest.raises(InvalidInputError, match=message) as caught:
            images.check_output(tmp_path / name, overwrite=False)
        assert "\n" not in str(caught.value)


def test_parent_folders_are_made_with_the_file_and_not_before(tmp_path: Path, smooth: np.ndarray) -> None:
    images.check_output(tmp_path / "a" / "b" / "out.png", overwrite=False)
    assert not list(tmp_path.iterdir())
    images.write(tmp_path / "a" / "b" / "out.png", smooth)
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["out.png"]


def test_other_outputs_can_be_checked_too(tmp_path: Path) -> None:
    images.check_output(tmp_path / "run.json", overwrite=False, suffixes=[".json"], what="record")
    with pytest.raises(InvalidInputError, match=r'record ".*run\.png" has the unknown suffix "\.png"'):
        images.check_output(tmp_path / "run.png", overwrite=False, suffixes=[".json"], what="record")


# --- animations --------------------------------------------------------------------------------------------------


def test_an_animation(tmp_path: Path) -> None:
    colours = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200]])
    frames = [np.full((8 * scale, 10 * scale, 3), colour) for scale, colour in zip((1, 2, 2), colours, strict=True)]
    images.write_animation(tmp_path / "a.gif", [frames[0].astype(np.float32) + 0.3, *frames[1:]], milliseconds=90)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (20, 16)
        assert gif.n_frames == 3  # type: ignore[attr-defined]
        assert gif.info["loop"] == 0
        for index, colour in enumerate(colours):
            gif.seek(index)
            gif.load()
            assert gif.info["duration"] == [90, 90, 1500][index]
            assert np.abs(np.asarray(gif.convert("RGB")) - colour).max() <= 1
    with pytest.raises(InvalidInputError, match="exists: choose another name"):
        images.write_animation(tmp_path / "a.gif", frames)
    assert images.read_record(tmp_path / "a.gif") is None
    for count in (1, 3):
        record = RECORD * 50  # longer than a block of GIF, which has 255 bytes
        images.write_animation(tmp_path / "a.gif", frames[:count], record=record, overwrite=True)
        assert images.read_record(tmp_path / "a.gif") == record


def test_animations_that_cannot_be(tmp_path: Path, smooth: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match=r'animation ".*a\.png" has the unknown suffix "\.png": .*\.gif'):
        images.write_animation(tmp_path / "a.png", [smooth])
    with pytest.raises(InvalidInputError, match="has no frames: give at least one"):
        images.write_animation(tmp_path / "a.gif", [])


def test_reading_does_not_warn(tmp_path: Path, smooth: np.ndarray) -> None:
    images.write(tmp_path / "a.jpg", smooth, record=RECORD)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        images.read(tmp_path / "a.jpg")
    assert not caught
