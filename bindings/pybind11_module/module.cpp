// PYBIND11_MODULE: the signatures are taken from the C++ types, at compile time.
#include <pybind11/pybind11.h>

#include "core.h"

namespace py = pybind11;

PYBIND11_MODULE(_module, m, py::mod_gil_not_used())
{
    m.doc() = "The C core through pybind11.";
    m.def("get_pi", &get_pi, "Return 3.14 as a C float holds it.");
    m.def("fibonacci", &fibonacci, py::arg("n"), "Return the n-th Fibonacci number.");
}
