"""End commands at random moments in four ways, give them again, and count what is lost.

    python benchmarks/endings.py --moments 3 --seed 0

Each command (network, doodle and reconstruct with a checkpoint, a folder of photos, a figure) is made once without
interruption. Then it is ended `moments` times in each way: by SIGKILL, SIGTERM and SIGINT, and by a disk that becomes
full, at a moment that is random within its duration; afterwards the same command is given again, with room on the disk.
The disk is a small tmpfs, which needs root and Linux; without it that way is left out. Printed is a row for each way:

    moments         commands that were ended before their end
    no picture      of those that TERM, INT or a full disk ended with pictures of iterations, without a best picture
                    and without a message where it is: must be 0. A folder keeps finished pictures, a figure panels
    status 0        without every picture that was asked for: must be 0
    tracebacks      must be 0
    unreadable      pictures and checkpoints that are half written: must be 0
    not resumed     commands that failed when they were given again: must be 0
    left over       temporary files after that: must be 0
    difference      grey levels, the largest, between its pictures and those of the command that was not ended

"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")

MINI = ["--model", "mini", "--weights", "random", "--quiet"]
SHALLOW = ["--content_layer", "conv1_2", "--style_layers", "conv1_1", "conv2_1"]
KEPT = ["--checkpoint", "run.ckpt", "--resume"]

COMMANDS = {
    "network": ["network", "photo.png", "painting.png", "out", *MINI, *SHALLOW, *KEPT, "--image_size", "40", "--gif"],
    "doodle": [
        *("doodle", "--style_image", "painting.png", "--style_mask", "mask.png", "--target_mask", "mask.png"),
        *("--target_image_prefix", "out", "--nlabels", "2", *MINI, "--style_layers", "conv1_1", *KEPT),
        *("--img_size", "48"),
    ],
    "reconstruct": [
        "reconstruct",
        "content",
        "photo.png",
        "out",
        "--layers",
        "conv2_1",
        *MINI,
        *KEPT,
        "--image_size",
        "48",
    ],
    "folder": [
        "network",
        "photos",
        "painting.png",
        "results",
        *MINI,
        *SHALLOW,
        "--image_size",
        "32",
        "--save_every",
        "1",
    ],
    "figure": [
        *("figure", "gatys2016-4", "--draft", "--image_size", "32", "--quiet"),
        *("--panels", "panels", "--output", "out.png"),
    ],
}
"""Arguments of each command, in a folder of its own."""

WAYS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT, "full disk": None}
DISK = "4m"
COLUMNS = ("moments", "no picture", "status 0", "tracebacks", "unreadable", "not resumed", "left over", "difference")


def prepare(folder):
    """Write a photo, a painting, a mask and a folder of photos."""
    row, column = np.mgrid[0:48, 0:64]
    photo = np.stack([row * 4, column * 3, 200 - row - column], axis=-1) + (row > 30)[..., None] * 40
    painting = 130 + np.sin((row + column) / 3)[..., None] * [90, 40, -70]
    mask = (column > 32)[..., None].repeat(3, 2) * [0, 255, 0]
    (folder / "photos").mkdir()
    named = {"photo": photo, "painting": painting, "mask": mask}
    named |= {f"photos/{name}": np.roll(photo, 9 * index, 1) for index, name in enumerate("abc")}
    for name, rgb in named.items():
        Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(folder / f"{name}.png")


def start(arguments, folder, log):
    """The command in a fork, in which the backend is imported already; returns its process."""
    process = os.fork()
    if process:
        return process
    status = 130
    with contextlib.suppress(KeyboardInterrupt):
        os.chdir(folder)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        from neural_style.cli import main as command

        status = command(arguments)
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    os._exit(status)


def has_ended(process):
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def status_of(process):
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def pictures(name, folder):
    """The pictures that a command is asked for, as far as they are there."""
    names = [f"results/{photo}.png" for photo in "abc"] if name == "folder" else ["out.png"]
    return {each: folder / each for each in names if (folder / each).is_file()}


def unreadable(folder):
    count = 0
    for path in folder.rglob("*"):
        try:
            if path.suffix == ".ckpt":
                with np.load(path) as stored:
                    for each in stored.files:
                        stored[each]
            elif path.suffix in (".png", ".gif"):
                with Image.open(path) as image:
                    image.load()
        except Exception as error:  # whatever the damage looks like
            print(f"{path}: {error}", file=sys.stderr)
            count += 1
    return count


@contextlib.contextmanager
def place(is_small):
    """A folder with the inputs, on a small disk if wanted; None where none can be mounted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", name]
        if is_small and subprocess.run(mount, capture_output=True, check=False).returncode:
            yield None
            return
        try:
            prepare(folder)
            yield folder
        finally:
            if is_small:
                subprocess.run(["umount", name], capture_output=True, check=False)


