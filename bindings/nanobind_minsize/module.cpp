// The same source: what differs are the flags in build.py.
#include "../nanobind_module/module.cpp"
