"""Metrics of finished pictures: distance from content and styles, noise, and clipping; of clips: flicker and drift.

`measure` takes pictures and computes all metrics, `judge` compares pictures by any tools; the others are functions of
arrays.
"""

from neural_style.metrics.clip_metrics import drift, warping_error
from neural_style.metrics.feature_distances import (
    relative_content_error,
    relative_gram_error,
    relative_sliced_wasserstein_distance,
    sliced_wasserstein_distance,
)
from neural_style.metrics.judgement import Judgement, judge
from neural_style.metrics.measurement import measure
from neural_style.metrics.pixel_metrics import SSIM_WINDOW, clipped_share, structural_similarity, total_variation

__all__ = [
    "SSIM_WINDOW",
    "Judgement",
    "clipped_share",
    "drift",
    "judge",
    "measure",
    "relative_content_error",
    "relative_gram_error",
    "relative_sliced_wasserstein_distance",
    "sliced_wasserstein_distance",
    "structural_similarity",
    "total_variation",
    "warping_error",
]
