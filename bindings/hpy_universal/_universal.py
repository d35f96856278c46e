"""Takes the place of itself in sys.modules: no import finds a file of the universal ABI.

HPy generates such a file too, but that one needs pkg_resources, which setuptools no longer has.
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
