"""Whatever a file holds, a command reads it or refuses it with one sentence: 3,000 odd files.

Hypothesis makes them from whole ones, by their structure: a field is replaced, lost, doubled or
put elsewhere, or the text itself is damaged. They are the same in every run, and one that fails
is made as small as it can be.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import io
import json
import lzma
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import click
import duckdb
import explanations
import made_records
import msgspec
import pytest
from checkout import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcost.benchmarks.publish.archive import compressed
from callcost.benchmarks.site import site
from callcost.benchmarks.site.inputs import Inputs
from callcost.benchmarks.site.pages import environments
from callcost.cli import main
from callcost.compare import document
from callcost.console.files import write_atomically
from callcost.errors import CallcostError
from callcost.estimate.record import Record
from callcost.explain import flow, records
from callcost.history.files import digest_of
from callcost.history.show import as_json
from callcost.history.store import Store

Steps = tuple[str | int, ...]
RECORD = made_records.record()
ARCHIVED = json.loads(lzma.decompress(compressed(Record(Path("run.json"), RECORD))))
RUN = made_records.pytest_run(
    [made_records.benchmark(f"test_{name}", (n + 1) * 1e-6) for n, name in enumerate("abcd")]
)
CALIBRATION = made_records.calibration()
EXPLAINED = explanations.made()
EXPLANATION = json.loads(records.as_text(EXPLAINED))
COMPARISON = {
    **msgspec.to_builtins(document.read(ROOT / "results" / "comparison.json.xz")),
    "callcost_compare": document.VERSION,
}
COMPRESS = partial(gzip.compress, mtime=0)
DEEP: Any = ()
for _ in range(200):
    DEEP = (DEEP,)
ODD = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.0, -0.5, 1e-300, 1e308, float("nan"),
    float("inf"), -float("inf"), "", " ", "x", "1", "nan", "\x00", "\x1b[31m", "a\nb", "\ud800",
    "é" * 20_000, "[bold]", "<script>", "1 2 3", "-1", [], {}, [[]], [None], {"": None}, DEEP,
    ["one"] * 3, list(range(50)), {"callcost": {}}, {"kind": "explanation"},
]  # fmt: skip


def places(value: Any, above: Steps = ()) -> Iterator[Steps]:
    """Yields the path of every field of a document, except the document itself."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        yield (*above, key)
        if isinstance(member, dict | list):
            yield from places(member, (*above, key))


def found(document: Any, steps: Iterable[str | int]) -> Any:
    for step in steps:
        document = document[step]
    return document


@dataclass
class Odd:
    """A document, and what was done to it: a failing test prints that alone."""

    document: Any = field(repr=False)
    changes: list[str] = field(default_factory=list)


def mutated(whole: Any) -> st.SearchStrategy[Odd]:
    """Makes documents with some fields changed."""
    # Listing all fields takes long, so it is done once for all first changes.
    return changed(whole, st.sampled_from(list(places(whole))))


