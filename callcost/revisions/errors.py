"""Why an environment cannot be made."""

from __future__ import annotations

from collections.abc import Sequence

from callcost.errors import CallcostError


class SpecError(CallcostError):
    """A SPEC or a project that no environment can be made of."""


class CacheError(CallcostError):
    """A cache that cannot or must not be used."""


class ContradictionError(SpecError):
    """Requirements that no set of versions meets, or that no index has."""


class BuildError(CallcostError):
    """An environment that failed to build; `log_tail` has the last lines of its log."""

    def __init__(self, message: str, log_tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log_tail = list(log_tail)


class CancelledError(Exception):
    """Work ended early: other work failed, the caller is gone, or an interrupt."""
