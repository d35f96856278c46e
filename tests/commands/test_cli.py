"""The command line: what it shows, and what it says to bad input."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click import Context
from command_line import callcost, in_terminal, words

from callcost import cli
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts.marks import named
from callcost.bindings.registry import Build, mechanisms
from callcost.console.front import SECTIONS, Front

ROW_S = 0.1


def test_list_shows_every_mechanism() -> None:
    said = words(callcost("list"))
    for mechanism in mechanisms():
        reason = Build().missing(mechanism)
        count = sum(mechanism.offers(workload.function) for workload in WORKLOADS)
        card, cells = mechanism.card, f"{count} of {len(WORKLOADS)}"
        told = reason[:20] if reason else f"{named(mechanism.name)} {card.you_write} {cells}"
        assert f"{mechanism.name} {told}" in said


def test_list_shows_what_is_built_first_with_one_line_each() -> None:
    lines = callcost("list").stdout.splitlines()
    built = [m.name for m in mechanisms() if not Build().missing(m)]
    assert [line.split()[0] for line in lines if line.strip()][2 : 2 + len(built)] == built


def test_list_of_a_tool_shows_all_its_mechanisms() -> None:
    said = words(callcost("list", "cffi"))
    assert all(f"in {name}" in said for name in ("cffi_abi", "cffi_abi_compiled", "cffi_api"))


def test_list_of_workloads_has_their_labels() -> None:
    said = words(callcost("list", "--workloads"))
    assert all(f"{workload.name} {workload.label} " in said for workload in WORKLOADS)


COMMANDS = {name: cli.main.get_command(Context(cli.main), name) for name in cli.main.list_commands(
    Context(cli.main)
)}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_section_a_short_summary_and_examples_that_parse(name: str) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Front)
    assert command.section in SECTIONS
    # None is cut.
    assert not command.get_short_help_str(45).endswith("...")
    assert len(command.examples) >= 3
    for line in command.examples:
        first, second, *arguments = shlex.split(line.partition(" && ")[0].partition(" > ")[0])
        assert (first, cli.main.get_command(Context(cli.main), second)) != ("callcost", None)
        asked = COMMANDS[second]
        assert asked is not None
        # It raises NoSuchOption.
        asked.make_parser(Context(asked, info_name=second)).parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lst"], "There is no command lst. Did you mean list?"),
        (["history", "shw"], "There is no command shw. Did you mean show?"),
        (["list", "cffi_aip"], "did you mean cffi_api?"),
        (["list", "nanobnd"], "did you mean nanobind?"),
        (["publish", "rekord.json"], "rekord.json does not exist (did you mean record.json?)"),
        (["comment", "rekord.json"], "it does not exist (did you mean record.json?)"),
        (["run", "--workload", "fibonaci", "--quick"], "did you mean fibonacci?"),
        (["run", "--mechanism", "nanobnd", "--quick"], "did you mean nanobind?"),
    ],
)
def test_mistyped_names_get_a_suggestion(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{}")
    done = callcost(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    lines = re.sub(r"\x1b\[[0-9;]*m", "", in_terminal("list", columns=columns)).splitlines()
    assert max(map(len, lines)) <= columns
    counts = re.findall(r"\d+ of \d+", "\n".join(lines))
    assert len(counts) == sum(not Build().missing(mechanism) for mechanism in mechanisms())


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(variables: dict[str, str]) -> None:
    said = in_terminal("list", variables=variables)
    assert re.findall(r"\x1b\[[0-9;]*3\d", said) == []
    assert "fibonacci" not in said and "cffi_api" in said


def test_list_of_one_mechanism_says_why_not() -> None:
    said = words(callcost("list", "ctypes_untyped"))
    assert all(f" {workload.name} " in said for workload in WORKLOADS)
    assert " fibonacci yes " in said
    assert " get_pi unsupported: " in said
    assert " fibonacci yes, but not the same C " in words(callcost("list", "python_reference"))
    assert " split_digits yes, through Python: " in words(callcost("list", "cffi_api"))


def test_help_lists_the_instruments_and_the_suites_commands() -> None:
    done = callcost("--help")
    assert all(name in done.stdout for name in ("calibrate", "list", "publish"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "There is no command no-such-command"),
        (["list", "no_such_tool"], "mechanism no_such_tool matches nothing here"),
        (["calibrate", "--processes", "3"], "3 is not in the range"),
        (["calibrate", "--json", "no/such/folder/file.json"], "there is no folder no/such/folder"),
        (["publish", "none.json"], "none.json does not exist"),
        (["publish", "text.json"], "text.json is not JSON"),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "text.json").write_text("no record")
    done = callcost(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_calibrate_writes_the_figures_it_prints(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    # The time spent on a row does not change what is printed.
    program = (
        "from callcost.commands import calibrate; from callcost import cli; "
        f"calibrate.ROW_S = {ROW_S}; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "calibrate", "--processes", "10", "--json", str(path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(path.read_text())
    said = " ".join(done.stdout.split())
    assert f"Slope: {found['slope']:.4f}" in said
    assert f"Intercept: {found['intercept_ns']:.2f} ns" in said
    assert f"{found['aa_p95']:.2%}" in said
    assert "can be trusted" in said
    assert [point["fitted"] for point in found["points"]].count(True) >= 8
    assert list(tmp_path.iterdir()) == [path]


def test_help_imports_nothing_slow() -> None:
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
        "from callcost.cli import main; main(['--help'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    slow = {"duckdb", "lief", "matplotlib", "msgspec", "numpy", "psutil", "pytest", "rich", "uv"}
    assert not slow & set(done.stdout.split())
