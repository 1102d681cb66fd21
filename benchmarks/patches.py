"""Processor seconds of an evaluation, and peak memory, of what finds nearest patches, beside Gram matrices.

    TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 python benchmarks/patches.py --rows 256 512

Each row is a process of its own (`--one`): mini, the samples `night` and its label map, a few evaluations at the first
and only size, of which the fastest counts. Peak is the resident memory of the whole process at its highest.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from neural_style import Analogy, Content, Network, NeuralDoodle, Style
from neural_style.samples import sample

METHODS = (
    "network gram",
    "network patches",
    "doodle plain",
    "doodle patches",
    "analogy",
    "analogy without mrf",
)


def objective_of(method, rows):
    """The objective of a method at a size."""
    painting, regions, wanted = (sample(name) for name in ("night", "night_map", "doodle_map"))
    if method.startswith("network"):
        technique = Network(model="mini", style_loss=method.split()[1])
        inputs = wanted, painting
    elif method.startswith("doodle"):
        technique = NeuralDoodle(model="mini", variant=method.split()[1])
        inputs = Content(label_map=wanted), Style(painting, label_map=regions)
    else:
        technique = Analogy(model="mini", mrf_weight=0 if method.endswith("mrf") else 1)
        inputs = wanted, Style(painting, source=regions)
    return technique.objective(*inputs, image_size=rows)


def one(method, rows, evaluations):
    """Evaluate, and print a row of the table."""
    objective = objective_of(method, rows)
    image = np.random.default_rng(0).uniform(0, 255, (*objective.image_size, 3)).astype(np.float32)
    seconds = []
    for _ in range(evaluations + 1):  # the first compiles
        started = time.process_time()
        objective.value_and_grad(image)
        seconds.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"| {method} | {' x '.join(map(str, image.shape[:2]))} | {min(seconds):.3f} | {peak:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=[256])
    parser.add_argument("--evaluations", type=int, default=4)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--one", choices=METHODS, help="this method, in this process")
    found = parser.parse_args()
    if found.one:
        one(found.one, found.rows[0], found.evaluations)
        return
    print("| method | pixels | seconds | peak, MiB |\n|---|---|---|---|", flush=True)
    for rows in found.rows:
        for method in found.methods:
            flags = ["--one", method, "--rows", str(rows), "--evaluations", str(found.evaluations)]
            subprocess.run([sys.executable, __file__, *flags], check=True)


if __name__ == "__main__":
    main()
