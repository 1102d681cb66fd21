"""Folders and films by several processes: the pictures of one process, also where workers and commands are killed.

`python benchmarks/engines.py kills --engine ray` paints a folder of random pictures by one process and by the engine,
kills a worker and then a command by SIGKILL, and breaks a file; it prints how many pictures there are then, and how
many equal those of one process. `overhead` compares the seconds of both. With `--film` it is a film, whose shots take
the place of the pictures.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from neural_style.runs import records

FRAMES = 6
"""Of a shot."""

FLAGS = ("--model", "mini", "--num_iter", "1", "--save_every", "0")


def photos(folder: Path, count: int, rows: int) -> None:
    """Random pictures of two shapes."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        picture = random.integers(0, 256, (rows, rows + 16 * (number % 2), 3), np.uint8)
        Image.fromarray(picture).save(folder / f"{number:04}.png")


class Folder:
    """A folder of photos, and commands over it."""

    def __init__(self, place: Path, engine: str, jobs: int, rows: int, address: str | None = None) -> None:
        self.place = place
        self.engine = ["--engine", "ray"] if engine == "ray" else ["--jobs", str(jobs)]
        self.engine += ["--address", address] if address else []
        self.rows = str(rows)

    def start(self, out: str, *, by_engine: bool = True) -> subprocess.Popen[str]:
        """Start the command."""
        command = [sys.executable, "-m", "neural_style", "network", "photos", "style.png", out, *FLAGS]
        command += ["--image_size", self.rows, *(self.engine if by_engine else ())]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.place, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def made(self, out: str) -> int:
        """Number of finished pictures."""
        return len(list((self.place / out).glob("*.png")))

    def equal(self, out: str) -> int:
        """Number of pictures whose pixels are those of one process."""
        names = [path.name for path in (self.place / out).glob("*.png")]
        return sum(
            (np.asarray(Image.open(self.place / out / name)) == np.asarray(Image.open(self.place / "one" / name))).all()
            for name in names
        )

    def seconds(self, out: str) -> list[tuple[float, float]]:
        """Of each picture but the first, in order: since the one before was finished, and of its run by its record."""
        paths = sorted((self.place / out).glob("*.png"), key=lambda path: path.stat().st_mtime)
        runs = [records.read(path)["history"][-1]["seconds"] for path in paths]
        ends = [path.stat().st_mtime for path in paths]
        return list(zip(np.diff(ends).tolist(), runs[1:], strict=True))

    def wait_for(self, out: str, count: int, command: subprocess.Popen[str]) -> None:
        """Until so many pictures are finished, or the command has ended."""
        while self.made(out) < count and command.poll() is None:
            time.sleep(0.05)


class Film(Folder):
    """A film of shots, and commands over it; it is one segment, so that painted shots stay until the end."""

    def start(self, out: str, *, by_engine: bool = True) -> subprocess.Popen[str]:
        """Start the command."""
        command = [sys.executable, "-m", "neural_style", "video", "photos/%04d.png", "style.png", f"{out}.mp4"]
        command += ["--segment", "100000", "--resume", *(self.engine if by_engine else ())]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.place, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def made(self, out: str) -> int:
        """Number of painted shots; 0 for a film that is there."""
        return len(list((self.place / f"{out}.mp4.work").glob("shot*")))

    def equal(self, out: str) -> int:
        """1 for a film that equals that of one process to the byte."""
        film, one = self.place / f"{out}.mp4", self.place / "one.mp4"
        return int(film.exists() and film.read_bytes() == one.read_bytes())


def shots(folder: Path, count: int, rows: int) -> None:
    """Frames of shots of one colour each, in which random squares move by a pixel from frame to frame."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count * FRAMES):
        shot, frame = divmod(number, FRAMES)
        if frame == 0:
            scene = random.integers(0, 64, (rows // 4 + 4, rows // 2 + 4, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            scene += np.array([64 * (shot % 3), 64 * (shot // 3 % 3), 160 * (shot % 2)], np.uint8)
        Image.fromarray(scene[frame : rows + frame, frame : 3 * rows // 2 + frame]).save(folder / f"{number:04}.png")


def workers(of: int) -> list[int]:
    """Processes that a command has started which paint: Python's own, or those of Ray."""
    found = []
    for line in subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout.splitlines()[1:]:
        pid, parent, text = line.split(None, 2)
        if ("spawn_main" in text and int(parent) == of) or "ray::_run" in text:
            found.append(int(pid))
    return found


def report(name: str, folder: Folder, out: str, command: subprocess.Popen[str]) -> None:
    """One line of the table."""
    printed, problems = command.communicate()
    lines = [line for line in problems.splitlines() if "error:" in line]
    summary = printed.strip().splitlines()[-1:] or [""]
    print(f"| {name} | {folder.made(out)} | {folder.equal(out)} | {command.returncode} | {summary[0]} | {len(lines)} |")


def kills(folder: Folder, count: int) -> None:
    """A worker is killed, then the command, then a file is broken, if it is a folder."""
    print("| what | pictures | equal to one process | exit status | last line | error lines |")
    print("|---|---|---|---|---|---|")
    report("one process", folder, "one", folder.start("one", by_engine=False))
    command = folder.start("worker")
    folder.wait_for("worker", count // 4, command)
    os.kill(workers(command.pid)[0], signal.SIGKILL)
    report("a worker killed", folder, "worker", command)
    command = folder.start("driver")
    folder.wait_for("driver", count // 4, command)
    command.send_signal(signal.SIGKILL)
    command.communicate()
    print(f"| the command killed | {folder.made('driver')} | {folder.equal('driver')} | {command.returncode} | | |")
    report("the same command again", folder, "driver", folder.start("driver"))
    if isinstance(folder, Film):
        return
    (folder.place / "photos" / "0003.png").write_bytes(b"no picture")
    report("a broken file", folder, "broken", folder.start("broken"))


def overhead(folder: Folder) -> None:
    """Seconds of one process and of the engine for the same pictures, from the first finished picture to the last.

    What lies between two runs, reading, writing and the way to a worker, is that of one worker only where there is one.
    """
    for out, by_engine in (("one", False), ("many", True)):
        begun = time.monotonic()
        command = folder.start(out, by_engine=by_engine)
        command.communicate()
        ended = time.monotonic()
        wholes, runs = zip(*folder.seconds(out), strict=True)
        between = np.median(np.subtract(wholes, runs))
        print(
            f"{out}: {ended - begun:.1f} s, {np.mean(wholes):.2f} s a picture after the first; "
            f"a run takes {np.mean(runs):.2f} s, and {between:.3f} s lie between two"
        )


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("kills", "overhead"))
    parser.add_argument("--engine", choices=("local", "ray"), default="local")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--address", help="of a Ray cluster, such as one of `ray start --head --num-cpus 1`")
    parser.add_argument("--film", action="store_true", help="the shots of a film in place of pictures")
    found = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        (shots if found.film else photos)(Path(place) / "photos", found.pictures, found.rows)
        Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)).save(
            Path(place) / "style.png"
        )
        folder = (Film if found.film else Folder)(Path(place), found.engine, found.jobs, found.rows, found.address)
        kills(folder, found.pictures) if found.what == "kills" else overhead(folder)


if __name__ == "__main__":
    main()
