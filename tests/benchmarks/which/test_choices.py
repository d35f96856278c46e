"""Which tool to take: every answer leaves out what does not fit, and says why."""

from __future__ import annotations

import itertools

import made_records
import pytest
import sites

from callcost.benchmarks.facts.facts import YES
from callcost.benchmarks.facts.marks import is_legacy
from callcost.benchmarks.facts.questions import FOREIGN_ABI
from callcost.benchmarks.matrix.interpreters import running
from callcost.benchmarks.publish.publishing import REFERENCE
from callcost.benchmarks.tools import CHOICES, cards
from callcost.benchmarks.which import advice, choices, questions
from callcost.benchmarks.which.choices import EACH_VERSION, NOTHING, ONE_FILE, Answer, Place
from callcost.estimate.record import Record

ANSWERS = {question.key: list(question.answers) for question in questions.QUESTIONS}


@pytest.fixture(scope="module")
def place() -> Place:
    """The interpreter of the reference run."""
    (found,) = choices.places(Record.load(REFERENCE))
    return found


@pytest.fixture(scope="module")
def several() -> list[Place]:
    document = made_records.matrix_record()
    return choices.places(Record(REFERENCE, document))


def chosen(place: Place, calls_per_s: float = 10_000, **answers: str) -> Answer:
    return choices.choose(place, "fibonacci", {"have": "c", **answers}, calls_per_s)


def names(answer: Answer) -> list[str]:
    return [each.name for each in answer.cards]


def test_every_answer_gives_reasons_or_cards_of_different_tools(place: Place) -> None:
    for values in itertools.product(*ANSWERS.values()):
        answers = dict(zip(ANSWERS, values, strict=True))
        answer = choices.choose(place, "fibonacci", answers)
        tools = [each.card.tool for each in answer.cards]
        assert len(tools) == len({*tools}) <= choices.CARDS
        whole = len(answer.cards) + len(answer.rest) + len(answer.left_out)
        assert whole == len(place.candidates)
        assert all(reasons for _, reasons in answer.left_out)
        assert answer.said
        assert bool(answer.cards) != answer.said.startswith(("No ", place.label))


def test_the_advice_is_that_of_the_readme(place: Place) -> None:
    """What the README advises for what one has comes first where the cost does not matter."""
    advised = {choice.mechanism for choice in CHOICES}
    for have in advice.ADVICE:
        first = names(chosen(place, have=have))[0]
        assert first in advised or have == questions.PYTHON
    assert names(chosen(place, have="cpp"))[0] == "nanobind_module"
    assert names(chosen(place, have="rust"))[0] == "pyo3_module"
    assert names(chosen(place))[0] == "cffi_api"
    assert names(chosen(place, builds="none"))[1] == "ctypes_cdll"


def test_python_to_speed_up_is_compiled_and_not_wrapped(place: Place) -> None:
    answer = chosen(place, have="python")
    assert {"cython_native", "mypyc_native"} <= {*names(answer)}
    assert not {"cython_native", "mypyc_native"} & {*names(chosen(place))}


def test_a_rate_is_impossible_or_does_not_matter(place: Place) -> None:
    assert "Choose by what you like to write" in chosen(place, 10).said
    assert "the choice matters" in chosen(place, 20_000_000).said
    answer = chosen(place, 1e12)
    assert "are impossible: one core makes at most" in answer.said
    assert answer.cards == ()
    every = chosen(place)
    cheapest = min(one.costs_ns["fibonacci"].value for one in (*every.cards, *every.rest))
    most = int(answer.said.partition("at most ")[2].split()[0].replace(",", ""))
    # A rate that is said to be possible is.
    assert chosen(place, most * 0.9).cards
    assert most * cheapest == pytest.approx(1e9, rel=0.2)


def test_what_costs_most_comes_last_where_it_matters(place: Place) -> None:
    costs = [each.costs_ns["fibonacci"].value for each in chosen(place, 20_000_000).cards]
    assert costs == sorted(costs)


