"""Photos of one size painted together by the embedded network, and one by one: pictures a second.

    python benchmarks/batches.py --pictures 8 --rows 256 --batches 1 2 4 8

CPU seconds of the process count, so that other programs on the machine matter less; the program is made beforehand.
"""

import argparse
import time

import numpy as np

from neural_style import images
from neural_style.feedforward import Painter
from neural_style.samples import sample


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 2, 4, 8])
    found = parser.parse_args(arguments)
    size = found.rows, found.rows * 3 // 2
    photos = np.stack([images.resize(sample("cat"), size)] * found.pictures)
    painter = Painter()
    style = painter.style(sample("night"))
    painter.paint_batch(photos[:1], style)
    print(f"| {size[0]} x {size[1]} pixels, photos at once | CPU seconds a picture |")
    print("|---|---|")
    for count in found.batches:
        started = time.process_time()
        for first in range(0, len(photos), count):
            painter.paint_batch(photos[first : first + count], style)
        print(f"| {count} | {(time.process_time() - started) / len(photos):.3f} |", flush=True)


if __name__ == "__main__":
    main()
