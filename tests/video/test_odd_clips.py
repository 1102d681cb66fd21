"""GIFs, sequences, transparency, high dynamic range, interlaced and damaged clips; files that are refused."""

from __future__ import annotations

import itertools
import shutil
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import ExistingFileError, InvalidInputError, MissingFileError
from neural_style.video import film, packages
from neural_style.video.clip import existing_numbers
from neural_style.video.colors import HLG, PQ, standard_range
from neural_style.video.encoding import Encoding
from neural_style.video.film import FilmRun
from tests.video.films import (
    Identity,
    Invert,
    av,
    facts,
    frames_in,
    pictures,
    sound_in,
    times_in,
    write_film,
)


def rendered(clip, out, method=None, **settings):
    return FilmRun(clip, out, segment=3, **settings).execute(method or Identity())


@pytest.fixture
def clip(tmp_path):
    return write_film(tmp_path / "clip.mp4", pictures(), sound=[("aac", "eng")])


def test_a_gif_becomes_a_film_with_its_times(tmp_path):
    frames = [Image.fromarray(each).quantize(200) for each in pictures(4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=[40, 100, 250, 40])
    film = rendered(tmp_path / "a.gif", tmp_path / "out.mp4", encoding=Encoding(crf=4))
    assert [float(time) for time in times_in(film.path)] == pytest.approx([0, 0.04, 0.14, 0.39])
    shown = np.array([np.array(each.convert("RGB")) for each in frames], float)
    assert np.abs(shown - frames_in(film.path)).mean() < 2.5


def test_a_film_becomes_a_gif_that_loops(tmp_path, clip):
    with pytest.warns(UserWarning, match="has no sound"):
        path = rendered(clip, tmp_path / "out.gif").path
    with Image.open(path) as image:
        assert (image.n_frames, image.info["loop"], image.size) == (8, 0, (64, 48))
        image.seek(3)
        assert image.info["duration"] == 40
        shown = np.asarray(image.convert("RGB")).astype(float)
    assert np.abs(shown - frames_in(clip)[3]).mean() < 3


def test_sequences_in_and_out_are_exact_and_keep_their_numbers(tmp_path):
    for number, picture in enumerate(pictures(5), 98):
        Image.fromarray(picture).save(tmp_path / f"{number:03d}.png")
    (tmp_path / "1234.txt").touch()
    film = rendered(tmp_path / "%03d.png", tmp_path / "made" / "f%d.tif", Invert())
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [f"f{n}.tif" for n in range(100, 103)] + [
        "f98.tif",
        "f99.tif",
    ]
    assert film.frames == 5
    found = np.asarray(Image.open(tmp_path / "made" / "f101.tif"))
    np.testing.assert_array_equal(found[8:], 255 - pictures(5)[3][8:])
    film = rendered(tmp_path / "%03d.png", tmp_path / "slow.mp4", rate=10)
    assert [float(time) for time in times_in(film.path)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_pictures_of_somebody_else_stay(tmp_path, clip):
    (tmp_path / "3.png").write_text("mine")
    with pytest.raises(ExistingFileError, match=r'3\.png" exists'):
        FilmRun(clip, tmp_path / "%d.png")
    assert (tmp_path / "3.png").read_text() == "mine"


def test_older_pictures_beside_a_shorter_film_are_reported(tmp_path):
    clip = write_film(tmp_path / "clip.mp4", pictures(2))
    for number in range(1, 6):
        (tmp_path / f"{number}.png").write_text("old")
    with pytest.warns(UserWarning, match=r"^3 older pictures stay .*3\.png"):
        rendered(clip, tmp_path / "%d.png", overwrite=True)
    assert [(tmp_path / f"{number}.png").stat().st_size == 3 for number in (2, 3, 5)] == [False, True, True]


def test_a_segment_that_lost_frames_ends_a_sequence_in_one_line(tmp_path, clip, monkeypatch):
    write = film.write_pictures

    def shortened(work, *args, **settings):
        shutil.copy(write_film(tmp_path / "short.mkv", pictures(2)), work.segment(1))
        write(work, *args, **settings)

    monkeypatch.setattr(film, "write_pictures", shortened)
    with pytest.raises(InvalidInputError, match=r"000001\.mkv\" has 2 frames instead of 3"):
        FilmRun(clip, tmp_path / "%d.png", segment=3, sound=False).execute(Identity())


def test_numbers_of_a_sequence_may_be_times_and_of_other_widths(tmp_path):
    for name in ("1700000000000000", "1700000000000001", "1700000000000003", "01", "1", "2"):
        Image.new("RGB", (32, 32)).save(tmp_path / f"{name}.png")
    assert existing_numbers(tmp_path / "%d.png")[:2] == [1, 2]
    assert existing_numbers(tmp_path / "%02d.png")[0] == 1
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="lacks number 3"):
        FilmRun(tmp_path / "%d.png", tmp_path / "out.mp4")
    (tmp_path / "1700000000000000.png").rename(tmp_path / "3.png")
    (tmp_path / "1700000000000001.png").rename(tmp_path / "4.png")
    (tmp_path / "1700000000000003.png").rename(tmp_path / "2000000.png")
    with pytest.raises(InvalidInputError, match="lacks number 5"):
        FilmRun(tmp_path / "%d.png", tmp_path / "out.mp4")
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()


def test_rates_and_durations_too_small_for_a_frame_are_one_line(tmp_path, clip):
    Image.new("RGB", (32, 32)).save(tmp_path / "1.png")
    with pytest.raises(InvalidInputError, match=r"rate must be from 1/1001 to 1000, received 0\.0001"):
        FilmRun(tmp_path / "%d.png", tmp_path / "out.mp4", rate=0.0001)
    assert FilmRun(tmp_path / "%d.png", tmp_path / "out.mp4", rate=1 / 1001).source.rate == Fraction(1, 1001)
    with pytest.raises(InvalidInputError, match="has no frame in its first 1e-09 seconds"):
        FilmRun(clip, tmp_path / "out.mp4", seconds=1e-9).execute(Identity())
    assert not (tmp_path / "out.mp4.work").exists()


def test_sequences_with_gaps_and_of_several_sizes_are_refused(tmp_path):
    for number in (1, 2, 4):
        Image.new("RGB", (32, 32 + number // 4)).save(tmp_path / f"{number}.png")
    with pytest.raises(InvalidInputError, match="lacks number 3"):
        FilmRun(tmp_path / "%d.png", tmp_path / "out.mp4")
    (tmp_path / "4.png").rename(tmp_path / "3.png")
    with pytest.raises(InvalidInputError, match=r"33 x 32 pixels and the first has 32 x 32"):
        rendered(tmp_path / "%d.png", tmp_path / "out.mp4")
    with pytest.raises(MissingFileError, match="has no pictures"):
        FilmRun(tmp_path / "%08d.png", tmp_path / "out.mp4")
    with pytest.raises(InvalidInputError, match="is the clip and would be lost"):
        FilmRun(tmp_path / "%d.png", tmp_path / "%d.png")


def with_alpha(count=3):
    """Frames with an opaque, a transparent and a half transparent part."""
    frames = [np.dstack([each, np.full(each.shape[:2], 255, np.uint8)]) for each in pictures(count)]
    for frame in frames:
        frame[:16, :, 3], frame[16:32, :, 3] = 0, 128
    return frames


@pytest.mark.parametrize(
    ("ending", "decoder", "tolerance"), [("webm", "libvpx-vp9", 3), ("mov", "", 1), ("mkv", "libvpx-vp9", 3)]
)
def test_transparency_is_kept_where_the_file_has_it(tmp_path, ending, decoder, tolerance):
    source = tmp_path / "clip.mov"
    write_film(source, with_alpha(), codec="prores_ks", pixels="yuva444p10le", options={"profile": "4444"})
    film = rendered(source, tmp_path / f"out.{ending}", encoding=Encoding(crf=None))
    with av.open(str(film.path)) as found:
        stream = found.streams.video[0]
        context = av.CodecContext.create(decoder, "r") if decoder else stream.codec_context
        frames = [frame for packet in found.demux(stream) for frame in context.decode(packet)]
    assert len(frames) == 3
    stored = frames[1].reformat(format="rgba", src_colorspace=5).to_ndarray().astype(float)
    assert np.abs(stored[..., 3] - with_alpha()[1][..., 3]).mean() < tolerance
    assert np.abs(stored[18:, :, :3] - with_alpha()[1][18:, :, :3]).mean() < 4
    again = rendered(film.path, tmp_path / "again" / "%d.png")  # what was written is read with its transparency
    assert again.frames == 3
    assert np.asarray(Image.open(tmp_path / "again" / "2.png"))[8, 8, 3] == 0


def test_transparency_becomes_white_where_the_file_has_none(tmp_path):
    source = tmp_path / "clip.mkv"
    write_film(source, with_alpha(), codec="ffv1", pixels="bgra", options={})
    with pytest.warns(UserWarning, match="transparency, which becomes white"):
        film = rendered(source, tmp_path / "out.mp4", encoding=Encoding(crf=4))
    assert np.abs(frames_in(film.path)[0][:14].astype(int) - 255).max() < 4


def test_a_transparent_gif_stays_one(tmp_path):
    source = tmp_path / "clip.mkv"
    write_film(source, with_alpha(), codec="ffv1", pixels="bgra", options={})
    with Image.open(rendered(source, tmp_path / "out.gif").path) as image:
        image.seek(2)
        shown = np.asarray(image.convert("RGBA"))
    np.testing.assert_array_equal(shown[:16, :, 3], 0)
    np.testing.assert_array_equal(shown[32:, :, 3], 255)


def test_high_dynamic_range_becomes_the_standard_one(tmp_path):
    """Codes of ITU-R BT.2408: diffuse white is 58 % of PQ and 75 % of HLG; both become a light grey below white."""
    grey = np.full((1, 1, 3), 65535)
    for transfer, white in ((PQ, 0.58), (HLG, 0.75)):
        codes = [0, white / 2, white, 1]
        levels = [standard_range(np.rint(code * grey).astype(np.uint16), transfer)[0, 0, 1] for code in codes]
        assert levels[0] == 0
        assert levels == sorted(set(levels))
        assert 235 <= levels[2] <= 250
        assert levels[3] >= 254
    assert standard_range(np.full((1, 1, 3), int(0.58 * 65535), np.uint16), PQ).std() < 1  # grey stays grey
    source = write_film(tmp_path / "clip.mp4", pictures(2), pixels="yuv420p10le", tags=(9, 9, PQ), matrix=9)
    with pytest.warns(UserWarning, match=r"high dynamic range \(PQ\)"):
        film = rendered(source, tmp_path / "out.mp4")
    assert facts(film.path)["tags"] == (1, 1, 1)


def test_interlaced_clips_are_reported(tmp_path):
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    source = write_film(tmp_path / "clip.mp4", pictures(3), options=options)
    with pytest.warns(UserWarning, match="is interlaced"):
        assert rendered(source, tmp_path / "out.mp4").frames == 3


def test_damage_is_counted_and_reported(tmp_path):
    noise = list(np.random.default_rng(0).integers(0, 256, (10, 48, 64, 3), np.uint8))
    source = write_film(tmp_path / "clip.ts", noise, options={"g": "5", "bf": "0"})
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    source.write_bytes(content)
    with pytest.warns(UserWarning, match=r"is damaged in \d+ places"):
        film = rendered(source, tmp_path / "out.mp4")
    assert film.damaged > 0
    assert 5 <= film.frames <= 10


def broken(tmp_path, clip):
    """Files that are no films, each with a part of the message."""
    (tmp_path / "text.mp4").write_text("no film\n" * 100)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:900])
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile '{clip}'\n")
    Image.new("RGB", (32, 32)).save(tmp_path / "photo.png")
    with av.open(str(tmp_path / "sound.mp4"), "w") as target:
        voice = target.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9000), np.int16), format="s16", layout="mono")
        frame.rate = 44100
        for packet in [*voice.encode(frame), *voice.encode(None)]:
            target.mux(packet)
    return {
        "text.mp4": "is no film that can be read",
        "empty.mp4": "is empty (0 bytes)",
        "cut.mp4": "is no film that can be read, or is cut short",
        "list.m3u8": "is no film that can be read",
        "list.mp4": "is no film that can be read",
        "photo.png": "name a film, or a pattern of pictures such as frames/%04d.png",
        "sound.mp4": "has no video stream",
        "missing.mp4": "does not exist",
        "": "is a folder: name its pictures by a pattern",
    }


