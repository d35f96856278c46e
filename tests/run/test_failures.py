"""Whatever a contender does, the run names it in one clear message and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import small_suites
from processes import MARK, few_files, marked_processes, wait_until

TIMEOUT_S = 600
# Long enough to start an interpreter on a busy machine, and a program's share of it.
SILENCE_S = 16
PROGRAM_S = 14.5
SEGFAULT = "import ctypes\nread = ctypes.string_at"
LATE = """
import ctypes
calls = 0
def late():
    global calls
    calls += 1
    if calls > 3:
        {deed}
"""
BAD = {
    "wrong value": ("def get_pi():\n    return 3", "get_pi()", "3.14"),
    "wrong type": ("def zero():\n    return False", "zero()", "0"),
    "raises": ("", "1 // 0", "0"),
    "setup raises": ("import no_such_module", "None", "None"),
    "crashes": (SEGFAULT, "read(0)", "b''"),
    "crashes late": (LATE.format(deed="ctypes.string_at(0)"), "late()", "None"),
    "raises late": (LATE.format(deed="raise ValueError('enough')"), "late()", "None"),
    "hangs": ("from time import sleep", "sleep(600)", "None"),
    "prints": ("", "print('hello')", "None"),
    "prints late": ("import os\n" + LATE.format(deed="os.write(1, b'late')"), "late()", "None"),
    "prints in C": ("import ctypes\nputs = ctypes.CDLL(None).puts", "puts(b'hello')", "6"),
    "garbage": (
        "import os\ndef garbage():\n    for fd in range(3, 256):\n        try:\n"
        "            os.write(fd, b'garbage\\n')\n        except OSError:\n            pass",
        "garbage()",
        "None",
    ),
    "starts a process": ("import subprocess", "subprocess.run(['sleep', '600'])", "None"),
    "exits": ("import sys", "sys.exit(3)", "None"),
    "exits at once": ("import os", "os._exit(0)", "None"),
    "turns wrong": (LATE.format(deed="return 1"), "late()", "None"),
    "traces and fails": ("import sys\nsys.settrace(lambda *_: None)\n1 // 0", "None", "None"),
    "replaces a builtin": ("import builtins\nbuiltins.abs = lambda n: 1", "abs(1)", "1"),
    "collects": ("import gc", "gc.enable()", "None"),
    "forks": ("import os\nos.fork()", "None", "None"),
    "forks in the call": ("import os", "os.fork() and None", "None"),
    "forks in C": ("import ctypes\nfork = ctypes.CDLL(None).fork", "fork() and None", "None"),
    "closes everything": ("import os\nos.closerange(3, 1000)", "None", "None"),
    "starts a thread": (
        "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))",
        "1",
        "1",
    ),
    "speaks in colours": ("text = '\\x1b[31m' * 10**6", "text", "''"),
}
SAID = {
    "wrong value": "wrong answer: get_pi() returned 3 (int), expected 3.14 (float)",
    "wrong type": "wrong answer: zero() returned False (bool), expected 0 (int)",
    "raises": "call failed: 1 // 0 raised ZeroDivisionError",
    "setup raises": "setup failed: its set-up raised ModuleNotFoundError",
    "crashes": "crash: its worker died of SIGSEGV",
    "crashes late": "crash: its worker died of SIGSEGV",
    "raises late": "ValueError: enough",
    "hangs": f"hang: it did not return within {SILENCE_S} s",
    "prints": "garbage: print('hello') wrote to standard output",
    "prints late": "garbage: after it was timed, late() wrote to standard output",
    "prints in C": "garbage: puts(b'hello') wrote to standard output",
    "garbage": "garbage: a call made its worker answer b'garbage'",
    "starts a process": f"hang: it did not return within {SILENCE_S} s",
    "exits": "crash: its worker ended with exit code 3",
    "exits at once": "crash: its worker ended with exit code 0",
    "turns wrong": "wrong answer: after it was timed, late() returned 1 (int), expected None",
    "traces and fails": "setup failed: its set-up raised ZeroDivisionError",
    "replaces a builtin": "interference: it changed the builtin functions, which affects all",
    "collects": "interference: it changed the garbage collector, which affects all others",
    "forks": "the number of forks, which affects all others",
    "forks in the call": "the number of forks, which affects all others",
    "forks in C": "interference: it changed the child processes, which affects all others",
    "closes everything": "it closed the pipe on which its worker answers",
    "starts a thread": "interference: it changed the threads, which affects all others",
    "speaks in colours": "(8,000,002 characters) (str), expected '' (str)",
}


NOT_THERE = "is not there"
ANSWER = "print(answer(turns), flush=True)"
# What a program may do wrong: text of a good program, and its replacement.
BAD_PROGRAMS = {
    "crashes": ("print(3, flush=True)", "os.kill(os.getpid(), signal.SIGSEGV)"),
    "crashes late": (ANSWER, "os.kill(os.getpid(), signal.SIGSEGV)"),
    "exits": ("print(3, flush=True)", "sys.exit('it may not')"),
    "exits late": (ANSWER, f"{ANSWER}; asked < 9 or sys.exit('enough')"),
    "hangs": ("print(3, flush=True)", "time.sleep(600)"),
    "hangs late": (ANSWER, "time.sleep(600)"),
    "closes its output": (ANSWER, "os.close(1); time.sleep(600)"),
    "wrong value": ("print(3, flush=True)", "print(4, flush=True)"),
    "garbage": ("print(3, flush=True)", "print('three', flush=True)"),
    "garbage late": (ANSWER, "print('fast', flush=True)"),
    "floods": (ANSWER, "print('1' * 10_000, end='', flush=True)"),
    "says more": (ANSWER, f"{ANSWER}; print('and more', flush=True)"),
    "takes no time": (ANSWER, "print('0 0', flush=True)"),
    "counts in other units": (ANSWER, "print('100000000000 1', flush=True)"),
}
SAID_OF_PROGRAMS = {
    "crashes": "crash: its program died of SIGSEGV",
    "crashes late": "crash: its program died of SIGSEGV",
    "exits": "setup failed: its program ended with exit code 1: it may not",
    "exits late": "crash: its program ended with exit code 1: enough",
    "hangs": f"hang: its program did not answer within {PROGRAM_S:g} s: it must",
    "hangs late": f"hang: its program did not answer within {PROGRAM_S:g} s: it must",
    "closes its output": "hang: its program closed its output but kept running",
    NOT_THERE: "setup failed: cannot start its program: No such file or directory",
    "wrong value": "wrong answer: abs(n) returned 4 in its program, expected 3",
    "garbage": "garbage: its program answered b'three",
    "garbage late": "garbage: its program answered b'fast",
    "floods": "garbage: its program answered b'1111",
    "says more": "garbage: its program answered b'",
    "takes no time": "garbage: its program answered b'0 0",
    "counts in other units": "garbage: its program answered b'100000000000 1",
}


@pytest.fixture(autouse=True)
def no_process_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Marks every process that the test starts, and asserts that all of them are gone."""
    monkeypatch.setenv(MARK, str(tmp_path))
    yield
    assert wait_until(lambda: not marked_processes(tmp_path)), marked_processes(tmp_path)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("results/*") if path.name.startswith(".")]


