"""What each mechanism does for its time, found out by running it: nothing is typed by hand.

`python -m callcost.benchmarks.facts` asks every built mechanism and prints the table. Each probe
has its own process, because some of what is tried crashes some mechanisms.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts import bad_input, questions
from callcost.bindings.registry import Mechanism, mechanisms
from callcost.console.markdown import markdown_table, merged
from callcost.run.together import together
from callcost.worker.worker import clean

Facts = Mapping[str, str]
"""The answers for one mechanism by the key of the fact; "" where nothing can be asked."""

YES, NO, NOT_SEEN = questions.YES, questions.NO, questions.NOT_SEEN
UNKNOWN = "unknown"
LIMIT_S = 20
# numba takes that long to be imported into a subinterpreter on a busy machine.
PATIENT_S = 90
KEYWORD = "fibonacci_keyword"
PROTOTYPE = next(w.prototype for w in WORKLOADS if w.function == bad_input.FUNCTION)
PROBES = Path(__file__).parent
# An argument whose result no leftover in a register has by chance.
BY_NAME, FOUND = 11, 89
# Endings that say nothing about a mechanism: too little time or memory, an end from outside.
NO_EVIDENCE = (bad_input.NO_ANSWER, f"{bad_input.RAISES}MemoryError")
KILLED = tuple(
    f"{bad_input.CRASHES} ({name})" for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
)


@dataclass(frozen=True)
class Fact:
    """One question: its key in records, its letter in tables, and its words."""

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
"""The possible verdicts on an answer. What was not measured, or cannot be seen, is not known."""
VERDICT_MARKS = {DOES_NOT: "·", DOES_NOT_APPLY: "–", NOT_KNOWN: "?"}


def verdict(answer: str | None) -> str:
    """Return the verdict on an answer: HOLDS, DOES_NOT, DOES_NOT_APPLY or NOT_KNOWN."""
    if answer == YES:
        return HOLDS
    if answer in (NO, NOT_SEEN, questions.FOREIGN_ABI) or (answer or "").startswith(f"{NO}: "):
        return DOES_NOT
    inapplicable = answer in (questions.NO_EXTENSION, questions.NO_GIL)
    return DOES_NOT_APPLY if inapplicable else NOT_KNOWN


def verdicts(facts: Facts) -> dict[str, str]:
    """Return the verdict on each fact, NOT_KNOWN for one that a record lacks."""
    return {fact.key: verdict(facts.get(fact.key)) for fact in FACTS}


def probe(mechanism: Mechanism, python: str = sys.executable, limit_s: float = LIMIT_S) -> Facts:
    """Ask everything about one mechanism; an answer that cannot be found says why.

    `python` is the interpreter to ask, in which the mechanism is installed. A question that takes
    longer than `limit_s` has no answer.
    """
    if not mechanism.offers(bad_input.FUNCTION):
        return {fact.key: "" for fact in FACTS}
    asked = parameters(PROTOTYPE)
    answers = _answer("questions", mechanism, *asked, python=python, limit_s=limit_s)
    if not answers.startswith("{"):
        return {fact.key: answers for fact in FACTS}
    return {
        **json.loads(answers),
        "takes_keywords": _takes_keywords(mechanism, python),
        "checks_type": _is_refused(mechanism, '"1"', python),
        "checks_range": _is_refused(mechanism, "2**40", python),
        "subinterpreter": _subinterpreter(mechanism, python, limit_s),
    }


def parameters(prototype: str) -> list[str]:
    """Name the parameters of a C function, unless one of them is a function."""
    names = re.findall(r"(\w+)(?:,|\)$)", prototype)
    return [] if names == ["void"] else names


def _takes_keywords(mechanism: Mechanism, python: str) -> str:
    """Pass the argument by name, to the function that is bound with names if there is one."""
    function = KEYWORD if mechanism.offers(KEYWORD) else bad_input.FUNCTION
    ending = _ending(mechanism, bad_input.BadInput(f"n={BY_NAME}", function=function), python)
    if ending.startswith(UNKNOWN):
        return ending
    return YES if ending == f"returns {FOUND}" else NO


def _is_refused(mechanism: Mechanism, arguments: str, python: str) -> str:
    """Say whether a call with these arguments raises an error: what C makes of them may crash."""
    bad = next(bad for bad in bad_input.BAD_INPUTS if bad.arguments == arguments)
    ending = _ending(mechanism, bad, python)
    if ending.startswith(UNKNOWN):
        return ending
    # A RecursionError is not a check.
    return YES if ending.startswith(bad_input.RAISES) and "Recursion" not in ending else NO


def _ending(mechanism: Mechanism, call: bad_input.BadInput, python: str) -> str:
    """Make a call and say how it ended, or why that says nothing about the mechanism."""
    try:
        ending = bad_input.call_in_child(mechanism.module, call, python=python)
    except bad_input.ProbeError as error:
        return f"{UNKNOWN}: {clean(str(error).splitlines()[-1])}"
    if ending in NO_EVIDENCE or ending in KILLED:
        return f"{UNKNOWN}: {ending}"
    return ending


def _answer(name: str, mechanism: Mechanism, *arguments: str, python: str, limit_s: float) -> str:
    """Run a probe on a mechanism and return what it printed, or why it printed nothing."""
    program = str(PROBES / f"{name}.py")
    words = program, mechanism.module, *arguments
    done = bad_input.run_python(*words, limit_s=limit_s, python=python)
    if done is None:
        return f"{UNKNOWN}: {bad_input.NO_ANSWER}"
    if died := bad_input.crash(done):
        return f"{UNKNOWN}: {died}"
    said = done.stderr if done.returncode else done.stdout
    lines = [line for line in map(clean, said.splitlines()) if line]
    if done.returncode or not lines:
        return f"{UNKNOWN}: {lines[-1] if lines else f'exit code {done.returncode}'}"
    return lines[-1]


def _subinterpreter(mechanism: Mechanism, python: str, limit_s: float) -> str:
    """Use it in a subinterpreter, where a crash of its own is an answer too."""
    answer = _answer("subinterpreter", mechanism, python=python, limit_s=limit_s)
    died = answer.removeprefix(f"{UNKNOWN}: ")
    return f"{NO}: {died}" if died.startswith(bad_input.CRASHES) and died not in KILLED else answer


def probe_all(chosen: Iterable[Mechanism] | None = None) -> dict[str, Facts]:
    """Ask everything about every built mechanism, one per processor at a time."""
    return probe_in(sys.executable, bad_input.built(mechanisms() if chosen is None else chosen))


def probe_in(python: str, asked: Sequence[Mechanism], limit_s: float = LIMIT_S) -> dict[str, Facts]:
    """Ask everything about mechanisms that are installed in an interpreter."""
    found = together(lambda each: probe(each, python, limit_s), asked, threads=os.cpu_count())
    return {m.name: facts for m, facts in zip(asked, found, strict=True)}


def probe_patiently(python: str, asked: Sequence[Mechanism]) -> dict[str, Facts]:
    """Ask everything, and what was not answered once more, with more time: to keep the answers."""
    found = probe_in(python, asked)
    unsure = [each for each in asked if is_unsure(found[each.name])]
    return found | probe_in(python, unsure, PATIENT_S)


def is_unsure(facts: Facts) -> bool:
    """Tell whether an answer could not be found, so that it may be found another time."""
    return any(answer.startswith(UNKNOWN) for answer in facts.values())


def current(found: Mapping[str, Facts]) -> dict[str, Facts]:
    """Update the words of a record: older ones have "no" for "not seen"."""
    return {
        name: {**facts, "releases_gil": NOT_SEEN} if facts.get("releases_gil") == NO else facts
        for name, facts in found.items()
    }


def letters(facts: Facts) -> str:
    """Abbreviate facts: a letter for each that holds, a mark for each other; "" without answers."""
    if not any(facts.values()):
        return ""
    return "".join(VERDICT_MARKS.get(verdict(facts.get(f.key)), f.letter) for f in FACTS)


def legend() -> str:
    """Explain the letters, and the marks in their places."""
    known = [f"{fact.letter}: {fact.words}" for fact in FACTS]
    said = {DOES_NOT: f"{DOES_NOT}, or {NOT_SEEN}"}
    marks = [f"{mark}: {said.get(comes_to, comes_to)}" for comes_to, mark in VERDICT_MARKS.items()]
    return "; ".join([*known, *marks]) + "."


def facts_table(records: Mapping[str, Mapping[str, Facts]]) -> str:
    """Write the facts found in each interpreter, by its name; equal mechanisms share a row."""
    found = {place: _visible(current(record)) for place, record in records.items()}
    names = sorted({name for record in found.values() for name in record})
    answers = {fact.key: [answer_in(found, name, fact.key) for name in names] for fact in FACTS}
    told = {key: column for key, column in answers.items() if any(column)}
    rows = [[f"`{name}`", *row] for name, *row in zip(names, *told.values(), strict=True)]
    asked = [row for row in rows if any(row[1:])]
    headings = ["mechanism", *(key.replace("_", " ") for key in told)]
    return markdown_table(headings, merged(asked), numbers=False)


def _visible(record: Mapping[str, Facts]) -> dict[str, Facts]:
    """Leave out what an interpreter is too old to show."""
    return {
        name: {key: answer for key, answer in facts.items() if answer != questions.TOO_OLD}
        for name, facts in record.items()
    }


def answer_in(records: Mapping[str, Mapping[str, Facts]], name: str, key: str) -> str:
    """Write a fact of a mechanism in each interpreter that has it; empty if none answers."""
    answers = {place: record.get(name, {}).get(key, "") for place, record in records.items()}
    return by_answer({place: answer for place, answer in answers.items() if answer})


def by_answer(answers: Mapping[str, str]) -> str:
    """Write what each interpreter answers: once if all agree, else with their names."""
    found: dict[str, list[str]] = {}
    for place, answer in answers.items():
        found.setdefault(answer, []).append(place)
    if len(found) < 2:
        return next(iter(found), "")
    return "; ".join(f"{answer} ({', '.join(places)})" for answer, places in found.items())
