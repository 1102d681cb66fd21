"""Films that are killed and resumed, and the memory of long ones.

    python benchmarks/films.py --frames 60 --kills 20
    python benchmarks/films.py --frames 2000 --rows 48 --method fast

A film is made without interruption. With `--kills` it is made again while its process is killed (SIGKILL) a random time
after a random frame, and resumed by the next; a film that is finished is started afresh until there were enough kills.
Printed are

    lost         frames that were painted again after a kill: the most, at most those of a segment
    refused      processes that ended in an error: must be 0
    different    finished films that differ from the unbroken one in a byte: must be 0
    left over    files besides the films in the end: must be 0

and, of the unbroken film, resident memory behind each tenth of its frames.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from neural_style.video.film import FilmRun
from neural_style.video.packages import pyav

SEGMENT = 6


class Trail:
    """Inverts a frame and mixes it with the result before, so that each depends on all before it."""

    def __init__(self):
        self.last = np.zeros((), np.uint8)

    def transfer(self, frame):
        inverted = 255 - frame
        self.last = ((inverted.astype(np.uint16) + self.last) // 2).astype(np.uint8) if self.last.ndim else inverted
        return self.last

    def state(self):
        return {"last": self.last.copy()}

    def load_state(self, state):
        self.last = state["last"]


def fast():
    """The embedded painter."""
    from neural_style.samples import sample
    from neural_style.video.fast import Fast

    return Fast(sample("night")[::4, ::4])


METHODS = {"trail": Trail, "fast": fast}


def write_clip(path, frames, rows):
    """Noise that drifts, with a tone."""
    av, columns = pyav(), rows * 2 // 3 * 2
    noise = np.random.default_rng(0).integers(0, 256, (rows, columns + frames, 3), np.uint8)
    with av.open(str(path), "w") as target:
        stream, voice = (
            target.add_stream("libx264", rate=25, options={"crf": "20"}),
            target.add_stream("aac", rate=8000),
        )
        stream.height, stream.width, stream.pix_fmt = rows, columns, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 25)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(noise[:, index : index + columns]))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
        wave = (8000 * np.sin(np.arange(8000 * frames // 25) / 3)).astype(np.int16)
        sound = av.AudioFrame.from_ndarray(wave[None], layout="mono")
        sound.rate = 8000
        target.mux([*voice.encode(sound), *voice.encode(None)])


def resident():
    """MiB of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def child(clip, out, method):
    """Make a film, printing the number of each frame."""
    run = FilmRun(clip, out, segment=SEGMENT, resume=True)
    run.execute(METHODS[method](), progress=lambda each: print(each.done, flush=True))


def killed(arguments, moment, delay):
    """The numbers of the frames that a process paints, and its status, if it is killed after a line."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(int(line))
        if len(lines) == moment:
            time.sleep(delay)
            process.kill()
    return lines, process.wait()


def survive(folder, clip, whole, found):
    """Kill and resume, and print what was lost."""
    rng = random.Random(found.seed)
    counts = dict.fromkeys(("kills", "films", "lost", "refused", "different"), 0)
    last, out = 0, folder / "film.mp4"
    while counts["kills"] < found.kills or out.with_name("film.mp4.work").exists():
        arguments = [sys.executable, __file__, "--child", str(clip), str(out), "--method", found.method]
        moment = rng.randint(1, found.frames // 2) if counts["kills"] < found.kills else 0
        lines, status = killed(arguments, moment, rng.uniform(0, 0.03))
        if last and lines:
            counts["lost"] = max(counts["lost"], last - lines[0] + 1)
        last = lines[-1] if lines else last
        if status == -9:
            counts["kills"] += 1
        elif status:
            counts["refused"] += 1
            break
        if out.exists() and not (folder / "film.mp4.work").exists():
            counts["films"] += 1
            counts["different"] += out.read_bytes() != whole.read_bytes()
            out.unlink()
            last = 0
    for name, count in counts.items():
        print(f"{name:<10} {count}")
    left = {path.name for path in folder.iterdir()} - {clip.name, whole.name}
    print(f"left over  {len(left)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--method", choices=METHODS, default="trail")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    found = parser.parse_args()
    if found.child:
        child(*found.child, found.method)
        return
    with tempfile.TemporaryDirectory() as name:
        clip, whole, memory = Path(name, "clip.mp4"), Path(name, "whole.mp4"), []
        write_clip(clip, found.frames, found.rows)
        tenth, started = max(1, found.frames // 10), time.process_time()
        method = METHODS[found.method]()
        run = FilmRun(clip, whole, segment=SEGMENT)
        run.execute(method, progress=lambda each: each.done % tenth or memory.append(resident()))
        print(f"{found.frames} frames of {found.rows} rows: {time.process_time() - started:.1f} CPU-s")
        print("memory    ", ", ".join(f"{each:.0f}" for each in memory), "MiB")
        if found.kills:
            survive(Path(name), clip, whole, found)


if __name__ == "__main__":
    main()