@st.composite
def changed(draw: st.DrawFn, whole: Any, fields: st.SearchStrategy[Steps]) -> Odd:
    """Draws a document with some fields changed; `fields` are those of the whole one."""
    document = made_records.copied(whole)
    odd = Odd(document)
    for left in reversed(range(draw(st.integers(1, 3)))):
        *above, last = draw(fields)
        parent = found(document, above)
        kind = draw(st.sampled_from(("replace", "replace", "lose", "double", "move")))
        if kind == "lose":
            del parent[last]
        elif kind == "double" and isinstance(parent, list):
            parent.append(parent[last])  # type: ignore[index]
        elif kind == "move":
            parent[last] = copy.deepcopy(found(document, draw(fields)))
        else:
            parent[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
        after = repr(parent[last])[:80] if kind in ("move", "replace") else ""
        odd.changes.append(f"{kind} {(*above, last)} {after}")
        every = list(places(document)) if left else []
        if not every:
            break
        fields = st.sampled_from(every)
    return odd


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draws a text with some bytes changed."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data) or 1))
        kind = draw(st.sampled_from(("flip", "cut", "put", "take")))
        if kind == "cut" or not data:
            del data[place:]
        elif kind == "flip":
            data[min(place, len(data) - 1)] ^= 1 << draw(st.integers(0, 7))
        elif kind == "put":
            data[place:place] = draw(st.sampled_from(TOKENS))
        else:
            del data[place : place + draw(st.integers(1, 40))]
    return bytes(data)


TOKENS = [
    b"[" * 5000, b'{"a":' * 2000, b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b'"\\ud800"',
    b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b",", b"}", b"]", b'"',
]  # fmt: skip


def odd_files(examples: int) -> Callable[[Any], Any]:
    """Sets how many files a test tries, the same ones in every run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        yield Path(name)


def run(*arguments: str | Path) -> int | None:
    """Runs a command in this process, and returns its exit code; 2 for a sentence on bad input.

    Whatever is not meant for the user comes out as it is.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code: int | None = main.main([*map(str, arguments)], standalone_mode=False)
    except (CallcostError, click.ClickException) as error:
        said = str(error) if isinstance(error, CallcostError) else error.format_message()
        assert said and "\n" not in said and said.isprintable(), said
        assert len(said) < 1500, said
        return 2
    printed.getvalue().encode()
    return code


def read_only(inputs: Inputs, output: Path) -> None:
    """Replaces writing a site: computes everything that its pages show."""
    for measured in inputs.runs:
        assert list(measured.rows) is not None and measured.curves is not None
        assert measured.mechanisms is not None and measured.ways is not None
        assert measured.topics is not None and measured.facts is not None
    environments.about(inputs.runs)
    for store in inputs.histories:
        list(store.each_series())


def report(*paths: Path) -> int | None:
    with mock.patch.object(site, "write", read_only):
        return run("report", *paths, "--output", paths[0].with_name("site"))


@odd_files(600)
@given(st.one_of(mutated(RECORD), mutated(ARCHIVED)), st.booleans())
def test_compare(odd: Odd, first: bool) -> None:
    with folder() as place:
        path = made_records.written(place / "odd.json", odd.document)
        whole = made_records.written(place / "whole.json", RECORD)
        code = run("compare", *((path, whole) if first else (whole, path)))
        assert code in (0, 2, 3)


def added_and_shown(odd: Odd) -> None:
    """Adds a file to a history; what is added can be shown, alone and beside another run."""
    with folder() as place:
        path = made_records.written(place / "odd.json", odd.document)
        store = place / "history"
        if run("history", "add", path, "--store", store) == 2:
            assert not store.exists()
            return
        assert run("history", "show", "--store", store) in (0, None)
        json.dumps(as_json([(one, ()) for one in Store(store).each_series()]), allow_nan=False)


@odd_files(250)
@given(st.one_of(mutated(RECORD), mutated(ARCHIVED)))
def test_history_add_of_a_record(odd: Odd) -> None:
    added_and_shown(odd)


@odd_files(120)
@given(mutated(RUN))
def test_history_add_of_a_run_of_pytest_benchmark(odd: Odd) -> None:
    added_and_shown(odd)


@odd_files(450)
@given(st.one_of(mutated(RECORD), mutated(ARCHIVED)))
def test_report_of_a_record(odd: Odd) -> None:
    with folder() as place:
        assert report(made_records.written(place / "odd.json", odd.document)) in (0, None, 2)


@odd_files(330)
@given(st.one_of(mutated(CALIBRATION), mutated(EXPLANATION)))
def test_report_of_what_goes_with_a_record(odd: Odd) -> None:
    with folder() as place:
        whole = made_records.written(place / "whole.json", RECORD)
        path = made_records.written(place / "odd.json", odd.document)
        assert report(whole, path) in (0, None, 2)


@odd_files(200)
@given(st.one_of(mutated(RECORD), mutated(ARCHIVED)))
def test_publish(odd: Odd) -> None:
    with folder() as place:
        # It has not all that a reference must have, so nothing is published.
        assert run("publish", made_records.written(place / "odd.json", odd.document)) == 2


@odd_files(150)
@given(mutated(COMPARISON))
def test_comment(odd: Odd) -> None:
    with folder() as place:
        path = made_records.written(place / "odd.json", odd.document)
        assert run("comment", path) in (0, None, 2)


@odd_files(450)
@given(mutated(EXPLANATION))
def test_explain_against(odd: Odd) -> None:
    with folder() as place, mock.patch.object(flow, "explain", lambda *_: EXPLAINED):
        path = made_records.written(place / "odd.json", odd.document)
        assert run("explain", "1 + 1", "-s", "", "--against", path) in (0, None, 2)


@odd_files(400)
@given(
    st.one_of(
        [damaged(json.dumps(one).encode()) for one in (RECORD, ARCHIVED, RUN, EXPLANATION)]
        + [damaged(compress(json.dumps(RECORD).encode())) for compress in (COMPRESS, lzma.compress)]
    ),
    st.sampled_from(("compare", "add", "report", "explain")),
)
def test_damaged_texts(data: bytes, command: str) -> None:
    with folder() as place:
        odd = place / "odd.json"
        write_atomically(odd, data)
        if command == "compare":
            assert run("compare", odd, odd) in (0, 2, 3)
        elif command == "add":
            assert run("history", "add", odd, "--store", place / "history") in (0, None, 2)
        elif command == "report":
            assert report(odd) in (0, None, 2)
        else:
            with mock.patch.object(flow, "explain", lambda *_: EXPLAINED):
                assert run("explain", "1 + 1", "-s", "", "--against", odd) in (0, None, 2)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a run in a history."""
    place = tmp_path_factory.mktemp("stored")
    path = made_records.written(place / "run.json", RUN)
    assert run("history", "add", path, "--store", place / "history") in (0, None)
    (file,) = Store(place / "history").files()
    return file.path


def shown_beside_another(stored: Path, data: bytes, sealed: bool) -> None:
    with folder() as place:
        history = place / "history"
        path = made_records.written(place / "run.json", made_records.pytest_run([
            made_records.benchmark("test_a", 1e-6)], commit=7))  # fmt: skip
        assert run("history", "add", path, "--store", history) in (0, None)
        moment, digest, *_ = stored.stem.split("-")
        name = f"{moment}-{digest}-{digest_of(data)}" if sealed else f"{moment}-{digest}"
        write_atomically(history / f"{name}.parquet", data)
        assert run("history", "show", "--store", history) in (0, None, 2)
        with contextlib.suppress(CallcostError):
            list(Store(history).each_series())


@odd_files(25)
@given(st.data(), st.booleans())
def test_damaged_files_of_a_history(stored: Path, drawn: st.DataObject, sealed: bool) -> None:
    shown_beside_another(stored, drawn.draw(damaged(stored.read_bytes())), sealed)


VALUES = [
    "NULL", "'nan'::DOUBLE", "'inf'::DOUBLE", "-1", "0", "1e300", "'x'", "''", "[1]", "TRUE",
    "{'a': 1}", "'infinity'::TIMESTAMP", "'\\x00'::BLOB", "repeat('[', 3000)", "chr(27)", "'[b]'",
]  # fmt: skip


@odd_files(25)
@given(st.data(), st.booleans())
def test_files_of_a_history_with_odd_values(
    stored: Path, drawn: st.DataObject, sealed: bool
) -> None:
    with folder() as place, duckdb.connect() as connection:
        table = connection.read_parquet(str(stored))
        column, value = (drawn.draw(st.sampled_from(of)) for of in (table.columns, VALUES))
        lost = drawn.draw(st.booleans())
        how = "EXCLUDE" if lost else "REPLACE"
        what = f'("{column}")' if lost else f'({value} AS "{column}")'
        odd = place / "odd.parquet"
        connection.sql(f"SELECT * {how} {what} FROM '{stored}'").write_parquet(str(odd))
        shown_beside_another(stored, odd.read_bytes(), sealed)
