// The same source; only the macros that build.py defines differ.
#include "../nanobind_module/module.cpp"
