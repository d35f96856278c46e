"""Progress of long steps: a log is never silent for 10 s."""

from __future__ import annotations

import io
import threading

import pytest

from callcost.console import progress
from callcost.model.run import Progress


class Log(io.StringIO):
    """A log in which a test can wait for a line."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()

    def write(self, text: str) -> int:
        """Writes, and wakes the waiting test."""
        with self.changed:
            self.changed.notify_all()
            return super().write(text)

    def wait_for(self, words: str) -> bool:
        """Waits until some words are written; returns False after a minute."""
        with self.changed:
            return self.changed.wait_for(lambda: words in self.getvalue(), timeout=60)


def test_each_step_is_shown_once_whatever_its_numbers() -> None:
    log = Log()
    with progress.shown(log, "test", every_step=True) as report:
        for what in ("resolving", "building a", "building b", "quartet 1 of 9", "quartet 2 of 9"):
            report(Progress(0, 100, what))
        report(Progress(30, 100, "quartet 5 of 9"))
    assert log.getvalue().splitlines() == [
        "test: resolving",
        "test: building a",
        "test: building b",
        "test: quartet 1 of 9",
        "test: quartet 5 of 9",
    ]


def test_other_commands_show_each_quarter() -> None:
    log = Log()
    with progress.shown(log, "test") as report:
        for done in range(8):
            report(Progress(done, 8, f"process {done}"))
    assert log.getvalue().splitlines() == [f"test: process {n}" for n in (0, 2, 4, 6)]


def test_a_long_step_is_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0.01)
    monkeypatch.setattr(progress, "POLL_S", 0.01)
    log = Log()
    with progress.shown(log, "test") as report:
        report(Progress(0, 1, "compiling"))
        assert log.wait_for("test: compiling (0 s so far)")
    # Nothing is written once it is over.
    assert not [thread for thread in threading.enumerate() if "keep_talking" in thread.name]


def test_no_silence_lasts_ten_seconds() -> None:
    assert progress.SILENCE_S + progress.POLL_S < 9


def test_an_unwritable_log_does_not_end_the_run() -> None:
    class Gone(Log):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with progress.shown(Gone(), "test") as report:
        report(Progress(0, 1, "compiling"))
        report(Progress(1, 1, "done"))