def fill(folder):
    """Leave no byte on the disk."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def end_once(name, way, delay, whole, counts, log):
    """End a command after so many seconds, give it again, and add to the counts."""
    with place(WAYS[way] is None) as folder:
        if folder is None:
            return
        process = start(COMMANDS[name], folder, log)
        until = time.monotonic() + delay
        while time.monotonic() < until and not has_ended(process):
            time.sleep(0.001)
        counts["moments"] += not has_ended(process)
        if WAYS[way] is None:
            fill(folder)
        else:
            os.kill(process, WAYS[way])
        status, text = status_of(process), log.read_text(errors="replace")
        found = pictures(name, folder)
        counts["status 0"] += status == 0 and len(found) < len(whole)
        if "Traceback" in text:
            counts["tracebacks"] += 1
            print(f"{name}, {way} after {delay:.2f} s: {text}", file=sys.stderr)
        counts["unreadable"] += unreadable(folder)
        if name not in ("folder", "figure") and way != "SIGKILL" and list(folder.glob("out_at_iteration_*")):
            counts["no picture"] += not found and "the picture was saved as" not in text
        (folder / "filler").unlink(missing_ok=True)
        again = status_of(start(COMMANDS[name], folder, log))
        found = pictures(name, folder)
        if again or len(found) < len(whole):
            counts["not resumed"] += 1
            print(f"{name}, {way} after {delay:.2f} s: {text}\n{log.read_text(errors='replace')}", file=sys.stderr)
        counts["left over"] += len(list(folder.rglob(".*.part"))) + len(list(folder.glob("*.ckpt")))
        if name != "figure":  # whose captions have seconds in them
            differences = [np.abs(pixels(path) - whole[each]).max() for each, path in found.items()]
            counts["difference"] = max(counts["difference"], *differences)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=3, help="of each command and each way")
    parser.add_argument("--commands", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--num_iter", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    found = parser.parse_args()
    for name in found.commands:
        COMMANDS[name] = [*COMMANDS[name], "--num_iter", str(1 if name == "figure" else found.num_iter)]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from neural_style import backend, metrics  # noqa: F401  (imported and not used: a fork may use the backend then)
    from neural_style.objectives import objective  # noqa: F401

    rng = random.Random(found.seed)
    rows = {way: dict.fromkeys(COLUMNS, 0) for way in WAYS}
    with tempfile.TemporaryDirectory() as name_of_logs:
        log = Path(name_of_logs) / "log"
        for name in found.commands:
            with place(False) as folder:
                began = time.monotonic()
                status = status_of(start(COMMANDS[name], folder, log))
                seconds = time.monotonic() - began
                if status:
                    raise SystemExit(f"{name} ended with {status}: {log.read_text()}")
                whole = {each: pixels(path) for each, path in pictures(name, folder).items()}
            print(f"\n{name}: {seconds:.1f} s", flush=True)
            for way in WAYS:
                for _ in range(found.moments):
                    end_once(name, way, rng.uniform(0, seconds), whole, rows[way], log)
            show(rows)
    show(rows)


def show(rows):
    """Print the counts so far."""
    print("  ".join([f"{'':<10}", *COLUMNS]))
    for way, counts in rows.items():
        print("  ".join([f"{way:<10}", *(f"{counts[each]:>{len(each)}}" for each in COLUMNS)]), flush=True)


if __name__ == "__main__":
    main()