def test_foreign_and_broken_files_are_refused_in_one_line(tmp_path, clip):
    for name, part in broken(tmp_path, clip).items():
        with pytest.raises((InvalidInputError, MissingFileError)) as caught:
            FilmRun(tmp_path / name, tmp_path / "out.mp4")
        assert part in str(caught.value), name
        assert "\n" not in str(caught.value)
    with pytest.raises(MissingFileError, match="download"):
        FilmRun("https://example.org/film.mp4", tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4.work").exists()


def test_results_that_cannot_be_are_refused_before_any_work(tmp_path, clip):
    (tmp_path / "taken.mp4").touch()
    refused = {
        "taken.mp4": (ExistingFileError, "exists: choose another name"),
        "clip.mp4": (InvalidInputError, "is the clip and would be lost"),
        "out.avi": (InvalidInputError, "unknown ending of the film"),
        "out.jpg": (InvalidInputError, "unknown ending of the film"),
        "clip.mp4/out.mp4": (InvalidInputError, "is a file, not a folder"),
    }
    for name, (kind, part) in refused.items():
        with pytest.raises(kind, match=part):
            FilmRun(clip, tmp_path / name, overwrite=name == "clip.mp4")
    for settings, part in [
        ({"codec": "prores"}, "holds no prores"),
        ({"codec": "x264"}, "unknown codec"),
        ({"crf": 99}, "crf must be a number from 0 to 51"),
        ({"crf": 20, "bit_rate": 500}, "exclude one another"),
    ]:
        with pytest.raises(InvalidInputError, match=part):
            FilmRun(clip, tmp_path / "out.mp4", encoding=Encoding(**settings))
    for settings in ({"rate": 25}, {"seconds": 0}, {"segment": 0}):
        with pytest.raises(InvalidInputError, match=next(iter(settings))):
            FilmRun(clip, tmp_path / "out.mp4", **settings)


def test_the_first_second_alone(tmp_path):
    source = write_film(tmp_path / "clip.mp4", pictures(12), sound=[("aac", "eng")])
    run = FilmRun(source, tmp_path / "out.mp4", segment=3, seconds=0.2)
    assert run.total == 5
    film = run.execute(Identity())
    assert (film.frames, len(times_in(film.path))) == (5, 5)
    assert 0 < len(sound_in(film.path)) < len(sound_in(source))
    assert times_in(film.path, "audio")[-1] < 0.2


def test_a_missing_package_is_one_line(tmp_path, clip, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(packages, "import_module", missing)
    with pytest.raises(InvalidInputError, match=r"pip install 'neural-style-keras\[video\]'"):
        FilmRun(clip, tmp_path / "out.mp4")


def test_names_are_names_and_no_addresses(tmp_path):
    clip = write_film(tmp_path / "clip.mp4", pictures(2)).rename(tmp_path / "12:30 100%.mp4")
    assert rendered(clip, tmp_path / "http:a?b.mp4").frames == 2
    assert len(times_in(f"file:{tmp_path / 'http:a?b.mp4'}")) == 2


def test_films_without_times_get_even_ones(tmp_path):
    source = write_film(tmp_path / "clip.h264", pictures(6), options={"bf": "2", "crf": "10"})
    times = times_in(rendered(source, tmp_path / "out.mp4").path)
    assert len(times) == 6
    assert {after - before for before, after in itertools.pairwise(times)} == {times[1] - times[0]}


def test_sound_can_be_left_out(tmp_path, clip):
    film = rendered(clip, tmp_path / "out.mp4", sound=False)
    assert film.sound == ()
    assert facts(film.path)["sound"] == []
