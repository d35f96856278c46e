"""Checks contenders before and after they are timed, and says in one line what is wrong.

Loaded by its path, beside worker.py; uses the standard library alone.
"""

import hashlib
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OUTPUT = sys.stdout
# The most characters of a value or exception, and of a whole message.
LONGEST_VALUE = 200
LONGEST_MESSAGE = 1_000
# Sequences that a terminal would obey: colours, cursor movements, titles.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


class ContenderError(Exception):
    """A contender must not get a time; `kind` says why in a word."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def clean(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Returns text as one line of printable characters, cut at `longest`."""
    # Ignores what a subclass of str overrides.
    text = str.__str__(text)
    begun = ESCAPES.sub("", text[: 10 * longest])
    line = " ".join("".join(c if c.isprintable() else " " for c in begun).split())
    if len(line) <= longest and len(text) <= 10 * longest:
        return line
    return f"{line[:longest].rstrip()}... ({len(text):,} characters)"


def shown(value: object) -> str:
    """Returns the repr of a value, cleaned."""
    try:
        return clean(repr(value), LONGEST_VALUE)
    # A repr may raise anything, which must not end this process.
    except BaseException as error:
        return f"<{named(type(value))} whose repr raised {named(type(error))}>"


def described(error: BaseException) -> str:
    """Returns type and text of an exception in one line."""
    try:
        text = clean(str(error), LONGEST_VALUE)
    except BaseException as another:
        text = f"its text raised {named(type(another))}"
    return f"{named(type(error))}: {text}" if text else named(type(error))


def named(kind: type) -> str:
    """Returns the name of a class, cleaned."""
    return clean(type.__dict__["__name__"].__get__(kind), LONGEST_VALUE)


def alike(got: "Any", expected: "Any") -> bool:
    """Tells whether two values and their types are equal, also in tuples, lists and dicts."""
    kind = type(expected)
    if type(got) is not kind:
        return False
    if kind in (tuple, list):
        return len(got) == len(expected) and all(map(alike, got, expected))
    if kind is dict:
        return got.keys() == expected.keys() and all(alike(got[k], expected[k]) for k in expected)
    # NaN does not equal itself.
    return bool(got == expected) or (kind is float and got != got and expected != expected)


def prepare(contender: "dict[str, Any]") -> "dict[str, Any]":
    """Runs the set-up source and returns its names."""
    namespace: dict[str, Any] = {"__name__": "__callcost__"}
    had_gil = has_gil()
    try:
        exec(compile(contender["setup"], "<setup>", "exec"), namespace)
    except Exception as error:
        raise ContenderError("setup failed", f"its set-up raised {described(error)}") from error
    if has_gil() and not had_gil:
        raise ContenderError("GIL", "its set-up turned the GIL back on, for everybody")
    return namespace


def has_gil() -> bool:
    """Tells whether the GIL is on; a free-threaded build can run without."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def check(contender: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Compares its files and the result of its call with the expected ones; raises ContenderError.

    Evaluates the call once with the names of its set-up, and once for each example.
    """
    for binary in contender["binaries"]:
        check_binary(binary)
    check_calls(contender, namespace)


def check_again(contender: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates the call and its examples again, after it was timed; raises ContenderError."""
    try:
        check_calls(contender, namespace)
    except ContenderError as error:
        raise ContenderError(error.kind, f"after it was timed, {error}") from error


def check_calls(contender: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates the call, and each example with names of its own."""
    written = output_size()
    check_call(contender, namespace)
    for example in contender.get("examples", ()):
        check_call(example, prepare(example))
    if output_size() != written:
        raise ContenderError("garbage", f"{contender['call']} wrote to standard output")


def check_call(asked: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates one call, and compares what it returns or raises."""
    if asked["raises"] is None:
        check_answer(asked, namespace)
    else:
        check_refusal(asked, namespace)


def said(asked: "dict[str, Any]") -> str:
    """Returns the call as text, with the arguments of an example."""
    given = asked.get("given")
    return f"with {clean(given)}, {asked['call']}" if given else str(asked["call"])


def check_answer(asked: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates the call and compares the result, if one is expected; raises ContenderError."""
    call, expect, view = asked["call"], asked["expect"], asked["view"]
    try:
        if expect is None:
            exec(compile(call, "<call>", "exec"), namespace)
            return
        expected = eval(compile(expect, "<expect>", "eval"), namespace)
        got = eval(compile(call, "<call>", "eval"), namespace)
        if view is not None:
            got = eval(compile(view, "<view>", "eval"), {**namespace, "result": got})
    except Exception as error:
        raise ContenderError("call failed", f"{said(asked)} raised {described(error)}") from error
    seen = said(asked) if view is None else f"with result = {said(asked)}, {view}"
    answer = f"{seen} returned {shown(got)} ({named(type(got))})"
    wanted = f"{shown(expected)} ({named(type(expected))})"
    try:
        right = alike(got, expected)
    except Exception as error:
        raise ContenderError(
            "wrong answer",
            f"{answer}, which cannot be compared with the expected {wanted}: "
            f"that raised {described(error)}",
        ) from error
    if not right:
        raise ContenderError("wrong answer", f"{answer}, expected {wanted}")


def check_refusal(asked: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates a call that must raise; compares the exact type and, if given, the message."""
    kind, message = expected_refusal(asked["raises"], namespace)
    try:
        got = eval(compile(asked["call"], "<call>", "eval"), namespace)
    except Exception as error:
        if type(error) is not kind or message not in (None, text_of(error)):
            wanted = kind.__name__ if message is None else f"{kind.__name__}: {message}"
            raise ContenderError(
                "wrong answer", f"{said(asked)} raised {described(error)}, expected {wanted}"
            ) from error
    else:
        raise ContenderError(
            "wrong answer",
            f"{said(asked)} returned {shown(got)}, expected it to raise {kind.__name__}",
        )


def text_of(error: Exception) -> "str | None":
    """Returns the text of an exception; None if asking for it raises."""
    try:
        return str(error)
    except Exception:
        return None


def expected_refusal(
    raises: str, namespace: "dict[str, Any]"
) -> "tuple[type[Exception], str | None]":
    """Evaluates the expression for what must be raised: a class, or an instance with a message."""
    try:
        wanted = eval(compile(raises, "<raises>", "eval"), namespace)
    except Exception as error:
        raise ContenderError("setup failed", f"{raises} raised {described(error)}") from error
    return (wanted, None) if isinstance(wanted, type) else (type(wanted), str(wanted))


def check_binary(binary: "dict[str, str]") -> None:
    """Compares a compiled file with the build's record and with the imported module."""
    path = binary["path"]
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        raise ContenderError("stale file", f"{path} cannot be read: {error.strerror}") from error
    if digest != binary["sha256"]:
        raise ContenderError("stale file", f"{path} is not the file that was built; install again")
    if binary["module"]:
        imported = sys.modules.get(binary["module"])
        origin = getattr(imported, "__file__", None) or "nothing"
        if os.path.realpath(origin) != os.path.realpath(path):
            raise ContenderError(
                "stale file", f"{binary['module']} came from {origin}, the build made {path}"
            )


def output_size() -> int:
    """Counts the bytes written to file descriptor 1.

    The coordinator starts this interpreter unbuffered, and C's stdio with it.
    """
    for stream in (sys.stdout, OUTPUT):
        # A contender may have replaced or removed sys.stdout.
        if hasattr(stream, "flush"):
            stream.flush()
    return os.fstat(1).st_size
