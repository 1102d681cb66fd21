"""Sound of every kind, streams that are left out, and times that jump back."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from neural_style.errors import InvalidInputError
from neural_style.video.encoding import CONTAINERS, Encoding
from neural_style.video.film import FilmRun
from neural_style.video.sound import SoundTrack
from tests.video.films import Identity, Invert, av, facts, pictures, sound_in, times_in, write_film


def rendered(clip, out, **settings):
    return FilmRun(clip, out, segment=3, **settings).execute(Identity())


def with_channels(path, codec, layout, rate=44100):
    """A film of four frames with a third of a second of noise in every channel."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        voice = target.add_stream(codec, rate=rate)
        voice.layout = layout
        for frame in pictures(4):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        target.mux(stream.encode(None))
        wave = np.random.default_rng(0).integers(-9000, 9000, (1, voice.layout.nb_channels * rate // 3), np.int16)
        noise = av.AudioFrame.from_ndarray(wave, format="s16", layout=layout)
        noise.rate, noise.pts = rate, 0
        target.mux([*voice.encode(noise), *voice.encode(None)])
    return path


@pytest.mark.parametrize(
    ("name", "codec", "layout", "out", "expected"),
    [
        ("a.avi", "pcm_s16le", "stereo", "mp4", "aac"),
        ("a.avi", "adpcm_ms", "stereo", "webm", "opus"),
        ("a.mkv", "pcm_s16le", "5.1", "mp4", "aac"),
        ("a.avi", "pcm_s16le", "mono", "mkv", "pcm_s16le"),
    ],
)
def test_sound_without_a_named_layout(tmp_path, name, codec, layout, out, expected):
    film = rendered(with_channels(tmp_path / name, codec, layout), tmp_path / f"out.{out}")
    assert facts(film.path)["sound"] == [expected]
    with av.open(str(film.path)) as found:
        stream = found.streams.audio[0]
        assert stream.layout.nb_channels == {"mono": 1, "stereo": 2, "5.1": 6}[layout]
        heard = np.concatenate([frame.to_ndarray() for frame in found.decode(stream)], axis=-1)
    assert heard.astype(float).std() > 0.03


def test_sound_that_a_file_does_not_take_as_it_is_becomes_another(tmp_path):
    """MP4 holds MP3 of 16 kHz and more."""
    clip = with_channels(tmp_path / "clip.avi", "libmp3lame", "mono", rate=11025)
    for ending, expected in (("mp4", ("aac", False)), ("mkv", ("mp3", True))):
        assert [tuple(each) for each in rendered(clip, tmp_path / f"out.{ending}").sound] == [expected]


def test_sound_that_cannot_be_held_is_refused_before_any_work(tmp_path, monkeypatch):
    clip = write_film(tmp_path / "clip.mp4", pictures(2), sound=[("aac", "eng")])
    monkeypatch.setitem(CONTAINERS, ".webm", CONTAINERS[".webm"]._replace(converted_to="flac"))
    with pytest.raises(InvalidInputError, match=r"audio stream 1 in mono, which flac cannot hold: sound=False"):
        FilmRun(clip, tmp_path / "out.webm")


def test_an_unfinished_film_ends_in_another_file_and_without_sound(tmp_path):
    clip = write_film(tmp_path / "clip.mp4", pictures(4), sound=[("aac", "eng")])
    folder = tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        FilmRun(clip, tmp_path / "out.mp4", segment=2, work_folder=folder).execute(Invert(fail_at=3))
    run = FilmRun(clip, tmp_path / "out.mkv", segment=2, work_folder=folder, sound=False, resume=True)
    assert run.execute(Invert()).frames == 4
    with pytest.raises(KeyboardInterrupt):
        FilmRun(clip, tmp_path / "other.mp4", segment=2, work_folder=folder).execute(Invert(fail_at=3))
    with pytest.raises(InvalidInputError, match=r"another encoding \(codec h264, now vp9"):
        FilmRun(clip, tmp_path / "out.webm", segment=2, work_folder=folder, resume=True).execute(Invert())


@pytest.mark.parametrize(("sound", "out"), [("aac", "mp4"), ("ac3", "webm")])
def test_files_joined_end_to_end_continue_where_their_times_jump_back(tmp_path, sound, out):
    part = write_film(tmp_path / "part.ts", pictures(8), options={"bf": "0"}, sound=[(sound, "eng")])
    clip = tmp_path / "clip.ts"
    clip.write_bytes(2 * part.read_bytes())
    with pytest.warns(UserWarning, match="times that jump back in 1 places"):
        film = rendered(clip, tmp_path / f"out.{out}")
    times = times_in(film.path)
    steps = {round(float(after - before), 2) for before, after in itertools.pairwise(times)}
    assert (film.frames, len(times), steps) == (16, 16, {0.04})
    heard = times_in(film.path, "audio")
    assert max(after - before for before, after in itertools.pairwise(heard)) < Fraction(1, 12)
    assert abs(heard[-1] - heard[0] - Fraction(16, 25)) < Fraction(1, 12)
    if out == "mp4":
        assert len(sound_in(film.path)) > 1.8 * len(sound_in(part))


def test_packets_of_a_time_that_the_film_has_already_are_left_out(tmp_path):
    """By a small step back, of damage and no other file."""
    clip = write_film(tmp_path / "clip.mkv", pictures(8), sound=[("aac", "eng")])

    class Disordered(SoundTrack):
        def _packets(self):
            packets = [packet for packet in super()._packets() if packet.size]
            packets[4].dts = packets[4].pts = packets[2].dts
            yield from packets

    run = FilmRun(clip, tmp_path / "out.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neural_style.video.joining.SoundTrack", Disordered)
        film = run.execute(Identity())
    assert len(sound_in(film.path)) == len(sound_in(clip)) - 1


def test_streams_that_are_left_out_are_reported(tmp_path):
    clip = tmp_path / "clip.mkv"
    with av.open(str(write_film(tmp_path / "plain.mkv", pictures(2)))) as source, av.open(str(clip), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        target.add_mux_stream("subrip")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with pytest.warns(UserWarning, match="lacks 1 streams of the clip: subtitles"):
        rendered(clip, tmp_path / "out.mp4")


def test_transparency_of_vp9_is_reported_where_the_file_has_none(tmp_path):
    frames = [np.dstack([each, np.zeros(each.shape[:2], np.uint8)]) for each in pictures(2)]
    clip = write_film(tmp_path / "clip.mkv", frames, codec="ffv1", pixels="bgra", options={})
    run = FilmRun(clip, tmp_path / "out.mp4", encoding=Encoding("vp9"))
    assert not run.format.has_alpha
    with pytest.warns(UserWarning, match="transparency, which becomes white"):
        run.execute(Identity())
