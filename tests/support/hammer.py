"""Calls one mechanism from several threads at once, in an interpreter without a GIL.

Run as a program of that interpreter, with a JSON object as its argument. It prints a JSON object:
`gil`, whether the interpreter runs with a GIL once the mechanism is imported, and `faults`.
"""

import importlib
import importlib.util
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

THREADS = 4
CALLS = 50
# A tally counts up to 99: with so many from each thread, no number comes twice.
INCREMENTS = 24
TALLIES = 20


class Files:
    """Finds packages by their files, where the suite is not installed."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Describes a module that is one of the files."""
        file = self._files.get(name)
        return None if file is None else importlib.util.spec_from_file_location(name, file)


def in_threads(work: Callable[[], Counter[str]]) -> Counter[str]:
    """Does the same in every thread, starting together; returns what all of them counted."""
    begin = threading.Barrier(THREADS)
    counted: Counter[str] = Counter()
    lock = threading.Lock()

    def run() -> None:
        begin.wait()
        mine = work()
        with lock:
            counted.update(mine)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counted


def outcome(call: Any, view: Any, names: dict[str, Any]) -> str:
    """Evaluates a call as the workload says, and describes the outcome."""
    try:
        result = eval(call, names)
    except Exception as error:
        return f"raises {type(error).__name__}"
    return repr(eval(view, {**names, "result": result}) if view else result)


def wrong_outcomes(workload: dict[str, Any]) -> list[str]:
    """Makes the call of a workload in all threads, with what one set-up has made."""
    names: dict[str, Any] = {}
    exec(workload["setup"], names)
    call = compile(workload["call"], "<call>", "eval")
    view = compile(workload["view"], "<view>", "eval") if workload["view"] else None
    wanted = outcome(call, view, names)
    # None of these calls changes what another would return.
    counted = in_threads(lambda: Counter(outcome(call, view, names) for _ in range(CALLS)))
    return [f"{workload['name']}: {found}" for found in counted if found != wanted]


def lost_counts(tally: Any) -> list[str]:
    """Counts in all threads with one new tally; reports numbers that did not come exactly once."""

    def count() -> Counter[str]:
        try:
            return Counter(str(tally.increment()) for _ in range(INCREMENTS))
        except Exception as error:
            return Counter([f"raises {type(error).__name__}"])

    counted = in_threads(count)
    wanted = Counter(str(number) for number in range(1, THREADS * INCREMENTS + 1))
    wrong = {
        number: counted[number] for number in sorted({*counted, *wanted}) if counted[number] != 1
    }
    return [f"Tally.increment: {wrong}"] if wrong else []


def main() -> None:
    """Does what the argument says."""
    job = json.loads(sys.argv[1])
    sys.meta_path.append(Files(job["files"]))
    module = importlib.import_module(job["module"])
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    faults = []
    if not gil or job["anyway"]:
        faults = [fault for workload in job["workloads"] for fault in wrong_outcomes(workload)]
        if job["tally"]:
            faults += [fault for _ in range(TALLIES) for fault in lost_counts(module.Tally(0))]
    print(json.dumps({"gil": gil, "faults": faults}))


if __name__ == "__main__":
    main()
