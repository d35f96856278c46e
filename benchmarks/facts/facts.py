"""What each mechanism does for its time, found out by running it: nothing here is typed.

`python -m callcost.benchmarks.facts` asks every built mechanism and prints the table. Each probe
has its own process, because some of what is tried crashes some mechanisms.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts import bad_input, questions
from callcost.benchmarks.facts.bad_input import BAD_INPUTS, RAISES, BadInput
from callcost.bindings.registry import Build, Mechanism, mechanisms
from callcost.console.markdown import markdown_table, merged
from callcost.worker.worker import clean

Facts = Mapping[str, str]
"""The answers for one mechanism by the key of the fact; "" where it cannot be asked."""

YES, NO, NOT_SEEN = questions.YES, questions.NO, questions.NOT_SEEN
LIMIT_S = 20
KEYWORD = "fibonacci_keyword"
PROTOTYPE = next(w.prototype for w in WORKLOADS if w.function == bad_input.FUNCTION)
PROBES = Path(__file__).parent


@dataclass(frozen=True)
class Fact:
    """One question: its key in records, the letter that stands for it in tables, and its words."""

    key: str
    letter: str
    words: str


FACTS = (
    Fact("releases_gil", "G", "releases the GIL around the call"),
    Fact("checks_type", "T", "refuses an argument of the wrong type"),
    Fact("checks_range", "R", "refuses an int that C's int cannot hold"),
    Fact("takes_keywords", "K", "can take the argument by keyword"),
    Fact("text_signature", "S", "has a signature with the function's own parameters"),
    Fact("stable_abi", "A", "is built for the stable ABI: one file for several versions of Python"),
    Fact("subinterpreter", "I", "works in a subinterpreter, and in the main one afterwards"),
    Fact("free_threading", "F", "declares that it needs no GIL (visible from Python 3.13 on)"),
)


HOLDS, DOES_NOT, DOES_NOT_APPLY, NOT_KNOWN = "yes", "no", "does not apply", "not known"
"""What an answer comes to. What was not measured, or cannot be seen, is not known."""
VERDICT_MARKS = {DOES_NOT: "·", DOES_NOT_APPLY: "–", NOT_KNOWN: "?"}


def verdict(answer: str | None) -> str:
    """Tells what an answer comes to: HOLDS, DOES_NOT, DOES_NOT_APPLY or NOT_KNOWN."""
    if answer == YES:
        return HOLDS
    if answer in (NO, NOT_SEEN, questions.FOREIGN_ABI) or (answer or "").startswith(f"{NO}: "):
        return DOES_NOT
    inapplicable = answer in (questions.NO_EXTENSION, questions.NO_GIL)
    return DOES_NOT_APPLY if inapplicable else NOT_KNOWN


def verdicts(facts: Facts) -> dict[str, str]:
    """Tells what each fact comes to, also one that a record lacks."""
    return {fact.key: verdict(facts.get(fact.key)) for fact in FACTS}


def probe(mechanism: Mechanism) -> Facts:
    """Asks everything about one mechanism; what cannot be found out says why."""
    if not mechanism.offers(bad_input.FUNCTION):
        return {fact.key: "" for fact in FACTS}
    answers = _answer("questions", mechanism, *parameters(PROTOTYPE))
    if not answers.startswith("{"):
        return {fact.key: answers for fact in FACTS}
    return {
        **json.loads(answers),
        "takes_keywords": _takes_keywords(mechanism),
        "checks_type": _is_refused(mechanism, '"1"'),
        "checks_range": _is_refused(mechanism, "2**40"),
        "subinterpreter": _answer("subinterpreter", mechanism),
    }


def parameters(prototype: str) -> list[str]:
    """Name the parameters of a C function, unless one of them is a function."""
    names = re.findall(r"(\w+)(?:,|\)$)", prototype)
    return [] if names == ["void"] else names


def _takes_keywords(mechanism: Mechanism) -> str:
    """Passes the argument by name to the form that is bound for it, if there is one.

    A mechanism that ignores names calls C with whatever is there.
    """
    function = KEYWORD if mechanism.offers(KEYWORD) else bad_input.FUNCTION
    by_name = BadInput("n=1", instead="leftovers", function=function)
    return YES if bad_input.call_in_child(mechanism.module, by_name) == "returns 1" else NO


def _is_refused(mechanism: Mechanism, arguments: str) -> str:
    bad = next(bad for bad in BAD_INPUTS if bad.arguments == arguments)
    outcome = bad_input.probe(mechanism, bad)
    # Running out of stack is no check.
    return YES if outcome.startswith(RAISES) and "Recursion" not in outcome else NO


def _answer(name: str, mechanism: Mechanism, *arguments: str) -> str:
    """Runs a probe on a mechanism and returns what it printed, or how it died."""
    # -P: the folder of the probe is no place to import from.
    command = [sys.executable, "-P", str(PROBES / f"{name}.py"), mechanism.module, *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        return f"unknown: no answer within {LIMIT_S} s"
    if done.returncode < 0:
        return f"{NO}: crashes ({signal.Signals(-done.returncode).name})"
    said = done.stderr if done.returncode > 0 else done.stdout
    lines = [clean(line) for line in said.splitlines() if clean(line)]
    if done.returncode > 0 or not lines:
        return f"unknown: {lines[-1] if lines else f'exit code {done.returncode}'}"
    return lines[-1]


def _environment() -> dict[str, str]:
    """Returns the variables without the one that decides for everybody whether there is a GIL."""
    return {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}


def probe_all(chosen: Iterable[Mechanism] | None = None) -> dict[str, Facts]:
    """Asks everything about every mechanism that was built, several at a time."""
    build = Build()
    candidates = mechanisms() if chosen is None else chosen
    built = [mechanism for mechanism in candidates if build.missing(mechanism) is None]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(probe, built)
        return {m.name: facts for m, facts in zip(built, found, strict=True)}


def current(found: Mapping[str, Facts]) -> dict[str, Facts]:
    """Puts the facts of a record into today's words: older ones say "no" for what was not seen."""
    return {
        name: {**facts, "releases_gil": NOT_SEEN} if facts.get("releases_gil") == NO else facts
        for name, facts in found.items()
    }


