"""Makes panels, each once, and stores them in a folder under a hash of everything they depend on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neural_style import files, images, interruption
from neural_style.errors import BrokenRunError
from neural_style.figures.balance import balanced_weight
from neural_style.figures.claims import claimed, content_error_in
from neural_style.figures.convergence import shift_ratios, style_error_by_evaluations
from neural_style.figures.judge import Judge, sha256_of
from neural_style.figures.keys import Keys
from neural_style.figures.measurements import MEASUREMENTS
from neural_style.figures.panels import (
    InputPanel,
    Measurement,
    Panel,
    Picture,
    StyleInput,
    TransferPanel,
    TransformPanel,
    dependencies,
    in_order,
)
from neural_style.figures.setup import Setup, size_at
from neural_style.figures.transforms import TRANSFORMS
from neural_style.images import ImageSource
from neural_style.inputs import Content, Style
from neural_style.network import TransferTechnique
from neural_style.reconstruction import Reconstruction
from neural_style.runs import records
from neural_style.samples import as_rgb, sample

if TYPE_CHECKING:
    from neural_style.runs.result import Result

Array = np.ndarray[Any, Any]
Progress = Callable[[str, int, float], None]
"""Called after every evaluation of a panel with its key, the number of its evaluations and the loss of the
picture kept so far."""

FUNCTIONS = MEASUREMENTS | {each.__name__: each for each in (claimed, shift_ratios, style_error_by_evaluations)}
"""What a `Measurement` may name."""


class Sample(NamedTuple):
    """A picture of `neural_style.samples` by its name; a plain string is a path."""

    name: str


class Outcome(NamedTuple):
    """A finished run: picture, record for its file, and report with metrics and loss curve."""

    image: Array
    record: str | None
    report: dict[str, Any]


class PanelBuilder:
    """Makes the panels of figures and stores them.

    Attributes:
        setup: scale and network.
        judge: the network that measures panels.
        folder: folder of the finished panels.
        keys: by which they are stored.
        made: keys of the panels made by this builder rather than read from the folder, in order.
    """

    def __init__(self, setup: Setup, inputs: Mapping[str, ImageSource | Sample], folder: Path) -> None:
        """
        Args:
            setup: scale and network.
            inputs: pictures by name, each an image or a `Sample`.
            folder: created if it does not exist.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be read, or the folder cannot be written.
        """
        self.setup, self.folder, self.judge = setup, folder, Judge(setup, folder)
        self.made: list[str] = []
        self._inputs = {name: _read(name, source) for name, source in inputs.items()}
        self._pictures: dict[Picture, Array] = {}
        self.keys = Keys({name: sha256_of(picture) for name, picture in self._inputs.items()}, self.judge)
        self._reports: dict[Panel, dict[str, Any]] = {}
        files.check_place(folder / "made.json", f'folder "{folder}"', overwrite=True)
        files.remove_leftovers(folder)

    def key(self, panel: Panel) -> str:
        """A hash of everything the panel depends on: settings, input pixels, weights, seed."""
        return self.keys.of(panel)

    def make(self, panels: Iterable[Panel], progress: Progress | None = None) -> None:
        """Make the panels and their dependencies, except those in the folder; runs with equal programs are adjacent."""
        for panel in sorted(in_order(*panels), key=self._order()):
            if isinstance(panel, TransferPanel):
                self._paint(panel, progress)
            elif isinstance(panel, Measurement):
                self.numbers(panel)

    def picture(self, panel: Picture) -> Array:
        """A picture (H, W, 3), RGB in 0..255; made if necessary."""
        if panel not in self._pictures:
            self._pictures[panel] = self._picture(panel)
        return self._pictures[panel]

    def report(self, panel: TransferPanel) -> dict[str, Any]:
        """Settings, metrics, losses, history, seconds and loss curve of a painted picture."""
        self._paint(panel, None)
        return self._reports[panel]

    def numbers(self, panel: Measurement) -> dict[str, Any]:
        """The result of a measurement."""
        if not self.is_stored(panel):
            started = time.perf_counter()
            values = FUNCTIONS[panel.function](self, *panel.pictures, **dict(panel.settings))
            self._store(panel, {"numbers": values, "seconds": time.perf_counter() - started})
        found: dict[str, Any] = self._reports[panel]["numbers"]
        return found

    def accept(self, panel: TransferPanel, made: Mapping[str, bytes]) -> None:
        """Store the files of a panel that another process has painted, the report last."""
        for name, content in made.items():
            path = self.folder / name
            with files.atomic_write(path, f'file "{path}"', overwrite=True) as file:
                file.write(content)
        self.made.append(self.key(panel))

    def take(self, picture: Picture, pixels: Array, report: dict[str, Any] | None) -> None:
        """Use a picture that another process has read or made, (H, W, 3), and its report if it is painted."""
        self._pictures[picture] = pixels
        if isinstance(picture, TransferPanel) and report is not None:
            self._reports[picture] = report

    def picture_at(self, panel: Picture, rows: int) -> Array:
        """A picture at a number of rows, with columns from which no pooling drops any."""
        picture = self.picture(panel)
        return images.resize(picture, size_at(picture, rows))

    def _picture(self, panel: Picture) -> Array:
        match panel:
            case InputPanel():
                return self._inputs[panel.name]
            case TransformPanel():
                pictures = [self.picture(part) for part in panel.pictures]
                return TRANSFORMS[panel.function](*pictures, **dict(panel.settings))
            case _:
                self._paint(panel, None)  # which also reads a stored panel
                return self._pictures[panel]

    def _paint(self, panel: TransferPanel, progress: Progress | None) -> None:
        if self.is_stored(panel):
            return
        started = time.perf_counter()
        outcome = self._outcome(panel, progress) if panel.content_like is None else self._balanced(panel, progress)
        report = {"technique": type(panel.technique).__name__, **outcome.report}
        with interruption.held():
            images.write(self._file(panel, ".png"), outcome.image, record=outcome.record, overwrite=True)
            self._pictures[panel] = outcome.image
            self._store(panel, {**report, "seconds": time.perf_counter() - started})
            self.made.append(self.key(panel))

    def _balanced(self, panel: TransferPanel, progress: Progress | None) -> Outcome:
        """The run whose content error is that of `content_like`, or comes closest to it."""
        assert panel.content_like is not None, "a balanced picture has another to be like"
        first = panel.technique
        assert isinstance(first, TransferTechnique), "only transfers have a content weight"
        wanted = content_error_in(self.report(panel.content_like)["metrics"])
        outcomes: dict[float, Outcome] = {}

        def error_at(weight: float) -> float:
            technique = replace(first, content_weight=weight)
            outcomes[weight] = self._outcome(replace(panel, technique=technique), progress)
            return content_error_in(outcomes[weight].report["metrics"])

        return outcomes[balanced_weight(error_at, wanted, first.transfer_loss.content_weight)]

    def _outcome(self, panel: TransferPanel, progress: Progress | None) -> Outcome:
        """The panel's run, with the technique as it is."""
        key = self.key(panel)
        curve: list[float] = []

        def on_evaluation(evaluations: int, loss: float) -> None:
            curve.append(loss)
            if progress is not None:
                progress(key, evaluations, loss)

        try:
            result = self._run(panel, on_evaluation)
        except BrokenRunError as error:
            if not panel.may_break:
                raise
            image, record, stopped = self._initial(panel), None, str(error)
            report = {"settings": records.plain(panel.technique), "run": records.plain(panel.run)}
        else:
            if result.is_interrupted:
                raise KeyboardInterrupt
            if result.error is not None:
                raise result.error
            if result.history[-1]["image_size"][0] != panel.run.levels[-1]:
                raise BrokenRunError(result.stopped)  # a picture of a smaller size is no panel
            image, record, stopped = result.image, records.to_json(result.record), result.stopped
            report = {name: result.record[name] for name in ("settings", "run", "losses", "history")}
        metrics = self._metrics(panel, image)
        return Outcome(image, record, {**report, "stopped": stopped, "metrics": metrics, "curve": curve})

    def _initial(self, panel: TransferPanel) -> Array:
        """The initial picture of a run that does not start from noise."""
        assert panel.content is not None, "only pictures with a content may break"
        initial = self.picture_at(panel.content, panel.run.levels[-1])
        if panel.init is not None:
            initial = images.resize(self.picture(panel.init), initial.shape[:2])
        return images.to_uint8(initial)

    def _run(self, panel: TransferPanel, on_evaluation: Callable[[int, float], None]) -> Result:
        rows = panel.run.levels[-1]
        weights = self.judge.weights_for(panel.technique.weights, panel.technique.pooling)
        content = Content(
            None if panel.content is None else self.picture_at(panel.content, rows),
            label_map=None if panel.label_map is None else self._label_map(panel.label_map, rows),
        )
        settings = dict(vars(panel.run))
        if panel.init is not None:
            settings["init"] = images.resize(self.picture(panel.init), content.canvas.size)
        styles = [self._style(style, rows) for style in panel.styles]
        technique = replace(panel.technique, weights=weights)
        return technique.transfer(content, styles, progress=on_evaluation, **settings)

    def _style(self, style: StyleInput, rows: int) -> Style:
        picture = self.picture(style.picture)
        if style.label_map is None:
            mask = None if style.mask is None else self.picture(style.mask)
            return Style(picture, weight=style.weight, mask=mask, scale=style.scale)
        picture = images.resize(picture, size_at(self.picture(style.label_map), rows))
        return Style(picture, weight=style.weight, label_map=self._label_map(style.label_map, rows))

    def _label_map(self, panel: Picture, rows: int) -> Array:
        """A label map at a number of rows; `nearest` mixes no colours."""
        picture = self.picture(panel)
        return images.resize(picture, size_at(picture, rows), method="nearest")

    def _metrics(self, panel: TransferPanel, image: Array) -> dict[str, float]:
        """Metrics of a picture against its content and styles."""
        content = None if panel.content is None else self.picture(panel.content)
        styles = [self.picture(style.picture) for style in panel.styles]
        if content is not None and isinstance(panel.technique, Reconstruction) and panel.technique.of == "style":
            return self.judge.metrics(image, None, [content])
        return self.judge.metrics(image, content, styles)

    def _order(self) -> Callable[[Panel], tuple[int, ...]]:
        """A sort key: panels after their dependencies, and next to those with the same network and size."""
        depths: dict[Panel, int] = {}
        groups: dict[str, int] = {}

        def order(panel: Panel) -> tuple[int, ...]:
            if panel not in depths:
                for part in dependencies(panel):
                    order(part)
                depths[panel] = 1 + max((depths[part] for part in dependencies(panel)), default=0)
            group = ""
            if isinstance(panel, TransferPanel):
                group = repr((type(panel.technique), panel.technique.used_layers, panel.run.levels))
            return depths[panel], groups.setdefault(group, len(groups))

        return order

    def _file(self, panel: Panel, suffix: str) -> Path:
        return self.folder / f"{self.key(panel)}{suffix}"

    def _store(self, panel: Panel, report: Mapping[str, Any]) -> None:
        """Write the report of a panel; it comes last and marks the panel as finished."""
        path = self._file(panel, ".json")
        text = json.dumps({"key": self.key(panel), **report}, default=_plain)
        with files.atomic_write(path, f'file "{path}"', overwrite=True) as file:
            file.write(text.encode())
        self._reports[panel] = json.loads(text)

    def is_stored(self, panel: TransferPanel | Measurement) -> bool:
        """Whether the panel is finished; reads it from the folder. A damaged panel is not."""
        if panel not in self._reports:
            try:
                report = json.loads(self._file(panel, ".json").read_text(encoding="utf-8"))
                if report["key"] != self.key(panel) or not ("numbers" in report or "metrics" in report):
                    return False
                if isinstance(panel, TransferPanel):
                    self._pictures[panel] = images.read(self._file(panel, ".png")).rgb
            except (OSError, ValueError, KeyError, TypeError):  # a picture that cannot be read is a ValueError, too
                return False
            self._reports[panel] = report
        return True


def _read(name: str, source: ImageSource | Sample) -> Array:
    if isinstance(source, Sample):
        return as_rgb(sample(source.name))
    return images.read(source, what=name).rgb


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
