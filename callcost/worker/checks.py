"""Checks contenders before and after they are timed, and says in one line what is wrong.

worker.py loads this file by its path; it needs only the standard library.
"""

import hashlib
import os
import re
import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

OUTPUT = sys.stdout
# The most characters shown of a value or exception, and of a whole message.
LONGEST_VALUE = 200
LONGEST_MESSAGE = 1_000
# Sequences that a terminal would interpret: colours, cursor movements, titles.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


class ContenderError(Exception):
    """A contender must not get a time; `kind` says why in a word or two."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@contextmanager
def refusing(kind: str, what: str) -> "Iterator[None]":
    """Raises ContenderError of this kind for any exception of its block: `what` raised it."""
    try:
        yield
    except ContenderError:
        raise
    except Exception as error:
        raise ContenderError(kind, f"{what} raised {described(error)}") from error


def clean(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Returns text as one line of printable characters, cut at `longest`."""
    # A subclass of str may override __str__.
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
    # A repr may raise anything. That must not end this process.
    except BaseException as error:
        return f"<{named(type(value))} whose repr raised {named(type(error))}>"


def described(error: BaseException) -> str:
    """Returns the type and text of an exception on one line."""
    try:
        text = clean(str(error), LONGEST_VALUE)
    except BaseException as another:
        text = f"its text raised {named(type(another))}"
    return f"{named(type(error))}: {text}" if text else named(type(error))


def named(kind: type) -> str:
    """Returns the name of a class, cleaned."""
    return clean(type.__dict__["__name__"].__get__(kind), LONGEST_VALUE)


def alike(got: "Any", expected: "Any") -> bool:
    """Tells whether two values and their types are equal, also inside builtin containers."""
    kind = type(expected)
    if type(got) is not kind:
        return False
    if kind in (tuple, list):
        return len(got) == len(expected) and all(map(alike, got, expected))
    if kind in (set, frozenset):
        return bool(got == expected) and keys_alike(got, expected)
    if kind is dict:
        return (
            got.keys() == expected.keys()
            and keys_alike(got, expected)
            and all(alike(got[k], expected[k]) for k in expected)
        )
    # NaN does not equal itself.
    return bool(got == expected) or (kind is float and got != got and expected != expected)


def keys_alike(got: "Iterable[Any]", expected: "Iterable[Any]") -> bool:
    """Tells whether keys that are equal also have equal types: 1, 1.0 and True are one key."""
    own = {key: key for key in got}
    return all(alike(own[key], key) for key in expected)


def prepare(contender: "dict[str, Any]") -> "dict[str, Any]":
    """Runs the set-up source and returns its names."""
    namespace: dict[str, Any] = {"__name__": "__callcost__"}
    had_gil = has_gil()
    with refusing("setup failed", "its set-up"):
        exec(compile(contender["setup"], "<setup>", "exec"), namespace)
    if has_gil() and not had_gil:
        raise ContenderError("GIL", "its set-up turned the GIL back on, for all contenders")
    return namespace


def has_gil() -> bool:
    """Tells whether the GIL is on; a free-threaded build can run without it."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def check(contender: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Checks a contender's files and the results of its calls; raises ContenderError.

    Evaluates the call once with the names of its set-up, then each example.
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
    """Evaluates the call, then each example with its own names."""
    written = output_size()
    check_call(contender, namespace)
    for example in contender.get("examples", ()):
        check_call(example, prepare(example))
    if output_size() != written:
        raise ContenderError("garbage", f"{contender['call']} wrote to standard output")


def check_call(asked: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates one call and compares what it returns or raises."""
    if asked["raises"] is None:
        check_answer(asked, namespace)
    else:
        check_refusal(asked, namespace)


def said(asked: "dict[str, Any]") -> str:
    """Returns the call as text, with the arguments if it is an example."""
    given = asked.get("given")
    return f"with {clean(given)}, {asked['call']}" if given else str(asked["call"])


def check_answer(asked: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates the call and compares the result, if one is expected; raises ContenderError."""
    call, expect, view = asked["call"], asked["expect"], asked["view"]
    with refusing("call failed", said(asked)):
        if expect is None:
            exec(compile(call, "<call>", "exec"), namespace)
            return
        expected = eval(compile(expect, "<expect>", "eval"), namespace)
        got = eval(compile(call, "<call>", "eval"), namespace)
        if view is not None:
            got = eval(compile(view, "<view>", "eval"), {**namespace, "result": got})
    seen = said(asked) if view is None else f"with result = {said(asked)}, {view}"
    answer = f"{seen} returned {shown(got)} ({named(type(got))})"
    wanted = f"{shown(expected)} ({named(type(expected))})"
    try:
        right = alike(got, expected)
    except Exception as error:
        raise ContenderError(
            "wrong answer",
            f"{answer}, which cannot be compared with the expected {wanted}: "
            f"== raised {described(error)}",
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
    """Returns the text of an exception; None if `str` raises."""
    try:
        return str(error)
    except Exception:
        return None


def expected_refusal(
    raises: str, namespace: "dict[str, Any]"
) -> "tuple[type[Exception], str | None]":
    """Evaluates what a call must raise; returns the class, and the message if it is an instance."""
    with refusing("setup failed", raises):
        wanted = eval(compile(raises, "<raises>", "eval"), namespace)
    return (wanted, None) if isinstance(wanted, type) else (type(wanted), str(wanted))


def check_binary(binary: "dict[str, str]") -> None:
    """Compares a compiled file with the hash of the build and with the imported module."""
    path = binary["path"]
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        raise ContenderError("stale file", f"cannot read {path}: {error.strerror}") from error
    if digest != binary["sha256"]:
        raise ContenderError("stale file", f"{path} is not the file that was built: install again")
    if binary["module"]:
        imported = sys.modules.get(binary["module"])
        origin = getattr(imported, "__file__", None) or "nothing"
        if os.path.realpath(origin) != os.path.realpath(path):
            raise ContenderError(
                "stale file", f"{binary['module']} was imported from {origin}, but built as {path}"
            )


def output_size() -> int:
    """Counts the bytes written to file descriptor 1.

    The coordinator starts this interpreter unbuffered, including C's stdio.
    """
    for stream in (sys.stdout, OUTPUT):
        # A contender may have replaced or removed sys.stdout.
        if hasattr(stream, "flush"):
            stream.flush()
    return os.fstat(1).st_size
