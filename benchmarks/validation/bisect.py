"""Measures how often `callcost bisect` finds the commit that made a call slower.

Run as `python -m callcost.benchmarks.validation.bisect --json results/bisect.json` in a checkout.
Each trial makes a repository of a small extension module, with 64 commits in a random order: one
plants a slowdown of 2%, timed inside C, ten add unused functions, which move the code, and the
others change no code. The record is saved after each trial, and another run adds to it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from callcost.benchmarks.validation import planted, study
from callcost.benchmarks.validation.noops import add_function
from callcost.benchmarks.validation.study import Record
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.run import machine

COMMITS, NOOPS = 64, 10
SHARE = 0.02
THRESHOLD_PERCENT = 1
# Bytes of the unused functions.
SIZES = range(16, 4001, 8)
ARGUMENT = "[float(i) for i in range(200)]"
PYPROJECT = f"""\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "history"
version = "1"
dependencies = []

[[tool.callcost.contender]]
workload = "sum_floats"
setup = "from history import sum_floats; values = {ARGUMENT}"
call = "sum_floats(values)"
expect = "19900.0"

[[tool.callcost.contender]]
workload = "negate"
setup = "from history import negate"
call = "negate(3)"
expect = "-3"

[[tool.callcost.contender]]
workload = "first"
setup = "from history import first; values = {ARGUMENT}"
call = "first(values)"
expect = "0.0"
"""
PREPARE = f"""
import sys
sys.path.insert(0, {{folder!r}})
import history as core
function = core.sum_floats
argument = {ARGUMENT}
"""
SETUP = """\
from setuptools import Extension, setup

setup(py_modules=[], ext_modules=[Extension("history", ["module.c"])])
"""
SOURCE = """\
#include <Python.h>
#include <time.h>

static int chosen = 0;
static volatile double one = 1;

/* The plant is in the middle of a chain in which each step waits for the one before: the processor
   cannot run it beside other work. */
static PyObject *sum_floats(PyObject *module, PyObject *values)
{
    Py_ssize_t size = PyList_GET_SIZE(values);
    double sum = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        double value = PyFloat_AsDouble(PyList_GET_ITEM(values, i));
        if (value == -1 && PyErr_Occurred())
            return NULL;
        sum += value;
        if (i == size / 2)
            for (int step = 0; step < chosen; step++)
                sum *= one;
    }
    return PyFloat_FromDouble(sum);
}

static PyObject *negate(PyObject *module, PyObject *value)
{
    return PyNumber_Negative(value);
}

static PyObject *first(PyObject *module, PyObject *values)
{
    return PySequence_GetItem(values, 0);
}

static PyObject *plant(PyObject *module, PyObject *choice)
{
    chosen = (int)PyLong_AsLong(choice);
    Py_RETURN_NONE;
}

static PyObject *calls_ns(PyObject *module, PyObject *arguments)
{
    PyObject *function, *argument;
    int calls;
    struct timespec from, to;
    if (!PyArg_ParseTuple(arguments, "OOi", &function, &argument, &calls))
        return NULL;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < calls; i++)
        Py_XDECREF(PyObject_CallOneArg(function, argument));
    clock_gettime(CLOCK_MONOTONIC, &to);
    return PyFloat_FromDouble(
        ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / calls);
}

