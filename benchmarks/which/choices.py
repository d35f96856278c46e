"""Which tool to take: what each answer rules out, and the order of what is left.

Costs and facts come from a record, for each of its interpreters; what is opinion is in advice.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from callcost.benchmarks.break_even import FUNCTION, REFERENCE
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts.facts import (
    DOES_NOT,
    DOES_NOT_APPLY,
    HOLDS,
    Facts,
    current,
    verdicts,
)
from callcost.benchmarks.matrix.interpreters import (
    Interpreter,
    groups_in,
    interpreters,
    leading,
    running,
)
from callcost.benchmarks.which.advice import (
    ADVICE,
    ADVISED,
    CATCHES,
    EXPORTED,
    REASONS,
    WITHOUT_GIL,
)
from callcost.benchmarks.which.questions import (
    CALLS_PER_SECOND,
    COMPILER,
    LIBRARY,
    NEEDS,
    NO_BUILD,
    NO_GIL,
    ONE,
    PYTHON,
    RELEASE,
    RUST,
)
from callcost.bindings.registry import Card, Mechanism, known
from callcost.console.numbers import count, percent
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.record import Record
from callcost.model import abi
from callcost.model.group import ELSEWHERE
from callcost.model.interval import Interval

NOTHING, ONE_FILE, EACH_VERSION = "nothing", "one file", "each version"
BUILDS = {
    NOTHING: "nothing is compiled",
    ONE_FILE: "one file serves several versions of Python",
    EACH_VERSION: "a file for each version of Python",
}
C_COMPILER = "a C compiler"
# By the files in a folder. Everything else that is compiled ends up as C.
COMPILERS = {"Cargo.toml": "Rust", ".cpp": "a C++ compiler"}

# Below this share of a core, the cost of the calls does not matter.
NO_MATTER = 0.01
NS_PER_S = 1e9
CARDS = 3


@dataclass(frozen=True)
class Candidate:
    """A mechanism in one interpreter: what it costs by workload, and what speaks against it.

    against: the reasons by question and answer; those that always hold are under "".
    """

    name: str
    card: Card
    builds: str
    compiler: str
    catch: Mapping[str, str]
    facts: Facts
    costs_ns: Mapping[str, Interval]
    against: Mapping[str, Mapping[str, str]] = field(repr=False)

    @property
    def built(self) -> str:
        """Who has to build it, and with which compiler."""
        words = BUILDS[self.builds]
        return f"{words}, built with {self.compiler}" if self.compiler else words

    def reasons(self, answers: Mapping[str, str], needs: Iterable[str] = ()) -> list[str]:
        """Lists what speaks against it, given the answers."""
        asked = [("", ""), *answers.items(), *(("needs", need) for need in needs)]
        found = (self.against.get(key, {}).get(answer) for key, answer in asked)
        return [reason for reason in found if reason]


@dataclass(frozen=True)
class Place:
    """An interpreter of a record, and the mechanisms that were measured in it."""

    name: str
    interpreter: Interpreter | None
    candidates: tuple[Candidate, ...]

    @property
    def title(self) -> str:
        """The interpreter in words."""
        return self.interpreter.title if self.interpreter else "the interpreter of this run"

    @property
    def label(self) -> str:
        """Its implementation and version."""
        return self.interpreter.label if self.interpreter else self.title

    @property
    def has_gil(self) -> bool:
        """Whether it was measured with a GIL."""
        return self.interpreter is None or self.interpreter.has_gil


@dataclass(frozen=True)
class Answer:
    """What to take: a few cards, each of another tool; the rest that fits; and what does not."""

    said: str
    cards: tuple[Candidate, ...]
    rest: tuple[Candidate, ...]
    left_out: tuple[tuple[Candidate, list[str]], ...]


def places(record: Record) -> list[Place]:
    """Lists the interpreters of a record that measured a way to call C, the newest first."""
    found = [_place(record, each) for each in interpreters(record)] or [_own_place(record)]
    return sorted((place for place in found if place.candidates), key=_newest_first)


def places_of(first: Record, several: Record) -> list[Place]:
    """Lists the interpreters of a run in several, with the costs that the first run found there.

    One interpreter of one machine must not have two costs for a call. The run that most pages show
    is the longer one, so its costs win.
    """
    found = places(several)
    if first is several or _machine(first) != _machine(several):
        return found
    own = {place.title: {one.name: one for one in place.candidates} for place in places(first)}
    return [
        replace(place, candidates=tuple(_same_or(own[place.title], place.candidates)))
        if place.title in own
        else place
        for place in found
    ]


def _machine(record: Record) -> object:
    return record.document.get("machine_info", {}).get("node")


def _same_or(own: Mapping[str, Candidate], found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yields the candidates of the first run, and those that only the other one measured."""
    yield from (own.get(one.name, one) for one in found)


def default_place(record: Record, found: Iterable[Place]) -> Place | None:
    """Returns the interpreter that stands for the record, or else the newest."""
    lead, there = leading(record), list(found)
    own = (place for place in there if lead is not None and place.name == lead.place)
    return next(own, next(iter(there), None))


