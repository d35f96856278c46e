"""Runs a script in its own process and says how it ended: `ending.py SCRIPT`."""

import resource
import signal
import subprocess
import sys

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
code = subprocess.run([sys.executable, *sys.argv[1:]], check=False).returncode
print(f"exit code {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}")
