/* Shared by this extension's files. */
#ifndef CALLCOST_VARARGS_H
#define CALLCOST_VARARGS_H

#define PY_SSIZE_T_CLEAN /* the # of a format is a Py_ssize_t */
#include <Python.h>

#include "core.h"

typedef struct {
    PyTypeObject *point_type;
} module_state;

/* Slots of Py_mod_exec: each file adds its own functions and types to the module. */
int add_numbers(PyObject *module);
int add_text(PyObject *module);
int add_arrays(PyObject *module);
int add_objects(PyObject *module);
int add_calls(PyObject *module);

#endif
