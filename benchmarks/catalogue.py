"""The catalogue of workloads: which calls are timed, and which cost each isolates."""

from __future__ import annotations

from dataclasses import replace

from callcost.benchmarks.workload import Example, Workload

__all__ = ["BREAK_EVEN_RESULTS", "OTHER_TOPIC", "TOPICS", "WORKLOADS", "Workload"]
__all__ += ["break_even_workload", "topic_of"]


# 3.14 rounded to a C float and widened to a double, which is what Python gets.
PI = 3.140000104904175
ASCII = "sixteen letters!"
NON_ASCII = "sechzehn Zeichän"
BATCH = 1000


def _buffer_setup(name: str, numpy_function: str, arguments: str, array: str) -> str:
    """Set-up for a buffer: numpy's if it is installed, else an array of the standard library."""
    return f"""
try:
    from numpy import {numpy_function}
    {name} = {numpy_function}({arguments})
except ImportError:
    from array import array
    {name} = {array}
"""


def _doubles(count: int) -> str:
    return _buffer_setup("values", "arange", f"{count}.0", f'array("d", range({count}))')


def _array(name: str, values: list[float] | list[int], code: str) -> str:
    """Set-up for a short buffer of these values; `code` is their type for numpy and array."""
    arguments = f'{values}, dtype="{code}"'
    return _buffer_setup(name, "array", arguments, f'array("{code}", {values})')


def _ints(name: str, value: int) -> str:
    """Set-up for a buffer of a batch of equal C ints."""
    arguments = f'{BATCH}, {value}, dtype="int32"'
    return _buffer_setup(name, "full", arguments, f'array("i", [{value}]) * {BATCH}')


def _adding(count: int, word: str) -> Workload:
    """The sum is 28 for every count of arguments, so that only their number differs."""
    names = "abcdefgh"[:count]
    values = [28 - sum(range(1, count)), *range(1, count)]
    return Workload(
        name=f"add_{word}",
        label=f"{count} ints -> int",
        prototype=f"int add_{word}({', '.join(f'int {name}' for name in names)})",
        isolates=f"{count} int arguments: two, four and eight show what one more costs",
        setup="\n".join(f"{name} = {value}" for name, value in zip(names, values, strict=True)),
        call=f"add_{word}({', '.join(names)})",
        expect=28,
        examples=tuple(
            # Powers of two reveal a missing argument, ten thousand one that was cut to 8 bits.
            Example("; ".join(f"{n} = {v}" for n, v in zip(names, given, strict=True)), sum(given))
            for given in ([10_000 * 2**i for i in range(count)], [-(2**i) for i in range(count)])
        ),
    )


def _text(name: str, label: str, text: str, isolates: str) -> Workload:
    return Workload(
        name=f"text_{name}",
        label=label,
        function="first_byte",
        prototype="int first_byte(const char *text)",
        isolates=isolates,
        setup=f"text = {text[:16]!r} * {len(text) // 16}",
        call="first_byte(text)",
        expect=text.encode()[0],
        examples=tuple(
            Example(f"text = {text!r}", text.encode()[0]) for text in ("~", "0123", "ÿ", "\u20ac")
        ),
    )


def _data(size: int) -> Workload:
    return Workload(
        name=f"bytes_{size}",
        label=f"bytes, {size:,}",
        function="last_byte",
        prototype="int last_byte(const unsigned char *data, size_t size)",
        isolates=f"bytes in, {size} of them",
        setup=f"data = bytes({size - 1}) + b'!'",
        call="last_byte(data)",
        expect=ord("!"),
        examples=tuple(
            Example(f"data = {data!r}", data[-1])
            for data in (b"\0", b"a\0b\xff", b"~" * 9 + b"\x80")
        ),
    )


def _buffer(count: int) -> Workload:
    return Workload(
        name=f"buffer_{count}",
        label=f"array of {count:,} floats",
        function="sum_ends",
        prototype="double sum_ends(const double *values, size_t count)",
        isolates=f"a buffer of {count:,} doubles, read where it lies",
        setup=_doubles(count),
        call="sum_ends(values)",
        expect=float(count - 1),
        examples=tuple(
            Example(
                _array("values", values, "d"), values[0] + values[-1], given=f"values = {values}"
            )
            for values in ([1.5], [0.25, 1e300, -70000.5])
        ),
    )


