"""One extension, and the Python module of proxies that SWIG writes in front of it."""

import shutil
from functools import partial

from setuptools import Extension

NAMES = ["-module", "_generated", "-interface", "_core"]

EXTENSIONS = [Extension("_core", ["core.i"], swig_opts=[*NAMES, "-nogil"])]
GENERATED = {"_generated": partial(shutil.copyfile, "build/swig_proxy/_generated.py")}
