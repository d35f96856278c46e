"""Replace this module in sys.modules by the extension: no import finds a universal file.

HPy also generates such a module, but its own needs pkg_resources, which setuptools dropped.
"""

import os
import sys
from pathlib import Path

from hpy.universal import _load_bootstrap

sys.modules[__name__] = _load_bootstrap(
    "_universal",
    __name__,
    __package__,
    str(Path(__file__).with_suffix(".hpy0.so")),
    __loader__,
    __spec__,
    os.environ,  # HPY=debug chooses HPy's debug mode
)
