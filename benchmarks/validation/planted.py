"""Plants a slowdown of a known size in one mechanism, to prove that comparisons find it.

It is a number of nops inside a long call. In a short one they would cost nothing: the processor
runs a nanosecond of independent instructions beside other work. The base has the same code without
nops. C itself times how much they cost.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from callcost.benchmarks.validation import study

MECHANISM, WORKLOAD, FUNCTION = "pybind11_module", "list_100", "sum_ends_list"
CHOICES = range(0, 1001, 25)
ARGUMENT = "[float(i) for i in range(100)]"
REGISTERED = 'm.def("sum_ends_list", &sum_vector,'
PLANTED = """
#include <time.h>

namespace planted {

@DELAYS@

static int chosen = @CHOSEN@;

static double sum(const std::vector<double> &values)
{
    delays[chosen]();
    return sum_vector(values);
}

static double calls_ns(py::object function, py::object argument, int calls)
{
    struct timespec from, to;
    PyObject *arguments[2] = {nullptr, argument.ptr()};
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < calls; i++)
        Py_XDECREF(PyObject_Vectorcall(function.ptr(), arguments + 1,
                                       1 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
    clock_gettime(CLOCK_MONOTONIC, &to);
    return ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / calls;
}

}  // namespace planted
"""
PREPARE = f"""
from callcost.bindings.{MECHANISM} import _module as core
function = core.{FUNCTION}
argument = {ARGUMENT}
"""
# Runs in the environment: C times every choice in turn, many times, in ns per call.
TIME = f"""
import json, random, statistics
choices = list(range({len(CHOICES)}))
taken = [[] for _ in choices]
for _ in range(201):
    random.shuffle(choices)
    for choice in choices:
        core.plant(choice)
        taken[choice].append(core.calls_ns(function, argument, 200))
print(json.dumps([statistics.median(each) for each in taken]))
"""
PROCESSES = 7


def plant(checkout: Path, choice: int) -> None:
    """Rewrites the mechanism's source, with CHOICES[choice] nops in its wrapper."""
    (path,) = (checkout / "bindings" / MECHANISM).glob("*.cpp")
    source = path.read_text(encoding="utf-8")
    delays = [
        f'static void delay_{n}() {{ __asm__ volatile(".rept {n}\\n\\tnop\\n\\t.endr"); }}'
        for n in CHOICES
    ]
    names = ", ".join(f"delay_{n}" for n in CHOICES)
    delays.append(f"static void (*const delays[])() = {{{names}}};")
    text = PLANTED.replace("@DELAYS@", "\n".join(delays)).replace("@CHOSEN@", str(choice))
    place = source.rindex("\nvoid ", 0, source.index(REGISTERED))
    source = source[:place] + text + source[place:]
    extra = 'm.def("plant", [](int n) { planted::chosen = n; });\n    '
    extra += 'm.def("calls_ns", &planted::calls_ns);\n    '
    source = source.replace(REGISTERED, extra + REGISTERED.replace("sum_vector", "planted::sum"))
    path.write_text(source, encoding="utf-8")


def costs_in_c(python: str, prepare: str = PREPARE) -> dict[int, float]:
    """Times every choice inside C, in several processes; returns the share it adds to a call.

    `prepare` makes the module `core`, its `function` with the plant, and that one's `argument`.
    """
    runs = []
    for _ in range(PROCESSES):
        # Isolated: a folder `callcost` in the working folder would hide what is installed.
        nanoseconds = json.loads(study.run([python, "-I", "-c", prepare + TIME]))
        runs.append([each / nanoseconds[0] - 1 for each in nanoseconds])
    return {
        steps: statistics.median(run[place] for run in runs) for place, steps in enumerate(CHOICES)
    }


def choose(costs: dict[int, float], share: float) -> int:
    """Chooses the number of nops whose cost is nearest to a share of the call."""
    return min(costs, key=lambda steps: abs(costs[steps] - share))
