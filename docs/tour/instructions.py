"""Counts instructions per call under callgrind: `instructions.py RUNG ...`, with fibonacci(0)."""

import re
import subprocess
import sys

TURNS = 1000
CALLS_PER_TURN = 100


def executed(rung: str, turns: int) -> int:
    """Counts the instructions that a program of native/ladder executes in these turns."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", rung, "fibonacci"]
    # No turns to warm up, and no bytes to move the stack by.
    told = subprocess.run(command, input=f"{turns} 0 0\n", capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", told.stderr)
    if told.returncode or found is None:
        sys.exit(f"{rung} could not be counted:\n{told.stderr}")
    return int(found[1])


for rung in sys.argv[1:]:
    more = executed(rung, 2 * TURNS) - executed(rung, TURNS)
    print(f"{rung:10} {more / TURNS / CALLS_PER_TURN:6.1f}")
