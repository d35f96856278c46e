/* Shared by this extension's files: the state of the module, and how arguments are taken.
 * cpython_limited compiles some of them for the limited API. */
#ifndef CALLCOST_FASTCALL_H
#define CALLCOST_FASTCALL_H

#include <Python.h>

#include <limits.h>
#include <stdbool.h>

#include "core.h"

/* The version of Python whose C API these files may use. */
#ifdef Py_LIMITED_API
#define API_VERSION (Py_LIMITED_API + 0)
#else
#define API_VERSION PY_VERSION_HEX
#endif

#ifdef Py_LIMITED_API
/* What the limited API lacks in the shared files, and what replaces it. */
#define PACKAGE "callcost.bindings.cpython_limited."
#define PyList_GET_SIZE PyList_Size
#define PyTuple_GET_SIZE PyTuple_Size
#define PyTuple_GET_ITEM PyTuple_GetItem
#define PyUnicode_AsUTF8(object) PyUnicode_AsUTF8AndSize(object, NULL)
#if API_VERSION >= 0x030C0000
#define PyObject_CallOneArg(callable, argument) \
    PyObject_Vectorcall(callable, (PyObject *[]){argument}, 1, NULL)
#else /* without vectorcall, a call makes a tuple of its arguments */
#define PyObject_CallOneArg(callable, argument) \
    PyObject_CallFunctionObjArgs(callable, argument, NULL)
#endif
#if API_VERSION < 0x030F0000
/* The headers of 3.15 have these for every version, but older Pythons could not load the file. */
#undef Py_tp_vectorcall
#undef Py_BEGIN_CRITICAL_SECTION
#undef Py_END_CRITICAL_SECTION
#endif
#else
#define PACKAGE "callcost.bindings.cpython_fastcall."
#endif

#ifndef Py_BEGIN_CRITICAL_SECTION /* before free threading, and in the older limited API */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

typedef struct {
    PyObject *name_n; /* the interned string "n": a keyword is found by comparing pointers */
    PyTypeObject *point_type;
} module_state;

/* METH_FASTCALL functions do not have the type PyCFunction. Casting them through a function
 * without arguments avoids the compiler's warning. */
#define FASTCALL(function) ((PyCFunction)(void (*)(void))(function))

/* Slots of Py_mod_exec: each file adds its own functions and types to the module. */
int add_numbers(PyObject *module);
int add_text(PyObject *module);
int add_arrays(PyObject *module);
int add_objects(PyObject *module);
int add_calls(PyObject *module);

static inline module_state *state_of(PyObject *module)
{
    return (module_state *)PyModule_GetState(module);
}

/* Tells whether METH_FASTCALL brought the right number of arguments; sets TypeError if not. */
static inline bool takes(const char *function, Py_ssize_t wanted, Py_ssize_t given)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s() takes exactly %zd argument%s (%zd given)", function,
                     wanted, wanted == 1 ? "" : "s", given);
        return false;
    }
    return true;
}

/* Converts a Python int to a C int. Returns -1 with an exception set if it does not fit.
 * PyLong_AsInt does this from 3.13 on. */
static inline int as_c_int(PyObject *object)
{
#if API_VERSION >= 0x030D0000
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

/* Converts to a double. Returns -1 with an exception set for anything but a number.
 * Outside the limited API it reads a float, by far the most common argument, without a call. */
static inline double as_double(PyObject *object)
{
#ifdef Py_LIMITED_API
    return PyFloat_AsDouble(object);
#else
    return PyFloat_CheckExact(object) ? PyFloat_AS_DOUBLE(object) : PyFloat_AsDouble(object);
#endif
}

#endif