@dataclass(frozen=True)
class Told:
    """The result of a run with many bad contenders."""

    returncode: int
    said: str
    kept: frozenset[str]
    left: tuple[str, ...]

    def of(self, deed: str) -> str:
        """Returns the message about the culprit in this group; fails if there is none."""
        _, named, rest = self.said.partition(f" FAILED {deed}: culprit: ")
        assert named, self.said
        return rest.partition(" FAILED ")[0]


def run_with(folder: Path, catalogue: dict[str, Any]) -> Told:
    """Measures a catalogue, and asserts that no process of the run is left."""
    small_suites.write(folder, catalogue)
    with pytest.MonkeyPatch.context() as patch, few_files():
        patch.setenv(MARK, str(folder))
        done = small_suites.run(
            folder, "--benchmark-only", f"--callcost-timeout={SILENCE_S}", timeout_s=TIMEOUT_S
        )
    assert wait_until(lambda: not marked_processes(folder)), marked_processes(folder)
    (record,) = small_suites.records(folder)
    rows = json.loads(record.read_text())["benchmarks"]
    said = " ".join(done.stdout.split())
    return Told(
        done.returncode, said, frozenset(row["name"] for row in rows), tuple(leftovers(folder))
    )


def beside(culprits: dict[str, Any]) -> dict[str, Any]:
    """Makes a catalogue with a group for each culprit, and one group without a culprit."""
    good = small_suites.copy_of_toy()
    groups = {deed: {**good["absolute"], "culprit": one} for deed, one in culprits.items()}
    return {"length": good["length"], **groups}


