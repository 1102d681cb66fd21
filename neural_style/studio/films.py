"""Films of the studio: frames are shown as they are painted, and a film that was stopped is painted on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from neural_style.errors import InvalidInputError
from neural_style.feedforward.fast_run import FastRun
from neural_style.runs.result import Result
from neural_style.studio.job_folder import FILM
from neural_style.studio.limits import Limits
from neural_style.studio.pictures import styles_of
from neural_style.studio.progress import Array, Execution, Progress, Watch
from neural_style.studio.request import Request
from neural_style.validation import check_count
from neural_style.video.clip import is_sequence, open_clip
from neural_style.video.encoding import Encoding, FilmFormat
from neural_style.video.film import PREVIEW, FilmRun
from neural_style.video.method import FrameMethod
from neural_style.video.segments import FilmProgress
from neural_style.video.transfer import fast_method


class FilmPainting(Execution):
    """A film by the embedded painter.

    Its work folder lies in the folder of the job, and what is finished of a film that is stopped is a film, too.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        names = ("strength", "preserve_color", "tile", "seed")
        self.settings: dict[str, Any] = {name: request.value(name) for name in names}
        FastRun(**self.settings)
        self.encoding = Encoding(crf=request.value("crf"))

    def check(self, limits: Limits) -> None:
        for name in ("work_size", "segment"):
            check_count(name, self.request.value(name), at_least=1)
        if not 0 <= self.request.value("blend") < 1:
            raise InvalidInputError(f"blend must be from 0 to below 1, received {self.request.value('blend'):g}")
        if is_sequence(self._clip):
            raise InvalidInputError(f'"{self._clip.name}" has the name of a sequence of pictures: rename the film')
        clip = open_clip(self._clip)
        limits.check_result(*clip.size, what="a frame has")
        FilmFormat.of(clip, Path(FILM), self.encoding)
        for style in styles_of(self.request):
            style.read()

    def execute(self, watch: Watch) -> Result | None:
        out = watch.folder / FILM
        out.unlink(missing_ok=True)  # the part of a film that is painted on
        run = FilmRun(
            self._clip,
            out,
            self.encoding,
            segment=self.request.value("segment"),
            seconds=PREVIEW if self.request.value("preview") else None,
            resume=True,
            keeps=True,
            sound=not self.request.value("silent"),
        )
        watch.advance(Progress(of=run.total or 0))
        made = fast_method(styles_of(self.request), blend=self.request.value("blend"), **self.settings)
        made = made.at_rows(self.request.value("work_size"))

        def advance(progress: FilmProgress) -> None:
            of = max(progress.total or 0, progress.done)
            watch.advance(Progress(progress.done, of, progress.done / of))

        run.execute(_Shown(cast(FrameMethod, made.method), watch), settings=made.identity, progress=advance)
        return None

    @property
    def _clip(self) -> Path:
        return cast(Path, self.request.file("clip"))


class _Shown(FrameMethod):
    """A method whose frames are shown to a watch."""

    def __init__(self, method: FrameMethod, watch: Watch) -> None:
        self._method, self._watch = method, watch

    def transfer(self, frame: Array) -> Array:
        painted = self._method.transfer(frame)
        self._watch.show(painted, is_result=False)
        return painted

    def state(self) -> dict[str, Array]:
        return self._method.state()

    def load_state(self, state: Mapping[str, Array]) -> None:
        self._method.load_state(state)
