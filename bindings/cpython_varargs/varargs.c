/* METH_VARARGS and PyArg_ParseTuple: the arguments arrive in a tuple, a format takes them out. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "core.h"

PyDoc_STRVAR(get_pi_doc, "get_pi($module, /)\n--\n\nReturn 3.14 as a C float holds it.");

static PyObject *py_get_pi(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (!PyArg_ParseTuple(args, ":get_pi")) {
        return NULL;
    }
    return PyFloat_FromDouble(get_pi());
}

PyDoc_STRVAR(fibonacci_doc, "fibonacci($module, n, /)\n--\n\nReturn the n-th Fibonacci number.");

static PyObject *py_fibonacci(PyObject *Py_UNUSED(module), PyObject *args)
{
    int n;
    if (!PyArg_ParseTuple(args, "i:fibonacci", &n)) {
        return NULL;
    }
    return PyLong_FromLong(fibonacci(n));
}

PyDoc_STRVAR(fibonacci_keyword_doc,
             "fibonacci_keyword($module, n)\n--\n\nReturn the n-th Fibonacci number.");

static PyObject *py_fibonacci_keyword(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"n", NULL};
    int n;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i:fibonacci_keyword", keywords, &n)) {
        return NULL;
    }
    return PyLong_FromLong(fibonacci(n));
}

static PyMethodDef methods[] = {
    {"get_pi", py_get_pi, METH_VARARGS, get_pi_doc},
    {"fibonacci", py_fibonacci, METH_VARARGS, fibonacci_doc},
    {"fibonacci_keyword", (PyCFunction)(void (*)(void))py_fibonacci_keyword,
     METH_VARARGS | METH_KEYWORDS, fibonacci_keyword_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
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
    .m_name = "_varargs",
    .m_doc = "The C core through METH_VARARGS and PyArg_ParseTuple.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__varargs(void)
{
    return PyModuleDef_Init(&definition);
}
