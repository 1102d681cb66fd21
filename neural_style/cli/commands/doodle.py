"""`neural-style doodle --style_image painting.png ...`: the flags of the reference's doodle scripts, and ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from neural_style import images
from neural_style.cli.flags import Parser, add_fields, file_path, run_settings, values
from neural_style.cli.groups import (
    NETWORK_FIELDS,
    PREFIX_HELP,
    SPELLING,
    add_color_flags,
    add_frame_flag,
    add_machine_flags,
    add_output_flags,
    add_prepare_flag,
    add_run_flags,
    fields_of,
)
from neural_style.cli.session import Session, open_checkpoint
from neural_style.doodle import DoodleInputs, NeuralDoodle
from neural_style.inputs import Content, Style
from neural_style.masks import label_map
from neural_style.runs.outputs import Output

OF_THE_MASK = -1
"""The reference's number for the size of the target mask."""

DOODLE = SPELLING.but(
    names={
        "labels": ["nlabels"],
        "total_variation_weight": ["tv_weight", "total_variation_weight"],
        "image_size": ["img_size", "image_size"],
    },
    defaults={"image_size": OF_THE_MASK, "init": None},
    advice={
        "image_size": f"{OF_THE_MASK} stands for those of the target mask.",
        "init": "By default content if there is one, else regions.",
        "sizes": "Coarse to fine leaves no grain: --sizes 80 160 320.",
    },
)

DESCRIPTION = """\
Fill a label map with textures from a painting.

Two masks name regions by colour: one the regions of the painting, one the regions of the picture to be made. Each
region gets the texture that the painting has in its region of the same colour."""

EPILOG = """\
example:
  neural-style doodle --style_image painting.png --style_mask painting_mask.png --target_mask mine.png \\
      --target_image_prefix out --preview labels.png --model mini
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    technique = NeuralDoodle(**values(found, NeuralDoodle))
    output = Output.from_prefix(**values(found, Output))
    content = Content(found.content_image, label_map=found.target_mask, frame=found.frame, prepare=found.prepare)
    inputs = technique.inputs(content, Style(found.style_image, label_map=found.style_mask, frame=found.frame))
    run = run_settings(found)
    if run["image_size"] == OF_THE_MASK:
        del run["image_size"]
    if run["init"] is None:
        del run["init"]
    checkpoint, output = open_checkpoint(found, output)
    extras = {}
    if found.preview is not None and not (found.resume and _is_preview(found.preview, inputs)):
        extras[found.preview] = lambda path: _write_preview(path, inputs, overwrite=found.overwrite)
    return Session(
        technique,
        inputs,
        (),
        run,
        output,
        quiet=found.quiet,
        device=found.device,
        checkpoint=checkpoint,
        extras=extras,
    ).execute()


def parser() -> Parser:
    """The command's parser."""
    parser = Parser("doodle", DESCRIPTION, usage="[flags]", epilog=EPILOG)
    _add_pictures(parser)
    appearance = parser.add_argument_group("appearance")
    weights = [f"{name}_weight" for name in ("semantic", "content", "style", "region_style", "total_variation")]
    add_fields(appearance, NeuralDoodle, ["variant", *weights], DOODLE)
    add_run_flags(parser, DOODLE)
    add_output_flags(parser)
    add_color_flags(parser)
    network = parser.add_argument_group("network")
    add_fields(network, NeuralDoodle, fields_of(NeuralDoodle, NETWORK_FIELDS), DOODLE)
    add_machine_flags(parser)
    return parser


def _add_pictures(parser: Parser) -> None:
    """Flags for the files that the command reads and writes."""
    group = parser.add_argument_group("pictures")
    for name, text in (
        ("style_image", "the painting"),
        ("style_mask", "the regions of the painting, each in one colour"),
        ("target_mask", "the regions of the picture to be made, in the same colours"),
    ):
        group.add_argument(f"--{name}", required=True, metavar="FILE", help=text)
    group.add_argument("--target_image_prefix", dest="prefix", required=True, metavar="PREFIX", help=PREFIX_HELP)
    group.add_argument("--content_image", metavar="FILE", help="a photo whose layout is kept as well")
    add_frame_flag(group)
    add_prepare_flag(group)
    add_fields(group, NeuralDoodle, ["labels"], DOODLE)
    group.add_argument(
        "--preview",
        type=file_path,
        metavar="FILE",
        help="also save the masks as they were read, with colours and areas",
    )


def _write_preview(path: Path, inputs: DoodleInputs, *, overwrite: bool) -> None:
    """Write the label maps of style and target, side by side."""
    maps = [label_map.preview(each, inputs.palette) for each in (inputs.style_labels, inputs.target_labels)]
    rows = max(len(each) for each in maps)
    white = [np.pad(each, ((0, rows - len(each)), (0, 8), (0, 0)), constant_values=255) for each in maps]
    images.write(path, np.concatenate(white, axis=1), overwrite=overwrite)


def _is_preview(path: Path, inputs: DoodleInputs) -> bool:
    """Whether the file is, byte for byte, the preview of the run that is resumed."""
    with TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        _write_preview(again, inputs, overwrite=False)
        return path.is_file() and path.read_bytes() == again.read_bytes()
