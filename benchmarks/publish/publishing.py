"""Writes every figure and chart that README and docs show, from the records in results/.

A generated part of a document begins with the line `<!-- generated: NAME -->` and ends with
`<!-- end -->`. Nothing between them is written by hand: a test compares it with the records.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from callcost.benchmarks import suite
from callcost.benchmarks.break_even import NEAR_FASTEST, Curve, calls_the_c, curves
from callcost.benchmarks.catalogue import (
    BREAK_EVEN_RESULTS,
    TOPICS,
    WORKLOADS,
    break_even_workload,
)
from callcost.benchmarks.charts import draw as charts
from callcost.benchmarks.charts.layouts_chart import Moved
from callcost.benchmarks.contenders import BREAK_EVEN, group_name
from callcost.benchmarks.facts import bad_input, facts
from callcost.benchmarks.facts.marks import Marks
from callcost.benchmarks.matrix.interpreters import interpreters, running
from callcost.benchmarks.publish import (
    abi_tables,
    case_tables,
    explain_tables,
    figures,
    front_page,
    gate_tables,
    layout_tables,
    matrix_tables,
    tables,
)
from callcost.benchmarks.publish.archive import compressed
from callcost.benchmarks.publish.tables import CostTables
from callcost.benchmarks.stable_abi import chart as stable_abi
from callcost.benchmarks.stable_abi.prices import Price, here, latest, prices
from callcost.bindings.registry import mechanisms, tool_of
from callcost.compare import document
from callcost.compare.comment import comment
from callcost.console.files import write_atomically
from callcost.console.markdown import markdown_table
from callcost.console.numbers import format_ns
from callcost.errors import CallcostError
from callcost.estimate.reading import RecordError, checked
from callcost.estimate.record import Record
from callcost.explain import chart as explain_chart
from callcost.model.run import NO_COST

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
REFERENCE = RESULTS / "reference.json.xz"
CALIBRATION = RESULTS / "calibration.json"
REPEATABILITY = RESULTS / "repeatability.json"
HISTORY = RESULTS / "history.json"
GATE = RESULTS / "gate.json"
NOOPS = RESULTS / "noops.json"
CASES = RESULTS / "cases.json"
BISECT = RESULTS / "bisect.json"
PEEKING = RESULTS / "peeking.json"
LAYOUTS = RESULTS / "layouts.json"
RELINKS = RESULTS / "relinks.json"
STABLE_ABI = RESULTS / "stable_abi.json"
REPORT = RESULTS / "report.json"
# A run in several interpreters, if there is one.
MATRIX = RESULTS / "matrix.json.xz"
COMPARISON = RESULTS / "comparison.json.xz"
EXPLAINED = RESULTS / "explain.json"
# The same question asked of later versions of Python.
EXPLAINED_LATER = tuple(RESULTS / f"explain.{tag}.json" for tag in ("cp312", "cp313"))
TEXTS = (
    *("measuring", "bad-input", "cases", "costs", "ci", "comparing", "explaining", "reporting"),
    *("interpreters", "stable-abi"),
)
DOCUMENTS = ("README.md", *(f"docs/{name}.md" for name in TEXTS))
BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class NotACheckoutError(CallcostError):
    """There is no README beside the installed package: nothing to publish into."""


def publish(record: Path | None) -> list[Path]:
    """Makes `record` the reference, if given, and writes all that depends on it; returns the files.

    A record of several interpreters becomes that of docs/interpreters.md instead. Raises
    RecordError for a file that cannot be shown, and NotACheckoutError.
    """
    if not (ROOT / "README.md").exists():
        raise NotACheckoutError(f"{ROOT} is not a checkout of callcost: it has no README.md")
    figures = (CALIBRATION, REPEATABILITY, HISTORY, GATE, NOOPS, CASES, REPORT)
    for path in (*figures, EXPLAINED, *EXPLAINED_LATER):
        if not path.exists():
            raise RecordError(f"{path} is missing; the documents say which command makes it")
    given = None if record is None else Record.load(record)
    if given is not None and interpreters(given):
        matrix_tables.refuse_unfit(given)
        refuse_unfit(REFERENCE)
        place = MATRIX
    else:
        refuse_unfit(record or REFERENCE)
        place = REFERENCE
    with _keeping(place):
        if given is not None and given.path.resolve() != place:
            write_atomically(place, compressed(given))
        return _write_all()


@contextlib.contextmanager
def _keeping(place: Path) -> Iterator[None]:
    """Puts a record back if what depends on it cannot be written."""
    before = place.read_bytes() if place.exists() else None
    try:
        yield
    except BaseException:
        if before is None:
            place.unlink(missing_ok=True)
        elif place.read_bytes() != before:
            write_atomically(place, before)
        raise


def _write_all() -> list[Path]:
    drawn = charts.draw(REFERENCE, formats=["svg"])
    drawn += [*draw_explanation(RESULTS), *draw_layouts(RESULTS)]
    drawn += [*draw_stable_abi(RESULTS), *draw_front(RESULTS)]
    drawn += matrix_tables.draw(MATRIX, RESULTS)
    documents = [ROOT / name for name in DOCUMENTS]
    # All of them are made before the first is written.
    texts = [fill(path.read_text(encoding="utf-8")) for path in documents]
    for path, text in zip(documents, texts, strict=True):
        write_atomically(path, text)
    return [*drawn, *documents]


def draw_explanation(folder: Path) -> list[Path]:
    """Draws the chart of the recorded explanation that the documents show."""
    return explain_chart.draw(explain_tables.headline(EXPLAINED), folder, ["svg"])


def draw_layouts(folder: Path) -> list[Path]:
    """Draws what each layout made of one call in the run that the documents show."""
    found = figures.read(LAYOUTS)
    rows = tuple(Moved(name, tuple(percent)) for name, percent in found["moved"].items())
    return charts.draw_layouts(rows, found["call"], found["made_with"], folder)


def draw_front(folder: Path) -> list[Path]:
    """Draws the pictures of the README."""
    return charts.draw_front(_reference(), folder)


def draw_stable_abi(folder: Path) -> list[Path]:
    """Draws what the stable ABI costs in the reference run."""
    found, document = _prices(), _in_several().document
    names = [price.stable for price in found]
    return stable_abi.draw(found, charts.provenance(document), names, folder / "stable_abi")


def _in_several() -> Record:
    """Returns the run in several interpreters, or the reference where there is none yet."""
    return _loaded(MATRIX) if MATRIX.exists() else _reference()


def _prices() -> list[Price]:
    record = _in_several()
    return latest(prices(record.estimates, here(record.document)))


def refuse_unfit(record: Path) -> None:
    """Raises RecordError for a run that is not whole, or not conclusive."""
    read = Record.load(record)
    run, there, document = read.run, read.estimates, read.document
    # A call that another interpreter's compiler removes has no cost. That is not a failure.
    checked(record, document, figures.Reference)
    found = document["callcost"].get("failures", [])
    failures = [failure for failure in found if failure["kind"] != NO_COST]
    shown = [group_name(workload) for workload in WORKLOADS]
    shown += [group_name(break_even_workload(n), BREAK_EVEN) for n in BREAK_EVEN_RESULTS]
    unfit = {
        "it lacks": [name for name in shown if name not in there],
        "inconclusive:": [name for name in shown if name in there and there[name].inconclusive],
        "failed:": [failure["contender"] for failure in failures],
    }
    reasons = [f"{what} {', '.join(names)}" for what, names in unfit.items() if names]
    reasons += figures.flaws(run)
    if reasons:
        raise RecordError(f"{record} cannot be the reference: {'; '.join(reasons)}")


def fill(text: str) -> str:
    """Returns the document with every generated part made again."""
    return BLOCK.sub(lambda m: f"{m[1]}{GENERATORS[m[2]]().strip()}\n{m[3]}", text)


@cache
def _read(path: Path, changed_ns: int) -> Record:
    return Record.load(path)


def _loaded(path: Path) -> Record:
    """Loads a record once for each state of its file: it is long, and many parts need it."""
    return _read(path, path.stat().st_mtime_ns)


def _reference() -> Record:
    return _loaded(REFERENCE)


@cache
def _sheet_of(record: Record) -> CostTables:
    panels = charts.panels_of(record.estimates, Marks.of_record(record.document))
    return CostTables(panels, curves(record.estimates), record.environment)


def _sheet() -> CostTables:
    return _sheet_of(_reference())


def choice() -> str:
    """Lists what a call costs by tool, and how long it must take before that stops mattering."""
    estimates = _reference().estimates
    main = estimates["fibonacci"]
    found = {curve.name: curve for curve in curves(estimates)}
    tools: dict[str, list[int]] = {}
    ways = [row for row in main.order if calls_the_c(main.names[row])]
    for row in ways:
        tools.setdefault(tool_of(main.names[row]), []).append(row)
    rows = [
        [
            f"**{tool}**",
            _span([main.net_ns(row).value for row in members], "ns"),
            _span([main.ratio(row, ways[0]).value for row in members], "times"),
            _work([found[main.names[row]] for row in members]),
        ]
        for tool, members in tools.items()
    ]
    within = f"a call within {NEAR_FASTEST - 1:.0%} of the fastest once it takes"
    return markdown_table(["", "a call costs", "compared with the fastest", within], rows)


def _work(members: list[Curve]) -> str:
    """Says how long a call must take before the mechanism stops mattering."""
    costs_ns = []
    for curve in members:
        if curve.near_fastest_ns is None:
            return "more than was measured"
        costs_ns.append(curve.near_fastest_ns)
    return " to ".join(dict.fromkeys(format_ns(cost) for cost in (min(costs_ns), max(costs_ns))))


def _span(values: list[float], unit: str) -> str:
    ends = dict.fromkeys(f"{value:.1f}" for value in (min(values), max(values)))
    return f"{' to '.join(ends)} {unit}"


def delay_curve() -> str:
    """Lists the injected delays of the recorded calibration, and what was measured."""
    found = figures.read(CALIBRATION)
    rows = [
        [
            f"{point['injected_ns']:.1f}",
            f"{point['measured']['value']:.1f}",
        ]
        for point in found["points"]
    ]
    table = markdown_table(["timed in C (ns)", "measured (ns)"], rows)
    least_ns = min(point["injected_ns"] for point in found["points"] if point["fitted"])
    low, high = found["slope_interval"]
    return (
        f"{table}\n\nFrom {least_ns:.1f} ns on: slope {found['slope']:.4f} "
        f"({low:.4f} to {high:.4f}), intercept {found['intercept_ns']:.1f} ns. An empty call "
        f"costs {abs(found['empty_call_ns']):.3f} ns net. 95% of the pairs of the same code "
        f"differed by less than {found['aa_p95']:.2%}, all by less than {found['aa_max']:.2%}; "
        f"{found['wall_s']:.0f} s."
    )


def repeatability() -> str:
    """Lists how far two runs agreed, ours and the others'."""
    found = figures.read(REPEATABILITY)
    rows = [
        [
            label,
            str(result["compared"]),
            f"{result['within_limit']:.1%}",
            f"{result['median']:.2%}",
            f"{result['p95']:.2%}",
            f"{result['worst']:.1%}",
            str(result["swapped_pairs"]),
        ]
        for label, result in found["harnesses"].items()
    ]
    table = markdown_table(
        ["two runs of", "ratios", f"within {found['limit']:.0%}", "median shift", "95% below",
         "worst", "pairs swapped"], rows,
    )  # fmt: skip
    order = found["order"]
    return (
        f"{table}\n\nOf {order['pairs_told_apart']} pairs of rows whose interval excludes a tie in "
        f"both callcost runs, {order['turned_round']} changed their order."
    )


