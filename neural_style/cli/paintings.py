"""The pictures of one command over folders: which photo with which painting, and under which name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from neural_style.cli.folder_files import is_folder, pictures_in
from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, Style


class Painting(NamedTuple):
    """One picture to be made.

    Attributes:
        content: the photo.
        style: the painting, from a folder of paintings; None where all pictures have the same styles.
        name: of the result, without its ending.
        problem: why it cannot be made, where that is known already.
    """

    content: Path
    style: Path | None
    name: str
    problem: str = ""


def paintings_of(content: Content, styles: Sequence[Style], *, pairs: bool, suffix: str) -> list[Painting]:
    """All pictures of a command, ordered by painting so that each painting is read once.

    Args:
        content: its image is a photo or a folder of them.
        styles: the styles of every picture, or a single style whose image is a folder of paintings.
        pairs: each photo with the painting of the same name only.
        suffix: of the results, for messages.

    Raises:
        InvalidInputError, MissingFileError: the folders do not go together, or cannot be used.
    """
    photos = pictures_in(content.image)
    folder = next((style.image for style in styles if is_folder(style.image)), None)
    if pairs and not (folder and is_folder(content.image)):
        raise InvalidInputError("--pairs needs two folders, one of photos and one of paintings")
    if folder is None:
        paintings = [Painting(photo, None, name) for photo, name in photos.items()]
    elif len(styles) > 1:
        raise InvalidInputError(
            f"each painting in the folder {folder} makes a picture of its own: name no other style beside it"
        )
    elif pairs:
        of_all_names = list(pictures_in(folder))
        paintings = [_pair(photo, name, of_all_names) for photo, name in photos.items()]
    else:
        paintings = [
            Painting(photo, style, f"{photo_name}_{style_name}")
            for style, style_name in pictures_in(folder).items()
            for photo, photo_name in photos.items()
        ]
    name, count = Counter(painting.name for painting in paintings).most_common(1)[0]
    if count > 1:
        raise InvalidInputError(f"{count} pictures would be named {name}{suffix}: rename an input")
    return paintings


def _pair(content: Path, name: str, styles: Sequence[Path]) -> Painting:
    """The photo with the only painting of its name."""
    found = [style for style in styles if style.stem == content.stem]
    if len(found) == 1:
        return Painting(content, found[0], name)
    if found:
        names = " and ".join(style.name for style in found)
        return Painting(content, None, name, f"{content} has several paintings of its name, {names}")
    return Painting(content, None, name, f"{content} has no painting of its name in {styles[0].parent}")
