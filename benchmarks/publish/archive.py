"""The reference run as it is stored: a record of a few MB, which is read like any other."""

from __future__ import annotations

import json
import lzma
from typing import Any

import numpy as np

from callcost.estimate.epochs import find_tick_ns, pack
from callcost.estimate.record import SECTION, Record
from callcost.model.run import Times

EPOCHS = {"epoch_ns", "empty_ns"}
Facts = dict[str, Any]


def compressed(record: Record) -> bytes:
    """Returns a record as JSON in xz: epochs packed, and no rounds, which only repeat them."""
    document = _Archive(record).document()
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)


class _Archive:
    def __init__(self, record: Record) -> None:
        self._record = record
        groups = record.run.groups.values()
        epochs = [process.ravel() for times in groups for process in times.processes]
        self._tick_ns = find_tick_ns(np.concatenate(epochs))

    def document(self) -> Facts:
        """Returns the record's document in its archived form."""
        document = self._record.document
        rows = [self._benchmark(row) for row in document["benchmarks"]]
        return {**document, "benchmarks": rows, SECTION: self._section(document[SECTION])}

    def _benchmark(self, row: Facts) -> Facts:
        stats = {name: value for name, value in row["stats"].items() if name != "data"}
        extra = {**row["extra_info"], SECTION: self._timed(row["extra_info"][SECTION])}
        return {**row, "stats": stats, "extra_info": extra}

    def _section(self, section: Facts) -> Facts:
        groups = {name: self._group(own) for name, own in section["groups"].items()}
        if section.get("delays") is None:
            return {**section, "groups": groups}
        raw = self._group(section["delays"]["raw"])
        raw["rows"] = [self._timed(row) for row in raw["rows"]]
        return {**section, "groups": groups, "delays": {**section["delays"], "raw": raw}}

    def _group(self, facts: Facts) -> Facts:
        return {**facts, "controls": [self._timed(control) for control in facts["controls"]]}

    def _timed(self, facts: Facts) -> Facts:
        """Packs the epochs of a row, and of its empty loop if it has one."""
        packed = {name: self._packed(facts[name]) for name in EPOCHS & facts.keys()}
        return {name: packed.get(name, value) for name, value in facts.items()}

    def _packed(self, epochs: Any) -> Any:
        if not isinstance(epochs, list):
            return epochs  # packed already, or the row has no empty loop of its own
        processes: list[Times] = [np.array(text.split(), dtype=np.int64) for text in epochs]
        return pack(processes, self._tick_ns)
