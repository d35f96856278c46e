"""The command `callcost which`: the site's "Which one?" in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost import benchmarks
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.which.questions import CALLS_PER_SECOND, NEEDS, QUESTIONS, Question
from callcost.console.files import shown
from callcost.console.front import EXPLAIN, Front
from callcost.console.numbers import count, format_ns, listed, percent, plus_minus
from callcost.console.options import Existing, FiniteRange
from callcost.errors import CallcostError
from callcost.model.patterns import require_known

if TYPE_CHECKING:
    from callcost.benchmarks.which.choices import Answer, Place
    from callcost.estimate.record import Record

# The published runs: of every workload, and of several interpreters.
RESULTS = Path(benchmarks.__path__[0]).resolve().parent / "results"
PUBLISHED = ("reference.json.xz", "matrix.json.xz")
ANY = "any"


def _option(question: Question) -> click.Option:
    """Makes the option of a question; the default answer has no name in advice.py."""
    keys = [key or ANY for key in question.answers]
    words = zip(keys, question.answers.values(), strict=True)
    told = ", ".join(f"{answer} ({key})" for key, answer in words)
    return click.Option(
        [f"--{question.key}"], type=click.Choice(keys), help=f"{question.words}: {told}."
    )


@click.command(
    cls=Front,
    params=list(map(_option, QUESTIONS)),
    section=EXPLAIN,
    short_help="Choose a mechanism for your case",
    examples=(
        "callcost which",
        "callcost which --have cpp --calls 1e6",
        "callcost which --have c --builds none --call text_ascii_16 --all",
    ),
)
@click.option(
    "--call", default="fibonacci", show_default=True, metavar="WORKLOAD", help="What you call."
)
@click.option(
    "--calls",
    type=FiniteRange(min=0, min_open=True),
    default=CALLS_PER_SECOND,
    show_default=True,
    metavar="NUMBER",
    help="Calls per second.",
)
@click.option(
    "--need", "needs", multiple=True, type=click.Choice(list(NEEDS)), help="May be repeated."
)
@click.option("--python", metavar="NAME", help="An interpreter of the run. Default: the newest.")
@click.option(
    "--record",
    type=Existing(dir_okay=False),
    help="The run to take costs and facts from. Default: the published one.",
)
@click.option("--all", "show_all", is_flag=True, help="Also say why the others are left out.")
def which(
    call: str,
    calls: float,
    needs: tuple[str, ...],
    python: str | None,
    record: Path | None,
    show_all: bool,
    **answers: str | None,
) -> None:
    """Say which mechanism to take for what you have, with its cost and its catch.

    Without an option it asks, on a terminal. `callcost list --workloads` shows what --call takes.
    """
    require_known("--call", [call], [workload.name for workload in WORKLOADS])
    if not any(answers.values()) and sys.stdin.isatty() and sys.stdout.isatty():
        answers = {question.key: _ask(question) for question in QUESTIONS}
    given = {question.key: _given(question, answers[question.key]) for question in QUESTIONS}
    # Imported late: they are slow to import, and the command's help does not need them.
    from callcost.benchmarks.which.choices import choose
    from callcost.estimate.record import Record

    paths = _published() if record is None else [record]
    place = _place([Record.load(path) for path in paths], python)
    _show(choose(place, call, given, calls, needs), given, call, calls, show_all=show_all)
    click.echo(f"Measured in {place.title}: {listed(map(shown, paths))}")


def _given(question: Question, said: str | None) -> str:
    """Returns an answer as choices.py knows it; the first one is the default."""
    return next(iter(question.answers)) if said in (None, ANY) else said


def _ask(question: Question) -> str:
    """Asks a question, and returns the key of the answer."""
    click.echo(f"{question.words} ...")
    keys = list(question.answers)
    for number, words in enumerate(question.answers.values(), start=1):
        click.echo(f"  {number}  {words}")
    chosen = click.prompt("Which", type=click.IntRange(1, len(keys)), default=1)
    return keys[chosen - 1] or ANY


def _published() -> list[Path]:
    found = [path for name in PUBLISHED if (path := RESULTS / name).exists()]
    if found:
        return found
    raise CallcostError(
        "There is no published run beside this installation: measure one with callcost run, and "
        "name it with --record."
    )


def _place(runs: Sequence[Record], python: str | None) -> Place:
    """Chooses an interpreter of the last run; raises CallcostError if it does not have it."""
    from callcost.benchmarks.which.choices import default_place, places_of

    first, last = runs[0], runs[-1]
    found = {place.name: place for place in places_of(first, last)}
    if python is not None:
        require_known("--python", [python], list(found))
        return found[python]
    place = default_place(last, found.values())
    if place is None:
        raise CallcostError(f"{last.path} measured no way to call C: name another with --record.")
    return place


def _show(
    answer: Answer, given: Mapping[str, str], call: str, calls: float, *, show_all: bool
) -> None:
    from callcost.console.outputs import output_console
    from callcost.console.tables import PlainTable

    console = output_console()
    console.print(answer.said, style="bold", markup=False)
    table = PlainTable("take", ">a call costs", ">of a core", "the catch", "install", spare=(2,))
    table.columns[3].no_wrap = False
    for card in answer.cards:
        cost_ns = card.costs_ns[call]
        share = percent(cost_ns.value * calls / 1e9)
        catch = card.catch.get(given["have"], "")
        table.add(card.card.label, plus_minus(cost_ns), share, catch, card.card.to_install)
    if answer.cards:
        console.print(table)
    for line in _others(answer, call, show_all=show_all):
        console.print(line, markup=False)


def _others(answer: Answer, call: str, *, show_all: bool) -> Iterator[str]:
    if answer.rest:
        named = (f"{one.card.label} ({format_ns(one.costs_ns[call].value)})" for one in answer.rest)
        yield f"Also fit: {listed(named)}."
    if answer.left_out and not show_all:
        yield f"Left out: {count(len(answer.left_out), 'mechanism')} (--all says why)."
    for one, reasons in answer.left_out if show_all else ():
        yield f"Left out: {one.card.label}: {'; '.join(reasons)}."