def _callback(count: int) -> Workload:
    return Workload(
        name=f"callback_{count}",
        label="callback" if count == 1 else f"{count} callbacks",
        function="sum_calls",
        prototype="int sum_calls(int (*function)(void *context, int i), void *context, int count)",
        isolates=f"a Python function called from C, {count} time{'s' * (count > 1)}",
        # If a tool must make a C function of it, it does so once, as its users do.
        setup=f"""
def function(i):
    return 1
function = getattr(mechanism, "as_callback", lambda function: function)(function)
count = {count}
""",
        call="sum_calls(function, count)",
        expect=count,
        crossings=count,
        examples=tuple(
            Example(
                f"""
def function(i):
    return {step} * i - 1
function = getattr(mechanism, "as_callback", lambda function: function)(function)
count = {times}
""",
                sum(step * i - 1 for i in range(times)),
                given=f"function(i) = {step} * i - 1; count = {times}",
            )
            for step, times in ((1, 3), (-100_000, 7))
        ),
    )


def _numbers(steps: int) -> int:
    """Returns the number after these steps of the generator of Numerical Recipes."""
    number = 1
    for _ in range(steps):
        number = (number * 1664525 + 1013904223) % 2**32
    return number


def _work(name: str, label: str, isolates: str) -> Workload:
    return Workload(
        name=name,
        label=label,
        prototype="unsigned work(int steps)",
        isolates=isolates,
        setup="steps = 5000",
        call=f"{name}(steps)",
        expect=_numbers(5000),
        examples=tuple(Example(f"steps = {steps}", _numbers(steps)) for steps in (0, 1, 3)),
    )


BREAK_EVEN_RESULTS = {
    0: 0,
    1: 1,
    2: 1,
    3: 2,
    5: 5,
    8: 21,
    10: 55,
    12: 144,
    15: 610,
    18: 2584,
    20: 6765,
}
"""The sweep's arguments, and the Fibonacci number of each."""


def _fibonacci(
    name: str,
    label: str,
    isolates: str,
    setup: str = "n = {n}",
    call: str = "fibonacci(n)",
    *,
    function: str = "fibonacci",
    n: int = 0,
) -> Workload:
    """One way to call fibonacci; both source texts are formatted with `n`."""
    return Workload(
        name=name,
        label=label,
        function=function,
        prototype="int fibonacci(int n)",
        isolates=isolates,
        setup=setup.format(n=n),
        call=call.format(n=n),
        expect=BREAK_EVEN_RESULTS[n],
        examples=tuple(
            Example(
                setup.format(n=other),
                BREAK_EVEN_RESULTS.get(other, 0),
                call.format(n=other),
                given=f"n = {other}",
            )
            for other in (10, 15, -1)
        ),
    )


