"""Makes the guide, "Which one?": the questions, and what the page's script answers them with.

What fits, and in which order, is decided in `benchmarks.which.choices`; the script follows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.site import drawn
from callcost.benchmarks.site.pages import source, tabled
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.tabled import short
from callcost.benchmarks.which import advice, choices, questions
from callcost.benchmarks.which.choices import Answer, Candidate, Place

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book


def page(book: Book) -> Page:
    """Makes the page, with the answer to the questions' defaults."""
    place = choices.default_place(book.several, book.places)
    workloads = _workloads(book.places)
    shown: dict[str, Any] = {
        "questions": questions.QUESTIONS,
        "needs": questions.NEEDS,
        "places": book.places,
        "place": place,
        "calls": questions.CALLS_PER_SECOND,
        "workloads": workloads,
        "answer": None,
    }
    if place and workloads:
        answers = {each.key: next(iter(each.answers)) for each in questions.QUESTIONS}
        answer = choices.choose(place, workloads[0].name, answers)
        shown |= {
            "answer": answer,
            "first": workloads[0],
            "lines": _lines_of(book, answer, workloads[0]),
        }
    return Page("choose.html", "choose.html", "Which one should I take?", shown)


def _workloads(places: Iterable[Place]) -> list[Workload]:
    """Lists the calls that were measured in any interpreter; the headline first."""
    known = {name for place in places for one in place.candidates for name in one.costs_ns}
    found = [each for each in WORKLOADS if each.name in known]
    return sorted(found, key=lambda each: each.name != "fibonacci")


def _lines_of(book: Book, answer: Answer, workload: Workload) -> dict[str, str]:
    return {each.name: lines_of(book, each.name, workload) for each in answer.cards}


def lines_of(book: Book, name: str, workload: Workload) -> str:
    """Returns a few lines of a mechanism's source about a call."""
    known = book.folders.get(name)
    if known is None:
        return ""
    return source.few_lines([*book.sources[name], *book.shared(known)], workload)


def for_script(book: Book) -> dict[str, Any]:
    """Makes the data that the guide's script reads."""
    names = sorted({one.name for place in book.places for one in place.candidates})
    cards = {one.name: one.card for place in book.places for one in place.candidates}
    workloads = _workloads(book.places)
    # Many workloads call the same function.
    calls = {each.function: each for each in workloads}
    lines = {at: {name: lines_of(book, name, one) for name in names} for at, one in calls.items()}
    return {
        "limits": {"share": choices.NO_MATTER, "cards": choices.CARDS},
        "advice": advice.ADVICE,
        "advised": sorted(advice.ADVISED),
        "mechanisms": {
            name: {
                "label": cards[name].label,
                "tool": cards[name].tool,
                "write": cards[name].you_write,
                "install": cards[name].to_install,
                "url": book.mechanism_urls.get(name, ""),
                "colour": drawn.colour_of_mechanism(name),
            }
            for name in names
        },
        "places": {
            place.name: {
                "label": place.label,
                "gil": place.has_gil,
                "candidates": [_candidate(one) for one in place.candidates],
            }
            for place in book.places
        },
        "lines": {workload.name: lines[workload.function] for workload in workloads},
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "name": one.name,
        "catch": one.catch,
        "built": one.built,
        "against": {key: reasons for key, reasons in one.against.items() if reasons},
        "costs": {
            workload: [short(cost_ns.value), tabled.around(cost_ns)]
            for workload, cost_ns in one.costs_ns.items()
        },
    }
