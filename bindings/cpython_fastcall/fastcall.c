/* METH_NOARGS, METH_O and METH_FASTCALL: the arguments arrive without a tuple being made. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>

#include "core.h"

typedef struct {
    PyObject *name_n; /* the interned string "n": a keyword is found by comparing pointers */
} module_state;

/* Converts a Python int to a C int. Returns -1 with an exception set where it does not fit.
 * PyLong_AsInt does this from 3.13 on. */
static int as_c_int(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyLong_AsInt(object);
#else
    long value = PyLong_AsLong(object);
    if (value > INT_MAX || value < INT_MIN) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
        return -1;
    }
    return (int)value;
#endif
}

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
    Py_ssize_t nkeywords = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    if (nargs + nkeywords != 1) {
        PyErr_Format(PyExc_TypeError, "fibonacci_keyword() takes exactly 1 argument (%zd given)",
                     nargs + nkeywords);
        return NULL;
    }
    if (nkeywords == 1) {
        module_state *state = PyModule_GetState(module);
        PyObject *name = PyTuple_GET_ITEM(kwnames, 0);
        /* Names in source code are interned; only one made at run time needs the comparison. */
        if (name != state->name_n && PyUnicode_Compare(name, state->name_n) != 0) {
            PyErr_Format(PyExc_TypeError,
                         "fibonacci_keyword() got an unexpected keyword argument '%U'", name);
            return NULL;
        }
    }
    return call_fibonacci(args[0]);
}

static PyMethodDef methods[] = {
    {"get_pi", py_get_pi, METH_NOARGS, get_pi_doc},
    {"fibonacci", py_fibonacci, METH_O, fibonacci_doc},
    {"fibonacci_keyword", (PyCFunction)(void (*)(void))py_fibonacci_keyword,
     METH_FASTCALL | METH_KEYWORDS, fibonacci_keyword_doc},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    state->name_n = PyUnicode_InternFromString("n");
    return state->name_n == NULL ? -1 : 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->name_n);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->name_n);
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_fastcall",
    .m_doc = "The C core through METH_NOARGS, METH_O and METH_FASTCALL.",
    .m_size = sizeof(module_state),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__fastcall(void)
{
    return PyModuleDef_Init(&definition);
}
