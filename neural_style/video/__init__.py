"""Videos: style that follows the motion, film in and film out.

Importing this package starts no backend and needs neither PyAV nor OpenCV; its parts import them when they are used.
"""

from neural_style.video.encoding import Encoding
from neural_style.video.film import Film, FilmRun
from neural_style.video.method import FrameMethod, ShotMethod
from neural_style.video.segments import FilmProgress
from neural_style.video.settings import Coherence
from neural_style.video.transfer import transfer_video

__all__ = ["Coherence", "Encoding", "Film", "FilmProgress", "FilmRun", "FrameMethod", "ShotMethod", "transfer_video"]
