/* A callback into Python, an error code, and work with and without the GIL. */
#include "varargs.h"

typedef struct {
    PyObject *function;
    int failed;
} callback;

/* The core calls this. Only the context shows that an exception is set: after the first one,
 * this function does not call Python again. */
static int call_back(void *context, int i)
{
    callback *self = context;
    if (self->failed) {
        return 0;
    }
    int number = 0;
    PyObject *result = PyObject_CallFunction(self->function, "i", i);
    /* Parse a single object by a format, as if it were the argument of a call. */
    self->failed = result == NULL || !PyArg_Parse(result, "i", &number);
    Py_XDECREF(result);
    return number;
}

PyDoc_STRVAR(sum_calls_doc, "sum_calls($module, function, count, /)\n--\n\n"
                            "Return the sum of function(i) for each i from 0 to count - 1.");

static PyObject *py_sum_calls(PyObject *Py_UNUSED(module), PyObject *args)
{
    callback context = {NULL, 0};
    int count;
    if (!PyArg_ParseTuple(args, "Oi:sum_calls", &context.function, &count)) {
        return NULL;
    }
    int sum = sum_calls(call_back, &context, count);
    return context.failed ? NULL : PyLong_FromLong(sum);
}

PyDoc_STRVAR(half_of_even_doc, "half_of_even($module, n, /)\n--\n\n"
                               "Return n / 2; raise ValueError for an odd n.");

static PyObject *py_half_of_even(PyObject *Py_UNUSED(module), PyObject *args)
{
    int n, half;
    if (!PyArg_ParseTuple(args, "i:half_of_even", &n)) {
        return NULL;
    }
    if (half_of_even(n, &half) < 0) {
        PyErr_SetString(PyExc_ValueError, "n must be even");
        return NULL;
    }
    return PyLong_FromLong(half);
}

PyDoc_STRVAR(work_held_doc, "work_held($module, steps, /)\n--\n\n"
                            "Return the number after this many steps, with the GIL held.");

static PyObject *py_work_held(PyObject *Py_UNUSED(module), PyObject *args)
{
    int steps;
    if (!PyArg_ParseTuple(args, "i:work_held", &steps)) {
        return NULL;
    }
    return PyLong_FromUnsignedLong(work(steps));
}

PyDoc_STRVAR(work_released_doc, "work_released($module, steps, /)\n--\n\n"
                                "Return the number after this many steps, with the GIL released.");

static PyObject *py_work_released(PyObject *Py_UNUSED(module), PyObject *args)
{
    int steps;
    if (!PyArg_ParseTuple(args, "i:work_released", &steps)) {
        return NULL;
    }
    unsigned number;
    Py_BEGIN_ALLOW_THREADS
    number = work(steps);
    Py_END_ALLOW_THREADS
    return PyLong_FromUnsignedLong(number);
}

static PyMethodDef methods[] = {
    {"sum_calls", py_sum_calls, METH_VARARGS, sum_calls_doc},
    {"half_of_even", py_half_of_even, METH_VARARGS, half_of_even_doc},
    {"work_held", py_work_held, METH_VARARGS, work_held_doc},
    {"work_released", py_work_released, METH_VARARGS, work_released_doc},
    {NULL, NULL, 0, NULL},
};

int add_calls(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
