"""The process of a task: its device, and its threads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """Settings of a process before its first operation.

    The last bits of TensorFlow's longest sums depend on the number of its threads, and an optimisation magnifies them.
    Pictures of a folder or a sheet are independent, and speed decides: a process has as many threads as cores, and one
    under Ray, since 16 threads on one core take up to 75 % more processor time than one. They equal those of a
    single process where both have the same number, such as TF_NUM_INTRAOP_THREADS=1. Shots of a film and panels of a
    figure are parts of one result, which is to be that of a single process: they have its number, by `like_this`.

    Attributes:
        device: as in `neural_style.backend.choose_device`; None leaves it as it is.
        threads: of TensorFlow's operations; None for as many as the process has cores, or the
            environment names.
    """

    device: str | None = None
    threads: int | None = None

    @classmethod
    def like_this(cls, device: str | None) -> Process:
        """A process with as many threads as this one."""
        from neural_style import backend

        return cls(device, backend.thread_count())

    def take(self) -> None:
        """Bring these settings to the process that runs this.

        Raises:
            InvalidInputError: it has no such device.
        """
        from neural_style import backend

        backend.own_process(self.device, self.threads)
