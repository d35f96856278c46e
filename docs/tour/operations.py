"""Lists what a loop computes, calls and creates, from PyPy's log: `operations.py LOG FUNCTION`."""

import re
import sys
from pathlib import Path

log, function = sys.argv[1:]
text = Path(log).read_text(encoding="utf-8")
(loop,) = re.findall(rf"^# Loop \d+ \({function};.*?--end of the loop--", text, re.M | re.S)
# The first turn is compiled separately. The loop itself follows the last label.
body = loop.rpartition(": label(")[2]
for operation in re.findall(r"\w+ = (?:int_|float_|call_|new).*", body):
    print(re.sub(r", descr=.*", ")", operation))
