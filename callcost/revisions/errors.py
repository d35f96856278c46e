"""What can be wrong with an environment that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from callcost.errors import CallcostError


class SpecError(CallcostError):
    """A SPEC, or a project, that no environment can be made of; the text says why in a sentence."""


class ContradictionError(SpecError):
    """Requirements that no set of versions fulfils, or that name what no index has."""


class BuildError(CallcostError):
    """An environment that could not be made; `log_tail` has the last lines of its log."""

    def __init__(self, message: str, log_tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log_tail = list(log_tail)


class NetworkError(BuildError):
    """A package index that could not be reached."""


class CancelledError(Exception):
    """Work that was given up because other work failed, or because of an interrupt."""
