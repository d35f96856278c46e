"""What a workload is: a call as source text, with the right answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Example:
    """The same workload with other arguments than are timed, and the one right answer.

    `setup` replaces the workload's. `call` and `view` are the workload's unless
    they are given; a call of its own has a view of its own. `raises` is as in Workload.
    """

    setup: str
    expect: Any
    call: str | None = None
    view: str | None = None
    raises: str | None = None
    given: str = ""


@dataclass(frozen=True)
class Workload:
    """A call as source text, as in timeit, with the one right answer.

    `function` names what a mechanism must expose to take part. The set-up finds it under that
    name, and the module that exposes it as `mechanism`. What is compared with `expect` is the
    result or, where it is given, `view`: an expression of `result`, evaluated after the call.
    `raises` is an expression for what the call must raise instead of returning. `crossings`
    is how often one evaluation of `call` goes from Python to C or back.

    `examples` are evaluated before and after the timing. Together with the call itself they are
    what no constant passes, nothing that ignores an argument, and nothing that cuts a number
    to a smaller type.
    """

    name: str
    function: str
    prototype: str
    isolates: str
    setup: str
    call: str
    expect: Any
    view: str | None = None
    raises: str | None = None
    crossings: int = 1
    examples: tuple[Example, ...] = ()

    @property
    def c_name(self) -> str:
        """The name of the C function, or of the constant, that the call arrives at."""
        return self.prototype.partition("(")[0].split()[-1].lstrip("*")

    def asked(self, example: Example) -> Workload:
        """Returns this workload with the arguments of an example."""
        return replace(
            self,
            setup=example.setup,
            call=example.call or self.call,
            view=example.view if example.view or example.call else self.view,
            expect=example.expect,
            raises=example.raises,
            examples=(),
        )