def history() -> str:
    """Says how long the commands of the history take when it is large."""
    found = figures.read(HISTORY)
    rows = [
        [f"add a run of {found['run_rows']} rows", *_seconds(found["add_s"])],
        [f"show a series of {found['shown_points']:,} runs", *_seconds(found["show_s"])],
    ]
    table = markdown_table(["the whole command", "best (s)", "median (s)"], rows)
    return (
        f"{table}\n\nIn a history of {found['rows']:,} rows from {found['runs']:,} runs, "
        f"{found['bytes'] / 1e6:.0f} MB; DuckDB {found['duckdb']}, load "
        f"{found['state']['load_1min']:.1f} on {found['machine']['cpu_count']} CPUs. Made by "
        "`python -m callcost.benchmarks.validation.history_size --json results/history.json`."
    )


def report() -> str:
    """Says how large a site is, how long it takes to write, and how soon it is seen."""
    found = figures.read(REPORT)
    whole, few, long = found["whole"], found["few"], found["history"]
    rows = [
        ["the reference run, with explanations", *_written(whole)],
        ["a run of fewer rows", *_written(few)],
        ["a run with a long history", *_written(long)],
    ]
    table = markdown_table(
        ["the whole command, for", "rows", "s", "MiB of memory", "MB of site"], rows
    )
    return (
        f"{table}\n\nOpened from disk in Chromium, the largest shows its first chart "
        f"after {whole['painted_ms']:.0f} ms, and answers pointing after {whole['live_ms']:.0f} "
        f"ms (load {found['state']['load_1min']:.1f} on {found['machine']['cpu_count']} CPUs). "
        "Made by `python -m callcost.benchmarks.validation.report_size --json results/report.json`."
    )


