"""Resident memory of one process that makes picture after picture, each with other weights and at another size.

    python benchmarks/cache_growth.py --pictures 20

Weights are `random:<seed>`, sizes 64, 68, 72 ... rows with the largest first, so that growth is what is kept and not
what a picture needs. Printed after each picture are the resident memory and how many networks and graphs are kept, and
in the end the growth from the 5th picture to the last. KERAS_BACKEND chooses the backend.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from neural_style import Network, backend

FIRST = 5
"""Pictures until all that is kept once is there."""


def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--solver", default="lbfgs")
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--same_weights", action="store_true", help="one network for all sizes")
    parser.add_argument("--same_size", action="store_true", help="one size for all networks")
    found = parser.parse_args(arguments)

    rng = np.random.default_rng(0)
    photo, painting = (rng.integers(0, 256, (160, 160, 3), np.uint8) for _ in range(2))
    largest, *others = range(60 + 4 * found.pictures, 60, -4)
    sizes, memory = [largest, *rng.permutation(others).tolist()], []
    print(f"{found.model}, {found.solver}, {backend.version()}")
    print("| picture | rows | resident MiB | networks | graphs |\n|---|---|---|---|---|")
    for index, rows in enumerate(sizes):
        technique = Network(model=found.model, weights=f"random:{0 if found.same_weights else index}")
        technique.transfer(
            photo,
            painting,
            image_size=largest if found.same_size else rows,
            iterations=found.iterations,
            solver=found.solver,
        )
        memory.append(resident_mib())
        print(
            f"| {index + 1} | {rows} | {memory[-1]:.0f} | {len(backend.NETWORKS)} | {len(backend.GRAPHS)} |", flush=True
        )
    before = memory[min(FIRST, len(memory)) - 1]
    print(f"from picture {min(FIRST, len(memory))} to {len(memory)}: {memory[-1] / before - 1:+.1%}")
    backend.clear_caches()
    print(f"after clear_caches: {resident_mib():.0f} MiB")


if __name__ == "__main__":
    main()
