"""Measures public releases of packages, as docs/cases.md shows them.

Run as `python -m callcost.benchmarks.validation.cases --json results/cases.json` in a checkout,
with `--case NAME` for some of them: the others keep their record. They are in
benchmarks/publish/cases.toml.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from pathlib import Path

import click

from callcost.benchmarks.publish.case_tables import Case, read
from callcost.benchmarks.validation import study
from callcost.benchmarks.validation.study import Record
from callcost.console.front import Front
from callcost.model.abi import version
from callcost.run import machine


@click.command(cls=Front)
@study.json_option
@click.option("--case", "names", multiple=True, type=click.Choice(list(read())))
def main(json_file: Path, names: tuple[str, ...]) -> None:
    """Compare releases of packages."""
    cases = read()
    known = json.loads(json_file.read_text())["cases"] if json_file.exists() else {}
    for name in names or cases:
        with tempfile.TemporaryDirectory(prefix="callcost-") as scratch:
            known[name] = measured(cases[name], Path(scratch))
        found = {name: known[name] for name in cases if name in known}
        study.save(json_file, {"machine": machine.identity(), "cases": found})
        verdicts = {row["workload"]: row["verdict"] for row in known[name]["rows"]}
        click.echo(f"{name}: {verdicts}", err=True)


def measured(case: Case, scratch: Path) -> Record:
    """Measures a case in a new folder; returns what the document needs."""
    folder = scratch / case.name
    folder.mkdir()
    (folder / "pyproject.toml").write_text(case.pyproject, encoding="utf-8")
    document, wall_s = study.compare(folder, *case.command[2:])
    kept = ("workload", "verdict", "change", "spread", "base_ns", "head_ns", "instructions")
    names = ("exit_code", "moved", "failures", "changed_versions", "layouts", "unmoved")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": version(document["base"]["interpreter"]),
        **{name: document[name] for name in names},
        "rows": [{name: row[name] for name in kept} for row in document["rows"]],
        "load_1min": document["state"]["load_1min"],
        "measuring_s": document["measuring_s"],
        "wall_s": wall_s,
    }


if __name__ == "__main__":
    main()
