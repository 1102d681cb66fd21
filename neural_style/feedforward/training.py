"""Training of a network that paints in the style of given paintings."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from neural_style import backend
from neural_style.errors import InvalidInputError
from neural_style.feedforward.consistency import made_up_motion
from neural_style.feedforward.keeper import Files, Keeper, Progress
from neural_style.feedforward.model import SMALLEST, Array
from neural_style.feedforward.one_style import one_style
from neural_style.feedforward.perceptual_loss import PerceptualLoss
from neural_style.feedforward.photos import Batch, Photos, batches, divided, photos_in
from neural_style.feedforward.settings import MULTIPLE, Recipe, TrainingSettings
from neural_style.feedforward.trainer import Trainer
from neural_style.feedforward.transformer import transformer
from neural_style.files import check_place, remove_leftovers
from neural_style.images import ImageSource, resize
from neural_style.inputs import Style, as_styles
from neural_style.runs.records import versions

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What a training has made.

    Attributes:
        path: file of the best network.
        progress: steps, seconds, and a row of the log for each save.
        stopped: why it ended before its last step: `minutes`, `interrupted`, or None.
    """

    path: Path
    progress: Progress
    stopped: str | None


def train(
    paintings: Sequence[Style | ImageSource],
    photos: str | Path,
    out: str | Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **settings: Any,
) -> Trained:
    """Train a network to paint photos in the style of one painting, or of several (Dumoulin et al. 2017).

    `out` is the best network so far, judged on photos that are held out; beside it are `<out>_log.csv`,
    `<out>_samples.png` and, until the last step, `<out>_checkpoint.npz`. Progress is logged.

    Args:
        paintings: paths, PIL images, arrays (H, W, 3), RGB in 0..255, or `Style` objects.
        photos: a folder of photos of any sizes.
        out: a file name that ends with `.keras`.
        overwrite: replace files at `out` and beside it.
        resume: continue the training whose checkpoint is beside `out`, or start it; the result is that of an unbroken
            one. `steps` and `minutes` may be raised, until the training is finished.
        callbacks: more of Keras' callbacks, such as `keras.callbacks.TensorBoard`.
        settings: those of `neural_style.feedforward.settings`; a preset is `**presets.LENGSTROM`, and
            `**presets.EMBEDDED_START` is what the command's `--start embedded` sets.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used; before any work is done.
        BrokenRunError: the loss became NaN or infinite; the best network so far stays.
    """
    recipe, files = Recipe.from_values(**settings), Files.beside(Path(out))
    found = photos_in(Path(photos))
    styles = as_styles(list(paintings))
    chosen = recipe.training
    if chosen.start == "embedded" and len(styles) > 1:
        raise InvalidInputError(f"start embedded trains for one painting, received {len(styles)}: use start scratch")
    if not (resume and files.checkpoint.is_file()):
        for path in files:
            check_place(path, f'output "{path}"', overwrite=overwrite)
        files.checkpoint.unlink(missing_ok=True)
    remove_leftovers(files.network.parent)
    pictures = [_scaled(style, chosen.style_size or chosen.crop) for style in styles]
    names = [style.picture.name for style in styles]
    identity = {"settings": recipe.values(), "paintings": [_sha256(each) for each in pictures], "photos": len(found)}
    keeper = Keeper.opened(files, identity, recipe.training, _style_names(names))
    if keeper.progress.is_finished(chosen.steps):
        _log.info("%s is finished already (%d steps)", files.network, chosen.steps)
        return Trained(files.network, keeper.progress, None)
    return _fitted(recipe, pictures, found, keeper, list(callbacks))


def _fitted(
    recipe: Recipe,
    pictures: Sequence[Array],
    found: Sequence[Path],
    keeper: Keeper,
    callbacks: list[keras.callbacks.Callback],
) -> Trained:
    backend.check_process()
    chosen, count = recipe.training, len(pictures)
    if chosen.start == "embedded":
        painter = one_style(pictures[0], seed=chosen.seed)
    else:
        painter = transformer(recipe.transformer, styles=count, seed=chosen.seed)
    criterion = PerceptualLoss(recipe.loss, pictures)
    trainer = Trainer(painter, criterion)
    trainer.compile(optimizer=keras.optimizers.Adam(chosen.rate))
    trainer.optimizer.build(painter.trainable_variables)
    used, held_out = divided(found, chosen.held_out, chosen.seed)
    data = Photos(used, crop=chosen.crop, seed=chosen.seed)
    validation = _validation(Photos(held_out, crop=chosen.crop, seed=chosen.seed), count)
    if recipe.loss.consistency and validation:
        validation |= _motion(chosen, 0, len(validation["photo"]))
    keeper.samples = validation["photo"][:4] if validation else data.batch(0, min(4, len(used)))["photo"]
    keeper.metadata |= {"weights_sha256": criterion.weights_sha256, "versions": versions()}
    keeper.broken = data.broken
    keeper.restore(trainer)
    _log.info("training with %d photos, validating with %d", len(used), len(held_out))

    def batch(step: int) -> Batch:
        found = data.batch(step, chosen.batch, styles=count)
        return found | _motion(chosen, step + 1, chosen.batch) if recipe.loss.consistency else found

    with ThreadPoolExecutor(1) as pool:
        try:
            trainer.fit(
                batches(pool, batch, keeper.progress.steps),
                steps_per_epoch=chosen.save_every,
                epochs=chosen.steps,  # more than enough: the keeper stops at the last step
                validation_data=validation,
                validation_batch_size=chosen.batch,
                callbacks=[keeper, *callbacks],
                shuffle=False,
                verbose=0,
            )
        except KeyboardInterrupt:
            keeper.stopped = "interrupted"
        finally:
            pool.shutdown(cancel_futures=True)
    keeper.finish()
    return Trained(keeper.files.network, keeper.progress, keeper.stopped)


def _motion(chosen: TrainingSettings, number: int, count: int) -> Batch:
    """The made-up motion of a batch: 0 for validation, from 1 on for the steps."""
    return made_up_motion(np.random.default_rng((chosen.seed, 2, number)), count, (chosen.crop, chosen.crop))


def _style_names(pictures: Sequence[str]) -> list[str]:
    """The names by which a network paints in its styles: those of the files, numbered where they are the same."""
    stems = [Path(name).stem for name in pictures]
    return [stem if stems.count(stem) == 1 else f"{stem} {index}" for index, stem in enumerate(stems, start=1)]


def _validation(photos: Photos, styles: int) -> dict[str, Array] | None:
    """Centres of photos, each with one of the styles in turn; None where there is no photo."""
    centres = photos.centres()
    if not len(centres):
        return None
    if styles == 1:
        return {"photo": centres}
    return {"photo": centres, "style": np.identity(styles, np.float32)[np.arange(len(centres)) % styles]}


def _scaled(style: Style, extent: int) -> Array:
    """A painting whose area is the square of `extent`, rows and columns being multiples of 8, as float32."""
    size = style.size_at((extent, extent))
    rows, columns = (max(SMALLEST, round(each / MULTIPLE) * MULTIPLE) for each in size)
    return np.asarray(resize(style.picture.rgb, (rows, columns), method="bicubic"), np.float32)


def _sha256(picture: Array) -> str:
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
