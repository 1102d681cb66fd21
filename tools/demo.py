"""`make demo`: a photograph of scikit-image's in the style of a painting that is made on the spot.

Nothing is downloaded. The command that is run is printed, so that it can be tried with other pictures.
"""

import argparse
import shlex
import sys
from pathlib import Path

from PIL import Image

from neural_style.cli import main as neural_style
from neural_style.samples import sample

LOOK = "--model mini --image_size 384"
"""mini, so that the demo is the same where VGG-19 has been downloaded."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to put the pictures; those of an earlier demo are replaced")
    found = parser.parse_args()
    found.folder.mkdir(parents=True, exist_ok=True)
    photo, painting, pastiche = (found.folder / name for name in ("photo.png", "painting.png", "pastiche"))
    Image.fromarray(sample("cat")).save(photo)
    Image.fromarray(sample("night")).save(painting)
    command = ["paint", str(photo), str(painting), str(pastiche), *LOOK.split(), "--overwrite"]
    print("neural-style", shlex.join(command))
    return neural_style(command)


if __name__ == "__main__":
    sys.exit(main())