static PyMethodDef methods[] = {
    {"sum_floats", sum_floats, METH_O, NULL}, {"negate", negate, METH_O, NULL},
    {"first", first, METH_O, NULL},           {"plant", plant, METH_O, NULL},
    {"calls_ns", calls_ns, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "history", NULL, -1, methods};

PyMODINIT_FUNC PyInit_history(void)
{
    return PyModule_Create(&definition);
}
"""


@click.command(cls=Front)
@study.json_option
@click.option("--trials", default=20, show_default=True, type=click.IntRange(min=1))
def main(json_file: Path, trials: int) -> None:
    """Search histories in which the slow commit is known."""
    record: Record = json.loads(json_file.read_text()) if json_file.exists() else _begin()
    for number in range(len(record["trials"]), len(record["trials"]) + trials):
        with tempfile.TemporaryDirectory(prefix="callcost-") as folder:
            trial = _trial(Path(folder), number, record["steps"])
        record["trials"].append(trial)
        study.save(json_file, record)
        said = f"planted {trial['planted']}, found {trial['found']}"
        click.echo(f"{said}, {trial['comparisons']} comparisons, {trial['wall_s']:.0f} s", err=True)


def _begin() -> Record:
    """Times the plants inside C, and begins the record."""
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        folder = Path(name)
        write_project(folder)
        study.run([sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"], folder)
        costs = planted.costs_in_c(sys.executable, PREPARE.format(folder=name))
    nearest = planted.choose(costs, SHARE)
    return {
        "commits": COMMITS,
        "noops": NOOPS,
        "share": SHARE,
        "threshold_percent": THRESHOLD_PERCENT,
        "steps": planted.CHOICES.index(nearest),
        "share_timed_in_c": costs[nearest],
        "machine": machine.identity(),
        "trials": [],
    }


def write_project(folder: Path) -> None:
    """Writes the first commit's files."""
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "setup.py").write_text(SETUP, encoding="utf-8")
    (folder / "module.c").write_text(SOURCE, encoding="utf-8")


def make_history(folder: Path, chance: random.Random, steps: int) -> Record:
    """Commits everything; returns the number of the planted commit and of those without effect."""
    folder.mkdir()
    write_project(folder)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _commit(folder, 0, "Begin")
    _git(folder, "tag", "begin")
    slow, *moving = chance.sample(range(1, COMMITS + 1), NOOPS + 1)
    sizes = dict(zip(moving, chance.sample(SIZES, NOOPS), strict=True))
    path = folder / "module.c"
    for number in range(1, COMMITS + 1):
        source, name = path.read_text(encoding="utf-8"), "Write notes"
        if number == slow:
            source = source.replace("chosen = 0;", f"chosen = {steps};")
            name = "Plant a delay"
        elif number in sizes:
            source = add_function(source, sizes[number])
            name = f"Add an unused function of {sizes[number]} bytes"
        path.write_text(source, encoding="utf-8")
        (folder / "NOTES").write_text(f"Commit {number}.\n", encoding="utf-8")
        _commit(folder, number, name)
    return {"planted": slow, "noops": sorted(moving)}


def _commit(folder: Path, number: int, name: str) -> None:
    _git(folder, "add", "--all")
    author = ("-c", "user.name=study", "-c", "user.email=study@localhost")
    _git(folder, *author, "commit", "--quiet", "-m", f"{number}: {name}")


def _git(folder: Path, *arguments: str) -> None:
    study.run(["git", *arguments], folder)


def _trial(folder: Path, number: int, steps: int) -> Record:
    """Searches one history, as a user would, with an empty cache."""
    project, report = folder / "project", folder / "bisect.json"
    truth = make_history(project, random.Random(number), steps)
    start_s = time.monotonic()
    done = subprocess.run(
        [study.CALLCOST, "bisect", "begin", "main", f"--threshold={THRESHOLD_PERCENT}",
         "--no-instructions", f"--json={report}"],
        cwd=project, env={**os.environ, "CALLCOST_CACHE": str(folder / "cache")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall_s = time.monotonic() - start_s
    if not report.exists():
        raise CallcostError(f"callcost bisect failed:\n{done.stdout}{done.stderr}")
    return {**truth, **summary(json.loads(report.read_text())), "wall_s": wall_s}


def summary(document: Record) -> Record:
    """Keeps what the figures of the documents need from the JSON of a bisection."""
    found = document["found"]
    return {
        "exit_code": document["exit_code"],
        "found": int(found["subject"].partition(":")[0]) if found else None,
        "change": found and found["row"] and found["row"]["change"],
        "whole": document["row"] and document["row"]["change"],
        "comparisons": document["comparisons"],
        "steps": [
            [int(step["subject"].partition(":")[0]), step["decision"], step["change"]]
            for step in document["steps"]
        ],
        "uncertain": sum(not step["certain"] for step in document["steps"]),
        "load_1min": os.getloadavg()[0],
    }


if __name__ == "__main__":
    main()
