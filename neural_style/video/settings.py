"""Settings of the coherence of a film."""

from __future__ import annotations

from dataclasses import dataclass

from neural_style.errors import InvalidInputError
from neural_style.validation import check_count, check_weight, documented, setting
from neural_style.video.flow import Flow


@documented
@dataclass(frozen=True, kw_only=True)
class Coherence:
    """How the frames of a video are held together.

    Raises:
        InvalidInputError: by the constructor, where a value is impossible.
    """

    temporal_weight: float = setting(
        1.0,
        "gamma: at 1, a difference of 10 grey levels from the last frame costs as much as the loss of the first frame; "
        "0 leaves the warped start alone.",
    )
    next_iterations: int = setting(
        3, "iterations of every frame but the first of a shot; one is 20 evaluations of the loss."
    )
    history: tuple[int, ...] = setting(
        (1,),
        "frames back that a frame is compared with: 1 2 4 also finds again what was hidden for three frames, at two "
        "estimates of the flow for each.",
    )
    hold_colors: bool = setting(
        True, "hold the mean colour of what can be followed, unless that of the video changes: against drift."
    )
    flow: str | Flow = setting("dis", "optical flow: `dis`, or a function of two frames.")
    passes: int = setting(
        1,
        "passes over each shot, forward and backward in turn, which share `next_iterations`; the frames of a shot are "
        "kept on disk, in 15 bytes a pixel. 1 paints each frame once.",
    )

    def __post_init__(self) -> None:
        check_weight("temporal_weight", self.temporal_weight)
        check_count("next_iterations", self.next_iterations, at_least=1)
        check_count("passes", self.passes, at_least=1)
        object.__setattr__(self, "history", tuple(self.history))
        for back in self.history:
            check_count("each of history", back, at_least=1)
        if list(self.history) != sorted(set(self.history)) or self.history[:1] != (1,):
            raise InvalidInputError(f"history must begin with 1 and grow, such as (1, 2, 4), received {self.history}")

    def iterations(self, turn: int) -> int:
        """The share of a pass, counted from 1, of `next_iterations`: as equal as can be, and at least 1.

        Example:
            >>> from neural_style.video import Coherence
            >>> [Coherence(next_iterations=5, passes=3).iterations(turn) for turn in (1, 2, 3)]
            [2, 2, 1]
        """
        share, rest = divmod(self.next_iterations, self.passes)
        return max(1, share + (turn <= rest))
