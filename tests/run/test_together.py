"""Work in several threads ends with the first failure, and with an interrupt."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from callcost.run.together import together

# The signal reaches the thread that works: the main thread sleeps on.
INTERRUPTED = """
import signal, threading, time
from callcost.run.together import together

signal.signal(signal.SIGINT, signal.default_int_handler)
over = threading.Event()

def work(_):
    time.sleep(0.5)  # The main thread waits by now, or comes to it.
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    over.wait()

try:
    together(work, [1], over.set)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_results_are_in_the_order_of_the_items() -> None:
    first = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert first.wait(60)
        first.set()
        return item * item

    assert together(work, range(3)) == [0, 1, 4]
    assert together(work, []) == []


def test_the_first_failure_stops_the_others() -> None:
    over = threading.Event()

    def work(item: int) -> None:
        if item:
            raise ValueError(item)
        assert over.wait(60)

    with pytest.raises(ValueError, match="1"):
        together(work, range(2), over.set)


def test_an_interrupt_that_another_thread_receives_ends_the_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "interrupted\n", done.stderr


def test_what_has_not_begun_when_one_fails_never_does() -> None:
    over = threading.Event()
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError(item)
        assert over.wait(60)

    # One thread: it may take the second item before it is told.
    with pytest.raises(ValueError, match="0"):
        together(work, range(9), over.set, threads=1)
    assert begun in ([0], [0, 1])
