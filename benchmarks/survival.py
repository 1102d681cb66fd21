"""Kill a run again and again, resume it, and count what is lost.

    python benchmarks/survival.py --kills 20 --num_iter 12 --sizes 64 128

A small run is made without interruption, and again with `--checkpoint --resume` while it is killed (SIGKILL) at random
moments: one kill in five while the command starts, two in five while a file is being written, the others at a random
moment after the next checkpoints or pictures have appeared. A run that finishes is started afresh until there were
enough kills; the last one is left alone. After each kill every file is read. Printed are

    while written     kills that left a temporary file
    resumed           commands that resumed after a kill
    refused           commands that ended in an error: must be 0
    half-written      pictures, animations or checkpoints that cannot be read: must be 0
    lost              iterations whose picture was there and whose checkpoint was not, at most 1 per kill
    difference        grey levels, the largest, between a finished picture and the uninterrupted one: at most 1
    left over         temporary files in the end: must be 0
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def pictures(folder):
    """A photo and a painting, as good as any other for this."""
    row, column = np.mgrid[0:96, 0:128]
    photo = np.stack([row * 2, column, 200 - row - column // 2], axis=-1) + (row > 60)[..., None] * 40
    painting = 130 + np.sin((row + column) / 3)[..., None] * [90, 40, -70]
    for name, rgb in (("photo.png", photo), ("painting.png", painting)):
        noise = np.random.default_rng(1).normal(0, 5, rgb.shape)
        Image.fromarray(np.clip(rgb + noise, 0, 255).astype(np.uint8)).save(folder / name)


def command(folder, prefix, found):
    return [
        *(sys.executable, Path(__file__).resolve().parent.parent / "network.py"),
        *(folder / "photo.png", folder / "painting.png", folder / prefix, "--model", "mini"),
        *("--solver", found.solver, "--num_iter", str(found.num_iter), "--sizes", *map(str, found.sizes), "--gif"),
    ]


def files_of(folder, prefix):
    """Names and times of what a run has written so far; hidden files are not yet anything."""
    return {(path.name, path.stat().st_mtime_ns) for path in folder.glob(f"{prefix}*")}


def unreadable(folder, prefix):
    """Files that are there and not whole."""
    broken = []
    for path in folder.glob(f"{prefix}*"):
        try:
            if path.suffix == ".ckpt":  # not by the library, which would tidy up beside it
                with np.load(path) as stored:
                    for name in stored.files:
                        stored[name]
            else:
                with Image.open(path) as image:
                    for frame in range(getattr(image, "n_frames", 1)):
                        image.seek(frame)
                        image.load()
        except (OSError, SyntaxError, ValueError, zipfile.BadZipFile) as error:
            broken.append(f"{path.name}: {error}")
    return broken


def iterations_of(folder, prefix):
    """Of the pictures, and of the checkpoint; None where there is none."""
    names = (path.name for path in folder.glob(f"{prefix}_at_iteration_*"))
    shown = [int(found[1]) for name in names if (found := re.search(r"iteration_(\d+)", name))]
    checkpoint = folder / f"{prefix}.ckpt"
    if not checkpoint.exists():
        return max(shown, default=0), None
    with np.load(checkpoint) as stored:
        header = stored["header"].tobytes().decode()
    return max(shown, default=0), header.count('"iteration": ')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--num_iter", type=int, default=12)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--solver", default="lbfgs")
    parser.add_argument("--seed", type=int, default=0)
    found = parser.parse_args()
    rng = random.Random(found.seed)
    counts = dict.fromkeys(("kills", "in start-up", "while written", "resumed", "finished", "refused", "lost"), 0)
    broken, differences = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures(folder)
        subprocess.run([*map(str, command(folder, "whole", found)), "--quiet"], check=True)
        with Image.open(folder / "whole.png") as image:
            whole = np.asarray(image).astype(int)
        run, was_killed, left = 0, False, set()
        while counts["kills"] < found.kills or was_killed:
            prefix = f"broken{run}"
            arguments = [*map(str, command(folder, prefix, found)), "--quiet"]
            arguments += ["--checkpoint", str(folder / f"{prefix}.ckpt"), "--resume"]
            before = files_of(folder, prefix)
            started = time.monotonic()
            process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
            if counts["kills"] < found.kills:
                moment = rng.choice(["in start-up", "while written", "while written", "after", "after"])
                if moment == "in start-up":
                    time.sleep(rng.uniform(0, 4))
                wanted = 0 if moment == "in start-up" else rng.randint(2, 6)
                while process.poll() is None and wanted:
                    time.sleep(0.0005)
                    after = files_of(folder, prefix)
                    if after != before:
                        before, wanted = after, wanted - 1
                while process.poll() is None and moment == "while written" and not list(folder.glob(".*.part")):
                    pass
                time.sleep(rng.uniform(0, 0.3) if moment == "after" else 0)
                if process.poll() is None:
                    process.kill()
                    counts["kills"] += 1
                    counts["in start-up"] += moment == "in start-up"
            _, errors = process.communicate()
            counts["resumed"] += was_killed
            was_killed = process.returncode == -9
            lying = set(folder.glob(".*.part"))
            counts["while written"] += was_killed and bool(lying - left)
            left = lying
            broken += unreadable(folder, prefix)
            shown, kept = iterations_of(folder, prefix)
            if was_killed:
                counts["lost"] += max(0, shown - (kept if kept is not None else shown))
            elif process.returncode:
                counts["refused"] += 1
                print(errors, file=sys.stderr)
            else:
                with Image.open(folder / f"{prefix}.png") as image:
                    differences.append(np.abs(np.asarray(image).astype(int) - whole).max())
                counts["finished"] += 1
                run += 1
            state = "killed" if was_killed else f"ended with {process.returncode}"
            print(f"{state} after {time.monotonic() - started:.1f} s: picture {shown}, checkpoint {kept}", flush=True)
        width = max(map(len, counts))
        for label, count in counts.items():
            print(f"{label:<{width}}  {count}")
        print(f"{'half-written':<{width}}  {len(broken)} {broken or ''}")
        print(f"{'difference':<{width}}  {max(differences, default='-')}")
        print(f"{'left over':<{width}}  {len(left)}")


if __name__ == "__main__":
    main()
