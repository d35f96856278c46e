"""Calls cffi's extension in the interpreter that runs this."""

import sys
import sysconfig

sys.path.insert(0, "bindings/cffi_api")

import _core

print(sys.implementation.name, sysconfig.get_config_var("EXT_SUFFIX"))
print("fibonacci(10) =", _core.lib.fibonacci(10))
