"""Names of the pictures of iterations, of which a run may have more than a list has room for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class IterationPictures:
    """The pictures `<prefix>_at_iteration_<n><suffix>` of the saved iterations n.

    Attributes:
        prefix: beginning of the names.
        suffix: ending of the names.
        saved: the iterations.
    """

    prefix: Path
    suffix: str
    saved: range

    def name(self, iteration: int | str) -> Path:
        """The picture of an iteration."""
        return self.prefix.with_name(f"{self.prefix.name}_at_iteration_{iteration}{self.suffix}")

    def __contains__(self, path: Path) -> bool:
        number = path.name.removeprefix(self.name("").stem).removesuffix(self.suffix)
        is_number = number.isdecimal() and number.isascii() and len(number) < 20
        return is_number and path == self.name(number.lstrip("0")) and int(number) in self.saved

    def existing(self) -> list[Path]:
        """Those that are there already."""
        if not self.prefix.parent.is_dir():
            return []
        with os.scandir(self.prefix.parent) as entries:
            return sorted(path for entry in entries if (path := self.prefix.with_name(entry.name)) in self)

    def note(self) -> dict[str, object]:
        """Identifies these pictures in a checkpoint."""
        return {"like": str(self.name("*").absolute()), "every": self.saved.step}
