"""A contender that is a separate program, which worker.py asks for one epoch after another.

worker.py loads this file and gives it its own `checks`, so that both raise the same classes.
"""

import os
import select
import signal
import tempfile
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from callcost.worker import checks

CLOCK = time.perf_counter_ns
LONGEST_ANSWER = 200
# How long a program may take to answer if the job sets no limit.
PROGRAM_LIMIT_S = 10.0


class Program:
    """A contender that is a separate program, which makes and times its calls itself.

    It first writes a line with the result of the call, a whole number or a float. It then
    answers each line `turns warm_turns stack_bytes` with a line `epoch_ns empty_ns`: the time of
    that many turns of OWN_UNROLL calls, with its stack moved by that many bytes, and the time of
    as many turns of its own empty loop; both are negative if it was preempted during them. An
    optional third number on that line is the result of the call after the epoch.
    A program that does not answer within `limit_s` seconds fails.

    Its process id is in `running` while it runs.
    """

    def __init__(
        self,
        contender: "dict[str, Any]",
        limit_s: float = PROGRAM_LIMIT_S,
        running: "set[int] | None" = None,
    ) -> None:
        # Imported here: it is slow to import, and only processes with programs need it.
        import subprocess

        for binary in contender["binaries"]:
            checks.check_binary(binary)
        self.empty_ns: list[int] = []
        self._contender = contender
        self._limit_s = limit_s
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        try:
            self._process = subprocess.Popen(
                contender["program"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
            )
        except OSError as error:
            self._stderr.close()
            raise checks.ContenderError(
                "setup failed", f"cannot start its program: {error.strerror}"
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._running = set() if running is None else running
        self._running.add(self._process.pid)
        self._to_fd, self._from_fd = self._process.stdin.fileno(), self._process.stdout.fileno()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the program."""
        self._process.kill()
        self._process.wait()
        self._running.discard(self._process.pid)
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            assert stream is not None
            stream.close()

    def check(self) -> None:
        """Compares the result of its call with the expected one; raises ContenderError."""
        self._compare(self._read("setup failed"), "in its program")

    def _compare(self, answer: bytes, where: str) -> None:
        """Compares the result that the program reports; raises ContenderError."""
        if self._contender["expect"] is None:
            return
        expected = eval(compile(self._contender["expect"], "<expect>", "eval"), {})
        try:
            got = type(expected)(answer)
        except ValueError:
            self._refuse(answer)
        if got != expected:
            raise checks.ContenderError(
                "wrong answer",
                f"{self._contender['call']} returned {checks.shown(got)} {where}, "
                f"expected {checks.shown(expected)}",
            )

    def time_epoch(self, turns: int, warm_turns: int, stack_bytes: int) -> int:
        """Asks for one epoch, in ns; negative if the program was preempted during it."""
        if select.select([self._from_fd], [], [], 0)[0]:
            self._refuse(self._read("crash"))
        start_ns = CLOCK()
        try:
            os.write(self._to_fd, b"%d %d %d\n" % (turns, warm_turns, stack_bytes))
        except BrokenPipeError:
            self._fail("crash")
        answer = self._read("crash")
        wall_ns = CLOCK() - start_ns
        try:
            words = answer.split(None, 2)
            epoch_ns, empty_ns = map(int, words[:2])
        except ValueError:
            self._refuse(answer)
        if epoch_ns == 0 or abs(epoch_ns) + abs(empty_ns) > wall_ns:
            self._refuse(answer)
        if len(words) > 2:
            self._compare(words[2], "in its program after it was timed")
        self.empty_ns.append(empty_ns)
        return epoch_ns

    def _read(self, kind: str) -> bytes:
        """Returns its next line; if it ends instead, that is a failure of this kind."""
        answer = b""
        end_ns = CLOCK() + int(self._limit_s * 1e9)
        while not answer.endswith(b"\n"):
            if not select.select([self._from_fd], [], [], max(0.0, (end_ns - CLOCK()) / 1e9))[0]:
                self._fail_silent(answer)
            chunk = os.read(self._from_fd, LONGEST_ANSWER)
            if not chunk:
                self._fail(kind)
            answer += chunk
            if len(answer) > LONGEST_ANSWER:
                self._refuse(answer)
        return answer

    def _fail_silent(self, answer: bytes) -> "NoReturn":
        """Raises ContenderError for a program that does not answer with a whole line."""
        begun = f" (it began with {answer[:60]!r} and did not end the line)" if answer else ""
        raise checks.ContenderError(
            "hang",
            f"its program did not answer within {self._limit_s:g} s{begun}: "
            "it must end each answer with a newline and flush its output",
        )

    def _fail(self, kind: str) -> "NoReturn":
        """Raises ContenderError, which says how the program ended and quotes its last line."""
        import subprocess

        try:
            status = self._process.wait(self._limit_s)
        except subprocess.TimeoutExpired:
            raise checks.ContenderError(
                "hang", "its program closed its output but kept running"
            ) from None
        if status < 0:
            raise checks.ContenderError(
                "crash", f"its program died of {signal.Signals(-status).name}"
            )
        self._stderr.seek(0)
        *_, said = ["", *self._stderr.read().decode(errors="replace").strip().splitlines()]
        raise checks.ContenderError(
            kind, f"its program ended with exit code {status}{said and f': {checks.clean(said)}'}"
        )

    def _refuse(self, answer: bytes) -> "NoReturn":
        raise checks.ContenderError("garbage", f"its program answered {answer[:60]!r}")
