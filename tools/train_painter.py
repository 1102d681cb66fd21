"""Make `neural_style/feedforward/painter.npz`: a network that paints any photo in the style of any painting at once.

    python tools/train_painter.py --images photos/ paintings/ --vgg19 vgg19.npz --out runs/painter --steps 20000
    python tools/train_painter.py ... --resume --minutes 9       # goes on where it was, for nine minutes
    KERAS_BACKEND=jax python tools/train_painter.py ...          # on a GPU

Each step paints a batch of crops in the styles of other crops and looks at them through VGG-19's first three blocks.
For layer l, Gram matrix G of the pastiche and A of the style crop, and content features F of the pastiche and P of the
photo, the loss of a pastiche is

    sqrt(sum_s w_s sum_l |G - A|^2 / |A|^2  +  b |F - P|^2 / |P|^2  +  excess),

with s over the sizes 1, 1/2 and 1/4 of both (w = 1, 1/2, 1/4: strokes are seen from afar, too), `excess` the mean of
what lies outside 0..255, over 64, and b, the weight of the content, raised or lowered slowly until its mean error is
`--content`. A quarter of the batch are copies of other crops, moved by some pixels and with noise on them, of which
the same painting is expected, equally moved: the mean difference in grey levels counts `--steady` / 64.

Any picture may be a style, and any but a texture a photo. Photos and styles are scaled, flipped, transposed and
recoloured at random; more paintings come from `tools/make_paintings.py`. Random numbers depend on `--seed` and the step
alone, so that a run that was stopped goes on like one that was not.

The file in this repository took 16 minutes on an H100 (19 steps a second, 18 GB; JAX): 9000 steps of the first line and
7700 of the second, after it had shown that photos were given up for too little. The rate followed the cosine of 18923
steps before, and of 16700 after.

    KERAS_BACKEND=jax python tools/train_painter.py --images train --styles painted --textures 90
        --validate content style --validate_without <the judged names> --vgg19 vgg19_blocks_1_3.npz --dtype bfloat16
        --every 1000 --out run --steps 18923 --content 0.88 --balance 1
    ... --resume --steps 16700 --content 0.70

where `painted` is that of `make_paintings.py --images train`. Pictures of `train` that copy one of `content` or `style`
are left out, whether judged, validated with or neither. Validated on 12 whole pairs of 256 x 384, VGG-19's Gram error
over the photo's fell from 0.61 (colours alone) to 0.121 in 1000 steps and 0.050 in 9000, at a content error of 0.74;
after the second line it is 0.065 at 0.54.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from keras import ops
from PIL import Image

from neural_style import backend
from neural_style.features.vgg import BGR_MEAN, architecture, block_of, weight_name
from neural_style.features.weights import Weights, load
from neural_style.feedforward import encoder, model, transport

if backend.NAME == "jax":
    import jax

    jax.config.update("jax_default_matmul_precision", "default")
    transport.exactly = lambda: jax.default_matmul_precision("highest")

Tensor = Any
Array = np.ndarray[Any, np.dtype[Any]]

JUDGE = architecture("vgg19")
SIZES = (1.0, 0.5, 0.25)  # of the pictures that Gram matrices are taken from: the weight of each
CLIP = 3.0  # norm of the gradient
BANK = 1024  # rows and columns of noise that crops of noise are taken from
SHIFTS = 4  # pixels that a copy is moved by at most
VALIDATED = (256, 384)  # rows and columns of whole pictures
FIGURES = ("loss", "gram", "half", "quarter", "content", "excess", "unsteady", "first", "balance", "norm")


# Pictures


def read(paths: Sequence[Path], banned: Sequence[Path] = (), longest: int = 768) -> list[Image.Image]:
    """Pictures in order of name, without those that are copies of banned ones."""
    signs = [_sign(Image.open(path)) for path in banned]
    found = []
    for path in paths:
        image = Image.open(path).convert("RGB")
        # Copies of one picture, however resized or compressed, correlate above 0.99; different ones up to 0.9.
        if any(np.vdot(_sign(image), sign) > 0.95 for sign in signs):
            print(f"{path.name} is a copy of a picture that is kept out", flush=True)
            continue
        image.thumbnail((longest, longest), Image.Resampling.BICUBIC)
        found.append(image)
    return found


def _sign(image: Image.Image) -> Array:
    small = np.asarray(image.convert("RGB").resize((24, 24), Image.Resampling.BILINEAR), np.float64)
    small -= small.mean((0, 1))
    return small / max(float(np.linalg.norm(small)), 1e-9)


def pictures_in(folders: Sequence[Path]) -> list[Path]:
    suffixes = (".jpg", ".jpeg", ".png")
    return [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes]


def crop(image: Image.Image, rng: np.random.Generator, size: int, closest: float, farthest: float) -> Array:
    """(size, size, 3), uint8: a square of the picture scaled by 1/closest to 1/farthest, flipped and transposed."""
    side = min(size * np.exp(rng.uniform(np.log(closest), np.log(farthest))), *image.size)
    left, top = (rng.uniform(0, extent - side) for extent in image.size)
    box = (left, top, left + side, top + side)
    found = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=box))
    found = found[:, :: rng.choice([-1, 1])]
    return found.transpose(1, 0, 2) if rng.random() < 0.2 else found


def recolouring(rng: np.random.Generator, share: float) -> Array:
    """(4, 3): a matrix for RGB in 0..1 and a constant; the identity but for a share of the draws."""
    change = np.eye(3)
    if rng.random() < share:
        kind = rng.random()
        if kind < 0.4:
            change = change[rng.permutation(3)]
        elif kind < 0.8:  # hues turned about the axis of grey, and the saturation
            turn, grey = rng.uniform(-np.pi, np.pi), np.full((3, 3), 1 / 3)
            cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
            change = grey + rng.uniform(0.3, 1.6) * (np.cos(turn) * (np.eye(3) - grey) + np.sin(turn) * cross)
        else:  # nearly grey
            change = np.full((3, 3), 1 / 3) + rng.uniform(0, 0.4) * (np.eye(3) - 1 / 3)
    constant = np.zeros(3)
    if rng.random() < share:
        contrast = rng.uniform(0.6, 1.4)
        change, constant = change * contrast, constant + 0.5 * (1 - contrast) + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.1 * share:  # a negative
        change, constant = -change, 1 - constant
    return np.concatenate([change, constant[None] * 255]).astype(np.float32)


def batch(
    step: int, options: argparse.Namespace, photos: list[Image.Image], styles: list[Image.Image], size: int
) -> dict[str, Array]:
    """What a step sees, from the seed and the number of the step."""
    rng = np.random.default_rng((options.seed, step))
    count, copies = options.batch, options.batch // 4 if options.steady else 0
    if size > options.size:
        count = max(4, int(count * options.size**2 / size**2) // 4 * 4)
        copies = count // 4 if options.steady else 0
    own = count - copies
    rim = SHIFTS if copies else 0
    seen, noise_at, grain = [], [], []
    for _ in range(own):
        seen.append(crop(photos[rng.integers(len(photos))], rng, size + 2 * rim, 0.9, 1.6))
    painted = [crop(styles[rng.integers(len(styles))], rng, size, 0.8, 2.5) for _ in range(own)]
    colours = [recolouring(rng, 0.4) for _ in range(own)]
    style_colours = [recolouring(rng, 0.5) for _ in range(own)]
    noise_at = [tuple(rng.integers(SHIFTS, BANK - size - SHIFTS, 2)) for _ in range(own)]
    out, moves = [s[rim : rim + size, rim : rim + size] for s in seen], []
    for i in range(copies):
        move = rng.integers(-SHIFTS, SHIFTS + 1, 2)
        if i % 2 == 0:  # one pixel, as often as all the others
            move = np.clip(move, -1, 1)
        out.append(seen[i][rim + move[0] : rim + move[0] + size, rim + move[1] : rim + move[1] + size])
        painted.append(painted[i])
        colours.append(colours[i])
        style_colours.append(style_colours[i])
        noise_at.append((noise_at[i][0] + move[0], noise_at[i][1] + move[1]))
        moves.append(move)
        grain.append((*rng.integers(0, BANK - size, 2), rng.choice([0.0, 0.0, 1.0, 2.0])))
    return {
        "photos": np.stack(out),
        "styles": np.stack(painted),
        "photo_colours": np.stack(colours),
        "style_colours": np.stack(style_colours),
        "noise_at": np.array(noise_at, np.int32),
        "moves": np.array(moves, np.int32).reshape(-1, 2),
        "grain": np.array(grain, np.float32).reshape(-1, 3),
    }


def batches(first: int, make: Callable[[int], dict[str, Array]], workers: int) -> Iterator[dict[str, Array]]:
    """Batches in order, made some steps ahead by threads."""
    with ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(make, first + i) for i in range(2 * workers)]
        for step in itertools.count(first + 2 * workers):
            yield waiting.pop(0).result()
            waiting.append(pool.submit(make, step))


# The loss


def features(weights: Mapping[str, Tensor], rgb: Tensor, dtype: str) -> dict[str, Tensor]:
    """VGG-19's style layers to conv3_3, each without the rim that the zeros around the picture reach first."""
    x = rgb[..., ::-1] - ops.convert_to_tensor(BGR_MEAN, dtype=rgb.dtype)
    found, block = {}, 1
    for layer in JUDGE.up_to_deepest(encoder.LAYERS):
        if block_of(layer) > block:
            x, block = ops.max_pool(x, 2, 2, padding="valid", data_format="channels_last"), block + 1
        kernel, bias = (ops.cast(weights[f"{weight_name(layer)}_{part}"], x.dtype) for part in ("kernel", "bias"))
        x = ops.relu(ops.conv(x, kernel, padding="same", data_format="channels_last") + bias)
        x = ops.cast(x, dtype)
        if layer in encoder.LAYERS:
            rim = (8, 4, 2)[block - 1] if x.shape[1] > 32 else 1
            found[layer] = x[:, rim:-rim, rim:-rim]
    return found


