"""Videos on sample clips whose motion and occlusion are exact: one table for each part.

    python benchmarks/video.py flow        # DIS: end-point error, occluded pixels found, valid ones kept
    python benchmarks/video.py optimise    # flicker and loss of frames by themselves, warped starts, temporal term
    python benchmarks/video.py passes      # one pass over a film, and several back and forth
    python benchmarks/video.py history     # the temporal term with longer histories, on the moving layer
    python benchmarks/video.py drift       # 100 still frames, with colours held and free
    python benchmarks/video.py fast        # the embedded painter, frame by frame and blended
    python benchmarks/video.py work_size   # painted small and enlarged: seconds and quality

Seconds are those of the processor. Flicker is `metrics.warping_error`; that of the source clip, which is interpolation
alone, stands beside it. A loss is the technique's own, without the temporal term, of the saved frames.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from neural_style import metrics
from neural_style.painting import technique_for
from neural_style.samples import sample
from neural_style.samples.clips import MOTIONS, clip
from neural_style.video.coherence import motion
from neural_style.video.flow import flow_named
from neural_style.video.method import ShotMethod

PHOTOS = ("cat", "coffee", "portrait")
STYLES = ("night", "harvest", "cells")


def heading(*names):
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|", flush=True)


def row(*cells):
    print(
        "| " + " | ".join(f"{each:.3g}" if isinstance(each, float) else str(each) for each in cells) + " |", flush=True
    )


def flow(found):
    """End-point error over valid pixels, occluded ones not followed, valid ones followed, false and missed cuts."""
    estimate, size = flow_named("dis"), tuple(found.size)
    heading("motion", "photo", "end-point error, px", "occluded found", "valid kept", "ms a pair", "false cuts")
    for name in found.motions:
        for photo in found.photos:
            film = clip(sample(photo), name, frames=found.frames, size=size)
            errors, caught, kept, cuts, started = [], [], [], 0, time.process_time()
            for index in range(1, found.frames):
                step = motion(film.frames[index], film.frames[index - 1], estimate)
                valid, exact, hidden = (each[index - 1] for each in (film.valid, film.flows, film.occluded))
                errors.append(np.linalg.norm(step.flow - exact, axis=-1)[valid].mean())
                caught += [(~step.followed)[hidden].mean()] if hidden.any() else []
                kept.append(step.followed[valid].mean())
                cuts += step.is_cut
            seconds = (time.process_time() - started) / (found.frames - 1)
            share = f"{np.mean(caught):.1%}" if caught else "none"
            row(name, photo, float(np.mean(errors)), share, f"{np.mean(kept):.1%}", f"{seconds * 1e3:.0f}", cuts)
    starts = {photo: clip(sample(photo), "pan", frames=2, size=size).frames for photo in found.photos}
    pairs = [(a, b) for a in found.photos for b in found.photos if a != b]
    missed = sum(not motion(starts[b][0], starts[a][1], estimate).is_cut for a, b in pairs)
    row("splices", f"{len(pairs)} cuts", *[""] * 4, f"{missed} missed")


def films(found):
    """Clips with their styles."""
    for name in found.motions:
        for photo, style in zip(found.photos, found.styles, strict=False):
            yield name, clip(sample(photo), name, frames=found.frames, size=tuple(found.size)), sample(style)


def painted(method, frames, *, alone=False):
    """The frames of a film, each as if it were the first if `alone`; and seconds a frame without the first."""
    out = []
    for index, frame in enumerate(frames):
        if index == 1:
            started = time.process_time()
        if alone:
            method.load_state({})
        out.append(method.transfer(frame))
    return np.stack(out), (time.process_time() - started) / (len(frames) - 1)


def losses(technique, style, film, results):
    """The mean loss of the frames but the first."""
    pairs = list(zip(film.frames, results, strict=True))[1:]
    inputs = [(technique.objective(frame, style, image_size=len(frame)), result) for frame, result in pairs]
    return float(np.mean([objective.evaluate(result.astype(np.float32)).value for objective, result in inputs]))


def optimise(found):
    """Flicker and loss of three methods; those of frames by themselves get as many evaluations as a first frame."""
    from neural_style.video import Coherence
    from neural_style.video.optimised import Optimised

    technique = technique_for(1.0, model=found.model, weights=found.weights)
    run = {} if found.iterations is None else {"iterations": found.iterations}
    methods = {
        "alone": (Coherence(), run, True),
        "warped start": (Coherence(temporal_weight=0), run, False),
        "temporal term": (Coherence(), run, False),
    }
    heading(
        "motion", "source", *(f"{name}: E" for name in methods), *(f"{name}: loss" for name in methods), "s a frame"
    )
    for name, film, style in films(found):
        errors, values, seconds = [], [], []
        for coherence, settings, alone in methods.values():
            results, each = painted(Optimised(technique, style, coherence, **settings), film.frames, alone=alone)
            errors.append(metrics.warping_error(results, film.flows, film.valid))
            values.append(losses(technique, style, film, results))
            seconds.append(each)
        source = metrics.warping_error(film.frames, film.flows, film.valid)
        row(
            name, source, *errors, *(value / values[0] for value in values), " ".join(f"{each:.1f}" for each in seconds)
        )


def passes(found):
    """Flicker and loss of several passes over each shot, the loss in parts of that of one; seconds of all frames."""
    from neural_style.video import Coherence
    from neural_style.video.transfer import optimised_method

    technique = technique_for(1.0, model=found.model, weights=found.weights)
    run = {} if found.iterations is None else {"iterations": found.iterations}
    heading("motion", "source", *(f"{count}: {name}" for count in found.passes for name in ("E", "loss", "s a frame")))
    for number, (name, film, style) in enumerate(films(found)):
        cells, base = [], None
        for count in found.passes:
            coherence = Coherence(passes=count, next_iterations=found.next_iterations)
            method = optimised_method(style, technique, coherence, **run).method
            started = time.process_time()
            results = painted_film(method, film.frames)
            seconds = (time.process_time() - started) / len(results)
            value = losses(technique, style, film, results)
            base = base or value
            cells += [f"{metrics.warping_error(results, film.flows, film.valid):.4f}", f"{value / base:.3f}", seconds]
            if found.out:
                save(found.out / f"{number}_{name}_{count}.png", results)
        row(name, metrics.warping_error(film.frames, film.flows, film.valid), *cells)


def painted_film(method, frames):
    """All painted frames, of a method for frames or for shots."""
    if not isinstance(method, ShotMethod):
        return np.stack([method.transfer(frame) for frame in frames])
    with tempfile.TemporaryDirectory() as folder:
        return np.stack([*method.paint_shots(lambda skip: iter(frames[skip:]), Path(folder), lambda: 0, lambda *_: 0)])


def save(path, frames):
    """The frames below one another, doubled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(frames).repeat(2, axis=0).repeat(2, axis=1)).save(path)


