"""A film with real parallax and sound, painted, for judging frame by frame.

    python benchmarks/parallax.py out/ --method fast
    python benchmarks/parallax.py out/ --method optimise --painted 6

The camera moves past the motorcycle of Middlebury's stereo pair (Scharstein et al. 2014, in the wheel of scikit-image)
and sways; near things pass in front of far ones. The folder gets the clip with a made-up sound, the painted film, and a
sheet of every frame above its painting. Printed are frames, packets of sound that are equal, seconds of the processor
a frame, and flicker by the estimated flow, of the source and of the painting.
"""

import argparse
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import skimage
from PIL import Image
from scipy.ndimage import distance_transform_edt

from neural_style import images, metrics
from neural_style.samples import sample
from neural_style.video.coherence import motion
from neural_style.video.flow import flow_named
from neural_style.video.packages import pyav
from neural_style.video.transfer import transfer_video

RATE, SOUND, MARGIN = 12, 48000, 12
"""Frames and samples of sound a second; pixels of the pair that the camera sways by."""


def splatted(picture, shifts, near):
    """A picture whose pixels are moved to the left by `shifts`, the nearer one in front, and where there is none."""
    rows, columns = shifts.shape
    order = np.argsort(near, axis=None, kind="stable")
    row, column = np.divmod(order, columns)
    places = np.round(column - shifts.ravel()[order]).astype(int)
    seen = (places >= 0) & (places < columns)
    out, empty = np.zeros_like(picture), np.ones((rows, columns), bool)
    out[row[seen], places[seen]] = picture[row[seen], column[seen]]  # the last one, the nearest, stays
    empty[row[seen], places[seen]] = False
    return out, empty


def pair():
    """Left and right picture with the disparity of each, in pixels."""
    folder = Path(skimage.__file__).parent / "data"
    left, right = (
        np.asarray(Image.open(folder / f"motorcycle_{side}.png").convert("RGB")) for side in ("left", "right")
    )
    disparity = np.load(folder / "motorcycle_disp.npz")["arr_0"]
    unknown = ~np.isfinite(disparity)
    disparity = disparity[tuple(distance_transform_edt(unknown, return_distances=False, return_indices=True))]
    moved, empty = splatted(disparity, disparity, disparity)
    return left, right, disparity, closed(moved, empty)


def closed(picture, empty):
    """The nearest pixels in what is empty."""
    return picture[tuple(distance_transform_edt(empty, return_distances=False, return_indices=True))]


def frames_of(count, rows):
    """The frames: uint8 (rows, columns, 3), both even."""
    left, right, disparity, of_right = pair()
    height, width = left.shape[0] - 2 * MARGIN, left.shape[1] - 8 * MARGIN
    size, found = (rows, 2 * round(rows * width / height / 2)), []
    for index in range(count):
        place = 1.5 * index / max(count - 1, 1) - 0.25  # 0 at the left camera, 1 at the right one
        frame, empty = splatted(left, place * disparity, disparity)
        behind, hidden = splatted(right, (place - 1) * of_right, of_right)
        frame[empty], empty = behind[empty], empty & hidden
        down = MARGIN + round(MARGIN * np.sin(index / 4))
        view = closed(frame, empty)[down : down + height, 4 * MARGIN : 4 * MARGIN + width]
        found.append(images.to_uint8(images.resize(view, size)))
    return found


def write_clip(path, frames):
    """A film with a rising tone."""
    av = pyav()
    with av.open(str(path), "w") as target:
        stream, voice = target.add_stream("libx264", rate=RATE), target.add_stream("aac", rate=SOUND, layout="mono")
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "12"}
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
        seconds = np.arange(SOUND * len(frames) // RATE) / SOUND
        wave = (8000 * np.sin(2 * np.pi * (220 + 110 * seconds) * seconds)).astype(np.int16)
        sound = av.AudioFrame.from_ndarray(wave[None], layout="mono", format="s16")
        sound.rate = SOUND
        target.mux([*voice.encode(sound), *voice.encode(None)])


def contents(path):
    """The frames of a film, and the packets of its sound."""
    with pyav().open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    with pyav().open(str(path)) as film:
        return frames, [bytes(packet) for packet in film.demux(audio=0) if packet.size]


def flicker(frames, source):
    """Along the flow of the source, where it can be followed."""
    estimate = flow_named("dis")
    steps = [motion(after, before, estimate) for before, after in pairwise(source)]
    return metrics.warping_error(frames, [step.flow for step in steps], [step.followed for step in steps])


def sheet(source, painted, columns):
    """Each frame above its painting, by rows."""
    cells = [np.concatenate(each) for each in zip(source, painted, strict=False)]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    lines = [np.concatenate(cells[start : start + columns], axis=1) for start in range(0, len(cells), columns)]
    return np.concatenate(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--method", choices=("fast", "optimise"), default="fast")
    parser.add_argument("--style", default="night")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--painted", type=int, help="frames of the clip that are painted; by default all")
    parser.add_argument("--rows", type=int, default=120)
    parser.add_argument("--iterations", type=int, default=4, help="of the first frame, with optimise")
    parser.add_argument("--columns", type=int, default=6, help="of the sheet")
    found = parser.parse_args(arguments)
    found.folder.mkdir(parents=True, exist_ok=True)
    clip, out = found.folder / "clip.mp4", found.folder / f"{found.method}.mp4"
    write_clip(clip, frames_of(found.frames, found.rows))
    settings = {"iterations": found.iterations} if found.method == "optimise" else {}
    if found.painted:
        settings["seconds"] = found.painted / RATE
    started = time.process_time()
    film = transfer_video(clip, sample(found.style), out, method=found.method, overwrite=True, **settings)
    seconds = (time.process_time() - started) / film.frames
    (source, sound), (painted, kept) = contents(clip), contents(out)
    source = source[: len(painted)]
    print(f"{found.method}: {len(painted)} of {found.frames} frames, {seconds:.2f} s a frame")
    print(f"sound: {len(kept)} packets, {sum(a == b for a, b in zip(sound, kept, strict=False))} as in the clip")
    print(f"flicker: source {flicker(source, source):.4f}, painted {flicker(painted, source):.4f}")
    Image.fromarray(sheet(source, painted, found.columns)).save(found.folder / f"{found.method}.png")


if __name__ == "__main__":
    main()