def choose(
    place: Place,
    workload: str,
    answers: Mapping[str, str],
    calls_per_s: float = CALLS_PER_SECOND,
    needs: Iterable[str] = (),
) -> Answer:
    """Answers which mechanisms fit what one has and needs, for so many calls of a workload."""
    needs = list(needs)
    judged = [
        (each, [*each.reasons(answers, needs), *_too_slow(each, workload, calls_per_s)])
        for each in place.candidates
    ]
    fits = [each for each, reasons in judged if not reasons]
    fits.sort(key=lambda each: each.costs_ns[workload].value)
    first = _first_of_tools(fits, workload, answers.get("have") or LIBRARY, calls_per_s)[:CARDS]
    rest = tuple(each for each in fits if each not in first)
    out = tuple((each, reasons) for each, reasons in judged if reasons)
    said = _said(first, workload, calls_per_s) or _why_none(
        place, answers, out, workload, calls_per_s
    )
    return Answer(said, tuple(first), rest, out)


def _first_of_tools(
    fits: Iterable[Candidate], workload: str, have: str, calls_per_s: float
) -> list[Candidate]:
    """Picks a mechanism of each tool, given the cheapest first: the advised one, or the first.

    Tools that cost hardly more than the cheapest come in the order of the advice, then the others.
    """
    by_tool: dict[str, Candidate] = {}
    for each in fits:
        if each.card.tool not in by_tool or each.name in ADVISED:
            by_tool[each.card.tool] = each
    least = min((each.costs_ns[workload].value for each in by_tool.values()), default=0.0)

    def key(one: Candidate) -> tuple[float, int, float]:
        cost_ns = one.costs_ns[workload].value
        if (cost_ns - least) * calls_per_s >= NO_MATTER * NS_PER_S:
            return cost_ns, 0, 0.0
        order = ADVICE[have]
        tool = one.card.tool
        return least, order.index(tool) if tool in order else len(order), cost_ns

    return sorted(by_tool.values(), key=key)


def _too_slow(one: Candidate, workload: str, calls_per_s: float) -> list[str]:
    cost_ns = one.costs_ns.get(workload)
    if cost_ns is None:
        return ["was not measured with this call"]
    if cost_ns.value * calls_per_s <= NS_PER_S:
        return []
    return [f"makes at most {count(_most(cost_ns.value), 'call')} per second"]


def _most(cost_ns: float) -> int:
    """Returns how often a second one core can make a call, in two digits."""
    return int(float(f"{NS_PER_S / cost_ns:.1e}"))


def _said(first: Iterable[Candidate], workload: str, calls_per_s: float) -> str:
    shares = [each.costs_ns[workload].value * calls_per_s / NS_PER_S for each in first]
    if not shares:
        return ""
    rate, worst = f"{calls_per_s:,.0f} calls per second", percent(max(shares))
    if max(shares) - min(shares) < NO_MATTER:
        return f"{rate} take at most {worst} of a core. Choose by what you like to write."
    return f"{rate} take {percent(min(shares))} to {worst} of a core: the choice matters."


def _why_none(
    place: Place,
    answers: Mapping[str, str],
    left_out: Iterable[tuple[Candidate, list[str]]],
    workload: str,
    calls_per_s: float,
) -> str:
    """Says why nothing fits: the interpreter has a GIL, or the rate is impossible."""
    if answers.get("threads") == NO_GIL and place.has_gil:
        return f"{place.label} has a GIL: choose a free-threaded Python."
    slow_ns = [
        each.costs_ns[workload].value
        for each, reasons in left_out
        if workload in each.costs_ns and reasons == _too_slow(each, workload, calls_per_s)
    ]
    if not slow_ns:
        return "No measured mechanism fits all of this."
    most = count(_most(min(slow_ns)), "call")
    return f"{calls_per_s:,.0f} calls per second are impossible: one core makes at most {most}."


def _newest_first(place: Place) -> tuple[bool, list[int], bool]:
    """Sorts CPython before others, then new before old, then the build with a GIL first."""
    about = place.interpreter
    version = about.facts.get("python_version", "") if about else ""
    numbers = [-int(part) for part in version.split(".") if part.isdecimal()]
    return not (about and about.is_cpython), numbers[:2], not place.has_gil


def _place(record: Record, one: Interpreter) -> Place:
    groups = groups_in(record.estimates, one.place)
    return _filled(Place(one.place, one, ()), groups, one.mechanism_facts)


def _own_place(record: Record) -> Place:
    """Returns the interpreter that a run was started in, if the record names no others."""
    groups = {name: own for name, own in record.estimates.items() if ELSEWHERE not in name}
    facts = current(record.environment.get("facts", {}))
    own = running(record.document)
    return _filled(Place(own.label if own else "", own, ()), groups, facts)


