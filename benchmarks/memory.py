"""Peak memory of a short run against what the plan predicts, and seconds of an evaluation, by size and tile.

    python benchmarks/memory.py --sizes 256 512 1024 2048 --models vgg19 mini --tiles 0 512

Each row is a process of its own (`--one`): a square of noise, weights of noise, the model's own layers, a few
evaluations by lbfgs with a memory of one step. Peak is the resident memory of the whole process at its highest; seconds
are those of the processor. `--one 4096 vgg19 1024` alone shows whether a picture of 4096 x 4096 fits by tiles of 1024.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from neural_style import Network
from neural_style.runs.memory_plan import GIB, estimates
from neural_style.runs.settings import Run
from neural_style.solvers import lbfgs


def one(rows, model, tile, precision, evaluations):
    """Run, and print a row of the table."""
    technique = Network(model=model, weights="random", precision=precision)
    rng = np.random.default_rng(0)
    content, style = (rng.integers(0, 256, (rows, rows, 3), np.uint8) for _ in range(2))
    run = Run(image_size=rows, memory=1, tile=tile or None, memory_limit=10**4)
    inputs = technique.inputs(content, style)
    (estimate,) = estimates(technique.extractor_spec, inputs.content.canvas, inputs.styles, run)
    started = time.process_time()
    objective = technique.objective_at(inputs)(estimate.size, estimate.tile)
    targets = time.process_time() - started
    times = []
    if evaluations == 1:
        started = time.process_time()
        objective.evaluate(content.astype(np.float32))
        times.append(time.process_time() - started)
    else:
        points = lbfgs.minimise(objective.function, content.astype(np.float32), evaluations=evaluations, memory=1)
        started = time.process_time()
        for _ in points:
            times.append(time.process_time() - started)
            started = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    planned = estimate.bytes / GIB
    print(
        f"| {model} | {precision} | {rows} | {tile or '-'} | {peak:.2f} | {planned:.2f} | {planned / peak:.2f} "
        f"| {targets:.1f} | {times[0]:.2f} | {min(times):.2f} | {1e6 * min(times) / rows**2:.2f} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512, 1024, 2048])
    parser.add_argument("--models", nargs="+", default=["vgg19", "mini"])
    parser.add_argument("--tiles", nargs="+", type=int, default=[0, 512])
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--evaluations", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("ROWS", "MODEL", "TILE"))
    found = parser.parse_args()
    if found.one:
        rows, model, tile = found.one
        one(int(rows), model, int(tile), found.precision, found.evaluations)
        return
    print("| | precision | rows | tile | peak GiB | planned | ratio | targets s | first s | best s | us a pixel |")
    print("|---" * 11 + "|", flush=True)
    for model in found.models:
        for rows in found.sizes:
            for tile in (tile for tile in found.tiles if tile < rows):
                command = [sys.executable, __file__, "--one", str(rows), model, str(tile)]
                command += ["--precision", found.precision, "--evaluations", str(found.evaluations)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
