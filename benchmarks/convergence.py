"""Loss against evaluations and seconds for every solver, on one problem, in one run.

    python benchmarks/convergence.py photo.jpg painting.jpg --weights vgg19_blocks_1_3.npz --rows 512 --evaluations 60

The problem is `Network` with VGG-19 up to block 3, from the content. Beside the solvers of the library there are lbfgs
from the embedded painter's picture (`--init_image fast`), whose time counts, the reference's way (content, style and
pastiche through the network at every evaluation, SciPy's L-BFGS-B started anew every 20) and, with `--pytorch <python
that has torch>`, the plain PyTorch of `pytorch_baseline.py`. The loss is that of the saved picture: pixels of the
library's are bounded, and those of the other two are clipped before their loss is taken, with the clock stopped.
Seconds are those of the processor: give every library one thread. Each clock starts when its first evaluation is done,
and with it what is compiled. `--memories` compares lengths of the memory instead, by evaluations alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops
from scipy import optimize

from neural_style import Network, Style, backend, images
from neural_style.features.extractor import preprocess
from neural_style.feedforward import Painter
from neural_style.losses.style import gram_matrix
from neural_style.losses.total_variation import total_variation
from neural_style.solvers import adam, lbfgs, scipy_lbfgs

FAST = "lbfgs, init fast"
OURS = ("lbfgs", "lbfgs, bfloat16", FAST)

MARKS = (10, 20, 30, 50, 60, 75, 100, 150)


BOUNDS = (0.0, 255.0)


def solved(minimise, objective, start, evaluations):
    """Trace of a solver of the library, and its best image."""
    trace, best, image = [], np.inf, start
    for point in minimise(objective.function, start, evaluations=evaluations, bounds=BOUNDS):
        trace.append((time.process_time(), point.value))
        if point.value < best:
            best, image = point.value, point.x
    return since_the_first(trace), np.asarray(image)


def painted(content, style):
    """The embedded painter's picture, and the seconds of a second one, for which everything is compiled."""
    painter, seconds = Painter(), 0.0
    for _ in range(2):
        began = time.process_time()
        picture = painter.paint(content, painter.style(style)).image
        seconds = time.process_time() - began
    return np.asarray(picture, "float32"), seconds


def since_the_first(trace):
    """The same (seconds, loss), with the clock at 0 after the first evaluation."""
    return [(when - trace[0][0], value) for when, value in trace]


def reference(technique, objective, content, style, start, evaluations):
    """Trace of the reference's way: three images a batch, targets computed again and again, SciPy forgetful."""
    size, network = objective.image_size, objective.extractor.network
    fixed = [ops.convert_to_tensor(image) for image in (content, style)]
    layers = technique.style_layers

    def losses(image, fixed):
        batch = ops.concatenate([preprocess(x) for x in (*fixed, image)], axis=0)
        features = network(batch)
        of_content = features[technique.content_layer]
        loss = technique.resolved().content_weight * ops.sum(ops.square(of_content[2] - of_content[0]))
        for layer in layers:
            of_style, of_pastiche = (gram_matrix(features[layer][i : i + 1]) for i in (1, 2))
            loss += ops.sum(ops.square(of_pastiche - of_style)) / (36.0 * np.prod(size) ** 2 * len(layers))
        return loss + technique.resolved().total_variation_weight * ops.sum(total_variation(batch[2:])), ()

    evaluate = backend.compiled(backend.value_and_grad(losses))
    trace, stopped = [], 0.0

    def function(x):
        nonlocal stopped
        picture = ops.convert_to_tensor(x.reshape(content.shape).astype("float32"))
        value, _, gradient = evaluate(picture, fixed)
        now = time.process_time()
        saved = objective.function(ops.clip(picture, *BOUNDS)).value
        trace.append((now - stopped, float(saved)))
        stopped += time.process_time() - now
        return float(value), np.asarray(gradient).ravel().astype("float64")

    x = start.ravel().astype("float64")
    while len(trace) < evaluations:
        x, _, _ = optimize.fmin_l_bfgs_b(function, x, maxfun=20)
    return since_the_first(trace[:evaluations])


def pytorch(python, technique, content, style, start, evaluations):
    """Trace of `pytorch_baseline.py`, in a process of its own: two sets of threads would fight for the cores."""
    settings = technique.resolved()
    problem = {
        "weights": settings.weights,
        "content_layer": settings.content_layer,
        "content_weight": settings.content_weight,
        "style_layers": settings.style_layers,
        "total_variation_weight": settings.total_variation_weight,
        "evaluations": evaluations,
    }
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("problem.npz", "trace.json")]
        np.savez(files[0], content=content, style=style, start=start, settings=json.dumps(problem))
        script = Path(__file__).with_name("pytorch_baseline.py")
        subprocess.run([python, str(script), *files], check=True)
        found = json.loads(Path(files[1]).read_text())
    return since_the_first(found["trace"])


def best_so_far(trace):
    return np.minimum.accumulate([value for _, value in trace])