def _written(found: dict[str, float]) -> list[str]:
    return [
        f"{found['rows']:,}",
        f"{found['wall_s']:.1f}",
        f"{found['peak_mib']:.0f}",
        f"{found['bytes'] / 1e6:.2f}",
    ]


def _seconds(found: dict[str, float]) -> list[str]:
    return [f"{found[name]:.2f}" for name in ("best", "median")]


def what_each_does() -> str:
    """Lists what each mechanism does in each interpreter of the run in several."""
    record = _in_several()
    own = running(record.document)
    found = interpreters(record) or ([own] if own else [])
    return facts.facts_table({each.place: each.mechanism_facts for each in found})


def supported_mechanisms() -> str:
    """Lists every mechanism with the first sentence of its own docstring."""
    return "\n".join(f"- `{m.name}`: {m.summary}" for m in mechanisms())


GENERATORS: dict[str, Callable[[], str]] = {
    "abi-cost": lambda: abi_tables.cost_table(_prices()),
    "abi-cython": lambda: abi_tables.cython_error(figures.read(STABLE_ABI)),
    "abi-explained": lambda: abi_tables.explained(_prices(), figures.read(STABLE_ABI)),
    "abi-instructions": lambda: abi_tables.instruction_table(figures.read(STABLE_ABI)),
    "bad-input": bad_input.bad_input_table,
    **{
        f"case-{case.name}": partial(
            lambda case: case_tables.case_part(case, figures.read(CASES)), case
        )
        for case in case_tables.read().values()
    },
    "choice": choice,
    "comment": lambda: comment(document.read(COMPARISON)),
    "cost-table": lambda: tables.headline_table(_sheet()),
    "delay-curve": delay_curve,
    "environment": lambda: front_page.environment(_reference()),
    "explain-made": lambda: explain_tables.provenance(EXPLAINED),
    **{
        f"explain-{name}": partial(
            explain_tables.chapter_table,
            EXPLAINED,
            name,
            EXPLAINED_LATER if name == explain_tables.HEADLINE else (),
        )
        for name in suite.DEFAULT_WORKLOADS
    },
    "facts": what_each_does,
    "front-output": lambda: front_page.output(_reference()),
    "front-tools": lambda: front_page.tools_table(_reference()),
    "front-trust": lambda: front_page.trust(
        _reference().aa_error, figures.read(CALIBRATION), figures.read(REPEATABILITY)
    ),
    "front-which": lambda: front_page.which(_reference()),
    "front-work": lambda: front_page.stops_mattering(
        {curve.name: curve for curve in curves(_reference().estimates)}
    ),
    "gate-bisect": lambda: gate_tables.bisect_table(figures.read(BISECT)),
    "gate-noops": lambda: gate_tables.noops_table(figures.read(NOOPS)),
    "gate-peers": lambda: gate_tables.peers_table(figures.read(GATE)),
    "gate-planted": lambda: gate_tables.planted_table(figures.read(GATE)),
    "gate-runs": lambda: gate_tables.runs_table(figures.read(GATE)),
    "history": history,
    "interpreters": lambda: matrix_tables.document(MATRIX),
    "layouts": lambda: layout_tables.luck_table(figures.read(LAYOUTS)),
    "mechanisms": supported_mechanisms,
    "peeking-errors": lambda: gate_tables.peeking_errors(figures.read(PEEKING)),
    "peeking-quartets": lambda: gate_tables.peeking_quartets(figures.read(PEEKING)),
    "repeatability": repeatability,
    "relinks": lambda: layout_tables.relinks_table(figures.read(RELINKS)),
    "report": report,
    "unsupported": tables.unsupported_list,
    **{
        charts.file_part(topic): partial(lambda topic: tables.topic_table(_sheet(), topic), topic)
        for topic in TOPICS
    },
}
