/* Numbers in, a number out. */
#include "limited.h"

static PyObject *call_fibonacci(PyObject *argument)
{
    int n = as_c_int(argument);
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyLong_FromLong(fibonacci(n));
}

PyDoc_STRVAR(get_pi_doc, "get_pi($module, /)\n--\n\nReturn 3.14 as a C float holds it.");

static PyObject *py_get_pi(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyFloat_FromDouble(get_pi());
}

PyDoc_STRVAR(fibonacci_doc, "fibonacci($module, n, /)\n--\n\nReturn the n-th Fibonacci number.");

static PyObject *py_fibonacci(PyObject *Py_UNUSED(module), PyObject *argument)
{
    return call_fibonacci(argument);
}

PyDoc_STRVAR(fibonacci_keyword_doc,
             "fibonacci_keyword($module, n)\n--\n\nReturn the n-th Fibonacci number.");

/* args holds the positional arguments and, after them, the values of the keywords in kwnames. */
static PyObject *py_fibonacci_keyword(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                                      PyObject *kwnames)
{
    Py_ssize_t nkeywords = kwnames == NULL ? 0 : PyTuple_Size(kwnames);
    if (nargs + nkeywords != 1) {
        PyErr_Format(PyExc_TypeError, "fibonacci_keyword() takes exactly 1 argument (%zd given)",
                     nargs + nkeywords);
        return NULL;
    }
    if (nkeywords == 1) {
        module_state *state = state_of(module);
        PyObject *name = PyTuple_GetItem(kwnames, 0);
        /* Names in source code are interned; only a name made at run time needs comparing. */
        if (name != state->name_n && PyUnicode_Compare(name, state->name_n) != 0) {
            PyErr_Format(PyExc_TypeError,
                         "fibonacci_keyword() got an unexpected keyword argument '%U'", name);
            return NULL;
        }
    }
    return call_fibonacci(args[0]);
}

PyDoc_STRVAR(add_million_doc, "add_million($module, n, /)\n--\n\nReturn n + 1,000,000.");

static PyObject *py_add_million(PyObject *Py_UNUSED(module), PyObject *argument)
{
    int n = as_c_int(argument);
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyLong_FromLong(add_million(n));
}

PyDoc_STRVAR(half_of_doc, "half_of($module, x, /)\n--\n\nReturn x / 2.");

static PyObject *py_half_of(PyObject *Py_UNUSED(module), PyObject *argument)
{
    double x = PyFloat_AsDouble(argument);
    if (x == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyFloat_FromDouble(half_of(x));
}

PyDoc_STRVAR(negate_doc, "negate($module, flag, /)\n--\n\nReturn whether flag is false.");

/* Any object is true or false, as in Python. */
static PyObject *py_negate(PyObject *Py_UNUSED(module), PyObject *argument)
{
    int flag = PyObject_IsTrue(argument);
    if (flag == -1) {
        return NULL;
    }
    return PyBool_FromLong(negate(flag));
}

/* Converts the arguments of a function. Returns false with an exception set if it cannot. */
static bool take_ints(const char *function, PyObject *const *args, Py_ssize_t given, int *numbers,
                      Py_ssize_t wanted)
{
    if (!takes(function, wanted, given)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < wanted; i++) {
        numbers[i] = as_c_int(args[i]);
        if (numbers[i] == -1 && PyErr_Occurred()) {
            return false;
        }
    }
    return true;
}

PyDoc_STRVAR(add_two_doc, "add_two($module, a, b, /)\n--\n\nReturn the sum.");

static PyObject *py_add_two(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    int n[2];
    if (!take_ints("add_two", args, nargs, n, 2)) {
        return NULL;
    }
    return PyLong_FromLong(add_two(n[0], n[1]));
}

PyDoc_STRVAR(add_four_doc, "add_four($module, a, b, c, d, /)\n--\n\nReturn the sum.");

static PyObject *py_add_four(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    int n[4];
    if (!take_ints("add_four", args, nargs, n, 4)) {
        return NULL;
    }
    return PyLong_FromLong(add_four(n[0], n[1], n[2], n[3]));
}

PyDoc_STRVAR(add_eight_doc, "add_eight($module, a, b, c, d, e, f, g, h, /)\n--\n\nReturn the sum.");

static PyObject *py_add_eight(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    int n[8];
    if (!take_ints("add_eight", args, nargs, n, 8)) {
        return NULL;
    }
    return PyLong_FromLong(add_eight(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]));
}

static PyMethodDef methods[] = {
    {"get_pi", py_get_pi, METH_NOARGS, get_pi_doc},
    {"fibonacci", py_fibonacci, METH_O, fibonacci_doc},
    {"fibonacci_keyword", FASTCALL(py_fibonacci_keyword), METH_FASTCALL | METH_KEYWORDS,
     fibonacci_keyword_doc},
    {"add_million", py_add_million, METH_O, add_million_doc},
    {"half_of", py_half_of, METH_O, half_of_doc},
    {"negate", py_negate, METH_O, negate_doc},
    {"add_two", FASTCALL(py_add_two), METH_FASTCALL, add_two_doc},
    {"add_four", FASTCALL(py_add_four), METH_FASTCALL, add_four_doc},
    {"add_eight", FASTCALL(py_add_eight), METH_FASTCALL, add_eight_doc},
    {NULL, NULL, 0, NULL},
};

int add_numbers(PyObject *module)
{
    module_state *state = state_of(module);
    state->name_n = PyUnicode_InternFromString("n");
    if (state->name_n == NULL || PyModule_AddFunctions(module, methods) < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "ANSWER", answer);
}