TOPICS = {
    "The call": (
        Workload(
            name="get_pi",
            label="nothing -> float",
            prototype="float get_pi(void)",
            isolates="nothing in, one float out: the call itself",
            call="get_pi()",
            expect=PI,
        ),
        _fibonacci("fibonacci", "1 int -> int", "one int argument converted, one int returned"),
        _fibonacci(
            "fibonacci_keyword",
            "int by keyword",
            "the same int, passed by keyword",
            setup="",
            call="fibonacci_keyword(n={n})",
            function="fibonacci_keyword",
        ),
        _fibonacci(
            "fibonacci_unpacked",
            "*args, **kwargs",
            "the same int through *args and **kwargs, as generic harnesses call",
            setup="args = ({n},)\nkwargs = {{}}",
            call="fibonacci(*args, **kwargs)",
        ),
        _fibonacci(
            "fibonacci_attribute",
            "module.function(int)",
            "the same call, its function looked up in the module each time",
            call="mechanism.fibonacci(n)",
        ),
        Workload(
            name="constant",
            label="a constant",
            function="core_constants",
            prototype="const int answer",
            isolates="a constant of C, read where the tool puts it",
            call="core_constants.ANSWER",
            expect=42,
        ),
    ),
    "Numbers": (
        Workload(
            name="add_million",
            label="int -> large int",
            prototype="int add_million(int n)",
            isolates="an int returned that Python keeps no ready-made object for",
            setup="n = 0",
            call="add_million(n)",
            expect=1000000,
            examples=(
                Example("n = 7", 1000007),
                Example("n = -1000300", -300),
                Example("n = 2**31 - 1", 999999 - 2**31),
            ),
        ),
        Workload(
            name="half_of",
            label="float -> float",
            prototype="double half_of(double x)",
            isolates="a double in, a double out",
            setup="x = 3.0",
            call="half_of(x)",
            expect=1.5,
            examples=(
                Example("x = -0.75", -0.375),
                Example("x = 1e300", 5e299),
                Example("x = 2.0**-1000 * 3", 2.0**-1001 * 3),
            ),
        ),
        Workload(
            name="negate",
            label="bool -> bool",
            prototype="bool negate(bool flag)",
            isolates="a bool in, a bool out",
            setup="flag = True",
            call="negate(flag)",
            expect=False,
            examples=(Example("flag = False", True),),
        ),
        _adding(2, "two"),
        _adding(4, "four"),
        _adding(8, "eight"),
    ),
    "Text and bytes": (
        _text("ascii_16", "str, 16 characters", ASCII, "16 characters of ASCII in"),
        _text("ascii_4096", "str, 4,096 characters", ASCII * 256, "4,096 characters of ASCII in"),
        _text(
            "unicode_16", "str, 16, not ASCII", NON_ASCII, "16 characters in, one of them not ASCII"
        ),
        _text(
            "unicode_4096",
            "str, 4,096, not ASCII",
            NON_ASCII * 256,
            "4,096 characters in, some of them not ASCII",
        ),
        _data(16),
        _data(4096),
        Workload(
            name="get_greeting",
            label="nothing -> str",
            prototype="const char *get_greeting(void)",
            isolates="16 characters out",
            call="get_greeting()",
            expect="Greetings from C",
        ),
        Workload(
            name="get_token",
            label="nothing -> bytes",
            prototype="const unsigned char *get_token(size_t *size)",
            isolates="16 bytes out, a zero among them",
            call="get_token()",
            expect=bytes(range(16)),
        ),
    ),
    "Arrays": (
        _buffer(8),
        _buffer(1024),
        _buffer(1048576),
        Workload(
            name="list_100",
            label="list of 100 floats",
            function="sum_ends_list",
            prototype="double sum_ends(const double *values, size_t count)",
            isolates="a list of 100 floats, made into an array of C",
            setup="values = [float(i) for i in range(100)]",
            call="sum_ends_list(values)",
            expect=99.0,
            examples=tuple(
                Example(f"values = {values}", values[0] + values[-1])
                for values in ([1.5], [0.25, 1e300, -70000.5])
            ),
        ),
        Workload(
            name="fill_array",
            label="array filled by C",
            prototype="void fill_array(double *values, size_t count, double value)",
            isolates="a buffer of 8 doubles that C writes into",
            setup=_doubles(8) + "value = 1.5",
            call="fill_array(values, value)",
            expect=(None, [1.5] * 8),
            view="(result, list(map(float, values)))",
            examples=tuple(
                Example(
                    f"{_array('values', [0.0] * size, 'd')}value = {value}",
                    (None, [value] * size),
                    given=f"{size} values, value = {value}",
                )
                for size, value in ((1, -1e300), (3, 0.1))
            ),
        ),
    ),
    "Structs and objects": (
        Workload(
            name="split_digits",
            label="1 int -> 2 ints",
            prototype="void split_digits(int n, int *tens, int *ones)",
            isolates="two results by out-parameters, returned as a tuple",
            setup="n = 42",
            call="split_digits(n)",
            expect=(4, 2),
            examples=(Example("n = 7", (0, 7)), Example("n = -700007", (-70000, -7))),
        ),
        Workload(
            name="mirror",
            label="struct -> struct",
            prototype="point mirror(point original)",
            isolates="a struct of two doubles in and out, by value",
            setup="original = mechanism.Point(1.0, 2.0)",
            call="mirror(original)",
            expect=(2.0, 1.0),
            view="(result.x, result.y)",
            examples=(
                Example("original = mechanism.Point(-1e300, 0.1)", (0.1, -1e300)),
                Example("original = mechanism.Point(70000.5, -2.0)", (-2.0, 70000.5)),
            ),
        ),
        Workload(
            name="new_tally",
            label="new object",
            prototype="tally *tally_new(int start)",
            isolates="an object behind a pointer, made and destroyed",
            setup="start = 0",
            call="new_tally(start)",
            expect=True,
            view="result is not None",
            examples=(Example("", [42, 43], "[one.increment() for one in [new_tally(41)] * 2]"),),
        ),
        Workload(
            name="tally_increment",
            label="method call",
            function="Tally",
            prototype="int tally_increment(tally *self)",
            isolates="a method of a class that the tool makes",
            setup="tally = Tally(0)",
            call="tally.increment()",
            # It counts on from call to call, and from 99 to 0.
            expect=1,
            view="(tally.increment() - result) % 100",
            examples=(
                Example(
                    "tally = Tally(97)", [98, 99, 0, 1], "[tally.increment() for _ in range(4)]"
                ),
            ),
        ),
    ),
    "Callbacks and errors": (
        _callback(1),
        _callback(100),
        Workload(
            name="half_of_even",
            label="error -> exception",
            prototype="int half_of_even(int n, int *half)",
            isolates="an error code made a ValueError, raised and caught",
            setup="n = 1",
            call="half_of_even(n)",
            expect=None,
            raises='ValueError("n must be even")',
            examples=(
                Example("n = 0", 0),
                Example("n = -140000", -70000),
                Example("n = 70001", None, raises='ValueError("n must be even")'),
            ),
        ),
        replace(
            _fibonacci(
                "fibonacci_refused",
                "wrong type -> TypeError",
                "an argument of the wrong type: its TypeError raised and caught",
                call="fibonacci_typed(n)",
                function="fibonacci_typed",
            ),
            # A mechanism offers ArgumentError if its tool raises that instead.
            setup='n = "0"\nRefusal = getattr(mechanism, "ArgumentError", TypeError)',
            expect=None,
            raises="Refusal",
        ),
    ),
    "Work and batches": (
        _work("work_held", "work, GIL held", "microseconds of work in C, the GIL held meanwhile"),
        _work("work_released", "work, GIL released", "the same work, the GIL released meanwhile"),
        Workload(
            name="calls_1000",
            label="1,000 calls",
            function="fibonacci",
            prototype="int fibonacci(int n)",
            isolates="a thousand calls, one after the other",
            setup=f"numbers = [1] * {BATCH}",
            call="[fibonacci(n) for n in numbers]",
            expect=[1] * BATCH,
            crossings=BATCH,
            examples=(Example("numbers = [10, 15, -1]", [55, 610, 0]),),
        ),
        Workload(
            name="batch_1000",
            label="the 1,000 in one call",
            function="fibonacci_batch",
            prototype="void fibonacci_batch(const int *n, int *results, size_t count)",
            isolates="the same thousand in one call, from a buffer into a buffer",
            setup=_ints("numbers", 1) + _ints("results", 0),
            call="fibonacci_batch(numbers, results)",
            expect=(None, [1] * BATCH),
            view="(result, list(map(int, results)))",
            examples=(
                Example(
                    _array("numbers", [10, 15, -1], "i") + _array("results", [0] * 3, "i"),
                    (None, [55, 610, 0]),
                    given="numbers = [10, 15, -1]",
                ),
            ),
        ),
    ),
}
"""The workloads by topic."""

WORKLOADS = tuple(workload for workloads in TOPICS.values() for workload in workloads)
OTHER_TOPIC = "Other"
_TOPIC_OF = {workload.name: topic for topic, members in TOPICS.items() for workload in members}


def topic_of(workload: str) -> str:
    """Names the topic of a workload; OTHER_TOPIC if the catalogue does not have it."""
    return _TOPIC_OF.get(workload, OTHER_TOPIC)


def break_even_workload(n: int) -> Workload:
    """Describes `fibonacci(n)`: the call of the catalogue, with the work of `n` in C."""
    return _fibonacci(
        f"n={n:02}", f"fibonacci({n})", f"the same call with the work of n = {n} inside", n=n
    )
