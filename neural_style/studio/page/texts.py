"""Words of the page that are not the modes' own."""

from __future__ import annotations

TITLE = "Studio"

LABELS = {
    "paint": "Paint",
    "fast": "At once",
    "network": "Several paintings",
    "inetwork": "Improved",
    "regions": "Regions",
    "doodle": "Doodle",
    "color_transfer": "Colours",
    "reconstruct": "Reconstruct",
    "video": "Film",
}
"""Short names of the modes, for their tabs."""