# All bad contenders share one run, next to good ones.


@pytest.fixture(scope="module")
def bad_contenders(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The result of a run with every contender of BAD."""
    return run_with(tmp_path_factory.mktemp("contenders"), beside(BAD))


@pytest.fixture(scope="module")
def bad_programs(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The result of a run with every program of BAD_PROGRAMS."""
    culprits = {deed: small_suites.make_program(*bad) for deed, bad in BAD_PROGRAMS.items()}
    catalogue = beside({**culprits, NOT_THERE: ("", "abs(n)", "3", ["./no such program"])})
    catalogue["length"]["floor"] = small_suites.make_program()
    catalogue["only"] = {"culprit": BAD["raises"], "floor": small_suites.make_program()}
    # Only an epoch that counts has warm-up turns, so this program passes scouting.
    late = small_suites.make_program(ANSWER, f"warm_turns and sys.exit('enough'); {ANSWER}")
    catalogue["timed"] = {**small_suites.copy_of_toy()["absolute"], "culprit": late}
    return run_with(tmp_path_factory.mktemp("programs"), catalogue)


@pytest.mark.parametrize("deed", BAD)
def test_a_bad_contender_is_named_and_the_others_keep_their_results(
    deed: str, bad_contenders: Told
) -> None:
    assert bad_contenders.returncode == 1
    assert SAID[deed] in bad_contenders.of(deed)
    assert {"test_toy[length-builtin]", "test_toy[length-method]"} <= bad_contenders.kept
    assert f"test_toy[{deed}-culprit]" not in bad_contenders.kept
    # A contender that writes into the line to the coordinator fails its whole group.
    assert deed == "garbage" or f"test_toy[{deed}-python]" in bad_contenders.kept
    assert bad_contenders.left == ()


@pytest.mark.parametrize("deed", SAID_OF_PROGRAMS)
def test_a_bad_program_is_named_and_the_others_keep_their_results(
    deed: str, bad_programs: Told
) -> None:
    assert bad_programs.returncode == 1
    assert SAID_OF_PROGRAMS[deed] in bad_programs.of(deed)
    good = {f"test_toy[length-{name}]" for name in ("builtin", "method", "floor")}
    assert good <= bad_programs.kept
    assert f"test_toy[{deed}-culprit]" not in bad_programs.kept
    assert f"test_toy[{deed}-python]" in bad_programs.kept


def test_floors_are_compared_with_each_other_when_their_contenders_fail(
    bad_programs: Told,
) -> None:
    assert "test_toy[only-floor]" in bad_programs.kept
    assert re.search(r" only: ns per call.{,99} ─+ 1 floor .{,99} fastest ", bad_programs.said)


def test_a_program_that_fails_while_it_is_timed_fails_its_group(bad_programs: Told) -> None:
    said = bad_programs.said
    assert "timed: culprit: crash: its program ended with exit code 1: enough" in said
    assert "timed: builtin: crash: not measured, because culprit failed" in said
    assert not [name for name in bad_programs.kept if "[timed-" in name]


def test_a_run_without_any_result_saves_nothing(
    write_suite: Any, run_pytest: Any, records: Any
) -> None:
    write_suite({"only": {"culprit": BAD["crashes"]}})
    done = run_pytest("--benchmark-only")
    assert done.returncode == 1
    assert "Nothing was saved" in done.stdout
    assert records() == []


def interrupt(command: list[str], folder: Path, cue: str) -> tuple[int, str]:
    """Starts a run, sends SIGINT when it prints the cue, and returns exit code and output."""
    # A process that a shell starts in the background ignores SIGINT; the run would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if cue in line:
                process.send_signal(signal.SIGINT)
                break
        said += process.stdout.read()
    return process.returncode, said


def test_an_early_interrupt_saves_nothing(
    toy: dict[str, Any], write_suite: Any, command: Any, records: Any, tmp_path: Path
) -> None:
    write_suite(toy)
    code, said = interrupt(
        command("--callcost-processes=40", "--callcost-row-seconds=1"), tmp_path, "checking"
    )
    assert code == 2, said
    assert "INTERRUPTED after 0 of 40 processes" in said
    assert records() == []
    assert leftovers(tmp_path) == []


def test_a_late_interrupt_keeps_what_enough_processes_measured(
    toy: dict[str, Any], write_suite: Any, command: Any, records: Any, tmp_path: Path
) -> None:
    write_suite(toy)
    code, said = interrupt(
        command("--callcost-processes=40", "--callcost-row-seconds=0.5"), tmp_path, "21 of 40"
    )
    assert code == 2, said
    assert "INTERRUPTED after 2" in said
    (record,) = records()
    document = json.loads(record.read_text())
    assert document["callcost"]["interrupted"] is True
    packed = document["benchmarks"][0]["extra_info"]["callcost"]["epoch_ns"]
    assert 20 <= len(packed) < 40


@pytest.fixture
def start_endless(command: Any, tmp_path: Path) -> Any:
    """Returns a function that starts a run, waits for its processes, and kills it.

    It waits until there is the given number of processes, including the run itself.
    """

    def start_and_kill(processes: int) -> None:
        said = tmp_path / "said.txt"
        with (
            said.open("wb") as output,
            subprocess.Popen(
                command("--callcost-timeout=600"), cwd=tmp_path, stdout=output, stderr=output
            ) as run,
        ):
            try:
                # A busy machine may take long to start three interpreters.
                assert wait_until(
                    lambda: len(marked_processes(tmp_path)) == processes, limit_s=300
                ), f"{marked_processes(tmp_path)}: {said.read_text()}"
                time.sleep(1)
            finally:
                run.kill()

    return start_and_kill


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux sends SIGIO when a pipe closes")
@pytest.mark.parametrize("call", ["sleep(600)", "pow(7, 10**7)"])
def test_the_worker_of_a_killed_coordinator_ends(
    call: str, write_suite: Any, start_endless: Any, tmp_path: Path
) -> None:
    write_suite({"only": {"endless": ("from time import sleep", call, "None")}})
    start_endless(2)
    assert wait_until(lambda: not marked_processes(tmp_path))


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux sends SIGIO when a pipe closes")
@pytest.mark.parametrize("busy", ["time.sleep(600)", "while True: pass"])
def test_the_programs_of_a_killed_coordinator_end(
    busy: str, write_suite: Any, start_endless: Any, tmp_path: Path, program: Any
) -> None:
    write_suite({"only": {"endless": program(ANSWER, busy)}})
    # The coordinator, its worker, and the worker's programs: the contender and its twin.
    start_endless(4)
    assert wait_until(lambda: not marked_processes(tmp_path))