def _ratio(ours, other):
    """Seconds to the loss that the other ended with: ours to its own."""
    best = best_so_far(other)
    times = [next((when for when, value in trace if value <= best[-1]), np.nan) for trace in (ours, other)]
    return f"{times[0] / times[1]:.2f}" if times[0] == times[0] else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("content")
    parser.add_argument("style")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--content_layer", default="conv3_3")
    parser.add_argument("--content_weight", type=float, default=0.025)
    parser.add_argument("--style_layers", nargs="+", default=["conv1_1", "conv2_1", "conv3_1"])
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--pytorch", metavar="PYTHON")
    parser.add_argument("--memories", nargs="+", type=int)
    parser.add_argument("--noise", action="store_true", help="start from noise")
    found = parser.parse_args()

    technique = Network(
        model="vgg19",
        weights=found.weights,
        content_layer=found.content_layer,
        content_weight=found.content_weight,
        style_layers=tuple(found.style_layers),
    )
    # Everybody gets the same pictures at the working size.
    objective = technique.objective(found.content, Style(found.style, resize="stretch"), image_size=found.rows)
    size = objective.image_size
    content, style = (
        images.resize(images.read(path).rgb, size).astype("float32") for path in (found.content, found.style)
    )
    objective = technique.objective(content, Style(style, resize="stretch"), image_size=found.rows)
    start = np.asarray(np.random.default_rng(0).uniform(0, 255, content.shape), "float32") if found.noise else content

    count = found.evaluations
    traces, pictures = {}, {}

    def add(name, minimise, of=objective):
        print(f"{name} ...", file=sys.stderr, flush=True)
        traces[name], pictures[name] = solved(minimise, of, start, count)

    add("scipy_lbfgs", scipy_lbfgs.minimise)
    for memory in found.memories or ():
        add(f"lbfgs, memory {memory}", partial(lbfgs.minimise, memory=memory))
    if not found.memories:
        add("lbfgs", lbfgs.minimise)
        picture, seconds = painted(content, style)
        trace, _ = solved(lbfgs.minimise, objective, picture, count)
        traces[FAST] = [(when + seconds, value) for when, value in trace]
        coarse = replace(technique, precision="bfloat16")
        faster = coarse.objective(content, Style(style, resize="stretch"), image_size=found.rows)
        add("lbfgs, bfloat16", lbfgs.minimise, faster)
        add("adam", adam.minimise)
        if found.pytorch:
            traces["PyTorch LBFGS"] = pytorch(found.pytorch, technique, content, style, start, count)
        traces["reference"] = reference(technique, objective, content, style, start, count)

    firsts = {name: trace[0][1] for name, trace in traces.items()}
    exact = [value for name, value in firsts.items() if "bfloat16" not in name and name != FAST]
    if max(exact) > 1.001 * min(exact):
        sys.exit(f"not the same problem for all: the first losses are {firsts}")
    goal = best_so_far(traces["scipy_lbfgs"])[-1]
    marks = [mark for mark in MARKS if mark <= count]
    print(f"{size[0]} x {size[1]}, {backend.version()}, keras {keras.__version__}; loss so far / {goal:.4g}, which is")
    print(f"that of scipy_lbfgs after {count} evaluations; evaluations and seconds until it is reached")
    print(
        "The last columns: seconds of lbfgs, of it in bfloat16, and from the painter's picture, to the loss that each "
        "ended with, to its own."
    )
    print(
        "| | s an evaluation |", *(f"{mark} |" for mark in marks), "evaluations | seconds | lbfgs | bfloat16 | fast |"
    )
    print("|---" * (len(marks) + 7) + "|")
    for name, trace in traces.items():
        best = best_so_far(trace)
        best = np.append(best, np.full(max(0, count - len(best)), best[-1]))
        reached = next((i for i, value in enumerate(best) if value <= goal), None)
        reached_text = f"{reached + 1} | {trace[reached][0]:.1f}" if reached is not None else "- | -"
        print(
            f"| {name} | {trace[-1][0] / (len(trace) - 1):.3f} |",
            *(f"{best[mark - 1] / goal:.3f} |" for mark in marks),
            f"{reached_text} |",
            *(f"{_ratio(traces[ours], trace)} |" if ours in traces else "- |" for ours in OURS),
        )
    if "lbfgs, bfloat16" in pictures:
        float32, bfloat16 = (objective.parts(pictures[name]) for name in ("lbfgs", "lbfgs, bfloat16"))
        before = objective.parts(content)
        for term in float32:
            if term.startswith("style"):
                # The term is a squared error, its root that of the Gram matrix.
                errors = [np.sqrt(losses[term] / before[term]) for losses in (float32, bfloat16)]
                print(f"Gram error, {term}: float32 {errors[0]:.4f}, bfloat16 {errors[1]:.4f} of the photo's")
        difference = np.abs(pictures["lbfgs"] - pictures["lbfgs, bfloat16"])
        print(f"loss in float32: {sum(float32.values()):.5g} and {sum(bfloat16.values()):.5g};", end=" ")
        print(f"pictures differ by {difference.mean():.2f} grey levels on average")


if __name__ == "__main__":
    main()
