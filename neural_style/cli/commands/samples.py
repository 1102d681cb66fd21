"""`neural-style samples FOLDER`: sample pictures for first steps."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style import images
from neural_style.cli.flags import Parser, file_path
from neural_style.samples import MAPS, MASKS, PAINTINGS, PHOTOS, SAMPLES, TEXTURES, as_rgb, sample

GROUPS = {
    "photos": PHOTOS,
    "textures": TEXTURES,
    "paintings": PAINTINGS,
    "masks": MASKS,
    "label maps": MAPS,
}
DESCRIPTION = "\n  ".join(
    ["Write sample pictures into a folder, each as a PNG:"]
    + [f"{', '.join(names)} ({what})" for what, names in GROUPS.items()]
)

EPILOG = """\
example:
  neural-style samples pictures
  neural-style network pictures/cat.png pictures/night.png out --model mini
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    parser = Parser("samples", DESCRIPTION, epilog=EPILOG)
    parser.add_argument("folder", type=file_path, help="folder for the pictures; it is made if necessary")
    parser.add_argument("--overwrite", action="store_true", help="replace existing files of these names")
    found = parser.read(arguments)
    files = {name: found.folder / f"{name}.png" for name in SAMPLES}
    for path in files.values():
        images.check_output(path, overwrite=found.overwrite)
    for name, path in files.items():
        images.write(path, as_rgb(sample(name)), overwrite=found.overwrite)
    print("\n".join(map(str, files.values())))
    return 0
