/* Arrays: buffers, which C reads and writes in place, and a list, which has to be copied. */
#include "fastcall.h"

#include <string.h>

/* Tells whether a buffer's items have one C type, in native byte order. The type is given by its
 * letter in the module struct. A NULL format means unsigned bytes. */
static bool holds(const Py_buffer *view, char letter, Py_ssize_t size)
{
    const char *format = view->format != NULL ? view->format : "B";
    /* numpy and array write "d", ctypes writes "<d". */
    if (*format != '\0' && strchr(PY_LITTLE_ENDIAN ? "@=<" : "@=>", *format) != NULL) {
        format++;
    }
    return format[0] == letter && format[1] == '\0' && view->itemsize == size;
}

/* Borrows a buffer of the right type. It is C-contiguous, since PyBUF_STRIDES is not asked for.
 * For any other object, returns -1 with an exception set; then there is nothing to release. */
static int take_buffer(PyObject *object, Py_buffer *view, int flags, char letter, Py_ssize_t size)
{
    if (PyObject_GetBuffer(object, view, flags | PyBUF_FORMAT) < 0) {
        return -1;
    }
    if (!holds(view, letter, size)) {
        PyErr_Format(PyExc_TypeError, "expected a buffer of the format '%c', not '%s'", letter,
                     view->format != NULL ? view->format : "B");
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

static size_t count_of(const Py_buffer *view)
{
    return (size_t)(view->len / view->itemsize);
}

PyDoc_STRVAR(sum_ends_doc,
             "sum_ends($module, values, /)\n--\n\nReturn the first plus the last of a buffer.");

static PyObject *py_sum_ends(PyObject *Py_UNUSED(module), PyObject *argument)
{
    Py_buffer values;
    if (take_buffer(argument, &values, PyBUF_CONTIG_RO, 'd', sizeof(double)) < 0) {
        return NULL;
    }
    double sum = sum_ends(values.buf, count_of(&values));
    PyBuffer_Release(&values);
    return PyFloat_FromDouble(sum);
}

/* Returns a new reference, and checks the size each time: converting an item may run Python code
 * that changes the list. PyList_GetItemRef does this from 3.13 on. */
static PyObject *item_of(PyObject *list, Py_ssize_t i)
{
#if API_VERSION >= 0x030D0000
    return PyList_GetItemRef(list, i);
#elif defined(Py_LIMITED_API)
    return Py_XNewRef(PyList_GetItem(list, i));
#else
    if (i >= PyList_GET_SIZE(list)) {
        PyErr_SetString(PyExc_IndexError, "list index out of range");
        return NULL;
    }
    return Py_NewRef(PyList_GET_ITEM(list, i));
#endif
}

static int copy_list(PyObject *list, double *copy, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = item_of(list, i);
        if (item == NULL) {
            return -1;
        }
        copy[i] = as_double(item);
        Py_DECREF(item);
        if (copy[i] == -1 && PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

PyDoc_STRVAR(sum_ends_list_doc,
             "sum_ends_list($module, values, /)\n--\n\nReturn the first plus the last of a list.");

static PyObject *py_sum_ends_list(PyObject *Py_UNUSED(module), PyObject *argument)
{
    if (!PyList_Check(argument)) {
        PyErr_SetString(PyExc_TypeError, "sum_ends_list() takes a list");
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(argument);
    double *copy = PyMem_New(double, count);
    if (copy == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *sum = NULL;
    if (copy_list(argument, copy, count) == 0) {
        sum = PyFloat_FromDouble(sum_ends(copy, (size_t)count));
    }
    PyMem_Free(copy);
    return sum;
}

PyDoc_STRVAR(fill_array_doc,
             "fill_array($module, values, value, /)\n--\n\nStore value in each place of a buffer.");

static PyObject *py_fill_array(PyObject *Py_UNUSED(module), PyObject *const *args,
                               Py_ssize_t nargs)
{
    if (!takes("fill_array", 2, nargs)) {
        return NULL;
    }
    double value = as_double(args[1]);
    if (value == -1 && PyErr_Occurred()) {
        return NULL;
    }
    Py_buffer values;
    if (take_buffer(args[0], &values, PyBUF_CONTIG, 'd', sizeof(double)) < 0) {
        return NULL;
    }
    fill_array(values.buf, count_of(&values), value);
    PyBuffer_Release(&values);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fibonacci_batch_doc, "fibonacci_batch($module, n, results, /)\n--\n\n"
                                  "Store fibonacci(n[i]) in results[i] for each i.");

static PyObject *py_fibonacci_batch(PyObject *Py_UNUSED(module), PyObject *const *args,
                                    Py_ssize_t nargs)
{
    Py_buffer n, results;
    if (!takes("fibonacci_batch", 2, nargs) ||
        take_buffer(args[0], &n, PyBUF_CONTIG_RO, 'i', sizeof(int)) < 0) {
        return NULL;
    }
    if (take_buffer(args[1], &results, PyBUF_CONTIG, 'i', sizeof(int)) < 0) {
        PyBuffer_Release(&n);
        return NULL;
    }
    bool fits = count_of(&results) >= count_of(&n);
    if (fits) {
        fibonacci_batch(n.buf, results.buf, count_of(&n));
    }
    else {
        PyErr_SetString(PyExc_ValueError, "results is shorter than n");
    }
    PyBuffer_Release(&results);
    PyBuffer_Release(&n);
    return fits ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {
    {"sum_ends", py_sum_ends, METH_O, sum_ends_doc},
    {"sum_ends_list", py_sum_ends_list, METH_O, sum_ends_list_doc},
    {"fill_array", FASTCALL(py_fill_array), METH_FASTCALL, fill_array_doc},
    {"fibonacci_batch", FASTCALL(py_fibonacci_batch), METH_FASTCALL,
     fibonacci_batch_doc},
    {NULL, NULL, 0, NULL},
};

int add_arrays(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