def history(found):
    """Longer histories on the moving layer, which uncovers again what it hid."""
    from neural_style.video import Coherence
    from neural_style.video.optimised import Optimised

    technique = technique_for(1.0, model=found.model, weights=found.weights)
    heading("photo, style", "frames back", "E", "loss", "s a frame")
    for photo, style in zip(found.photos, found.styles, strict=False):
        film, base = clip(sample(photo), "layer", frames=found.frames, size=tuple(found.size)), None
        for back in ((1,), (1, 2), (1, 2, 4)):
            method = Optimised(technique, sample(style), Coherence(history=back))
            results, seconds = painted(method, film.frames)
            value = losses(technique, sample(style), film, results)
            base = base or value
            error = metrics.warping_error(results, film.flows, film.valid)
            row(f"{photo}, {style}", " ".join(map(str, back)), error, value / base, f"{seconds:.1f}")


def drift(found):
    """The largest change of the mean luminance of still frames."""
    from neural_style.video import Coherence
    from neural_style.video.optimised import Optimised

    technique = technique_for(1.0, model=found.model, weights=found.weights)
    heading("photo, style", "colours", f"drift in {found.still} frames", "E", "change of contrast")
    for photo, style in zip(found.photos, found.styles, strict=False):
        film = clip(sample(photo), "still", frames=found.still, size=tuple(found.size))
        for is_held in (True, False):
            method = Optimised(technique, sample(style), Coherence(hold_colors=is_held))
            results, _ = painted(method, film.frames)
            error = metrics.warping_error(results, film.flows)
            contrast = float(results[-1].std() / results[0].std())
            row(f"{photo}, {style}", "held" if is_held else "free", metrics.drift(results), error, f"{contrast:.3f}")


def fast(found):
    """The embedded painter: flicker and (in brackets) total variation in parts of those of frames by themselves."""
    from neural_style.video.fast import Fast

    methods = {
        "by themselves": {"blend": 0, "hold_statistics": False},
        "a blend of 0.5": {"blend": 0.5},
        "0.7": {"blend": 0.7},
        "0.8": {},
    }
    heading("motion", "source", *methods, "s a frame")
    for name, film, style in films(found):
        errors, variations, seconds = [], [], []
        for settings in methods.values():
            results, each = painted(Fast(style, **settings), film.frames)
            errors.append(metrics.warping_error(results, film.flows, film.valid))
            variations.append(np.mean([metrics.total_variation(result) for result in results]))
            seconds.append(each)
        source = metrics.warping_error(film.frames, film.flows, film.valid)
        parts = [f"{e / errors[0]:.2f} ({v / variations[0]:.2f})" for e, v in zip(errors, variations, strict=True)]
        row(name, source, f"{errors[0]:.3f}", *parts[1:], f"{np.mean(seconds):.2f}")


def work_size(found):
    """Frames painted small and enlarged: seconds, likeness to those painted in full, and sharpness."""
    from neural_style.video.fast import Fast
    from neural_style.video.work_size import WorkSize

    film = clip(sample(found.photos[0]), "pan", frames=found.frames, size=tuple(found.size))
    style, full = sample(found.styles[0]), None
    heading("rows", "pooling", "s a frame", "SSIM with full size", "total variation", "E")
    for part, pooling in ((1, "average"), (2, "average"), (2, "max"), (4, "average"), (4, "max")):
        rows = found.size[0] // part
        results, seconds = painted(WorkSize(Fast(style), rows, pooling=pooling), film.frames)
        full = results if full is None else full
        likeness = float(np.mean([metrics.structural_similarity(*pair) for pair in zip(results, full, strict=True)]))
        sharpness = float(np.mean([metrics.total_variation(result) for result in results]))
        error = metrics.warping_error(results, film.flows, film.valid)
        row(rows, pooling if part > 1 else "none", seconds, likeness, sharpness, error)


TABLES = {each.__name__: each for each in (flow, optimise, passes, history, drift, fast, work_size)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--still", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(64, 96))
    parser.add_argument("--motions", nargs="+", default=[each for each in MOTIONS if each != "still"])
    parser.add_argument("--photos", nargs="+", default=PHOTOS)
    parser.add_argument("--styles", nargs="+", default=STYLES)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--weights")
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--next_iterations", type=int, default=3)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--out", type=Path, help="folder for the painted frames of the table passes")
    found = parser.parse_args(arguments)
    TABLES[found.table](found)


if __name__ == "__main__":
    main()
