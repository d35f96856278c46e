"""Works on several things at the same time, in threads that an interrupt ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
WAKE_S = 0.5


def together(
    work: Callable[[Item], Made],
    items: Sequence[Item],
    stop: Callable[[], object] = lambda: None,
    threads: int | None = None,
) -> list[Made]:
    """Returns what the work makes of each item, in their order.

    If one fails, or the user interrupts, calls `stop`, which must end the others, and raises. What
    has not begun then never does.
    """
    with ThreadPoolExecutor(threads or len(items) or 1) as pool:
        try:
            futures = [pool.submit(work, item) for item in items]
            running = set(futures)
            # In steps: an interrupt that reaches another thread does not wake this one.
            while running:
                done, running = wait(running, WAKE_S, FIRST_EXCEPTION)
                for future in done:
                    future.result()
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise
