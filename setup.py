"""Install the instrument alone, or the suite with it; everything else is in pyproject.toml."""

import sys
import sysconfig
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bindings._build.build import BuildMechanisms, FreshBuild
from bindings._build.choice import NONE, chosen, dependencies, patterns
from bindings._build.declare import declared_extensions, declared_in, not_chosen
from bindings._build.places import DELAYS, INSTRUMENT, SUITE, package_folders

ENTRY_POINTS = {
    "console_scripts": ["callcost = callcost.start:main"],
    "pytest11": ["callcost = callcost.pytest_plugin.plugin"],
}
SUITE_ENTRY_POINTS = {
    "callcost.commands": [
        "list = callcost.benchmarks.commands.list_command:list_all",
        "matrix = callcost.benchmarks.matrix.command:matrix",
        "publish = callcost.benchmarks.publish.command:publish",
        "report = callcost.benchmarks.site.command:report",
        "which = callcost.benchmarks.which.command:which",
        "run = callcost.benchmarks.commands.run_command:run",
    ],
    "callcost.suites": ["callcost = callcost.benchmarks.suite"],
}


def instrument() -> dict[str, Any]:
    """Compile the injected delays alone: for the stable ABI, so that one wheel fits all Pythons."""
    (delays,) = declared_in(DELAYS)
    # Without a compiler only `callcost calibrate` and a run's injected delays are missing.
    delays.optional = True
    options = {}
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        delays.py_limited_api = True
        delays.define_macros = [("Py_LIMITED_API", "0x030B0000")]
        options = {"bdist_wheel": {"py_limited_api": "cp311"}}
    return {
        "package_dir": package_folders(INSTRUMENT),
        "ext_modules": [delays],
        "options": options,
        "entry_points": ENTRY_POINTS,
        "cmdclass": {"build": FreshBuild},
    }


def suite(choice: str) -> dict[str, Any]:
    """Compile the C core and the chosen mechanisms too."""
    extensions, missing = declared_extensions(patterns(choice))
    # The reason for each mechanism that cannot be built, for the manifest that build_ext writes.
    Distribution.callcost_missing = missing | not_chosen(patterns(choice))
    return {
        "package_dir": package_folders(SUITE),
        "ext_modules": extensions,
        "entry_points": ENTRY_POINTS | SUITE_ENTRY_POINTS,
        "cmdclass": {"build": FreshBuild, "build_ext": BuildMechanisms},
    }


choice = chosen()
content = instrument() if choice == NONE else suite(choice)
setup(
    **content,
    packages=list(content["package_dir"]),
    package_data={
        "": ["*.c", "*.cpp", "*.h", "*.i", "*.pxd", "*.pyx", "*.toml", "src/*.rs"],
        "callcost": ["py.typed"],
        "callcost.run": ["*.pyi"],
        "callcost.benchmarks.site": ["templates/*.html", "static/*"],
    },
    # MANIFEST.in's other files are for the sdist alone; src/ would be taken for a package.
    include_package_data=False,
    install_requires=dependencies(choice),
)
