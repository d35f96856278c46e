"""What is measured: calls, as source text, each with its right answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Binary:
    """A compiled file that a contender must use, with its hash from the build.

    `name` is its path in the installed package, the same on every machine. `module` is its import
    name, empty for a library that is not a module.
    """

    name: str
    path: str
    sha256: str
    module: str = ""


@dataclass(frozen=True)
class Example:
    """The call with other arguments, and what it must return or raise.

    Examples are checked but not timed: a contender that always returns the same value fails them.
    `given` describes the arguments. `setup` is complete, because each example has its own names.
    """

    given: str
    setup: str
    call: str
    expect: str | None
    view: str | None = None
    raises: str | None = None


@dataclass(frozen=True)
class Contender:
    """A call to measure, as source text: set-up, call expression, expected value.

    expect: an expression; the result must equal its value. None accepts any result.
    view: an expression of `result` to compare instead of the result, such as what the call has
        changed, or an object's content.
    raises: an expression for what the call must raise: an exception class, or an instance, whose
        message must be equal too.
    examples: checked before and after the timing, together with the call itself.
    alone: it has processes to itself, so it may change any state in them.
    report: an expression, evaluated once in each process after the timing; its value is returned.
    own_loops: overrides the epoch size of a contender that is not ranked: the turns of its loop,
        each of `Plan.max_unroll` calls.
    program: a command that makes and times the calls itself (see worker.Program). `call` then
        only names the call, and each turn of its loop makes OWN_UNROLL calls.
    """

    name: str
    setup: str
    call: str
    expect: str | None = None
    binaries: tuple[Binary, ...] = ()
    report: str | None = None
    own_loops: int | None = None
    view: str | None = None
    raises: str | None = None
    program: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    alone: bool = False
