"""The stored reference: the same run, a fraction of the size, and still pytest-benchmark's JSON."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from pathlib import Path

import made_records
import numpy as np
import pytest

from callcost.benchmarks.publish import publishing
from callcost.benchmarks.publish.archive import compressed
from callcost.estimate.record import Record

LARGEST_B = 3_500_000


@pytest.fixture(scope="module")
def record() -> Record:
    return Record(Path("run.json"), made_records.record())


def test_an_archived_run_is_the_run_itself(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "run.json.xz"
    path.write_bytes(compressed(record))
    archived = Record.load(path)
    assert archived.run.groups.keys() == record.run.groups.keys()
    for name, times in record.run.groups.items():
        again = archived.run.groups[name]
        assert again.contenders == times.contenders
        assert all(map(np.array_equal, times.processes, again.processes))
        assert archived.estimates[name].net_ns(0) == record.estimates[name].net_ns(0)
    assert compressed(archived) == path.read_bytes()


def test_everything_but_the_epochs_stays_as_it_is(record: Record) -> None:
    archived = json.loads(lzma.decompress(compressed(record)))
    for before, after in zip(record.document["benchmarks"], archived["benchmarks"], strict=True):
        assert after["stats"] == before["stats"]
        facts, same = before["extra_info"]["callcost"], after["extra_info"]["callcost"]
        assert facts.keys() == same.keys()
        assert {name for name in facts if facts[name] != same[name]} <= {"epoch_ns", "empty_ns"}
    assert archived["callcost"]["settings"] == record.section["settings"]


@pytest.mark.skipif(not publishing.REFERENCE.exists(), reason="not a checkout: no reference here")
def test_the_reference_is_small_and_pytest_benchmark_reads_it(tmp_path: Path) -> None:
    assert publishing.REFERENCE.stat().st_size < LARGEST_B
    document = json.loads(lzma.decompress(publishing.REFERENCE.read_bytes()))
    document["benchmarks"] = document["benchmarks"][:3]
    path = tmp_path / "0001_reference.json"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pytest-benchmark")), "compare", str(path)],
        capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert all(row["name"] in done.stdout for row in document["benchmarks"])
