"""Kill the training of a whole Johnson network (SIGKILL), resume it, and compare with an unbroken one.

    python benchmarks/killed_training.py painting.jpg --images photos/ --backends tensorflow jax

The network is that of Johnson et al. 2016 in full, with the losses of mini, at small crops. It is killed as soon as its
first save is there and some steps more may be made, then resumed to the end. Printed are the largest differences of
weights and of losses in the log; both must be 0 on one thread.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def command(found, out, *more):
    return [
        *(sys.executable, "-m", "neural_style", "train", found.painting, "--images", found.images, "--out", out),
        *("--model", "mini", "--steps", found.steps, "--save_every", found.steps // 3, "--batch", 1, "--crop", 32),
        *("--held_out", 2, "--quiet", *more),
    ]


def result(path):
    """Weights of a network, and losses of its log."""
    from neural_style.feedforward.trained import TrainedNetwork

    with path.with_name(f"{path.stem}_log.csv").open() as file:
        losses = [[float(row["loss"]), float(row["val_loss"])] for row in csv.DictReader(file)]
    return TrainedNetwork(path).network.get_weights(), np.array(losses)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("painting")
    parser.add_argument("--images", required=True, help="photos to train with")
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax"])
    parser.add_argument("--steps", type=int, default=12)
    found = parser.parse_args()
    print("| backend | killed at step | weights differ by | losses differ by |")
    print("|---|---|---|---|")
    for backend in found.backends:
        environment = {**os.environ, "KERAS_BACKEND": backend}
        with tempfile.TemporaryDirectory() as name:
            whole, broken = (Path(name) / f"{each}.keras" for each in ("whole", "broken"))
            subprocess.run([*map(str, command(found, whole))], check=True, env=environment)
            process = subprocess.Popen([*map(str, command(found, broken))], env=environment)
            log = broken.with_name("broken_log.csv")
            while process.poll() is None and not broken.with_name("broken_checkpoint.npz").exists():
                time.sleep(0.01)
            process.kill()
            process.wait()
            with log.open() as file:
                reached = [row["step"] for row in csv.DictReader(file)][-1]
            subprocess.run([*map(str, command(found, broken, "--resume"))], check=True, env=environment)
            (weights, losses), (others, other_losses) = result(whole), result(broken)
        apart = max(float(np.abs(one - two).max()) for one, two in zip(weights, others, strict=True))
        print(f"| {backend} | {reached} | {apart:g} | {np.abs(losses - other_losses).max():g} |", flush=True)


if __name__ == "__main__":
    main()