def grams(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Mean Gram matrices (N, C, C), float32."""
    result = {}
    for layer, f in found.items():
        flat = ops.reshape(f, (f.shape[0], -1, f.shape[-1]))
        # Scaled before the product, so that sums of many are not beyond what is exact.
        flat = ops.cast(flat, "float32") / np.sqrt(flat.shape[1])
        result[layer] = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)
    return result


def difference(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """|G - A|^2 / |A|^2 by layer, (N,); styles that are nearly black count less."""
    return {
        layer: ops.sum(ops.square(found[layer] - a), (1, 2))
        / (ops.sum(ops.square(a), (1, 2)) + 1e-3 * (8 * encoder.SCALES[layer] ** 2) ** 2)
        for layer, a in wanted.items()
    }


def total(parts: Mapping[str, Tensor]) -> Tensor:
    return sum(parts.values())


def excess(picture: Tensor) -> Tensor:
    """Mean by which values lie outside 0..255, over 64."""
    return ops.mean(ops.relu(ops.abs(picture - 127.5) - 127.5), (1, 2, 3)) / 64


def half(x: Tensor) -> Tensor:
    return ops.average_pool(x, 2, 2, padding="valid", data_format="channels_last")


def taken(bank: Tensor, at: Tensor, size: int, count: int) -> Tensor:
    """Squares of the bank of noise at (N, 2)."""
    channels = bank.shape[-1]
    return ops.stack([ops.slice(bank, [at[i, 0], at[i, 1], 0], (size, size, channels)) for i in range(count)])


def recoloured(pictures: Tensor, colours: Tensor) -> Tensor:
    x = ops.cast(pictures, "float32")
    return ops.clip(ops.einsum("nhwc,ncd->nhwd", x, colours[:, :3]) + colours[:, None, None, 3], 0.0, 255.0)


class Trainer:
    """Steps of training as programs of the backend."""

    def __init__(self, options: argparse.Namespace, judge: Weights, encoder: Weights) -> None:
        self.options = options
        self.fixed = {
            "judge": {name: ops.convert_to_tensor(value) for name, value in judge.items()},
            "encoder": {name: ops.convert_to_tensor(value) for name, value in encoder.items()},
            "bank": ops.convert_to_tensor(
                np.random.default_rng(options.seed).standard_normal((BANK, BANK, model.NOISE + 3)).astype(np.float32)
            ),
        }
        self.dtype = options.dtype
        self.gradient = backend.value_and_grad(self.loss)
        self.step = backend.compiled(self._step)
        self.validate = backend.compiled(self._validate)

    def loss(self, weights: dict[str, Tensor], known: dict[str, Any]) -> tuple[Tensor, Any]:
        o, data, fixed = self.options, known["data"], known["fixed"]
        count, size = data["photos"].shape[:2]
        copies = data["moves"].shape[0]
        photos = recoloured(data["photos"], data["photo_colours"])
        styles = recoloured(data["styles"], data["style_colours"])
        noise = taken(fixed["bank"][..., : model.NOISE], data["noise_at"], size, count)
        if copies:
            at = ops.cast(data["grain"][:, :2], "int32")
            grain = taken(fixed["bank"][..., model.NOISE :], at, size, copies) * data["grain"][:, 2, None, None, None]
            photos = ops.concatenate([photos[:-copies], ops.clip(photos[-copies:] + grain, 0.0, 255.0)])
        if not o.noise:
            noise = 0 * noise
        style = encoder.style_of(encoder.encode(fixed["encoder"], styles, dtype=self.dtype))
        pictures = model.paint(weights, fixed["encoder"], photos, style, noise, rounds=o.rounds, dtype=self.dtype)
        judge = fixed["judge"]
        wanted, small, tiny = [], half(styles), half(half(styles))
        wanted = [grams(features(judge, x, self.dtype)) for x in (styles, small, tiny)]
        content = features(judge, photos, self.dtype)["conv3_3"]
        content = ops.cast(content, "float32")
        norm = (
            ops.sum(ops.square(content), (1, 2, 3))
            + 1e-3 * content[0].shape[0] ** 2 * 8 * encoder.SCALES["conv3_3"] ** 2
        )

        def judged(picture: Tensor) -> tuple[Tensor, list[Tensor]]:
            inside = ops.clip(picture, 0.0, 255.0)
            found = features(judge, inside, self.dtype)
            gram = total(difference(grams(found), wanted[0]))
            inside = half(inside)
            gram2 = total(difference(grams(features(judge, inside, self.dtype)), wanted[1]))
            gram4 = total(difference(grams(features(judge, half(inside), self.dtype)), wanted[2]))
            error = ops.sum(ops.square(ops.cast(found["conv3_3"], "float32") - content), (1, 2, 3)) / norm
            over = excess(picture)
            sums = SIZES[0] * gram + SIZES[1] * gram2 + SIZES[2] * gram4 + known["balance"] * error + over
            return ops.mean(ops.sqrt(sums + 1e-3)), [ops.mean(v) for v in (gram, gram2, gram4, error, over)]

        kept = pictures[1:] or pictures
        results = [judged(picture) for picture in kept]
        value = sum(result[0] for result in results) / len(results)
        figures, first = results[-1][1], results[0][0]
        error = sum(result[1][3] for result in results) / len(results)
        unsteady = 0.0 * value
        if copies:
            edge, width = 16, size - 32
            at = data["moves"] + edge
            for picture in kept:
                before = ops.stack(
                    [ops.slice(picture[i], [at[i, 0], at[i, 1], 0], (width, width, 3)) for i in range(copies)]
                )
                after = picture[count - copies :, edge : edge + width, edge : edge + width]
                unsteady = unsteady + ops.mean(ops.abs(before - after)) / len(kept)
            value = value + o.steady / 64 * unsteady
        figures = [*figures[:3], error, figures[4]]
        return value, [*figures, unsteady, first]

    def _step(self, state: dict[str, Any], data: dict[str, Tensor], fixed: Any, rate: Tensor) -> tuple[Any, Tensor]:
        known = {"data": data, "fixed": fixed, "balance": state["balance"]}
        value, figures, gradient = self.gradient(state["weights"], known)
        norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in gradient.values()))
        shrink = ops.minimum(1.0, CLIP / (norm + 1e-6))
        shrink = ops.where(ops.isfinite(norm), shrink, 0.0)
        step = state["step"] + 1.0
        new: dict[str, Any] = {name: {} for name in ("weights", "mean", "square", "average")}
        decay = ops.minimum(self.options.average, step / (step + 20.0))
        for name, w in state["weights"].items():
            g = ops.where(ops.isfinite(gradient[name]), gradient[name], 0.0) * shrink
            m = 0.9 * state["mean"][name] + 0.1 * g
            v = 0.99 * state["square"][name] + 0.01 * ops.square(g)
            w = w - rate * (m / (1 - 0.9**step)) / (ops.sqrt(v / (1 - 0.99**step)) + 1e-8)
            new["weights"][name], new["mean"][name], new["square"][name] = w, m, v
            new["average"][name] = decay * state["average"][name] + (1 - decay) * w
        error = ops.where(ops.isfinite(figures[3]), figures[3], self.options.content)
        balance = state["balance"] * ops.exp(0.01 * ops.clip(error - self.options.content, -0.3, 0.3))
        new["balance"], new["step"] = ops.clip(balance, 0.02, 20.0), step
        return new, ops.stack([value, *figures, balance, norm])

    def _validate(self, weights: dict[str, Tensor], photos: Tensor, styles: Tensor, fixed: Any) -> tuple[Tensor, ...]:
        """Last pictures, Gram errors over those of the photos, content errors, and what a shift by a pixel changes."""
        count, rows, columns = photos.shape[:3]
        noise = fixed["bank"][None, :rows, : columns + 8, : model.NOISE] * float(self.options.noise)
        style = encoder.style_of(encoder.encode(fixed["encoder"], styles))

        def painted(x: Tensor, at: int) -> list[Tensor]:
            n = ops.tile(noise[:, :, at : at + x.shape[2]], (count, 1, 1, 1))
            return model.paint(weights, fixed["encoder"], x, style, n, rounds=self.options.rounds)

        steps = painted(photos[:, :, :-8], 0)
        moved = ops.clip(painted(photos[:, :, 1:-7], 1)[-1], 0.0, 255.0)
        other = ops.clip(painted(photos[:, :, 1:-7], 0)[-1], 0.0, 255.0)
        photos = photos[:, :, :-8]
        last = ops.clip(steps[-1], 0.0, 255.0)
        shift, held = (
            ops.mean(ops.abs(x[:, 16:-16, 15:-16] - last[:, 16:-16, 16:-15]), (1, 2, 3)) for x in (moved, other)
        )
        wanted = grams(features(fixed["judge"], styles, "float32"))
        seen = features(fixed["judge"], photos, "float32")
        start = total(difference(grams(seen), wanted))
        results = []
        for picture in (ops.clip(steps[0], 0.0, 255.0), last):
            found = features(fixed["judge"], picture, "float32")
            results.append(total(difference(grams(found), wanted)) / start)
        content = ops.sum(ops.square(found["conv3_3"] - seen["conv3_3"]), (1, 2, 3)) / ops.sum(
            ops.square(seen["conv3_3"]), (1, 2, 3)
        )
        return last, results[0], results[1], content, shift, held


# Checkpoints


def save(folder: Path, state: Mapping[str, Any]) -> None:
    """The state in two files, written beside and then renamed."""
    for name, parts in (("weights", ("weights", "average")), ("moments", ("mean", "square"))):
        arrays = {f"{part}/{key}": np.asarray(value) for part in parts for key, value in state[part].items()}
        arrays |= {key: np.asarray(state[key]) for key in ("balance", "step")}
        temporary = folder / f"{name}.tmp.npz"
        np.savez(temporary, **arrays)
        temporary.replace(folder / f"checkpoint_{name}.npz")


def restore(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name in ("weights", "moments"):
        with np.load(folder / f"checkpoint_{name}.npz", allow_pickle=False) as file:
            for key in file.files:
                part, _, rest = key.partition("/")
                if rest:
                    state.setdefault(part, {})[rest] = ops.convert_to_tensor(file[key])
                else:
                    state[part] = ops.convert_to_tensor(file[key])
    return state


def fresh(options: argparse.Namespace) -> dict[str, Any]:
    start = model.initial(options.seed, rounds=options.rounds)
    if options.start:
        with np.load(options.start, allow_pickle=False) as file:
            start = {name: file[name].astype(np.float32) for name in start}
    make = ops.convert_to_tensor
    return {
        "weights": {name: make(value) for name, value in start.items()},
        "average": {name: make(value) for name, value in start.items()},
        "mean": {name: make(0 * value) for name, value in start.items()},
        "square": {name: make(0 * value) for name, value in start.items()},
        "balance": make(np.float32(options.balance)),
        "step": make(np.float32(0)),
    }


def write_weights(path: Path, weights: Mapping[str, Any]) -> None:
    """The network as the package reads it: float16."""
    np.savez(path, **{name: np.asarray(value).astype(np.float16) for name, value in weights.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", nargs="+", type=Path, required=True, help="folders of photos and paintings")
    parser.add_argument("--styles", nargs="*", type=Path, default=[], help="folders of more styles, no photos")
    parser.add_argument(
        "--textures", type=int, default=0, help="so many last pictures of the first folder are no photos"
    )
    parser.add_argument("--validate", nargs=2, type=Path, metavar=("PHOTOS", "STYLES"), help="folders to validate with")
    parser.add_argument("--validate_without", nargs="*", default=[], help="names in these folders that are kept out")
    parser.add_argument("--vgg19", required=True, help="weights of VGG-19's first three blocks")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint, log, sheets and painter.npz")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--start", help="weights to begin with")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--fit_minutes", type=float, help="choose --steps by the speed of the first, to end by then")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop then, to be resumed")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--late", type=float, default=1.0, help="part of the steps after which crops are larger")
    parser.add_argument("--late_size", type=int, default=384)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--rounds", type=int, default=2, help="of correction, each of which is judged")
    parser.add_argument("--content", type=float, default=0.7, help="mean content error of crops that b is to hold")
    parser.add_argument("--balance", type=float, default=1.0, help="weight of the content at the start")
    parser.add_argument("--steady", type=float, default=3.0)
    parser.add_argument("--noise", type=int, default=1)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--dtype", default="float32", help="of products, such as bfloat16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--every", type=int, default=500, help="steps between validations and checkpoints")
    options = parser.parse_args()

    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    every = [] if not options.validate else pictures_in(options.validate)
    photos = read(pictures_in(options.images[:1]), every)
    styles = photos + read(pictures_in([*options.images[1:], *options.styles]), every)
    photos = photos[: len(photos) - options.textures] + read(pictures_in(options.images[1:]), every)
    print(f"{len(photos)} photos, {len(styles)} styles; {backend.version()}", flush=True)
    layers = JUDGE.up_to_deepest(encoder.LAYERS)
    trainer = Trainer(
        options,
        load(JUDGE, options.vgg19, layers),
        load(encoder.ENCODER, None, encoder.ENCODER.up_to_deepest(encoder.LAYERS)),
    )
    checked = None
    if options.validate:
        kept = [
            [whole(p) for p in pictures_in([folder]) if p.stem not in options.validate_without]
            for folder in options.validate
        ]
        pairs = list(itertools.product(*kept))
        checked = [ops.convert_to_tensor(np.stack(x)) for x in zip(*pairs, strict=True)]
        print(f"{len(pairs)} pairs to validate with", flush=True)
    state = restore(options.out) if options.resume else fresh(options)
    print(f"{sum(int(np.prod(w.shape)) for w in state['weights'].values())} parameters", flush=True)
    step = int(np.asarray(state["step"]))
    if options.resume and options.fit_minutes and (options.out / "steps.txt").is_file():
        options.steps = int((options.out / "steps.txt").read_text())
    mark = 0.0

    def make(number: int) -> dict[str, Array]:
        size = options.late_size if number >= options.late * options.steps else options.size
        return batch(number, options, photos, styles, size)

    log = options.out / "log.csv"
    with log.open("a", newline="") as file:
        writer = csv.writer(file)
        if step == 0:
            writer.writerow(["step", "seconds", *FIGURES, "validated_first", "validated", "content", "shift", "held"])
        pending: list[Tensor] = []
        for data in batches(step, make, options.workers):
            rate = (
                options.rate
                * min(1.0, (step + 1) / 200)
                * (0.01 + 0.99 * (0.5 + 0.5 * np.cos(np.pi * min(1.0, step / options.steps))))
            )
            state, figures = trainer.step(
                state,
                {k: ops.convert_to_tensor(v) for k, v in data.items()},
                trainer.fixed,
                ops.convert_to_tensor(np.float32(rate)),
            )
            pending.append(figures)
            step += 1
            if options.fit_minutes and step in (100, 300):
                np.asarray(figures)
                now = time.monotonic() - started
                if step == 300:
                    speed, left = 200 / (now - mark), 60 * options.fit_minutes - now
                    options.steps = 300 + int(0.94 * speed * left)
                    print(f"{speed:.1f} steps a second: --steps {options.steps}", flush=True)
                    (options.out / "steps.txt").write_text(f"{options.steps}\n")
                mark = now
            if step in (1, 3, 10):
                np.asarray(pending[-1])
                print(f"step {step} at {time.monotonic() - started:.1f} s: {np.asarray(figures).round(3)}", flush=True)
            late = step == options.steps or time.monotonic() - started > 60 * options.minutes
            if len(pending) > 8 and not late and step % 10 == 0:
                np.asarray(pending[-8])  # not too far ahead of the device, so that the clock is right
            if step % options.every and not late:
                continue
            row = np.mean([np.asarray(f) for f in pending], 0)
            pending, checks = [], []
            if checked:
                found = trainer.validate(state["average"], *checked, trainer.fixed)
                checks = [float(np.mean(np.asarray(x))) for x in found[1:]]
                sheet(options.out / "sheet.jpg", np.asarray(found[0]), len(kept[1]))
                np.savetxt(options.out / "pairs.txt", np.stack([np.asarray(x) for x in found[1:]], 1), "%.3f")
            seconds = time.monotonic() - started
            writer.writerow([step, f"{seconds:.1f}", *(f"{v:.4f}" for v in row), *(f"{v:.4f}" for v in checks)])
            file.flush()
            print(
                f"step {step} {seconds:.0f} s "
                + " ".join(f"{k} {v:.3f}" for k, v in zip(FIGURES, row, strict=True))
                + f" | {np.round(checks, 3)}",
                flush=True,
            )
            save(options.out, state)
            write_weights(options.out / "painter.npz", state["average"])
            if late:
                break


def whole(path: Path) -> Array:
    """A picture that fills VALIDATED, and 8 columns more, as float32."""
    rows, columns = VALIDATED
    image, ratio = Image.open(path).convert("RGB"), (columns + 8) / rows
    width, height = min(image.width, image.height * ratio), min(image.height, image.width / ratio)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    box = (left, top, left + width, top + height)
    return np.asarray(image.resize((columns + 8, rows), Image.Resampling.LANCZOS, box=box), np.float32)


def sheet(path: Path, pictures: Array, columns: int) -> None:
    rows = [np.concatenate(list(pictures[i : i + columns]), 1) for i in range(0, len(pictures), columns)]
    Image.fromarray(np.concatenate(rows).round().astype(np.uint8)).save(path, quality=88)


if __name__ == "__main__":
    main()
