"""`neural-style train painting.jpg --images photos/ --out starry.keras`: a network of one's own."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from neural_style import interruption
from neural_style.cli.flags import Parser, Spelling, add_fields, values
from neural_style.cli.groups import add_machine_flags
from neural_style.cli.session import start_backend
from neural_style.feedforward.presets import EMBEDDED_START, PRESETS
from neural_style.feedforward.settings import GROUPS
from neural_style.validation import check_choice

DESCRIPTION = """\
Train a network that paints any photo in the style of one painting, or of several, at once.

It learns from a folder of photos of any sizes; broken ones are reported and skipped. The result, OUT.keras, is the
best network so far, judged on photos that were held out. Beside it are OUT_log.csv, OUT_samples.png, and a
checkpoint from which --resume continues a training that was stopped or killed, with the result of an unbroken one.

--start embedded begins as the painter of this package and takes minutes on a CPU. --start scratch trains the network
of Johnson et al. 2016, which takes hours on a CPU, and needs thousands of photos."""

EPILOG = """\
examples:
  neural-style train painting.jpg --images photos/ --out starry.keras --start embedded --minutes 10
  neural-style train painting.jpg --images photos/ --out starry.keras --minutes 60 --resume
  neural-style train wave.jpg scream.jpg --images photos/ --out two.keras --width 16 --ends 3
  neural-style train painting.jpg --images photos/ --out starry.keras --preset lengstrom
"""

STOPS = {"minutes": "stopped by --minutes", "interrupted": "interrupted"}

TITLES = {"transformer": "network (--start scratch)", "loss": "loss", "training": "training"}


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser(defaults_of(arguments)).read(arguments)
    settings = {name: value for group in GROUPS.values() for name, value in values(found, group).items()}
    start_backend(found.device)
    from neural_style.feedforward.training import train

    interruption.begin_work()
    trained = train(
        found.paintings, found.images, found.out, overwrite=found.overwrite, resume=found.resume, **settings
    )
    if trained.stopped == "interrupted" and not trained.progress.rows:
        raise KeyboardInterrupt  # before anything was saved
    gc.collect()  # otherwise TensorFlow warns of its generator of batches, if it finds it when the process ends
    if not found.quiet:
        print(f"wrote {trained.path}: loss {trained.progress.best:.4g}, {trained.progress.steps} steps")
        if trained.stopped:
            print(f"{STOPS[trained.stopped]}; use --resume to continue")
    return interruption.exit_status() if trained.stopped == "interrupted" else 0


def parser(defaults: Mapping[str, Any] | None = None) -> Parser:
    """The command's parser.

    Args:
        defaults: those that a preset or a start replaces.
    """
    parser = Parser(
        "train", DESCRIPTION, usage="painting [painting ...] --images DIR --out FILE [flags]", epilog=EPILOG
    )
    parser.add_argument("paintings", nargs="+", metavar="painting", help="one painting for each style")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="folder of photos to learn from")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the network; ends with .keras")
    parser.add_argument(
        "--preset", metavar="NAME", help=f"settings of published code: {' or '.join(PRESETS)}; other flags change them"
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue the training of OUT, or start it; --steps may be raised"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    for name, settings in GROUPS.items():
        names = [each.name for each in fields(settings)]
        add_fields(parser.add_argument_group(TITLES[name]), settings, names, Spelling(defaults=defaults or {}))
    add_machine_flags(parser)
    return parser


def defaults_of(arguments: Sequence[str]) -> Mapping[str, Any]:
    """The defaults of the preset, or of the start, that the arguments name."""
    if "--help" in arguments or "-h" in arguments:
        return {}
    found = parser().read(arguments)
    if found.preset is not None:
        check_choice("preset", found.preset, PRESETS)
        return PRESETS[found.preset]
    return EMBEDDED_START if found.start == "embedded" else {}
