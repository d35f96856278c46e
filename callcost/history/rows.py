"""The rows of a run, and the columns that hold them in a store."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True)
class StoredRow:
    """One contender in one run; costs in ns per call, None if not known.

    `median_ns` and `mean_ns` are pytest-benchmark's and include overhead. `cost_ns` is net of the
    loop in a record of callcost, and the median in other files. `machine` identifies the machine
    and the interpreter's build: series of different machines are never joined.
    """

    machine: str
    machine_label: str
    interpreter: str
    group: str
    contender: str
    fullname: str
    parameters: str
    median_ns: float
    mean_ns: float
    cost_ns: float | None
    cost_low_ns: float | None
    cost_high_ns: float | None
    control: str
    ratio: float | None
    rounds: int


@dataclass(frozen=True)
class RunFile:
    """One run: its commit, time and rows.

    `digest` only depends on what was measured, so that a copy of a file is recognised.
    `environment` is JSON: the versions of all tools that the file names.
    """

    digest: str
    time: datetime
    commit: str
    branch: str
    dirty: bool
    environment: str
    rows: tuple[StoredRow, ...]


TYPICAL = "typical row"
"""The control of rows without another one; their ratios follow from the other runs."""

RUN_COLUMNS = {
    "run": "VARCHAR",
    "time": "TIMESTAMP",
    "commit": "VARCHAR",
    "branch": "VARCHAR",
    "dirty": "BOOLEAN",
    "environment": "VARCHAR",
}
"""The columns of a run, the same in each row of its file."""
_KINDS = {"str": "VARCHAR", "float": "DOUBLE", "float | None": "DOUBLE", "int": "INTEGER"}
ROW_COLUMNS = {field.name: _KINDS[str(field.type)] for field in fields(StoredRow)}
COLUMNS = {**RUN_COLUMNS, **ROW_COLUMNS}