def test_nothing_of_the_past_is_advised() -> None:
    record = Record(REFERENCE, made_records.with_legacy(made_records.matrix_record()))
    place = next(each for each in choices.places(record) if each.name == "3.14t")
    legacy = {each.name for each, _ in chosen(place).left_out if is_legacy(each.name)}
    assert legacy == {each.name for each in place.candidates if is_legacy(each.name)} != set()


def test_who_builds_is_read_from_the_files(place: Place) -> None:
    found = {one.name: one.builds for one in place.candidates}
    assert found["ctypes_cdll"] == found["cffi_abi"] == found["numba_njit"] == NOTHING
    assert found["cpython_limited"] == found["nanobind_abi3"] == ONE_FILE
    assert found["pybind11_module"] == EACH_VERSION
    assert "python_reference" not in found
    for answer, kinds in (("one", {NOTHING, ONE_FILE}), ("", {NOTHING, ONE_FILE, EACH_VERSION})):
        fits = (*chosen(place, abi=answer).cards, *chosen(place, abi=answer).rest)
        assert {each.builds for each in fits} == kinds
    compiled = chosen(place, builds="compiler")
    assert not any(each.compiler == "Rust" for each in (*compiled.cards, *compiled.rest))


def test_the_fact_agrees_that_one_file_serves_several_versions(place: Place) -> None:
    for one in place.candidates:
        if one.name != "numpy_ctypeslib":  # which has no int to ask with
            serves = one.facts["stable_abi"] in (YES, FOREIGN_ABI)
            assert (one.builds == ONE_FILE) == serves, one.name


def test_the_newest_interpreter_comes_first_and_the_released_one_is_shown(
    several: list[Place],
) -> None:
    assert [place.name for place in several] == ["3.15", "3.14t", "3.13", "pypy3.11"]
    default = choices.default_place(Record(REFERENCE, made_records.matrix_record()), several)
    assert default is not None and default.name == "3.13"


def test_facts_are_those_of_the_chosen_interpreter(several: list[Place]) -> None:
    places = {place.name: place for place in several}
    with_gil = choices.choose(places["3.15"], "fibonacci", {"threads": "free"})
    assert with_gil.said == "CPython 3.15.0rc2 has a GIL: choose a free-threaded Python."
    cffi = next(each for each in places["3.14t"].candidates if each.name == "cffi_api")
    # Without a GIL, none is released.
    assert "GIL" not in cffi.catch["c"]
    assert "cffi_api" not in {each.name for each in places["3.13"].candidates}


def test_unknown_is_not_no(place: Place) -> None:
    answer = choices.choose(place, "fibonacci", {"have": "c"}, needs=["takes_keywords"])
    reasons = {each.name: reasons for each, reasons in answer.left_out}
    assert reasons["cffi_api"] == ["takes no keywords"]
    assert "not known whether it takes keywords" in reasons["numpy_ctypeslib"]


def test_every_tool_that_calls_c_has_a_catch() -> None:
    for name, card in cards().items():
        if not is_legacy(name) and card.tool != "Python":
            assert advice.CATCHES.get(name) or advice.CATCHES.get(card.tool), name
    assert {tool for tools in advice.ADVICE.values() for tool in tools} <= {
        card.tool for card in cards().values()
    }


def test_an_interpreter_of_one_machine_has_one_cost_for_a_call() -> None:
    # Without the other workload, each row has other noise.
    first = Record(REFERENCE, made_records.matrix_record(("fibonacci",)))
    several = Record(REFERENCE, made_records.matrix_record())
    old = choices.places(several)
    found = choices.places_of(first, several)
    assert [place.name for place in found] == [place.name for place in old]
    own = choices.places(first)[0].candidates[0].costs_ns["fibonacci"]
    assert found[0].candidates[0].costs_ns["fibonacci"] == own
    assert old[0].candidates[0].costs_ns["fibonacci"] != own
    several.document["machine_info"]["node"] = "another"
    elsewhere = choices.places_of(first, several)
    assert elsewhere[0].candidates[0].costs_ns["fibonacci"] != own


def test_a_small_record_is_enough() -> None:
    document = sites.small_record()
    own = running(document)
    found = choices.places(Record(REFERENCE, document))
    assert own is not None and [place.label for place in found] == [own.label]
