"""Makes panels, each once: what is finished lies in a folder under a hash of all that it depends on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neural_style import files, images
from neural_style.errors import BrokenRunError
from neural_style.figures.judge import Judge, sha256_of
from neural_style.figures.panels import (
    InputPanel,
    Measurement,
    Panel,
    Picture,
    StyleInput,
    TransferPanel,
    TransformPanel,
    parts_of,
    within,
)
from neural_style.figures.setup import NORMALISED, Setup, sides
from neural_style.figures.transforms import TRANSFORMS
from neural_style.images import ImageSource
from neural_style.inputs import Content, Style
from neural_style.reconstruction import Reconstruction
from neural_style.runs import records
from neural_style.samples import as_rgb, sample

if TYPE_CHECKING:
    from neural_style.runs.result import Result, Step

Array = np.ndarray[Any, Any]
Progress = Callable[[str, int, float], None]
"""Auxiliary after every evaluation of a panel: which it is, how many there were, and the lowest loss."""

VERSION = 2
"""Of what is kept in the folder; another one is not read."""


class Sample(NamedTuple):
    """A picture of `neural_style.samples`, by its name; a plain text is a path."""

    name: str


class PanelBuilder:
    """A place where panels are made and kept.

    Attributes:
        setup: at what scale panels are made.
        judge: the network that looks at them.
        folder: where finished panels lie.
        made: keys of the panels that were made here and not found, in order.
    """

    def __init__(self, setup: Setup, inputs: Mapping[str, ImageSource | Sample], folder: Path) -> None:
        """
        Args:
            setup: at what scale the panels are made.
            inputs: by name: a picture, or a `Sample`.
            folder: made if need be.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be read.
        """
        self.setup, self.folder, self.judge = setup, folder, Judge(setup, folder)
        self.made: list[str] = []
        self._given = {name: _read(name, source) for name, source in inputs.items()}
        self._pictures: dict[Picture, Array] = {}
        self._keys: dict[Panel, str] = {}
        self._told: dict[Panel, dict[str, Any]] = {}

    def key(self, panel: Panel) -> str:
        """A hash of all that the panel depends on: settings, pixels of its pictures, weights, seed."""
        if panel not in self._keys:
            text = json.dumps(self._described(panel), sort_keys=True, default=str)
            self._keys[panel] = hashlib.sha256(text.encode()).hexdigest()[:24]
        return self._keys[panel]

    def make(self, panels: Iterable[Panel], progress: Progress | None = None) -> None:
        """Make all that the panels need and that is not there yet; runs of equal programs come one after another."""
        for panel in sorted(within(*panels), key=self._order()):
            if isinstance(panel, TransferPanel):
                self._paint(panel, progress)
            elif isinstance(panel, Measurement):
                self.numbers(panel)

    def picture(self, panel: Picture) -> Array:
        """A picture (H, W, 3), RGB in 0..255, made if need be."""
        if panel not in self._pictures:
            self._pictures[panel] = self._picture(panel)
        return self._pictures[panel]

    def told(self, panel: TransferPanel) -> dict[str, Any]:
        """Of a painted picture: its settings, metrics, losses, history, seconds, and the curve of its losses."""
        self._paint(panel, None)
        return self._told[panel]

    def numbers(self, panel: Measurement) -> dict[str, Any]:
        """What was counted."""
        if not self._is_kept(panel):
            from neural_style.figures.measurements import MEASUREMENTS

            started = time.perf_counter()
            values = MEASUREMENTS[panel.how](self, *panel.of, **dict(panel.settings))
            self._keep(panel, {"numbers": values, "seconds": time.perf_counter() - started})
        found: dict[str, Any] = self._told[panel]["numbers"]
        return found

    def sized(self, panel: Picture, rows: int) -> Array:
        """A picture with so many rows and columns that no pooling drops any of them."""
        picture = self.picture(panel)
        return images.resize(picture, sides(picture, rows))

    def _picture(self, panel: Picture) -> Array:
        match panel:
            case InputPanel():
                return self._given[panel.name]
            case TransformPanel():
                pictures = [self.picture(part) for part in panel.of]
                return TRANSFORMS[panel.how](*pictures, **dict(panel.settings))
            case _:
                self._paint(panel, None)  # which reads what is kept
                return self._pictures[panel]

    def _paint(self, panel: TransferPanel, progress: Progress | None) -> None:
        if self._is_kept(panel):
            return
        key, curve = self.key(panel), []

        def watch(evaluations: int, loss: float) -> None:
            curve.append(loss)
            if progress is not None:
                progress(key, evaluations, loss)

        trace: list[dict[str, float]] = []

        def judge(step: Step) -> None:
            if panel.traced:
                trace.append({"evaluations": step.evaluations, **self._metrics(panel, step.image)})

        started = time.perf_counter()
        told: dict[str, Any]
        try:
            result = self._run(panel, watch, judge)
        except BrokenRunError as error:
            if not panel.may_break:
                raise
            image, record, stopped = self._initial(panel), None, str(error)
            told = {"settings": records.plain(panel.technique), "run": records.plain(panel.run)}
        else:
            if result.stopped == "interrupted":
                raise KeyboardInterrupt
            if result.history[-1]["image_size"][0] != panel.run.levels[-1]:
                raise BrokenRunError(result.stopped)  # what was painted is too small, and no panel
            image, record, stopped = result.image, records.to_json(result.record), result.stopped
            told = {name: result.record[name] for name in ("settings", "run", "losses", "history")}
        seconds = time.perf_counter() - started
        images.write(self._file(panel, ".png"), image, record=record, overwrite=True)
        self._pictures[panel] = image
        told |= {"metrics": self._metrics(panel, image), "curve": curve, "trace": trace}
        self._keep(panel, {"technique": type(panel.technique).__name__, **told, "stopped": stopped, "seconds": seconds})
        self.made.append(key)

    def _initial(self, panel: TransferPanel) -> Array:
        """The picture that a run starts from, if it is not noise."""
        assert panel.content is not None, "only pictures with a content may break"
        initial = self.sized(panel.content, panel.run.levels[-1])
        if panel.init is not None:
            initial = images.resize(self.picture(panel.init), initial.shape[:2])
        return images.to_uint8(initial)

    def _run(self, panel: TransferPanel, watch: Callable[[int, float], None], judge: Callable[[Step], None]) -> Result:
        rows = panel.run.levels[-1]
        weights = self.judge.weights_of(panel.technique.weights, panel.technique.pooling)
        content = Content(
            None if panel.content is None else self.sized(panel.content, rows),
            label_map=None if panel.label_map is None else self._label_map(panel.label_map, rows),
        )
        settings = dict(vars(panel.run))
        if panel.init is not None:
            settings["init"] = images.resize(self.picture(panel.init), content.canvas.size)
        styles = [self._style(style, rows) for style in panel.styles]
        technique = replace(panel.technique, weights=weights)
        return technique.transfer(content, styles, progress=watch, on_step=judge, **settings)

    def _style(self, style: StyleInput, rows: int) -> Style:
        picture = self.picture(style.picture)
        if style.label_map is None:
            mask = None if style.mask is None else self.picture(style.mask)
            return Style(picture, weight=style.weight, mask=mask, scale=style.scale)
        picture = images.resize(picture, sides(self.picture(style.label_map), rows))
        return Style(picture, weight=style.weight, label_map=self._label_map(style.label_map, rows))

    def _label_map(self, panel: Picture, rows: int) -> Array:
        """A map of regions, whose colours must not be mixed."""
        picture = self.picture(panel)
        return images.resize(picture, sides(picture, rows), method="nearest")

    def _metrics(self, panel: TransferPanel, image: Array) -> dict[str, float]:
        """A picture against the pictures that it was made from."""
        content = None if panel.content is None else self.picture(panel.content)
        styles = [self.picture(style.picture) for style in panel.styles]
        if content is not None and isinstance(panel.technique, Reconstruction) and panel.technique.of == "style":
            return self.judge.measured(image, None, [content])
        return self.judge.measured(image, content, styles)

    def _described(self, panel: Panel) -> dict[str, Any]:
        """All that a panel depends on, as plain data."""
        match panel:
            case InputPanel():
                return {"pixels": sha256_of(self._given[panel.name])}
            case TransformPanel() | Measurement():
                kind = type(panel).__name__.lower()
                own = {kind: panel.how, "settings": dict(panel.settings), "of": [self.key(part) for part in panel.of]}
                return {**own, **(self._circumstances() if isinstance(panel, Measurement) else {})}
            case TransferPanel():
                inputs = {
                    "content": self._key_of(panel.content),
                    "label_map": self._key_of(panel.label_map),
                    "styles": [
                        {
                            "picture": self.key(style.picture),
                            "weight": style.weight,
                            "mask": self._key_of(style.mask),
                            "label_map": self._key_of(style.label_map),
                            "scale": style.scale,
                        }
                        for style in panel.styles
                    ],
                    "init": self._key_of(panel.init),
                    "traced": panel.traced,
                    "may_break": panel.may_break,
                }
        settings = records.plain(panel.technique)
        settings["weights"] = settings["weights"] == NORMALISED  # wherever the file lies; its hash is below
        return {
            "technique": type(panel.technique).__name__,
            "settings": settings,
            "run": records.plain(panel.run),
            **self._circumstances(),
            **inputs,
        }

    def _key_of(self, panel: Picture | None) -> str | None:
        return None if panel is None else self.key(panel)

    def _circumstances(self) -> dict[str, Any]:
        """What every panel depends on that takes work."""
        return {
            "version": VERSION,
            "library": records.library_version(),
            "weights": self.judge.fingerprint,
            "judge": self.setup.judge,
        }

    def _order(self) -> Callable[[Panel], tuple[int, ...]]:
        """Panels after what they depend on, and next to those that look through the same network at the same size."""
        depths: dict[Panel, int] = {}
        groups: dict[str, int] = {}

        def order(panel: Panel) -> tuple[int, ...]:
            if panel not in depths:
                for part in parts_of(panel):
                    order(part)
                depths[panel] = 1 + max((depths[part] for part in parts_of(panel)), default=0)
            group = ""
            if isinstance(panel, TransferPanel):
                group = repr((type(panel.technique), panel.technique.used_layers, panel.run.levels))
            return depths[panel], groups.setdefault(group, len(groups))

        return order

    def _file(self, panel: Panel, ending: str) -> Path:
        return self.folder / f"{self.key(panel)}{ending}"

    def _keep(self, panel: Panel, told: Mapping[str, Any]) -> None:
        """Write down that a panel is finished, last."""
        path = self._file(panel, ".json")
        text = json.dumps({"key": self.key(panel), **told}, default=_plain)
        with files.atomic_write(path, f'file "{path}"', overwrite=True) as file:
            file.write(text.encode())
        self._told[panel] = json.loads(text)

    def _is_kept(self, panel: TransferPanel | Measurement) -> bool:
        """Whether the panel is finished and whole in the folder, from which it is read; what is damaged is not."""
        if panel not in self._told:
            try:
                told = json.loads(self._file(panel, ".json").read_text(encoding="utf-8"))
                if told["key"] != self.key(panel) or not ("numbers" in told or "metrics" in told):
                    return False
                if isinstance(panel, TransferPanel):
                    self._pictures[panel] = images.read(self._file(panel, ".png")).rgb
            except (OSError, ValueError, KeyError, TypeError):  # a picture that cannot be read is a ValueError, too
                return False
            self._told[panel] = told
        return True


def _read(name: str, source: ImageSource | Sample) -> Array:
    if isinstance(source, Sample):
        return as_rgb(sample(source.name))
    return images.read(source, what=name).rgb


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
