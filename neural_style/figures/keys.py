"""Keys of panels: a hash of everything that a panel depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from neural_style.figures.balance import SEARCH
from neural_style.figures.judge import Judge
from neural_style.figures.panels import (
    InputPanel,
    Measurement,
    Panel,
    Picture,
    StyleInput,
    TransferPanel,
    TransformPanel,
)
from neural_style.figures.setup import NORMALISED
from neural_style.runs import records

VERSION = 4
"""Format of the stored panels; panels of another version are made again."""


class Keys:
    """The keys of the panels of a figure.

    Attributes:
        inputs: hash of the pixels of each input picture, by its name.
    """

    def __init__(self, inputs: Mapping[str, str], judge: Judge) -> None:
        self.inputs, self._judge = inputs, judge
        self._keys: dict[Panel, str] = {}

    def of(self, panel: Panel) -> str:
        """The key of a panel: its settings, input pixels, weights and seed."""
        if panel not in self._keys:
            text = json.dumps(self._identity(panel), sort_keys=True, default=str)
            self._keys[panel] = hashlib.sha256(text.encode()).hexdigest()[:24]
        return self._keys[panel]

    def _identity(self, panel: Panel) -> dict[str, Any]:
        """Everything a panel depends on, as plain data."""
        match panel:
            case InputPanel():
                return {"pixels": self.inputs[panel.name]}
            case TransformPanel() | Measurement():
                return {
                    "function": panel.function,
                    "settings": dict(panel.settings),
                    "pictures": [self.of(part) for part in panel.pictures],
                    **(self._environment() if isinstance(panel, Measurement) else {}),
                }
            case TransferPanel():
                settings = records.plain(panel.technique)
                # Not the path of the normalised weights: it varies, and the hash of their source is in `_environment`.
                settings["weights"] = settings["weights"] == NORMALISED
                return {
                    "technique": type(panel.technique).__name__,
                    "settings": settings,
                    "run": records.plain(panel.run),
                    "content": self._key_of(panel.content),
                    "label_map": self._key_of(panel.label_map),
                    "styles": [self._style_identity(style) for style in panel.styles],
                    "init": self._key_of(panel.init),
                    "content_like": panel.content_like and [self._key_of(panel.content_like), SEARCH],
                    "may_break": panel.may_break,
                    **self._environment(),
                }

    def _style_identity(self, style: StyleInput) -> dict[str, Any]:
        return {
            "picture": self.of(style.picture),
            "weight": style.weight,
            "mask": self._key_of(style.mask),
            "label_map": self._key_of(style.label_map),
            "scale": style.scale,
        }

    def _key_of(self, panel: Picture | None) -> str | None:
        return None if panel is None else self.of(panel)

    def _environment(self) -> dict[str, Any]:
        """The dependencies that all painted pictures and measurements share."""
        return {
            "version": VERSION,
            "library": records.library_version(),
            "weights": self._judge.fingerprint,
            "metric_layers": self._judge.setup.metric_layers,
        }