def _filled(empty: Place, groups: Mapping[str, GroupEstimate], facts: Mapping[str, Facts]) -> Place:
    costs: dict[str, dict[str, Interval]] = {}
    files: dict[str, list[str]] = {}
    workloads = {workload.name for workload in WORKLOADS}
    for workload in (name for name in groups if name in workloads):
        estimate = groups[workload]
        for row, name in enumerate(estimate.names[: estimate.size]):
            cost_ns = estimate.net_ns(row)
            if name in known() and name != REFERENCE and cost_ns.value == cost_ns.value:
                costs.setdefault(name, {})[workload] = cost_ns
                binaries = estimate.times.contenders[row].binaries
                files[name] = [binary.name for binary in binaries if binary.module]
    found = (
        _candidate(known()[name], empty, files[name], facts.get(name, {}), own)
        for name, own in sorted(costs.items())
    )
    return Place(empty.name, empty.interpreter, tuple(found))


def _candidate(
    mechanism: Mechanism,
    place: Place,
    files: Iterable[str],
    facts: Facts,
    costs_ns: Mapping[str, Interval],
) -> Candidate:
    built = builds(files)
    compiler = "" if built == NOTHING else compiler_of(mechanism)
    against = {
        key: {answer: reason for answer, reason in reasons if reason}
        for key, reasons in (
            ("", [("", mechanism.legacy and f"is legacy: {mechanism.legacy}")]),
            ("have", _against_have(mechanism)),
            ("builds", _against_builds(built, compiler)),
            ("threads", _against_threads(mechanism, place, facts)),
            ("abi", [(ONE, BUILDS[built] if built == EACH_VERSION else "")]),
            ("needs", _against_needs(facts)),
        )
    }
    catch = _catches(mechanism, place)
    return Candidate(
        mechanism.name, mechanism.card, built, compiler, catch, facts, costs_ns, against
    )


def _against_have(mechanism: Mechanism) -> Iterator[tuple[str, str]]:
    card, own_code = mechanism.card, not mechanism.same_c(FUNCTION)
    for have, tools in ADVICE.items():
        if have == PYTHON:
            yield have, _against_python(mechanism, own_code)
        elif own_code:
            yield have, "calls no C: it compiles your Python"
        elif have == LIBRARY:
            yield have, "you would write Rust around it" if card.you_write == "Rust" else ""
        else:
            yield have, "" if card.tool in tools else REASONS[have]


def _against_python(mechanism: Mechanism, own_code: bool) -> str:
    if mechanism.card.tool not in ADVICE[PYTHON]:
        return REASONS[PYTHON].format(mechanism.card.you_write)
    same_tool = (each for each in known().values() if each.card.tool == mechanism.card.tool)
    has_own = any(not each.same_c(FUNCTION) for each in same_tool)
    return "" if own_code or not has_own else "wraps C, and does not speed up Python"


def _against_builds(built: str, compiler: str) -> Iterator[tuple[str, str]]:
    yield COMPILER, f"needs {compiler}" if compiler not in ("", C_COMPILER) else ""
    yield NO_BUILD, f"has to be built with {compiler}" if built != NOTHING else ""


def _against_threads(mechanism: Mechanism, place: Place, facts: Facts) -> Iterator[tuple[str, str]]:
    verdict = verdicts(facts)
    if place.has_gil:
        why = mechanism.why_unsupported("work_released")
        yield (
            RELEASE,
            "" if verdict["releases_gil"] == HOLDS or not why else f"holds the GIL: {why}",
        )
        yield NO_GIL, f"{place.label} has a GIL"
        return
    found = {HOLDS: "", DOES_NOT_APPLY: "", DOES_NOT: "turns the GIL on again"}
    yield NO_GIL, found.get(verdict["free_threading"], "not known whether it needs the GIL")


def _against_needs(facts: Facts) -> Iterator[tuple[str, str]]:
    verdict = verdicts(facts)
    for need, (holds, does_not) in NEEDS.items():
        unknown = f"not known whether it {holds}"
        yield need, {HOLDS: "", DOES_NOT: does_not}.get(verdict[need], unknown)


def _catches(mechanism: Mechanism, place: Place) -> dict[str, str]:
    """Returns what to know before, by what one has."""
    tool = mechanism.card.tool
    words = CATCHES.get(mechanism.name) or CATCHES.get(tool, "")
    if not place.has_gil:
        words = WITHOUT_GIL.get(tool, words)
    exported = mechanism.card.you_write != "Rust"
    return {have: EXPORTED if have == RUST and exported else words for have in ADVICE}


def compiler_of(mechanism: Mechanism) -> str:
    """Names the compiler that builds a mechanism, by the files of its folder."""
    paths = list(mechanism.folder.rglob("*"))
    found = {path.suffix for path in paths} | {path.name for path in paths}
    return next((said for ending, said in COMPILERS.items() if ending in found), C_COMPILER)


def builds(files: Iterable[str]) -> str:
    """Tells from the files of a row who has to build it."""
    compiled = [name for name in files if name.endswith(abi.COMPILED)]
    if not compiled:
        return NOTHING
    several = all(abi.is_stable(name) or abi.is_universal(name) for name in compiled)
    return ONE_FILE if several else EACH_VERSION
