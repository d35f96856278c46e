"""The entry point: sets the exit code if an interrupt or a broken package stops the import.

Python would end with 1 then, which means "slower" here. This file imports nothing that can fail.
"""

from __future__ import annotations

import sys
import traceback

from callcost.errors import FAILED, INTERRUPTED


def main() -> None:
    """Loads the command and runs it, which ends the process with an exit code."""
    try:
        from callcost.cli import main as command
    except KeyboardInterrupt:
        print("Error: Interrupted.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BaseException as error:
        traceback.print_exc()
        print(f"Error: Cannot load callcost: {error!r}. Install it again.", file=sys.stderr)
        sys.exit(FAILED)
    command()
