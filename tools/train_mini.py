"""Make `neural_style/features/mini.npz`: VGG-19's first three blocks distilled into a network of half their width.

    python tools/train_mini.py --teacher vgg19.npz --images photos/ paintings/ --out neural_style/features/mini.npz

1. The student starts as the teacher pruned: of each layer the half of the channels that spans the features best, with
   kernels refitted by least squares to the pruned layer before (after He, Zhang & Sun 2017, arXiv:1707.06168).
2. Adam then minimises the sum over layers of 1 - R2, where R2 is that of a learned 1x1 linear map from the student's
   features to the teacher's, each teacher channel divided by its standard deviation.
3. A student that saw natural images only takes pixel noise for paint once a pastiche is optimised against it. Hence a
   share of each batch are pastiches painted with the student of the moment, on which the teacher then comments (Ross,
   Gordon & Bagnell 2011, arXiv:1011.0686, did this for imitation learning).
4. Each channel is scaled by a positive number, which ReLU lets one undo in the next kernel, such that inner products
   between feature vectors become the teacher's: `inner_product_scales`. |F - P|^2 and |G - A|^2 depend on features
   through these inner products only, so that the same weights of content, style and total variation mean the same
   with mini as with vgg19.

The file in this repository is that of `--skimage --steps 1100` and otherwise the defaults on 349 photos, paintings and
textures, in 29 minutes on 2 busy cores. R2 on crops of pictures kept out, a quarter of them noisy, conv1_1 to conv3_4:
0.991 0.975 0.891 0.806 0.810 0.825 0.907 0.904, from 0.991 0.963 0.858 0.751 0.740 0.721 0.804 0.803 before training.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from PIL import Image
from scipy.linalg import qr
from scipy.optimize import nnls

from neural_style.features.vgg import BGR_MEAN, architecture, block_of, weight_name
from neural_style.features.weights import Weights, load
from neural_style.objectives.presets import PRESETS

TEACHER, STUDENT = architecture("vgg19"), architecture("mini")
LAYERS = STUDENT.layers
CONTENT, STYLE = (
    LAYERS.index(PRESETS["mini"].content_layer),
    [LAYERS.index(name) for name in PRESETS["mini"].style_layers],
)

HELD_OUT = 12  # pictures that R2 is measured on
CALIBRATION = 40  # crops for the start, the teacher's standard deviations and the final scales
INPUT_SCALE = 64.0  # grey levels that are 1 for the student in training, so that all kernels are of a size for Adam
LONGEST = 640  # pixels of the longer side that a picture is kept at
POOL = 256  # pastiches kept; the oldest go first
FEWEST_STEPS, PAINT_STEPS = 8, 60  # evaluations that a pastiche gets
PAINT_EVERY = 100  # training steps between batches of new pastiches
PAINT_RATE = 6.0  # grey levels per evaluation, at most


def read_images(folders: Iterable[Path], exclude: Iterable[Path], *, with_skimage: bool) -> list[Image.Image]:
    """Pictures of the folders in order of name and of skimage.data, without those that look like one in `exclude`."""
    images = [Image.open(path).convert("RGB") for folder in folders for path in _pictures(folder)]
    if with_skimage:
        from skimage import data

        images += [Image.fromarray(getattr(data, name)()) for name in ("astronaut", "chelsea", "coffee", "rocket")]
    banned = [_thumbnail(Image.open(path)) for item in exclude for path in _pictures(item)]
    # Copies of one picture, however resized or compressed, correlate above 0.99; different ones were seen up to 0.9.
    kept = [image for image in images if not any(np.vdot(_thumbnail(image), other) > 0.95 for other in banned)]
    for image in kept:
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.BICUBIC)
    print(f"{len(kept)} pictures, {len(images) - len(kept)} left out as copies of excluded ones")
    return kept


def _pictures(path: Path) -> list[Path]:
    """The file itself, or the pictures of a folder in order of name."""
    if path.is_file():
        return [path]
    return [file for file in sorted(path.iterdir()) if file.suffix.lower() in (".jpg", ".jpeg", ".png")]


def _thumbnail(image: Image.Image) -> np.ndarray:
    """(24, 24, 3), each channel's mean removed, unit norm: the inner product of two is their correlation."""
    small = np.asarray(image.convert("RGB").resize((24, 24), Image.Resampling.BILINEAR), np.float64)
    small -= small.mean((0, 1))
    return small / max(float(np.linalg.norm(small)), 1e-9)


