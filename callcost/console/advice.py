"""Advice for a user whose call failed."""

from __future__ import annotations

# Signals that misused memory causes.
CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL")
BY_KIND = {
    "hang": "; a call that is meant to take so long needs a budget (--seconds)",
    "garbage": ": printing costs what the terminal costs, so time the call without it",
    "fork": ", so its process would be timed twice: call something that does not return twice",
}
CRASHED = (
    ". Is it called through ctypes? Declare argtypes and restype: without them a pointer is cut "
    "to an int. A callback crashes when C calls it after Python has collected it: keep a reference"
)
KILLED = ". The system kills a process that needs more memory than there is"


def advice(kind: str, message: str) -> str:
    """Returns what to add to the message of a failure; may be empty."""
    if kind != "crash":
        return BY_KIND.get(kind, "")
    if any(name in message for name in CRASHES):
        return CRASHED
    return KILLED if "SIGKILL" in message else ""
