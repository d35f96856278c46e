/* A callback into Python, an error code, and work with and without the GIL. */
#include "fastcall.h"

typedef struct {
    PyObject *function;
    bool failed;
} callback;

/* The core calls this. Only the context shows that an exception is set: after the first one,
 * this function does not call Python again. */
static int call_back(void *context, int i)
{
    callback *self = context;
    if (self->failed) {
        return 0;
    }
    PyObject *argument = PyLong_FromLong(i);
    PyObject *result = argument != NULL ? PyObject_CallOneArg(self->function, argument) : NULL;
    Py_XDECREF(argument);
    if (result == NULL) {
        self->failed = true;
        return 0;
    }
    int number = as_c_int(result);
    Py_DECREF(result);
    self->failed = number == -1 && PyErr_Occurred() != NULL;
    return number;
}

PyDoc_STRVAR(sum_calls_doc, "sum_calls($module, function, count, /)\n--\n\n"
                            "Return the sum of function(i) for each i from 0 to count - 1.");

static PyObject *py_sum_calls(PyObject *Py_UNUSED(module), PyObject *const *args,
                              Py_ssize_t nargs)
{
    if (!takes("sum_calls", 2, nargs)) {
        return NULL;
    }
    int count = as_c_int(args[1]);
    if (count == -1 && PyErr_Occurred()) {
        return NULL;
    }
    callback context = {.function = args[0], .failed = false};
    int sum = sum_calls(call_back, &context, count);
    return context.failed ? NULL : PyLong_FromLong(sum);
}

PyDoc_STRVAR(half_of_even_doc, "half_of_even($module, n, /)\n--\n\n"
                               "Return n / 2; raise ValueError for an odd n.");

static PyObject *py_half_of_even(PyObject *Py_UNUSED(module), PyObject *argument)
{
    int n = as_c_int(argument);
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    int half;
    if (half_of_even(n, &half) < 0) {
        PyErr_SetString(PyExc_ValueError, "n must be even");
        return NULL;
    }
    return PyLong_FromLong(half);
}

PyDoc_STRVAR(work_held_doc, "work_held($module, steps, /)\n--\n\n"
                            "Return the number after this many steps, with the GIL held.");

static PyObject *py_work_held(PyObject *Py_UNUSED(module), PyObject *argument)
{
    int steps = as_c_int(argument);
    if (steps == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyLong_FromUnsignedLong(work(steps));
}

PyDoc_STRVAR(work_released_doc, "work_released($module, steps, /)\n--\n\n"
                                "Return the number after this many steps, with the GIL released.");

static PyObject *py_work_released(PyObject *Py_UNUSED(module), PyObject *argument)
{
    int steps = as_c_int(argument);
    if (steps == -1 && PyErr_Occurred()) {
        return NULL;
    }
    unsigned number;
    Py_BEGIN_ALLOW_THREADS
    number = work(steps);
    Py_END_ALLOW_THREADS
    return PyLong_FromUnsignedLong(number);
}

static PyMethodDef methods[] = {
    {"sum_calls", FASTCALL(py_sum_calls), METH_FASTCALL, sum_calls_doc},
    {"half_of_even", py_half_of_even, METH_O, half_of_even_doc},
    {"work_held", py_work_held, METH_O, work_held_doc},
    {"work_released", py_work_released, METH_O, work_released_doc},
    {NULL, NULL, 0, NULL},
};

int add_calls(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
