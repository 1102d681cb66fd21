"""The plot of the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def plot_of(losses: Sequence[float], rows: Sequence[int]) -> str:
    """A small plot of the losses on a logarithmic scale, a curve for each size, and the fall at the present size."""
    if len(losses) < 2:
        return ""
    known = [loss for loss in losses if np.isfinite(loss) and loss > 0]
    if not known:
        return ""
    low, high = np.log(min(known)), np.log(max(known))
    points: list[str] = []
    begins = True
    for index, (loss, size) in enumerate(zip(losses, rows, strict=True)):
        begins = begins or size != rows[index - 1]
        if loss in known:
            x, y = 4 + 392 * index / (len(losses) - 1), 74 - 68 * (np.log(loss) - low) / ((high - low) or 1.0)
            points.append(f"M{x:.1f} {y:.1f} h0" if begins else f"L{x:.1f} {y:.1f}")
        begins = loss not in known
    at_size = [loss for loss, size in zip(losses, rows, strict=True) if size == rows[-1]]
    text = f"Loss after each of {len(losses)} iterations, with a curve for each size. At {rows[-1]} rows: "
    text += f"{at_size[0]:.3g}." if len(at_size) < 2 else f"from {at_size[0]:.3g} to {at_size[-1]:.3g}."
    return (
        f'<svg viewBox="0 0 400 80" preserveAspectRatio="none" role="img" aria-label="{text}">'
        f'<line x1="0" y1="79" x2="400" y2="79"/><path d="{" ".join(points)}"/></svg><p>{text}</p>'
    )
