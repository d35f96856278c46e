"""Parses one expression and its set-up, and reports where a mistake is.

The expression is put on one line, because the loop repeats it on one line. The bytecode shows
whether the compiler folds it.
"""

from __future__ import annotations

import ast
import dis
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from callcost.errors import CallcostError
from callcost.model import abi
from callcost.model.contender import Contender
from callcost.model.group import Environment, compiles_loops
from callcost.worker.worker import interpreter_facts

# The names in the function that the expression is compiled into (worker.compile_epoch).
OWN_NAMES = {f"callcost_{name}" for name in ("epoch", "loops", "clock", "start", "turn", "refusal")}

# What ast raises for source text that it cannot read or write.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class ExpressionError(CallcostError):
    """An expression or set-up cannot be timed; the text says what is wrong and where."""


@dataclass(frozen=True)
class Asked:
    """An expression, its set-up, and its environment; None is the running interpreter."""

    call: str
    setup: str = ""
    environment: Environment | None = None

    @property
    def python(self) -> str:
        """The version of the interpreter that times it."""
        if self.environment is None:
            return abi.version(interpreter_facts())
        return abi.version(self.environment.facts)

    @property
    def interpreter(self) -> str:
        """The interpreter's name and version, for people: Python 3.13.0, pypy 3.9.16."""
        facts = {} if self.environment is None else self.environment.facts
        kind = facts.get("implementation", sys.implementation.name)
        return f"{'Python' if kind == 'cpython' else kind} {self.python}"


@dataclass(frozen=True)
class Reading:
    """A parsed expression; `folded` if the compiler leaves nothing to time.

    `what_it_does` is equal for two sides that run the same code, whatever its formatting.
    """

    name: str
    asked: Asked
    contender: Contender
    folded: bool
    what_it_does: tuple[str, str, str]

    @property
    def call(self) -> str:
        """The expression, on one line and without comments."""
        return self.contender.call

    @property
    def label(self) -> str:
        """The expression as it was written, if that is on one line."""
        text = self.asked.call.strip()
        return text if text.isprintable() and "#" not in text else self.call

    @property
    def compiles_loops(self) -> bool:
        """Whether its interpreter compiles loops to machine code, as all but CPython do."""
        return compiles_loops(self.asked.environment)


def read(asked: Asked, what: str) -> Reading:
    """Parses an expression and its set-up; `what` names the expression in messages.

    Raises ExpressionError, with the place of the mistake.
    """
    does = _read_setup(asked, f"the set-up of {what}")
    if not asked.call.strip():
        raise ExpressionError(f"{what} is empty: give an expression, such as 'abs(-1)'")
    try:
        tree = _parse(asked.call.strip(), "eval", what)
    except ExpressionError:
        _refuse_statement(asked.call, what)
        raise
    _refuse_unfit(tree, what)
    call = _on_one_line(tree, what)
    contender = Contender(what, _from_here(asked.setup), call, alone=True)
    python = "" if asked.environment is None else asked.environment.python
    return Reading(what, asked, contender, _is_folded(call), (call, does, python))


def _is_folded(call: str) -> bool:
    """Tells whether an expression compiles to as little as `pass`."""
    return _instructions(call) <= {"NOP", *_instructions("pass")}


def _instructions(statement: str) -> set[str]:
    # Not as the first statement, where a string would be kept as the docstring.
    code = compile(f"pass; {statement}", "<expression>", "exec")
    return {instruction.opname for instruction in dis.get_instructions(code)}


def _read_setup(asked: Asked, what: str) -> str:
    """Returns the set-up without comments, to compare it with another.

    A syntax error is ignored if another interpreter runs the set-up: it may be valid there, and
    otherwise that interpreter reports it.
    """
    try:
        tree = _parse(asked.setup, "exec", what)
    except ExpressionError:
        if asked.environment is None:
            raise
        return asked.setup
    try:
        return _on_one_line(tree, what)
    except ExpressionError:
        # Only an interpreter that runs it can tell.
        return asked.setup


def _from_here(setup: str) -> str:
    """Returns a set-up that can import modules of the current folder, as in timeit."""
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise ExpressionError("the current folder was removed: change to another one") from error
    line = f"__import__('sys').path.insert(0, {str(here)!r})"
    with suppress(*UNREADABLE):
        body = ast.parse(setup).body
        futures = [n for n, statement in enumerate(body, 1) if _is_future(statement)]
        if futures:
            # Python wants an import from __future__ before everything but a docstring.
            body[futures[-1] : futures[-1]] = ast.parse(line).body
            return ast.unparse(ast.Module(body, []))
    return f"{line}\n{setup}"


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _on_one_line(tree: ast.AST, what: str) -> str:
    try:
        return ast.unparse(tree)
    except RecursionError as error:
        raise ExpressionError(f"{what} is nested too deeply") from error
    except ValueError as error:
        # Python does not write very long numbers in decimal.
        raise ExpressionError(
            f"{what} cannot be put on one line ({error}): define its parts in --setup"
        ) from error


def _refuse_unfit(tree: ast.AST, what: str) -> None:
    """Raises ExpressionError for an expression that would change the loop around it."""
    for node in ast.walk(tree):
        # Both would end or suspend the loop that the expression is compiled into.
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            raise ExpressionError(
                f"{what} awaits or yields, which only works inside a function: call one instead"
            )
        if isinstance(node, ast.Name) and node.id in OWN_NAMES:
            raise ExpressionError(f"{what} uses {node.id}, a name of the loop: choose another")
        if isinstance(node, ast.NamedExpr):
            raise ExpressionError(f"{what} assigns with :=; move the assignment into --setup")


def _parse(source: str, mode: str, what: str) -> ast.AST:
    try:
        return ast.parse(source, what, mode)
    except SyntaxError as error:
        at = f"line {error.lineno}, column {error.offset}"
        raise ExpressionError(f"{what} has a syntax error at {at}: {error.msg}") from error
    except ValueError as error:
        raise ExpressionError(f"Cannot parse {what}: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise ExpressionError(f"{what} is nested too deeply") from error


def _refuse_statement(call: str, what: str) -> None:
    """Raises ExpressionError for text that is valid as a statement."""
    try:
        tree = ast.parse(call)
    except UNREADABLE:
        return
    kinds = ", ".join(dict.fromkeys(type(node).__name__.lower() for node in tree.body))
    raise ExpressionError(
        f"{what} is a statement ({kinds}), not an expression: put statements into --setup and "
        "time an expression, or call a function that the set-up defines"
    )
