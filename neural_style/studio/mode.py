"""What a mode of the studio is: its inputs, its settings and its presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neural_style.studio.settings import Setting
from neural_style.technique import Technique

INPUT_KINDS = ("picture", "pictures", "mask", "masks", "map", "clip")


@dataclass(frozen=True)
class Input:
    """One input of a mode.

    Attributes:
        name: its key in `Request.inputs`.
        title: a few words for a label.
        kind: one of `INPUT_KINDS`.
        required: whether there is no picture without it.
        flag: of the command; empty where it is an argument without a flag.
    """

    name: str
    title: str
    kind: str = "picture"
    required: bool = True
    flag: str = ""


@dataclass(frozen=True)
class Mode:
    """One way to make a picture.

    Attributes:
        name: its key in `MODES`.
        title, sentence: for painters, who know no terms of the field.
        command: the words before the files on the command line.
        inputs: in the order of the command line.
        basic, advanced: settings, each once.
        presets: settings by the name of the preset; those that it lacks have their defaults.
        technique: the dataclass of its settings; None where nothing is minimised.
    """

    name: str
    title: str
    sentence: str
    command: tuple[str, ...]
    inputs: tuple[Input, ...]
    basic: tuple[Setting, ...]
    advanced: tuple[Setting, ...] = ()
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    technique: type[Technique] | None = None

    @property
    def settings(self) -> dict[str, Setting]:
        """All settings by name, the basic ones first."""
        return {each.name: each for each in (*self.basic, *self.advanced)}

    def input(self, name: str) -> Input:
        """The input of that name."""
        return next(each for each in self.inputs if each.name == name)
