"""The short film and the strip of docs/techniques/coherence.md: `python docs/films.py docs/pictures`.

A pan over a sample photo, with exact motion: the embedded painter frame by frame and blended along the flow, and
optimisations by themselves and with the temporal term.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.painting import technique_for
from neural_style.samples import sample
from neural_style.samples.clips import clip
from neural_style.video.fast import Fast
from neural_style.video.optimised import Optimised
from neural_style.video.settings import Coherence

GAP = 4


def beside(pictures):
    """Pictures of one height with white between them."""
    white = np.full((pictures[0].shape[0], GAP, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, white)]
    return np.concatenate(parts[:-1], axis=1)


def film(path):
    """The source, the frames by themselves, and the blended ones, as a GIF to and fro."""
    found = clip(sample("coffee"), "pan", frames=16, size=(112, 168))
    alone = Fast(sample("night"), blend=0, hold_statistics=False)
    blended = Fast(sample("night"))
    frames = [beside([frame, alone.transfer(frame), blended.transfer(frame)]) for frame in found.frames]
    pictures = [Image.fromarray(frame).quantize(128, dither=Image.Dither.NONE) for frame in frames]
    pictures += pictures[-2:0:-1]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=80, loop=0, optimize=True)


def strip(path):
    """Four frames of the source, of optimisations by themselves, and of those with the temporal term."""
    found = clip(sample("cat"), "layer", frames=4, size=(64, 96))
    technique, rows = technique_for(1.0, model="mini"), [beside(list(found.frames))]
    for is_alone in (True, False):
        method, painted = Optimised(technique, sample("night"), Coherence(), iterations=4), []
        for frame in found.frames:
            if is_alone:
                method.load_state({})
            painted.append(method.transfer(frame))
        rows.append(beside(painted))
    white = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    sheet = np.concatenate([rows[0], white, rows[1], white, rows[2]])
    size = 2 * sheet.shape[0], 2 * sheet.shape[1]
    Image.fromarray(images.to_uint8(images.resize(sheet, size, method="nearest"))).save(path, optimize=True)


def main(folder):
    folder = Path(folder)
    film(folder / "steady.gif")
    strip(folder / "coherence.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
