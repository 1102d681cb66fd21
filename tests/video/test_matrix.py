"""Every kind of input comes out with its frames, times, sound, shape and colours."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest

from neural_style.video.colors import Tags
from neural_style.video.encoding import Encoding, FilmFormat, Segment
from neural_style.video.film import Film, FilmRun
from tests.video.films import (
    SIZE,
    Identity,
    Invert,
    facts,
    frames_in,
    pictures,
    sound_in,
    times_in,
    turned,
    write_film,
)

TICK = Fraction(1, 12800)
FINE = Encoding(crf=4)


def rendered(clip, out, method=None, **settings) -> Film:
    return FilmRun(clip, out, segment=3, **settings).execute(method or Invert())


def distance(one, other) -> float:
    """Mean difference of two lists of frames, in grey levels."""
    return float(np.abs(np.array(one, float) - np.array(other, float)).mean())


@pytest.mark.parametrize(
    ("time_base", "times"),
    [
        (Fraction(1, 25), None),
        (Fraction(1001, 30000), None),
        (TICK, [0, 512, 1024, 1030, 5000, 5001, 9000, 20000]),
    ],
)
def test_times_of_a_constant_and_of_a_variable_rate_are_kept_to_the_tick(tmp_path, time_base, times):
    clip = write_film(tmp_path / "clip.mp4", pictures(), time_base=time_base, times=times)
    film = rendered(clip, tmp_path / "out.mp4")
    assert film.frames == 8
    assert times_in(film.path) == times_in(clip)


@pytest.mark.parametrize("ending", ["mkv", "webm", "mov", "gif"])
def test_other_containers_keep_times_as_far_as_they_count_them(tmp_path, ending):
    clip = write_film(tmp_path / "clip.mp4", pictures(), time_base=TICK, times=[512 * n + n % 3 for n in range(8)])
    film = rendered(clip, tmp_path / f"out.{ending}")
    found = times_in(film.path)
    tick = {"mov": 0, "gif": Fraction(1, 200)}.get(ending, Fraction(1, 2000))
    assert len(found) == 8
    assert max(abs(one - other) for one, other in zip(found, times_in(clip), strict=True)) <= tick


def test_equal_films_are_equal_files(tmp_path):
    clip = write_film(tmp_path / "clip.mp4", pictures(2))
    first, second = (rendered(clip, tmp_path / f"{name}.mkv").path.read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(("rows", "threads"), [(24, 1), (64, 2), (256, 4)])
def test_encoders_of_few_rows_have_few_threads(rows, threads):
    """With four, x264 makes several films of the same 24 rows."""
    size, tick = (rows, 32), Fraction(1, 25)
    form = FilmFormat("h264", size, tick, 1 / tick, Fraction(1), Tags.of_size(size).written, has_alpha=False)
    assert Segment(BytesIO(), form)._stream.codec_context.thread_count == threads


def test_frames_keep_their_order_through_b_frames_and_segments(tmp_path):
    clip = write_film(tmp_path / "clip.mp4", pictures(), options={"bf": "3", "crf": "4"})
    film = rendered(clip, tmp_path / "out.mp4", encoding=FINE)
    for number, (before, after) in enumerate(zip(pictures(), frames_in(film.path), strict=True), 1):
        np.testing.assert_allclose(after[:6, :6], 20 * number, atol=4)
        assert np.abs(255.0 - before - after)[16:].mean() < 2


@pytest.mark.parametrize(
    ("ending", "sound", "out", "expected"),
    [
        ("mp4", "aac", "mp4", "aac"),
        ("mp4", "aac", "mov", "aac"),
        ("mkv", "flac", "mkv", "flac"),
        ("webm", "libopus", "webm", "opus"),
        ("ts", "ac3", "mp4", "ac3"),
    ],
)
def test_packets_of_sound_are_copied(tmp_path, ending, sound, out, expected):
    codec = "libvpx-vp9" if ending == "webm" else "libx264"
    clip = write_film(tmp_path / f"clip.{ending}", pictures(), codec=codec, sound=[(sound, "eng")])
    film = rendered(clip, tmp_path / f"out.{out}")
    assert [tuple(each) for each in film.sound] == [(expected, True)]
    assert sound_in(film.path) == sound_in(clip)


def test_sound_stays_with_the_pictures_of_a_stream_that_starts_late(tmp_path):
    clip = write_film(tmp_path / "clip.ts", pictures(), times=range(160, 168), sound=[("aac", "eng")])
    film = rendered(clip, tmp_path / "out.mp4")
    before, after = (times_in(path)[0] - times_in(path, "audio")[0] for path in (clip, film.path))
    assert times_in(film.path)[0] <= times_in(clip)[0] - 1
    assert abs(before - after) <= Fraction(2, 90000)


@pytest.mark.parametrize(("sound", "ending", "expected"), [("pcm_s16le", "mp4", "aac"), ("aac", "webm", "opus")])
def test_other_sound_is_converted(tmp_path, sound, ending, expected):
    clip = write_film(tmp_path / "clip.mov", pictures(), sound=[(sound, "eng")])
    film = rendered(clip, tmp_path / f"out.{ending}")
    assert [tuple(each) for each in film.sound] == [(expected, False)]
    assert abs(times_in(film.path, "audio")[-1] - times_in(clip, "audio")[-1]) < Fraction(1, 20)


def test_all_audio_streams_keep_their_languages(tmp_path):
    clip = write_film(tmp_path / "clip.mkv", pictures(), sound=[("aac", "eng"), ("libmp3lame", "deu")])
    film = rendered(clip, tmp_path / "out.mp4")
    assert facts(film.path)["languages"] == ["eng", "deu"]
    assert [sound_in(film.path, index) for index in (0, 1)] == [sound_in(clip, index) for index in (0, 1)]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_films_become_upright(tmp_path, degrees):
    """A matrix of 90 degrees asks the player to turn the stored frame clockwise."""
    aspect = Fraction(8, 9)
    clip = turned(write_film(tmp_path / "clip.mp4", pictures(2), aspect=aspect), degrees)
    film = rendered(clip, tmp_path / "out.mp4", Identity(), encoding=FINE)
    upright = np.rot90(frames_in(clip)[0], -degrees // 90)
    found = facts(film.path)
    assert (found["size"], found["rotation"]) == (upright.shape[:2], 0)
    assert found["aspect"] == (aspect if degrees == 180 else 1 / aspect)
    assert distance([upright], frames_in(film.path)[:1]) < 1.5


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_pixels_that_are_no_squares_stay_so(tmp_path, ending):
    clip = write_film(tmp_path / "clip.mp4", pictures(2), aspect=Fraction(8, 9))
    assert facts(rendered(clip, tmp_path / f"out.{ending}").path)["aspect"] == Fraction(8, 9)


def test_odd_sides_get_one_more_line_or_stay_where_the_codec_has_them(tmp_path):
    frames = pictures(2, (33, 47))
    clip = write_film(tmp_path / "clip.mkv", frames, codec="ffv1", pixels="bgr0", options={})
    padded = rendered(clip, tmp_path / "out.mp4", Identity(), encoding=FINE).path
    assert facts(padded)["size"] == (34, 48)
    assert distance([each[:33, :47] for each in frames_in(padded)], frames) < 2
    exact = rendered(clip, tmp_path / "out.mkv", Identity(), encoding=Encoding("ffv1")).path
    np.testing.assert_array_equal(frames_in(exact), frames)


BT601, BT709, BT2020 = (6, 6, 6), (1, 1, 1), (9, 9, 14)


@pytest.mark.parametrize(
    ("tags", "matrix", "size", "expected"),
    [
        (BT709, 1, SIZE, BT709),
        (BT601, 5, SIZE, BT601),
        (BT2020, 9, SIZE, BT2020),
        (None, 5, SIZE, BT601),  # what players assume for a small film without tags
        (None, 1, (16, 1280), BT709),  # and for a large one
    ],
)
@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_colours_and_their_tags_are_kept(tmp_path, tags, matrix, size, expected, ending):
    frames = pictures(2, size)
    clip = write_film(tmp_path / "clip.mp4", frames, tags=tags, matrix=matrix)
    film = rendered(clip, tmp_path / f"out.{ending}", Identity(), encoding=FINE)
    assert facts(film.path)["tags"] == expected
    assert distance(frames_in(film.path), frames_in(clip, untagged=matrix)) < 1.5
    assert distance(frames_in(film.path), frames) < 2  # with the loss of 4:2:0 in the clip


def test_full_range_is_read_as_such(tmp_path):
    frames = pictures(2)
    clip = write_film(tmp_path / "clip.mkv", frames, codec="mjpeg", pixels="yuvj420p", options={"qscale": "1"})
    film = rendered(clip, tmp_path / "out.mp4", Identity(), encoding=FINE)
    stored = frames_in(clip, src_color_range=2, dst_color_range=2)
    assert distance(frames_in(film.path), stored) < 1.5


def test_ten_bits_are_read(tmp_path):
    frames = pictures(2)
    clip = write_film(tmp_path / "clip.mp4", frames, pixels="yuv420p10le", tags=BT709, matrix=1)
    film = rendered(clip, tmp_path / "out.mp4", Identity(), encoding=FINE)
    assert facts(film.path)["pixels"] == "yuv420p"
    assert distance(frames_in(film.path), frames_in(clip)) < 1.5


@pytest.mark.parametrize(("codec", "ending"), [("h265", "mp4"), ("vp9", "mkv"), ("prores", "mov"), ("h264", "m4v")])
def test_codecs(tmp_path, codec, ending):
    frames = pictures(4)
    clip = write_film(tmp_path / "clip.mp4", frames)
    crf = {} if codec == "prores" else {"crf": 4}
    film = rendered(clip, tmp_path / f"out.{ending}", Identity(), encoding=Encoding(codec, **crf))
    assert facts(film.path)["codec"] == {"h265": "hevc"}.get(codec, codec)
    assert distance(frames_in(film.path), frames) < 2.5
    assert times_in(film.path) == times_in(clip)


def test_a_bit_rate_limits_the_size(tmp_path):
    noise = list(np.random.default_rng(0).integers(0, 256, (12, *SIZE, 3), np.uint8))
    clip = write_film(tmp_path / "clip.mkv", noise, codec="ffv1", pixels="bgr0", options={})
    small, large = (
        rendered(clip, tmp_path / f"{rate}.mp4", Identity(), encoding=Encoding(bit_rate=rate)).path.stat().st_size
        for rate in (50, 2000)
    )
    assert 3 * small < large
