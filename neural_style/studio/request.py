"""What a user asks for: a mode with pictures and settings; as a command line, and as a zip of inputs and command."""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neural_style.errors import InvalidInputError
from neural_style.studio.mode import Mode
from neural_style.studio.modes import MODES
from neural_style.studio.settings import Setting
from neural_style.validation import check_choice, check_names

OUTPUT = "out"
"""The name of the result on a command line, before its ending."""

ENDINGS = (".png", ".mp4")
"""Of results."""

COMMAND = "command.txt"
"""The name of the command in a zip."""

LONGEST_NAME = 80
"""Letters of a file name that are kept."""

LONGEST_BYTES = 200
"""Bytes of a file name before its ending that are kept: a file system takes 255 with the ending and a number."""

Names = Mapping[Path, str]
"""The name under which a user knows a file, by its path; of other files the last part of the path."""


@dataclass(frozen=True)
class Request:
    """A picture that is asked for.

    Attributes:
        mode: a key of `MODES`.
        inputs: files by the name of the input. Of masks, None stands for everywhere.
        settings: values by name; one that is None or missing has its default.

    Raises:
        InvalidInputError: by the constructor, where a name is unknown or a value of another kind.
    """

    mode: str
    inputs: Mapping[str, tuple[Path | None, ...]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, MODES)
        mode = MODES[self.mode]
        check_names(f"mode {self.mode}", self.settings, mode.settings)
        check_names(f"the inputs of mode {self.mode}", self.inputs, [each.name for each in mode.inputs])
        read = {name: mode.settings[name].read(value) for name, value in self.settings.items()}
        object.__setattr__(self, "settings", {name: value for name, value in read.items() if value is not None})
        files = {name: tuple(None if each is None else Path(each) for each in of) for name, of in self.inputs.items()}
        object.__setattr__(self, "inputs", {name: of for name, of in files.items() if of})

    @property
    def of_mode(self) -> Mode:
        """The mode."""
        return MODES[self.mode]

    @property
    def is_film(self) -> bool:
        """Whether a film is made, and no picture."""
        return self.mode == "video"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file once, in the order of the command line."""
        found = (path for each in self.of_mode.inputs for path in self.inputs.get(each.name, ()))
        return tuple(dict.fromkeys(path for path in found if path is not None))

    def value(self, name: str) -> Any:
        """The value of a setting, or its default."""
        return self.settings.get(name, self.of_mode.settings[name].default)

    def file(self, name: str) -> Path | None:
        """The file of an input with one."""
        return next(iter(self.inputs.get(name, ())), None)

    def command_line(self, names: Names | None = None) -> list[str]:
        """The words of a command that makes the same picture.

        Settings that the command has by default are left out.

        Args:
            names: the user's names of the files.
        """
        called = self._called(names)
        positional: list[str] = []
        flags: list[str] = []
        for each in self.of_mode.inputs:
            given = self.inputs.get(each.name, ())
            words = ["none" if path is None else _positional(called[path]) for path in given]
            if each.flag and words:
                flags += [f"--{each.flag}", *words]
            elif not each.flag:
                positional += words
        flags += [word for setting in self._spelled() for word in _flag(setting, self._in_command(setting))]
        return ["neural-style", *self.of_mode.command, *self._around(positional), *flags]

    def command_text(self, names: Names | None = None) -> str:
        """The command line, quoted for a shell."""
        return shlex.join(self.command_line(names))

    def zip(self, path: Path, names: Names | None = None) -> None:
        """Write all inputs under the user's names, and the command in `command.txt`.

        Args:
            path: the zip file, which is replaced.
            names: the user's names of the files.
        """
        called = self._called(names)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed already
            for each in self.files:
                archive.write(each, called[each])
            archive.writestr(COMMAND, self.command_text(names) + "\n")

    def _called(self, names: Names | None) -> dict[Path, str]:
        """Names of the files beside the command and what it writes."""
        return unique_names(self.files, names, taken=(COMMAND, OUTPUT, *(f"{OUTPUT}{each}" for each in ENDINGS)))

    def _around(self, positional: list[str]) -> list[str]:
        """The arguments without a flag: pictures, what stands before them, and the result."""
        if self.mode == "doodle":
            return ["--target_image_prefix", OUTPUT]
        if self.mode == "color_transfer":
            return [*positional, "--output", f"{OUTPUT}.png"]
        if self.mode == "reconstruct":
            return [str(self.value("of")), *positional, OUTPUT]
        if self.is_film:
            return [*positional, f"{OUTPUT}.mp4"]
        return [*positional, OUTPUT, *(["--fast"] if self.mode == "fast" else [])]

    def _spelled(self) -> Iterator[Setting]:
        """Settings that have a flag and another value than the command's default."""
        for setting in self.of_mode.settings.values():
            is_argument = setting.name == "of" or (setting.name == "init" and "init" in self.inputs)
            if not is_argument and self._in_command(setting) != setting.assumed:
                yield setting

    def _in_command(self, setting: Setting) -> Any:
        """The value of a setting; one for each picture where the command needs as many."""
        value = self.value(setting.name)
        if setting.each and setting.name == "style_weight" and value is not None:
            return self.per_picture(setting)
        return value

    def per_picture(self, setting: Setting) -> tuple[float, ...]:
        """A value for each picture of `setting.each`.

        Raises:
            InvalidInputError: there are neither one nor as many.
        """
        value, count = self.value(setting.name), len(self.inputs.get(setting.each, ()))
        several = (1.0,) * count if value is None else tuple(value) * (count if len(value) == 1 else 1)
        if len(several) != count:
            raise InvalidInputError(
                f"{setting.name} has {len(several)} values for {count} {setting.each}: give one, or one for each"
            )
        return several


def unique_names(files: tuple[Path, ...], names: Names | None = None, *, taken: Iterable[str] = ()) -> dict[Path, str]:
    """A name for each file, the user's where it is known: without folders, short, and no two alike.

    Args:
        files: the paths.
        names: the user's names.
        taken: names that no file gets.
    """
    found: dict[Path, str] = {}
    used = {name.casefold() for name in taken}
    for path in files:
        wanted = _cleaned((names or {}).get(path, path.name))
        stem, suffix = Path(wanted).stem, Path(wanted).suffix
        number = 1
        while wanted.casefold() in used:  # as on disks that know no case
            number += 1
            wanted = f"{stem}_{number}{suffix}"
        found[path] = wanted
        used.add(wanted.casefold())
    return found


def _cleaned(name: str) -> str:
    """The last part of a name, of either kind of path, without what file systems and terminals refuse."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').strip().lstrip(".")
    path = Path(kept or "picture")
    stem = path.stem[:LONGEST_NAME].encode()[:LONGEST_BYTES].decode(errors="ignore")
    return f"{stem}{path.suffix[:12]}"


def _positional(name: str) -> str:
    """A file name that cannot be taken for a flag, or for a word such as `none` or `noise`, which has no ending."""
    return f"./{name}" if name.startswith("-") or not Path(name).suffix else name


def _flag(setting: Setting, value: Any) -> list[str]:
    """The words that set a flag."""
    if setting.is_switch:
        return [f"--{setting.name}"]
    words = [_word(each) for each in (value if isinstance(value, tuple) else (value,))]
    return [f"--{setting.name}={words[0]}"] if words[0].startswith("-") else [f"--{setting.name}", *words]


def _word(value: object) -> str:
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e6
    return str(int(value)) if is_whole else str(value)  # type: ignore[call-overload]