def crops(images: Sequence[Image.Image], rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """(count, size, size, 3), RGB uint8: scaled down 1 to 2.5 times, flipped, transposed, recoloured, some noisy."""
    batch = np.empty((count, size, size, 3), np.uint8)
    for i in range(count):
        image = images[int(rng.integers(len(images)))]
        side = min(size * rng.uniform(1, 2.5), *image.size)
        left, top = (rng.uniform(0, extent - side) for extent in image.size)
        box = (left, top, left + side, top + side)
        crop: np.ndarray = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box), np.float32)
        crop = crop[:, :: rng.choice([-1, 1])]
        crop = crop.transpose(1, 0, 2) if rng.random() < 0.5 else crop
        crop = crop[..., rng.permutation(3)] if rng.random() < 0.3 else crop
        if rng.random() < 0.25:  # noise, fine or coarse: what an optimiser may add and no camera does
            grain = rng.integers(1, 4)
            noise = rng.normal(0, rng.uniform(2, 30), (-(-size // grain), -(-size // grain), 3))
            crop = crop + noise.repeat(grain, 0).repeat(grain, 1)[:size, :size]
        batch[i] = np.clip(crop, 0, 255)
    return batch


def preprocess(images: np.ndarray) -> tf.Tensor:
    """RGB 0..255 to float32 BGR minus the mean."""
    return tf.constant(images[..., ::-1].astype(np.float32) - np.array(BGR_MEAN, np.float32))


def features(
    x: tf.Tensor, kernels: Sequence[tf.Tensor], biases: Sequence[tf.Tensor], dtype: tf.DType = tf.bfloat16
) -> list[tf.Tensor]:
    """Activations of all layers with max pooling. bfloat16 halves the time where the processor has it."""
    x, outputs = tf.cast(x, dtype), []
    for layer, kernel, bias in zip(LAYERS, kernels, biases, strict=True):
        x = tf.nn.relu(tf.nn.conv2d(_pooled(x, layer), tf.cast(kernel, dtype), 1, "SAME") + tf.cast(bias, dtype))
        outputs.append(x)
    return outputs


def _pooled(x: tf.Tensor, layer: str) -> tf.Tensor:
    """What `layer` is given: x, max-pooled if a block begins here."""
    return tf.nn.max_pool2d(x, 2, 2, "VALID") if layer in ("conv2_1", "conv3_1") else x


def prune(kernels: Sequence[tf.Tensor], biases: Sequence[tf.Tensor], x: tf.Tensor, rng: np.random.Generator) -> Weights:
    """A student by selection and least squares on the images `x`.

    Channels of a layer are chosen by QR with column pivoting of the teacher's features, divided by their standard
    deviation. With P the 3x3 patches of the student's layer below and Z the chosen channels of the teacher before the
    ReLU, the kernel k and bias b are argmin |P k + b - Z|^2. Each channel is then scaled to a root mean square of 1,
    so that one rate of Adam suits all.
    """
    below_student, below_teacher = x / INPUT_SCALE, x
    weights: Weights = {}
    for layer, kernel, bias in zip(LAYERS, kernels, biases, strict=True):
        below_student, below_teacher = _pooled(below_student, layer), _pooled(below_teacher, layer)
        before_relu = tf.nn.conv2d(below_teacher, kernel, 1, "SAME") + bias
        below_teacher = tf.nn.relu(before_relu)
        flat = _rows(below_teacher)
        sample = rng.choice(flat, min(len(flat), 8192), replace=False) / _deviation(flat)
        chosen = np.sort(qr(sample, mode="r", pivoting=True)[1][: STUDENT.filters[layer]])

        patches = _rows(tf.image.extract_patches(below_student, (1, 3, 3, 1), (1,) * 4, (1,) * 4, "SAME"))
        rows = rng.choice(len(patches), min(len(patches), 24576), replace=False)
        fit = _least_squares(patches[rows], _rows(before_relu)[rows][:, chosen], ridge=1e-6)
        new_kernel, new_bias = fit[:-1].reshape(3, 3, -1, len(chosen)), fit[-1]
        student = tf.nn.relu(tf.nn.conv2d(below_student, new_kernel, 1, "SAME") + new_bias)
        norm = np.sqrt((_rows(student) ** 2).mean(0)) + 1e-3 * np.sqrt((_rows(student) ** 2).mean())
        below_student = student / norm
        weights[f"{weight_name(layer)}_kernel"] = new_kernel / norm
        weights[f"{weight_name(layer)}_bias"] = new_bias / norm
    return weights


def inner_product_scales(f_s: np.ndarray, f_t: np.ndarray) -> np.ndarray:
    """Scales s >= 0 (C_s,) of the student's channels that give its feature vectors the teacher's inner products.

    The inner products of all pairs of P positions are K_s = sum_c u_c f_c f_c^T with u = s^2, linear in u, and
    K_t = F_t F_t^T. Then |K_s - K_t|^2 = u^T M u - 2 u^T r + constant with M = (F_s^T F_s)^2 elementwise and
    r_c = sum_d (F_s^T F_t)_cd^2: non-negative least squares. It is solved for features as they are (what a Gram
    matrix sees) and with their mean removed (what a content loss sees) at once, each divided by |K_t|^2. A little
    ridge towards equal u and a floor keep every channel in use: a blind channel is room for noise.

    Args:
        f_s, f_t: (P, C_s) and (P, C_t), student and teacher at the same positions.
    """
    norm = np.sqrt((f_s**2).mean(0)) + 1e-6
    quadratic, linear = np.zeros((f_s.shape[1],) * 2), np.zeros(f_s.shape[1])
    for centre in (0, 1):
        a, b = f_s / norm - centre * (f_s / norm).mean(0), f_t - centre * f_t.mean(0)
        total = np.sum((b.T @ b) ** 2)
        quadratic += (a.T @ a) ** 2 / total
        linear += ((a.T @ b) ** 2).sum(1) / total
    ridge = 0.1 * np.trace(quadratic) / len(linear)
    equal = linear.sum() / quadratic.sum()
    root = np.linalg.cholesky(quadratic + ridge * np.eye(len(linear)))
    u, _ = nnls(root.T, np.linalg.solve(root, linear + ridge * equal))
    return (np.sqrt(np.maximum(u, 0.01 * u.mean())) / norm).astype(np.float32)


def _rows(x: tf.Tensor) -> np.ndarray:
    """(N, H, W, C) to float32 (N H W, C)."""
    return tf.reshape(tf.cast(x, tf.float32), (-1, x.shape[-1])).numpy()


def _deviation(rows: np.ndarray) -> np.ndarray:
    """Standard deviation by channel, with a floor for channels that hardly ever fire."""
    return (rows.std(0) + 1e-2 * rows.std()).astype(np.float32)


def _least_squares(a: np.ndarray, b: np.ndarray, *, ridge: float) -> np.ndarray:
    """argmin |[a 1] x - b|^2; the last row of x is the constant."""
    design = np.c_[a, np.ones(len(a))].astype(np.float64)
    normal = design.T @ design
    normal += ridge * np.trace(normal) / len(normal) * np.eye(len(normal))
    return np.linalg.solve(normal, design.T @ b).astype(np.float32)


class Distiller(tf.Module):
    """Teacher, student, the linear maps between them, and Adam."""

    def __init__(self, teacher: Weights, x: tf.Tensor, rng: np.random.Generator) -> None:
        super().__init__()
        names = [weight_name(layer) for layer in LAYERS]
        self.teacher_weights = [[tf.constant(teacher[f"{n}_{part}"]) for n in names] for part in ("kernel", "bias")]
        kernels, biases = self.teacher_weights
        start = prune(kernels, biases, x, rng)
        self.kernels, self.biases = ([tf.Variable(start[f"{n}_{part}"]) for n in names] for part in ("kernel", "bias"))
        self.maps, self.offsets, self.deviations, self.variances = [], [], [], []
        for f_s, f_t in zip(self.student(x), self.teacher(x), strict=True):
            target = _rows(f_t)
            deviation = _deviation(target)
            fit = _least_squares(_rows(f_s), target / deviation, ridge=1e-5)
            self.maps.append(tf.Variable(fit[:-1]))
            self.offsets.append(tf.Variable(fit[-1]))
            self.deviations.append(tf.Variable(deviation, trainable=False))
            self.variances.append(tf.Variable((target / deviation).var(0).sum(), trainable=False))
        self.adam = tf.keras.optimizers.Adam(beta_2=0.99)
        self.trained = [*self.kernels, *self.biases, *self.maps, *self.offsets]
        self.adam.build(self.trained)

    def teacher(self, x: tf.Tensor, dtype: tf.DType = tf.bfloat16) -> list[tf.Tensor]:
        kernels, biases = self.teacher_weights
        return features(x, kernels, biases, dtype)

    def student(self, x: tf.Tensor, dtype: tf.DType = tf.bfloat16) -> list[tf.Tensor]:
        return features(x / INPUT_SCALE, self.kernels, self.biases, dtype)

    def residual(self, index: int, f_s: tf.Tensor, f_t: tf.Tensor) -> tf.Tensor:
        """1 - R2 of one layer, features (N, h, w, C), with the variance of the calibration crops."""
        predicted = tf.tensordot(f_s, tf.cast(self.maps[index], f_s.dtype), 1)
        error = tf.cast(predicted, tf.float32) + self.offsets[index] - tf.cast(f_t, tf.float32) / self.deviations[index]
        return tf.reduce_mean(tf.reduce_sum(error**2, -1)) / self.variances[index]

    @tf.function
    def step(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """One step of Adam on the images x (N, H, W, 3); returns 1 - R2 by layer."""
        targets = self.teacher(x)
        with tf.GradientTape() as tape:
            residuals = []
            for i, (f_s, f_t) in enumerate(zip(self.student(x), targets, strict=True)):
                stride = 2 ** (3 - block_of(LAYERS[i]))  # compares as many positions in each layer as block 3 has
                row, column = tf.unstack(tf.random.stateless_uniform((2,), seed + i, 0, stride, tf.int32))
                f_s, f_t = (f[:, row::stride, column::stride] for f in (f_s, f_t))
                residuals.append(self.residual(i, f_s, f_t))
            loss = tf.add_n(residuals)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, self.trained), 5.0)
        self.adam.apply_gradients(zip(gradients, self.trained, strict=True))
        return tf.stack(residuals)

    @tf.function
    def r2(self, x: tf.Tensor) -> tf.Tensor:
        """R2 by layer in float32."""
        pairs = zip(self.student(x, tf.float32), self.teacher(x, tf.float32), strict=True)
        return tf.stack([1 - self.residual(i, f_s, f_t) for i, (f_s, f_t) in enumerate(pairs)])

    def scales(self, x: tf.Tensor) -> list[np.ndarray]:
        """`inner_product_scales` of every layer, on the images x."""
        return [
            inner_product_scales(_rows(f_s), _rows(f_t))
            for f_s, f_t in zip(self.student(x), self.teacher(x), strict=True)
        ]

    @tf.function
    def paint(
        self, content: tf.Tensor, style: tf.Tensor, scales: list[tf.Tensor], weights: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        """Pastiches (N, H, W, 3) painted with the student from `content`, by `count` (N,) steps of Adam on the pixels.

        The objective is the library's default, with `weights` (N, 3) of content, style and total variation. Adam
        instead of L-BFGS, because it can do N images at once and is no less ready to make noise.
        """
        area = float(content.shape[1] * content.shape[2])

        def see(x: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
            found = [tf.cast(f, tf.float32) * s for f, s in zip(self.student(x), scales, strict=True)]
            return found[CONTENT], [tf.einsum("nhwc,nhwd->ncd", found[i], found[i]) / area for i in STYLE]

        wanted, grams = see(content)[0], see(style)[1]
        x = result = content
        first, second = tf.zeros_like(x), tf.zeros_like(x)
        for t in tf.range(1.0, PAINT_STEPS + 1.0):
            with tf.GradientTape() as tape:
                tape.watch(x)
                found, found_grams = see(x)
                differences = [tf.reduce_sum((g - a) ** 2, (1, 2)) for g, a in zip(found_grams, grams, strict=True)]
                corner = x[:, :-1, :-1]
                steepness = (x[:, 1:, :-1] - corner) ** 2 + (x[:, :-1, 1:] - corner) ** 2
                terms = (
                    tf.reduce_sum((found - wanted) ** 2, (1, 2, 3)),
                    tf.add_n(differences) / (36.0 * len(STYLE)),
                    tf.reduce_sum((steepness + 1e-3) ** 1.25, (1, 2, 3)),
                )
                loss = tf.reduce_sum(tf.stack(terms, 1) * weights)
            gradient = tape.gradient(loss, x)
            gradient /= tf.sqrt(tf.reduce_mean(gradient**2, (1, 2, 3), keepdims=True)) + 1e-9
            first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
            x -= PAINT_RATE * (first / (1 - 0.9**t)) / (tf.sqrt(second / (1 - 0.99**t)) + 1e-3)
            result = tf.where((t <= count)[:, None, None, None], x, result)
        return result

    def state(self) -> list[tf.Variable]:
        """All that a checkpoint holds."""
        return [*self.trained, *self.deviations, *self.variances, *self.adam.variables]

    def export(self, x: tf.Tensor) -> Weights:
        """The student with its scales on the images x folded in: kernel_l s_l / s_(l-1) and bias_l s_l."""
        weights, below = {}, np.full(3, INPUT_SCALE, np.float32)
        for layer, kernel, bias, scale in zip(LAYERS, self.kernels, self.biases, self.scales(x), strict=True):
            weights[f"{weight_name(layer)}_kernel"] = kernel.numpy() * scale / below[:, None]
            weights[f"{weight_name(layer)}_bias"] = bias.numpy() * scale
            below = scale
        return weights


def pastiches(
    distiller: Distiller, images: Sequence[Image.Image], rng: np.random.Generator, count: int, size: int
) -> np.ndarray:
    """(count, size, size, 3), RGB uint8, painted with the student at weights around the library's defaults."""
    content, style = (preprocess(crops(images, rng, count, size)) for _ in range(2))
    scales = [tf.constant(scale) for scale in distiller.scales(tf.concat([content, style], 0))]
    weights = np.exp(rng.normal(np.log([0.025, 1.0, 3e-5]), [1.0, 0.5, 1.5], (count, 3)))
    steps = rng.uniform(FEWEST_STEPS, PAINT_STEPS + 1, count)
    painted = distiller.paint(content, style, scales, tf.constant(weights, tf.float32), tf.constant(steps, tf.float32))
    return np.clip(painted.numpy() + np.array(BGR_MEAN, np.float32), 0, 255)[..., ::-1].astype(np.uint8)


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an .npz that is there whole or not at all."""
    part = path.with_name(f".{path.name}.part.npz")
    np.savez(part, **arrays)
    os.replace(part, path)


def train(arguments: argparse.Namespace) -> None:
    """The whole run: start or resume, train, and write the weights and a checkpoint at every log."""
    started, size, batch = time.time(), arguments.crop, arguments.batch
    rng = np.random.default_rng(arguments.seed)
    images = read_images(arguments.images, arguments.exclude, with_skimage=arguments.skimage)
    order = rng.permutation(len(images))
    apart = min(HELD_OUT, len(images) // 4)
    held_out, images = [images[i] for i in order[:apart]], [images[i] for i in order[apart:]]
    test = preprocess(crops(held_out, rng, 2 * batch, size))
    calibration = preprocess(crops(images, rng, CALIBRATION, size))
    distiller = Distiller(load(TEACHER, arguments.teacher, LAYERS), calibration, rng)
    pool, first = np.empty((0, size, size, 3), np.uint8), 0
    if arguments.resume and arguments.checkpoint.is_file():
        with np.load(arguments.checkpoint) as file:
            for i, variable in enumerate(distiller.state()):
                variable.assign(file[f"variable_{i}"])
            pool, first = file["pool"], int(file["step"])

    def log(step: int) -> None:
        r2 = " ".join(f"{name} {value:.3f}" for name, value in zip(LAYERS, distiller.r2(test).numpy(), strict=True))
        print(f"step {step}, {(time.time() - started) / 60:.1f} min, R2: {r2}", flush=True)

    log(first)
    for step in range(first, arguments.steps):
        rng = np.random.default_rng((arguments.seed, step))  # a resumed run draws what an unbroken one would have
        if arguments.pastiche and step % PAINT_EVERY == 0:
            pool = np.concatenate([pool, pastiches(distiller, images, rng, batch, size)])[-POOL:]
        painted = pool[rng.permutation(len(pool))[: round(batch * arguments.pastiche)]]
        x = preprocess(np.concatenate([painted, crops(images, rng, batch - len(painted), size)]))
        warm, cosine = min(1.0, (step + 1) / 100), 0.5 + 0.5 * np.cos(np.pi * step / arguments.steps)
        distiller.adam.learning_rate = arguments.rate * warm * (0.01 + 0.99 * cosine)
        distiller.step(x, tf.constant([arguments.seed, step]))
        late = arguments.minutes is not None and time.time() - started > 60 * arguments.minutes
        if (step + 1) % arguments.every == 0 or step + 1 == arguments.steps or late:
            log(step + 1)
            variables = {f"variable_{i}": v.numpy() for i, v in enumerate(distiller.state())}
            save(arguments.checkpoint, variables | {"pool": pool, "step": np.array(step + 1)})
            weights = distiller.export(calibration)
            save(arguments.out, {name: value.astype(np.float16) for name, value in weights.items()})
            if arguments.out32:
                save(arguments.out32, weights)
        if late:
            break


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", default="imagenet", help="a weights file of VGG-19, or imagenet")
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="folders of pictures to train on")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], help="pictures or folders never to train on")
    parser.add_argument("--skimage", action="store_true", help="train on pictures of skimage.data, too")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--minutes", type=float, help="stop after so long, whatever --steps says; --resume goes on")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=96, help="side of a training crop in pixels")
    parser.add_argument("--rate", type=float, default=8e-4, help="largest rate of Adam")
    parser.add_argument("--pastiche", type=float, default=0.33, help="share of a batch that is painted; 0 for none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=200, help="steps between logs, checkpoints and weights")
    parser.add_argument("--out", type=Path, default=Path("mini.npz"), help="the weights in float16")
    parser.add_argument("--out32", type=Path, help="the weights in float32, too")
    parser.add_argument("--checkpoint", type=Path, default=Path("mini.checkpoint.npz"))
    parser.add_argument("--resume", action="store_true", help="go on from --checkpoint if there is one")
    train(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
