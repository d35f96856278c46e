// nanobind's library in one file, which nanobind provides for builds without its CMake.
#include <nb_combined.cpp>
