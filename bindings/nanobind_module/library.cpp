// nanobind's library in one file, as it is made for builds that do without its CMake.
#include <nb_combined.cpp>
