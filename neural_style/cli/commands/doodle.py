"""`neural-style doodle --nlabels 4 --style_image painting.png ...`: the flags of the reference's doodles, and ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from neural_style import images
from neural_style.cli.checkpoints import add_checkpoint_flags, opened
from neural_style.cli.commands.network import preserved
from neural_style.cli.flags import Parser, add_fields, run_settings, values
from neural_style.cli.session import Output, Session, add_output_flags
from neural_style.doodle import DoodleInputs, NeuralDoodle
from neural_style.inputs import Content, Style
from neural_style.masks import label_map
from neural_style.runs.settings import Run
from neural_style.validation import help_texts

FLAGS = {"pooling": "pool_type", "iterations": "num_iter"}
"""The reference's names where they are not the fields'."""

ADVICE = {
    "model": "mini needs no download.",
    "weights": "imagenet is downloaded once.",
    "sizes": "From noise, coarse to fine leaves no grain: --sizes 80 160 320.",
}

OF_THE_MASK = -1
"""The reference's number for the size of the target mask."""

DESCRIPTION = "Paint the regions of a mask with the texture that a painting has in its regions of the same colours."

EPILOG = """\
example:
  neural-style doodle --nlabels 4 --style_image painting.png --style_mask painting_mask.png \\
      --target_mask mine.png --target_image_prefix out --preview labels.png
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = _parser().read(arguments)
    technique = NeuralDoodle(labels=found.nlabels, **values(found, NeuralDoodle))
    output = Output.of(found.prefix, **{k: v for k, v in values(found, Output).items() if k != "prefix"})
    content = Content(found.content_image, label_map=found.target_mask)
    inputs = technique.inputs(content, Style(found.style_image, label_map=found.style_mask))
    run = run_settings(found)
    if run["image_size"] == OF_THE_MASK:
        del run["image_size"]
    if run["init"] is None:
        del run["init"]
    checkpoint, output = opened(found, output)
    session = Session(technique, inputs, (), run, output, quiet=found.quiet, device=found.device, checkpoint=checkpoint)
    if session.is_finished_already():
        return 0
    previews = [] if found.preview is None or (found.resume and _is_there(found.preview, inputs)) else [found.preview]
    session.checked(others=previews)
    for path in previews:
        _write_preview(path, inputs, overwrite=found.overwrite)
    return session.execute()


def _parser() -> Parser:
    parser = Parser("doodle", DESCRIPTION, usage="[flags]", epilog=EPILOG)
    pictures = parser.add_argument_group("pictures in and out")
    for name, text in (
        ("style_image", "the painting"),
        ("style_mask", "its regions, each in one colour"),
        ("target_mask", "where the same colours are wanted"),
    ):
        pictures.add_argument(f"--{name}", required=True, metavar="FILE", help=text)
    pictures.add_argument(
        "--target_image_prefix",
        dest="prefix",
        required=True,
        metavar="PREFIX",
        help="what output names begin with: <prefix>.png, <prefix>_at_iteration_<n>.png",
    )
    pictures.add_argument("--content_image", metavar="FILE", help="a photo whose layout is kept besides")
    pictures.add_argument("--nlabels", type=int, required=True, metavar="N", help="number of colours in the masks")
    pictures.add_argument(
        "--preview", type=Path, metavar="FILE", help="also write what the masks were read as, with colours and areas"
    )
    look = parser.add_argument_group("look")
    add_fields(look, NeuralDoodle, ["variant", "content_weight", "style_weight", "region_style_weight"])
    look.add_argument(
        "--tv_weight",
        "--total_variation_weight",
        dest="total_variation_weight",
        type=float,
        default=NeuralDoodle.total_variation_weight,
        metavar="X",
        help=f"{help_texts(NeuralDoodle)['total_variation_weight']} (default: {NeuralDoodle.total_variation_weight})",
    )
    look.add_argument(
        "--preserve_color",
        type=preserved,
        default=Run.preserve_color,
        metavar="NAME",
        help=f"{help_texts(Run)['preserve_color']} True means luminance. (default: none)".replace("`", ""),
    )
    network = parser.add_argument_group("network")
    names = ["model", "weights", "pooling", "content_layer", "style_layers", "style_layer_weights", "precision"]
    add_fields(network, NeuralDoodle, names, flags=FLAGS, advice=ADVICE)
    schedule = parser.add_argument_group("run")
    schedule.add_argument(
        "--img_size",
        "--image_size",
        dest="image_size",
        type=int,
        default=OF_THE_MASK,
        metavar="N",
        help=f"{help_texts(Run)['image_size']} {OF_THE_MASK}: of the target mask. (default: {OF_THE_MASK})",
    )
    schedule.add_argument(
        "--init_image",
        dest="init",
        metavar="NAME",
        help="the first pastiche: content, noise, gray, or a picture (default: content if there is one, else noise)",
    )
    names = ["sizes", "iterations", "solver", "memory", "tile", "memory_limit", "seed", "min_improvement"]
    add_fields(schedule, Run, names, flags=FLAGS, advice=ADVICE)
    add_checkpoint_flags(schedule)
    add_output_flags(parser)
    return parser


def _write_preview(path: Path, inputs: DoodleInputs, *, overwrite: bool) -> None:
    """The label maps of style and target side by side."""
    maps = [label_map.preview(each, inputs.palette) for each in (inputs.style_labels, inputs.target_labels)]
    rows = max(len(each) for each in maps)
    white = [np.pad(each, ((0, rows - len(each)), (0, 8), (0, 0)), constant_values=255) for each in maps]
    images.write(path, np.concatenate(white, axis=1), overwrite=overwrite)


def _is_there(path: Path, inputs: DoodleInputs) -> bool:
    """Whether the preview was written, byte for byte, by a run that is now resumed."""
    with TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        _write_preview(again, inputs, overwrite=False)
        return path.is_file() and path.read_bytes() == again.read_bytes()
