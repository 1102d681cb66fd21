"""Videos: style that follows the motion, film in and film out.

Importing this package starts no backend and needs neither PyAV nor OpenCV; its parts import them when they are used.
"""

from neural_style.video.encoding import Encoding
from neural_style.video.film import Film, FilmProgress, FilmRun
from neural_style.video.method import FrameMethod
from neural_style.video.optimised import Coherence
from neural_style.video.transfer import transfer_video

__all__ = ["Coherence", "Encoding", "Film", "FilmProgress", "FilmRun", "FrameMethod", "transfer_video"]
