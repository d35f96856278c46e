"""Runs commands on a machine that refuses: `python faults.py INPUTS < CASES > OUTCOMES`.

A process of its own imports everything once, and forks for each case: that takes a moment where
an interpreter would take a second. The fork puts everything in order as Python does when it
begins, with the fault already there, and ends as Python does. A case is {"arguments", "fault",
"folder"}, an outcome {"code", "out", "err"}.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from callcost import cli
from callcost.benchmarks.publish import publishing
from callcost.benchmarks.site import command as report_command
from callcost.commands import calibrate
from callcost.commands.calibrate import Calibration
from callcost.console import streams
from callcost.estimate import record
from callcost.explain import chart, flow, records
from callcost.history import runs, show, store
from callcost.model.delays import Delays, Point
from callcost.model.interval import Interval
from callcost.model.run import Run

LIMIT_S = 60
PIPE_BYTES = 4096
MISSING = "missing"
# Imported only so that no fork has to do it.
IMPORTED = (chart, report_command, runs, show, store)
with contextlib.suppress(ImportError):
    import duckdb  # noqa: F401


def without(fd: int) -> Callable[[], None]:
    return lambda: os.close(fd)


def opened(fd: int, path: str, flags: int) -> Callable[[], None]:
    def apply() -> None:
        opened = os.open(path, flags)
        os.dup2(opened, fd)
        os.close(opened)

    return apply


def read_by_nobody(fd: int) -> Callable[[], None]:
    def apply() -> None:
        reading, writing = os.pipe()
        os.dup2(writing, fd)
        os.close(reading)
        os.close(writing)

    return apply


def lose_folder() -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    Path(folder).rmdir()


def fill_disk() -> None:
    """No file may have a byte; Python ignores the signal, and sees an error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def lose_temporary_folder() -> None:
    tempfile.tempdir = "/proc/no-such-folder"


def lose_home() -> None:
    os.environ["HOME"] = "/proc/no-such-home"
    os.environ["XDG_CACHE_HOME"] = "/proc/no-such-cache"
    del os.environ["CALLCOST_CACHE"]


def interrupt_output() -> None:
    """Ctrl-C at the first byte that is written."""
    write = streams.Guarded.write

    def interrupted(*_: object) -> int:
        streams.Guarded.write = write  # type: ignore[method-assign]
        signal.raise_signal(signal.SIGINT)
        return 0

    streams.Guarded.write = interrupted  # type: ignore[assignment]


FAULTS: dict[str, Callable[[], None]] = {
    "none": lambda: None,
    "output closed": without(1),
    "output to /dev/full": opened(1, "/dev/full", os.O_WRONLY),
    "output to what is read only": opened(1, os.devnull, os.O_RDONLY),
    "output read by nobody": read_by_nobody(1),
    "output read for a byte": lambda: None,
    "errors closed": without(2),
    "errors to /dev/full": opened(2, "/dev/full", os.O_WRONLY),
    "errors read by nobody": read_by_nobody(2),
    "input closed": without(0),
    "everything closed": lambda: os.closerange(0, 3),
    "ASCII terminal": lambda: None,
    "lost folder": lose_folder,
    "full disk": fill_disk,
    "lost temporary folder": lose_temporary_folder,
    "lost home": lose_home,
    "interrupt": interrupt_output,
}


def begin(fault: str) -> None:
    """Opens the streams, as Python does, and applies the fault."""
    FAULTS[fault]()
    encoding = "ascii" if fault == "ASCII terminal" else "utf-8"
    for fd, name in ((1, "stdout"), (2, "stderr")):
        try:
            os.fstat(fd)
        except OSError:
            stream = None
        else:
            errors = "strict" if fd == 1 else "backslashreplace"
            stream = open(fd, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def end(arguments: list[str]) -> int:
    """Runs the command; returns the exit code that Python ends with."""
    try:
        cli.main(arguments, prog_name="callcost")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        code = 1
        with contextlib.suppress(Exception):
            traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except Exception:
            code = 120
    return code


def run(case: Mapping[str, Any]) -> dict[str, Any]:
    """Forks for a case, and reads what it writes."""
    outputs = [os.pipe(), os.pipe()]
    leaves = case["fault"] == "output read for a byte"
    if leaves and hasattr(__import__("fcntl"), "F_SETPIPE_SZ"):
        import fcntl

        fcntl.fcntl(outputs[0][1], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    pid = os.fork()
    if not pid:
        signal.alarm(LIMIT_S)
        for fd, (_, writing) in enumerate(outputs, 1):
            os.dup2(writing, fd)
        for pair in outputs:
            for each in pair:
                os.close(each)
        code = 1
        try:
            os.chdir(case["folder"])
            begin(case["fault"])
            code = end(case["arguments"])
        finally:
            os._exit(code)
    for _, writing in outputs:
        os.close(writing)
    out, err = _read([reading for reading, _ in outputs], 1 if leaves else None)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"code": status, "out": out, "err": err}


def _read(files: list[int], limit: int | None) -> list[str]:
    found = dict.fromkeys(files, b"")
    with selectors.DefaultSelector() as selector:
        for fd in files:
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, limit or 1 << 16)
                found[key.fd] += chunk
                if not chunk or (limit and key.fd == files[0]):
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [text.decode(errors="replace") for text in found.values()]


def calibration(run: Run) -> Calibration:
    """What a calibration may have found."""
    known = Interval(1.0, 0.99, 1.01)
    points = [Point(20.0, known, True), Point(50.0, known, True)]
    return Calibration(Delays(known, known, points), known, 0.004, 0.01, 40.0, 30.0, run)


def main() -> None:
    """Answers all cases of standard input."""
    inputs = Path(sys.argv[1])
    # A process in a shell's background ignores SIGINT, and so would the forks.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The slow steps return known results; everything else is the command's own code.
    explanation = records.read(inputs / "explain.json")
    found = calibration(record.Record.load(inputs / "run.json").run)
    flow.explain = lambda *_: explanation
    calibrate.calibrate = lambda *_: found
    publishing.publish = lambda record: [Path("README.md")]
    print(json.dumps([run(case) for case in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
