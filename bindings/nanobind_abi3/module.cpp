// The same source: what differs are the macros that build.py defines.
#include "../nanobind_module/module.cpp"
