"""Feed-forward networks, which paint at once; so far the embedded one, for any painting.

The weights were trained by tools/train_painter.py and judged by tools/judge_painter.py (benchmarks/RESULTS.md).
"""

from neural_style.feedforward.painter import Painter, paint

__all__ = ["Painter", "paint"]
