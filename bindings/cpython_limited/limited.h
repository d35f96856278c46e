/* Shared by this extension's files: the state of the module, and how arguments are taken.
 *
 * It resembles cpython_fastcall's fastcall.h but deliberately shares no code with it: CPython's
 * inline functions are missing here, so every second function differs. An #ifdef for each would
 * hide what the limited API takes away. */
#ifndef CALLCOST_LIMITED_H
#define CALLCOST_LIMITED_H

/* The stable ABI of 3.11, the first with buffers: the file runs in every later version. */
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <limits.h>
#include <stdbool.h>

#include "core.h"

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
 * The limited API has PyLong_AsInt from 3.13 on. */
static inline int as_c_int(PyObject *object)
{
    long value = PyLong_AsLong(object);
    if (value > INT_MAX || value < INT_MIN) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
        return -1;
    }
    return (int)value;
}

#endif
