/* A tuple, a struct by value and an object behind a pointer. */
#include "varargs.h"

#include "../cpython_fastcall/types.c"

PyDoc_STRVAR(split_digits_doc, "split_digits($module, n, /)\n--\n\n"
                               "Return n / 10 and n % 10, both rounded towards zero.");

static PyObject *py_split_digits(PyObject *Py_UNUSED(module), PyObject *args)
{
    int n, tens, ones;
    if (!PyArg_ParseTuple(args, "i:split_digits", &n)) {
        return NULL;
    }
    split_digits(n, &tens, &ones);
    return Py_BuildValue("ii", tens, ones);
}

PyDoc_STRVAR(mirror_doc,
             "mirror($module, original, /)\n--\n\nReturn the point with x and y exchanged.");

static PyObject *py_mirror(PyObject *module, PyObject *args)
{
    module_state *state = PyModule_GetState(module);
    point_object *original;
    if (!PyArg_ParseTuple(args, "O!:mirror", state->point_type, &original)) {
        return NULL;
    }
    return make_point(state->point_type, mirror(original->value));
}

static PyObject *py_tally_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "Tally() takes no keyword arguments");
        return NULL;
    }
    int start;
    if (!PyArg_ParseTuple(args, "i:Tally", &start)) {
        return NULL;
    }
    tally *handle = tally_new(start);
    if (handle == NULL) {
        return PyErr_NoMemory();
    }
    tally_object *self = PyObject_New(tally_object, type);
    if (self == NULL) {
        tally_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

PyDoc_STRVAR(increment_doc,
             "increment($self, /)\n--\n\nAdd one to the count and return it; 0 follows 99.");

/* The core counts without a lock: without a GIL, the object's own lock protects it. */
static PyObject *tally_object_increment(PyObject *self, PyObject *args)
{
    if (!PyArg_ParseTuple(args, ":increment")) {
        return NULL;
    }
    int count;
    Py_BEGIN_CRITICAL_SECTION(self);
    count = tally_increment(((tally_object *)self)->handle);
    Py_END_CRITICAL_SECTION();
    return PyLong_FromLong(count);
}

static PyMethodDef tally_methods[] = {
    {"increment", tally_object_increment, METH_VARARGS, increment_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot tally_slots[] = {
    {Py_tp_doc, "Tally(start, /)\n--\n\nCounts up from a given number; 0 follows 99."},
    {Py_tp_new, py_tally_new},
    {Py_tp_dealloc, tally_dealloc},
    {Py_tp_methods, tally_methods},
    {0, NULL},
};

static PyMethodDef methods[] = {
    {"split_digits", py_split_digits, METH_VARARGS, split_digits_doc},
    {"mirror", py_mirror, METH_VARARGS, mirror_doc},
    {NULL, NULL, 0, NULL},
};

int add_objects(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    state->point_type = add_types(module, PACKAGE "Point", PACKAGE "Tally", tally_slots);
    if (state->point_type == NULL) {
        return -1;
    }
    return PyModule_AddFunctions(module, methods);
}
