"""The base class of every error that ends a command with one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

FAILED = 2
INTERRUPTED = 130


class CallcostError(Exception):
    """An error that the user can act on.

    Its text is one sentence: what happened, where, and what to do. The command line prints the
    lines of `log_tail`, then the sentence, and exits with `exit_code`.
    """

    exit_code = FAILED
    log_tail: Sequence[str] = ()
