"""TensorFlow's plain graph against XLA on a CPU: seconds until the first evaluation, and of one, by size, in one run.

    python benchmarks/xla.py --sizes 256 512
    TF_ENABLE_ONEDNN_OPTS=0 ONEDNN_MAX_CPU_ISA=AVX2 XLA_FLAGS=--xla_cpu_max_isa=AVX2 python benchmarks/xla.py

The second imitates a processor with AVX2 alone on one with AVX-512, as far as libraries choose their code at run time.
One evaluation is the loss and gradient of Network's objective, weights random. Both are timed in turn, so that a
machine whose speed drifts slows both; the table has medians and the best. `--processor` counts seconds of the processor
instead of the clock's, which other work on the machine disturbs less, in one thread.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from keras import ops

from neural_style import Network, backend
from neural_style.backend.xla import SETTING, convolution_operations


def objective(rows, setting, found):
    """Of an image of noise, with a network of its own, and so with programs of its own."""
    rng = np.random.default_rng(0)
    photo, painting = (rng.uniform(0, 255, (rows, rows, 3)).astype("float32") for _ in range(2))
    technique = Network(model=found.model, weights=f"random:{setting}", content_layer=found.content_layer)
    return technique.objective(photo, painting, image_size=rows), ops.convert_to_tensor(photo)


def operations(function, image):
    import tensorflow as tf

    graph = tf.function(function.evaluate, autograph=False).get_concrete_function(image, function.constants)
    return convolution_operations(graph.graph)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vgg19")
    parser.add_argument("--content_layer", default="conv5_1")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--processor", action="store_true", help="count the processor's seconds, of all threads")
    found = parser.parse_args()
    clock = time.process_time if found.processor else time.perf_counter

    flags = sorted(backend.processor_flags() & {"avx2", "avx512f", "avx512_vnni", "amx_tile"})
    imitated = {
        name: os.environ[name] for name in ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA") if name in os.environ
    }
    print(f"{found.model} to {found.content_layer}, {backend.version()}, {' '.join(flags)} {imitated}")
    print("| rows | GFLOP | plain: first s | median | best | XLA: first s | median | best | XLA / plain, best |")
    print("|---" * 9 + "|")
    for rows in found.sizes:
        functions, firsts = {}, {}
        for setting in ("0", "1"):
            os.environ[SETTING] = setting
            made, image = objective(rows, setting, found)
            started = clock()
            float(made.function(image).value)
            firsts[setting] = clock() - started
            functions[setting] = made.function
        times = {setting: [] for setting in functions}
        for _ in range(found.runs):
            for setting, function in functions.items():
                started = clock()
                float(function(image).value)
                times[setting].append(clock() - started)
        os.environ[SETTING] = "0"
        columns = [f"{operations(functions['0'], image) / 1e9:.0f}"]
        for setting, values in times.items():
            columns += [f"{value:.2f}" for value in (firsts[setting], statistics.median(values), min(values))]
        print(f"| {rows} | {' | '.join(columns)} | {min(times['1']) / min(times['0']):.2f} |", flush=True)


if __name__ == "__main__":
    main()
