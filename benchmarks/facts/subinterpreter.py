"""Uses a mechanism in the main interpreter, in two subinterpreters, and in the main one again.

Run as a program with the module's name. It prints "yes", or "no" and the reason.
"""

import importlib
import sys
from typing import Any

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters  # its name before 3.13

SOURCE = """
import importlib
module = importlib.import_module({module!r})
if module.fibonacci(10) != 55:
    raise AssertionError("wrong answer")
"""


def run_in_another(source: str) -> str:
    """Run source in a new interpreter, if possible with its own GIL; return the error."""
    other = interpreters.create()
    try:
        failed: Any = interpreters.run_string(other, source)
    except Exception as error:  # 3.11 and 3.12 raise, later ones return
        return " ".join(str(error).split())
    finally:
        interpreters.destroy(other)
    return "" if failed is None else " ".join(str(failed.formatted).split())


def main() -> None:
    """Print the answer for the module on the command line."""
    name = sys.argv[1]
    module = importlib.import_module(name)
    refusals = [run_in_another(SOURCE.format(module=name)) for _ in range(2)]
    still_works = module.fibonacci(10) == 55
    refusal = next((refusal for refusal in refusals if refusal), "")
    if refusal:
        kind = refusal.partition(":")[0]
        kind = kind.removeprefix("<class '").removesuffix("'>")
        print(f"no: {kind}")
    else:
        print("yes" if still_works else "no: wrong answer afterwards")


if __name__ == "__main__":
    main()