def letters(facts: Facts) -> str:
    """Abbreviates facts: the letter of each that holds, a mark for what each other comes to.

    Nothing where nothing could be asked.
    """
    if not any(facts.values()):
        return ""
    return "".join(_letter(fact, facts) for fact in FACTS)


def _letter(fact: Fact, facts: Facts) -> str:
    found = verdict(facts.get(fact.key))
    return fact.letter if found == HOLDS else VERDICT_MARKS[found]


def legend() -> str:
    """Tells what the letters and the marks in their places stand for."""
    known = [f"{fact.letter}: {fact.words}" for fact in FACTS]
    said = {DOES_NOT: f"{DOES_NOT}, or {NOT_SEEN}"}
    marks = [f"{mark}: {said.get(comes_to, comes_to)}" for comes_to, mark in VERDICT_MARKS.items()]
    return "; ".join([*known, *marks]) + "."


def facts_table(records: Mapping[str, Mapping[str, Facts]]) -> str:
    """Write the facts found in each version of Python; equal mechanisms share a row.

    A fact gets a column per version if any mechanism differs between versions.
    """
    found = {version: current(record) for version, record in records.items()}
    names = sorted({name for record in found.values() for name in record})
    columns = [column for fact in FACTS for column in _columns(fact, found)]
    rows = [[f"`{name}`", *(answers.get(name, "") for _, answers in columns)] for name in names]
    asked = [row for row in rows if any(row[1:])]
    return markdown_table(
        ["mechanism", *(title for title, _ in columns)], merged(asked), numbers=False
    )


def _columns(
    fact: Fact, records: Mapping[str, Mapping[str, Facts]]
) -> list[tuple[str, dict[str, str]]]:
    """Return the title and the answers of each column that a fact needs."""
    title = fact.key.replace("_", " ")
    answers = {
        f"{title}, {version}": {
            name: found
            for name, facts in record.items()
            if (found := facts.get(fact.key, "")) not in ("", questions.TOO_OLD)
        }
        for version, record in records.items()
    }
    told = {(name, one) for column in answers.values() for name, one in column.items()}
    together = dict(told)
    columns = {title: together} if len(together) == len(told) else answers
    return [(name, column) for name, column in columns.items() if column]
