/* A tuple, a struct by value and an object behind a pointer. */
#include "fastcall.h"
#include "types.c"

PyDoc_STRVAR(split_digits_doc, "split_digits($module, n, /)\n--\n\n"
                               "Return n / 10 and n % 10, both rounded towards zero.");

static PyObject *py_split_digits(PyObject *Py_UNUSED(module), PyObject *argument)
{
    int n = as_c_int(argument);
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    int tens, ones;
    split_digits(n, &tens, &ones);
#ifdef Py_LIMITED_API
    PyObject *first = PyLong_FromLong(tens);
    PyObject *second = PyLong_FromLong(ones);
    PyObject *digits = first != NULL && second != NULL ? PyTuple_Pack(2, first, second) : NULL;
    Py_XDECREF(second);
    Py_XDECREF(first);
#else /* fills the tuple without a call */
    PyObject *digits = PyTuple_New(2);
    if (digits == NULL) {
        return NULL;
    }
    PyTuple_SET_ITEM(digits, 0, PyLong_FromLong(tens));
    PyTuple_SET_ITEM(digits, 1, PyLong_FromLong(ones));
    if (PyTuple_GET_ITEM(digits, 0) == NULL || PyTuple_GET_ITEM(digits, 1) == NULL) {
        Py_DECREF(digits);
        return NULL;
    }
#endif
    return digits;
}

PyDoc_STRVAR(mirror_doc,
             "mirror($module, original, /)\n--\n\nReturn the point with x and y exchanged.");

static PyObject *py_mirror(PyObject *module, PyObject *argument)
{
    PyTypeObject *type = state_of(module)->point_type;
    /* No class can inherit from it. */
    if (!Py_IS_TYPE(argument, type)) {
        PyErr_SetString(PyExc_TypeError, "mirror() takes a Point");
        return NULL;
    }
    return make_point(type, mirror(((point_object *)argument)->value));
}

static PyObject *make_tally(PyTypeObject *type, PyObject *argument)
{
    int start = as_c_int(argument);
    if (start == -1 && PyErr_Occurred()) {
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

static bool has_keywords(PyObject *kwargs_or_kwnames)
{
    if (kwargs_or_kwnames == NULL || PyObject_Size(kwargs_or_kwnames) == 0) {
        return false;
    }
    PyErr_SetString(PyExc_TypeError, "Tally() takes no keyword arguments");
    return true;
}

static PyObject *py_tally_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (has_keywords(kwargs) || !takes("Tally", 1, PyTuple_GET_SIZE(args))) {
        return NULL;
    }
    return make_tally(type, PyTuple_GET_ITEM(args, 0));
}

/* Classes can be called without a tuple too; classes made at run time only from 3.14 on. */
#ifdef Py_tp_vectorcall
static PyObject *tally_vectorcall(PyObject *type, PyObject *const *args, size_t nargs,
                                  PyObject *kwnames)
{
    if (has_keywords(kwnames) || !takes("Tally", 1, PyVectorcall_NARGS(nargs))) {
        return NULL;
    }
    return make_tally((PyTypeObject *)type, args[0]);
}
#endif

PyDoc_STRVAR(increment_doc,
             "increment($self, /)\n--\n\nAdd one to the count and return it; 0 follows 99.");

/* The core counts without a lock: without a GIL, the object's own lock protects it. */
static PyObject *tally_object_increment(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int count;
    Py_BEGIN_CRITICAL_SECTION(self);
    count = tally_increment(((tally_object *)self)->handle);
    Py_END_CRITICAL_SECTION();
    return PyLong_FromLong(count);
}

static PyMethodDef tally_methods[] = {
    {"increment", tally_object_increment, METH_NOARGS, increment_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot tally_slots[] = {
    {Py_tp_doc, "Tally(start, /)\n--\n\nCounts up from a given number; 0 follows 99."},
    {Py_tp_new, py_tally_new},
#ifdef Py_tp_vectorcall
    {Py_tp_vectorcall, tally_vectorcall},
#endif
    {Py_tp_dealloc, tally_dealloc},
    {Py_tp_methods, tally_methods},
    {0, NULL},
};

static PyMethodDef methods[] = {
    {"split_digits", py_split_digits, METH_O, split_digits_doc},
    {"mirror", py_mirror, METH_O, mirror_doc},
    {NULL, NULL, 0, NULL},
};

int add_objects(PyObject *module)
{
    module_state *state = state_of(module);
    state->point_type = add_types(module, PACKAGE "Point", PACKAGE "Tally", tally_slots);
    if (state->point_type == NULL) {
        return -1;
    }
    return PyModule_AddFunctions(module, methods);
}
