/* Arrays: buffers, which C reads and writes in place, and a list, which has to be copied.
 *
 * "y*" and "w*" ignore the buffer's format, so they would take any bytes for doubles. "O&" calls
 * converters that check it, and PyArg_ParseTuple releases what they took if a later argument
 * fails. */
#include "varargs.h"

#include <string.h>

/* Tells whether a buffer's items have one C type, in native byte order. The type is given by its
 * letter in the module struct. A NULL format means unsigned bytes. */
static int holds(const Py_buffer *view, char letter, Py_ssize_t size)
{
    const char *format = view->format != NULL ? view->format : "B";
    /* numpy and array write "d", ctypes writes "<d". */
    if (*format != '\0' && strchr(PY_LITTLE_ENDIAN ? "@=<" : "@=>", *format) != NULL) {
        format++;
    }
    return format[0] == letter && format[1] == '\0' && view->itemsize == size;
}

/* Borrows a C-contiguous buffer of the right type; releases it when called again with NULL. */
static int convert(PyObject *object, Py_buffer *view, int flags, char letter, Py_ssize_t size)
{
    if (object == NULL) {
        PyBuffer_Release(view);
        return 1;
    }
    if (PyObject_GetBuffer(object, view, flags | PyBUF_FORMAT) < 0) {
        return 0;
    }
    if (!holds(view, letter, size)) {
        PyErr_Format(PyExc_TypeError, "expected a buffer of the format '%c', not '%s'", letter,
                     view->format != NULL ? view->format : "B");
        PyBuffer_Release(view);
        return 0;
    }
    return Py_CLEANUP_SUPPORTED;
}

static int doubles(PyObject *object, void *view)
{
    return convert(object, view, PyBUF_CONTIG_RO, 'd', sizeof(double));
}

static int writable_doubles(PyObject *object, void *view)
{
    return convert(object, view, PyBUF_CONTIG, 'd', sizeof(double));
}

static int ints(PyObject *object, void *view)
{
    return convert(object, view, PyBUF_CONTIG_RO, 'i', sizeof(int));
}

static int writable_ints(PyObject *object, void *view)
{
    return convert(object, view, PyBUF_CONTIG, 'i', sizeof(int));
}

static size_t count_of(const Py_buffer *view)
{
    return (size_t)(view->len / view->itemsize);
}

PyDoc_STRVAR(sum_ends_doc,
             "sum_ends($module, values, /)\n--\n\nReturn the first plus the last of a buffer.");

static PyObject *py_sum_ends(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer values;
    if (!PyArg_ParseTuple(args, "O&:sum_ends", doubles, &values)) {
        return NULL;
    }
    double sum = sum_ends(values.buf, count_of(&values));
    PyBuffer_Release(&values);
    return PyFloat_FromDouble(sum);
}

/* Owns each item during its conversion, which may run Python code that changes the list.
 * PyList_GetItemRef does this from 3.13 on. */
static int copy_list(PyObject *list, double *copy, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
#if PY_VERSION_HEX >= 0x030D0000
        PyObject *item = PyList_GetItemRef(list, i);
#else
        PyObject *item = Py_XNewRef(PyList_GetItem(list, i));
#endif
        if (item == NULL) {
            return -1;
        }
        copy[i] = PyFloat_AsDouble(item);
        Py_DECREF(item);
        if (copy[i] == -1 && PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

PyDoc_STRVAR(sum_ends_list_doc,
             "sum_ends_list($module, values, /)\n--\n\nReturn the first plus the last of a list.");

static PyObject *py_sum_ends_list(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *list;
    if (!PyArg_ParseTuple(args, "O!:sum_ends_list", &PyList_Type, &list)) {
        return NULL;
    }
    Py_ssize_t count = PyList_Size(list);
    double *copy = PyMem_New(double, count);
    if (copy == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *sum = NULL;
    if (copy_list(list, copy, count) == 0) {
        sum = PyFloat_FromDouble(sum_ends(copy, (size_t)count));
    }
    PyMem_Free(copy);
    return sum;
}

PyDoc_STRVAR(fill_array_doc,
             "fill_array($module, values, value, /)\n--\n\nStore value in each place of a buffer.");

static PyObject *py_fill_array(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer values;
    double value;
    if (!PyArg_ParseTuple(args, "O&d:fill_array", writable_doubles, &values, &value)) {
        return NULL;
    }
    fill_array(values.buf, count_of(&values), value);
    PyBuffer_Release(&values);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fibonacci_batch_doc, "fibonacci_batch($module, n, results, /)\n--\n\n"
                                  "Store fibonacci(n[i]) in results[i] for each i.");

static PyObject *py_fibonacci_batch(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer n, results;
    if (!PyArg_ParseTuple(args, "O&O&:fibonacci_batch", ints, &n, writable_ints, &results)) {
        return NULL;
    }
    int fits = count_of(&results) >= count_of(&n);
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
    {"sum_ends", py_sum_ends, METH_VARARGS, sum_ends_doc},
    {"sum_ends_list", py_sum_ends_list, METH_VARARGS, sum_ends_list_doc},
    {"fill_array", py_fill_array, METH_VARARGS, fill_array_doc},
    {"fibonacci_batch", py_fibonacci_batch, METH_VARARGS, fibonacci_batch_doc},
    {NULL, NULL, 0, NULL},
};

int add_arrays(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
