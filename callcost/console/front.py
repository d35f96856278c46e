"""Ends every command: turns an error into one sentence, and the outcome into an exit code.

0    done
1    something is slower (callcost compare and bisect); used for nothing else
2    wrong usage, bad input, or a machine that refuses; also a bug, below its traceback
3    inconclusive
130  interrupted, also by SIGTERM and SIGHUP
141  the reader of the output has closed it
"""

from __future__ import annotations

import contextlib
import errno
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from callcost.console import streams
from callcost.errors import FAILED, INTERRUPTED, CallcostError
from callcost.model.patterns import nearest

LONGEST_SUMMARY = 45
ENDING = (signal.SIGTERM, signal.SIGHUP)
SET_TMPDIR = "set TMPDIR to one that can be written."
# Refusals by the machine; other errors of the operating system are bugs.
REFUSALS = {
    errno.EACCES, errno.EPERM, errno.EROFS,
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO,
    errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN,
    errno.ENAMETOOLONG, errno.ELOOP, errno.ESTALE,
}  # fmt: skip


MEASURE, EXPLAIN, PUBLISH = SECTIONS = ("Measure", "Explain", "Publish")


class Front(click.Command):
    """A command that only ends with a traceback if callcost has a bug.

    section: the one of SECTIONS that it is listed under.
    examples: command lines to paste.
    """

    def __init__(
        self, *args: Any, section: str = "", examples: Sequence[str] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.section = section
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples, each on one line."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def main(self, *args: Any, **options: Any) -> Any:
        """Runs the command and ends the process with its exit code."""
        run = partial(super().main, *args, **{**options, "standalone_mode": False})
        if not options.get("standalone_mode", True):
            return run()
        with streams.guarded(), ending_clean():
            code = exit_code_of(run)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; raises RuntimeError for errors that click would mistake for its own."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, EOFError) as error:
            raise RuntimeError(f"lost another process: {error!r}") from error
        except SystemExit as end:
            raise RuntimeError(f"some code called sys.exit({end.code!r})") from end


class FrontGroup(Front, click.Group):
    """A group of commands that ends like each of them, and suggests names for mistyped ones."""

    command_class = Front

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands by section."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        shown = [(name, command) for name, command in found if command and not command.hidden]
        for title in (*SECTIONS, ""):
            lines = [
                (name, command.get_short_help_str(LONGEST_SUMMARY))
                for name, command in shown
                if getattr(command, "section", "") == title
            ]
            if lines:
                with formatter.section(title or "Commands"):
                    formatter.write_dl(lines)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; raises UsageError, which suggests one for a mistyped name."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            near = nearest(name, self.list_commands(ctx))
            hint = f"Did you mean {near}?" if near else f"See `{ctx.command_path} --help`."
            raise click.UsageError(f"There is no command {name}. {hint}", ctx)
        return super().resolve_command(ctx, args)


@contextlib.contextmanager
def ending_clean() -> Iterator[None]:
    """Treats a request to end (SIGTERM, SIGHUP) as an interrupt: nothing may be left behind."""
    taken = []
    if threading.current_thread() is threading.main_thread():
        # Not those that are ignored, as by nohup.
        taken = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def exit_code_of(run: Callable[[], Any]) -> int:
    """Runs a command and prints what went wrong; returns its exit code."""
    try:
        streams.refuse_closed()
        refuse_lost_folder()
        code = _finished(run)
        sys.stdout.flush()
    except streams.ClosedPipeError as closed:
        return closed.exit_code
    except click.ClickException as error:
        error.show()
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        _say("Interrupted.")
        return INTERRUPTED
    except Exception as error:
        return _failed(error)
    return code


def _finished(run: Callable[[], Any]) -> int:
    """Runs a command; returns the exit code that it chose with click's Exit."""
    try:
        code = run()
    except SystemExit as end:
        # Click ends like this after completing a shell's line.
        return FAILED if end.code else 0
    return code if isinstance(code, int) else 0


def _say(sentence: str, log_tail: Sequence[str] = ()) -> None:
    for line in log_tail:
        print(line, file=sys.stderr)
    print(f"Error: {sentence}", file=sys.stderr, flush=True)


def _failed(error: Exception) -> int:
    found = as_callcost_error(error)
    if found is None:
        # Python's own exit code is 1, which a CI would take for a slowdown.
        traceback.print_exception(error)
        found = CallcostError(f"callcost failed: {error!r}. Please report it.")
    _say(str(found), found.log_tail)
    return found.exit_code


def as_callcost_error(error: BaseException) -> CallcostError | None:
    """Returns an error with a sentence for the user; None for a bug."""
    if isinstance(error, CallcostError):
        return error
    if not isinstance(error, OSError):
        return None
    try:
        refuse_lost_folder()
        refuse_no_temporary_folder()
    except CallcostError as lost:
        return lost
    if error.errno not in REFUSALS:
        return None
    place = "" if error.filename is None else f" ({error.filename})"
    return CallcostError(f"The operating system refuses: {error.strerror}{place}.")


def refuse_lost_folder() -> None:
    """Raises CallcostError if the current folder was deleted."""
    try:
        Path.cwd()
    except OSError as error:
        raise CallcostError(
            f"Cannot work in the current folder ({error.strerror}): change to another."
        ) from error


def refuse_no_temporary_folder() -> None:
    """Raises CallcostError if there is no folder for temporary files."""
    try:
        folder = Path(tempfile.gettempdir())
    except OSError as error:
        raise CallcostError(f"Cannot find a folder for temporary files: {SET_TMPDIR}") from error
    if not folder.is_dir():
        raise CallcostError(f"The folder for temporary files, {folder}, is gone: {SET_TMPDIR}")
