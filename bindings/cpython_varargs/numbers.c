/* Numbers in, a number out. */
#include "varargs.h"

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

PyDoc_STRVAR(add_million_doc, "add_million($module, n, /)\n--\n\nReturn n + 1,000,000.");

static PyObject *py_add_million(PyObject *Py_UNUSED(module), PyObject *args)
{
    int n;
    if (!PyArg_ParseTuple(args, "i:add_million", &n)) {
        return NULL;
    }
    return PyLong_FromLong(add_million(n));
}

PyDoc_STRVAR(half_of_doc, "half_of($module, x, /)\n--\n\nReturn x / 2.");

static PyObject *py_half_of(PyObject *Py_UNUSED(module), PyObject *args)
{
    double x;
    if (!PyArg_ParseTuple(args, "d:half_of", &x)) {
        return NULL;
    }
    return PyFloat_FromDouble(half_of(x));
}

PyDoc_STRVAR(negate_doc, "negate($module, flag, /)\n--\n\nReturn whether flag is false.");

/* "p", a predicate, takes any object, and stores an int. */
static PyObject *py_negate(PyObject *Py_UNUSED(module), PyObject *args)
{
    int flag;
    if (!PyArg_ParseTuple(args, "p:negate", &flag)) {
        return NULL;
    }
    return PyBool_FromLong(negate(flag));
}

PyDoc_STRVAR(add_two_doc, "add_two($module, a, b, /)\n--\n\nReturn the sum.");

static PyObject *py_add_two(PyObject *Py_UNUSED(module), PyObject *args)
{
    int a, b;
    if (!PyArg_ParseTuple(args, "ii:add_two", &a, &b)) {
        return NULL;
    }
    return PyLong_FromLong(add_two(a, b));
}

PyDoc_STRVAR(add_four_doc, "add_four($module, a, b, c, d, /)\n--\n\nReturn the sum.");

static PyObject *py_add_four(PyObject *Py_UNUSED(module), PyObject *args)
{
    int a, b, c, d;
    if (!PyArg_ParseTuple(args, "iiii:add_four", &a, &b, &c, &d)) {
        return NULL;
    }
    return PyLong_FromLong(add_four(a, b, c, d));
}

PyDoc_STRVAR(add_eight_doc, "add_eight($module, a, b, c, d, e, f, g, h, /)\n--\n\nReturn the sum.");

static PyObject *py_add_eight(PyObject *Py_UNUSED(module), PyObject *args)
{
    int a, b, c, d, e, f, g, h;
    if (!PyArg_ParseTuple(args, "iiiiiiii:add_eight", &a, &b, &c, &d, &e, &f, &g, &h)) {
        return NULL;
    }
    return PyLong_FromLong(add_eight(a, b, c, d, e, f, g, h));
}

static PyMethodDef methods[] = {
    {"get_pi", py_get_pi, METH_VARARGS, get_pi_doc},
    {"fibonacci", py_fibonacci, METH_VARARGS, fibonacci_doc},
    {"fibonacci_keyword", (PyCFunction)(void (*)(void))py_fibonacci_keyword,
     METH_VARARGS | METH_KEYWORDS, fibonacci_keyword_doc},
    {"add_million", py_add_million, METH_VARARGS, add_million_doc},
    {"half_of", py_half_of, METH_VARARGS, half_of_doc},
    {"negate", py_negate, METH_VARARGS, negate_doc},
    {"add_two", py_add_two, METH_VARARGS, add_two_doc},
    {"add_four", py_add_four, METH_VARARGS, add_four_doc},
    {"add_eight", py_add_eight, METH_VARARGS, add_eight_doc},
    {NULL, NULL, 0, NULL},
};

int add_numbers(PyObject *module)
{
    if (PyModule_AddFunctions(module, methods) < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "ANSWER", answer);
}
