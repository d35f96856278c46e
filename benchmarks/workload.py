"""Describes workloads: calls as source text, with the right answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Example:
    """The workload with other arguments than the timed ones, and its one right answer.

    `setup` replaces that of the workload. So do `call` and `view` where they are given; with
    another `call`, the workload's `view` does not apply. `raises` is as in Workload.
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

    `label` is what people call it, by default `name`. `function` names what a mechanism must offer,
    by default `name`. The set-up can use it under that name, and the mechanism's module as
    `mechanism`. The result must equal `expect`; with `view`, an expression of `result` that is
    evaluated after the call, its value must. `raises` is an expression for what the call must
    raise instead of returning. `crossings` counts how often one evaluation of `call` goes from
    Python to C or back.

    `examples` are evaluated before and after the timing. Together with the call itself they
    catch a constant, an ignored argument, and a number cut to a smaller type.
    """

    name: str
    prototype: str
    isolates: str
    call: str
    expect: Any
    setup: str = ""
    label: str = ""
    function: str = ""
    view: str | None = None
    raises: str | None = None
    crossings: int = 1
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "function", self.function or self.name)
        object.__setattr__(self, "label", self.label or self.name)

    @property
    def c_name(self) -> str:
        """The name of the C function or constant behind the call."""
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
