/* The C core for SWIG: core.h as it is, and typemaps for what is not plain.
 *
 * swig_builtin uses this file too, with one more SWIG option.
 */

%module core

/* Objects of SWIG's heap types free their memory but leak a reference to their type (SWIG 4.4 and
 * 4.5). SWIG can still do without heap types. */
%begin %{
#define SWIG_NO_HEAPTYPES
%}

%{
#include "core.h"

/* The same functions, named after further ways to call them. */
#define fibonacci_keyword fibonacci
#define sum_ends_list sum_ends
#define work_held work
#define work_released work

#ifndef Py_BEGIN_CRITICAL_SECTION /* new in Python 3.13; nothing where there is a GIL */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

/* The object of a method that SWIG wraps. */
#ifdef SWIGPYTHON_BUILTIN
#define METHOD_SELF self
#else
#define METHOD_SELF swig_obj[0]
#endif
%}

%include <constraints.i>
%include <typemaps.i>

/* SWIG's parser does not know attributes. */
#define __attribute__(x)

/* These have another name below, or are not for Python. */
%ignore answer;
%ignore fibonacci_batch;
%ignore tally_new;
%ignore tally_increment;
%ignore tally_free;
%ignore tallies_alive;
%ignore work;

/* Text and bytes. */

/* SWIG passes None as NULL, which neither these functions nor methods accept. */
%apply Pointer NONNULL { const char *text, struct tally *self };

%typemap(in) (const unsigned char *data, size_t size) (char *bytes, Py_ssize_t length) {
    if (PyBytes_AsStringAndSize($input, &bytes, &length) < 0) {
        SWIG_fail;
    }
    $1 = ($1_ltype)bytes;
    $2 = ($2_ltype)length;
}

/* SWIG converts out-parameters after the result, when the size is known. */
%typemap(in, numinputs=0) size_t *size (size_t size) "$1 = &size;"
%typemap(out) const unsigned char *get_token ""
%typemap(argout) size_t *size {
    $result = PyBytes_FromStringAndSize((const char *)result, (Py_ssize_t)*$1);
}

/* Buffers. pybuffer.i ignores the format and releases the buffer before C reads it. */

%fragment("get_buffer", "header") %{
static int get_buffer(PyObject *object, int flags, const char *format, Py_buffer *view)
{
    if (PyObject_GetBuffer(object, view, PyBUF_ND | PyBUF_FORMAT | flags) < 0) {
        return -1;
    }
    if (view->format == NULL || strcmp(view->format, format) != 0) {
        PyErr_Format(PyExc_TypeError, "expected a buffer of format '%s'", format);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}
%}

%define %buffer(FLAGS, FORMAT, POINTER, COUNT)
%typemap(in, fragment="get_buffer") (POINTER, COUNT) (Py_buffer view = {0}) {
    if (get_buffer($input, FLAGS, FORMAT, &view) < 0) {
        SWIG_fail;
    }
    $1 = ($1_ltype)view.buf;
    $2 = ($2_ltype)view.len / sizeof *$1;
}
%typemap(freearg) (POINTER, COUNT) "PyBuffer_Release(&view$argnum);"
%enddef

%buffer(0, "d", const double *values, size_t count)
%buffer(PyBUF_WRITABLE, "d", double *values, size_t count)
%buffer(0, "i", const int *n, size_t count)
%buffer(PyBUF_WRITABLE, "i", int *results, size_t room)

/* A list of floats, copied; SWIG's conversion of a float runs no Python code. */

%fragment("as_doubles", "header", fragment="SWIG_AsVal_double") %{
static double *as_doubles(PyObject *list, size_t *count)
{
    double *values = NULL;
    int status = SWIG_OK;
    if (!PyList_Check(list)) {
        SWIG_Error(SWIG_TypeError, "expected a list of floats");
        return NULL;
    }
    Py_BEGIN_CRITICAL_SECTION(list);
    *count = (size_t)PyList_GET_SIZE(list);
    values = PyMem_New(double, *count);
    for (size_t i = 0; values != NULL && i < *count && SWIG_IsOK(status); i++) {
        status = SWIG_AsVal_double(PyList_GET_ITEM(list, (Py_ssize_t)i), &values[i]);
    }
    Py_END_CRITICAL_SECTION();
    if (values == NULL) {
        PyErr_NoMemory();
    } else if (!SWIG_IsOK(status)) {
        SWIG_Error(SWIG_ArgError(status), "expected a list of floats");
        PyMem_Free(values);
        values = NULL;
    }
    return values;
}
%}

%typemap(in, fragment="as_doubles") (const double *floats, size_t count) {
    $1 = as_doubles($input, &$2);
    if ($1 == NULL) {
        SWIG_fail;
    }
}
%typemap(freearg) (const double *floats, size_t count) "PyMem_Free($1);"

/* Several results. SWIG's OUTPUT would make a list of two. */

%typemap(in, numinputs=0) (int *tens, int *ones) (int tens, int ones) "$1 = &tens; $2 = &ones;"
%typemap(argout) (int *tens, int *ones) {
    %append_output(Py_BuildValue("(ii)", *$1, *$2));
}

/* Errors. An out typemap that stores nothing leaves the result to OUTPUT. */

%apply int *OUTPUT { int *half };
%typemap(out) int half_of_even {
    if ($1 < 0) {
        SWIG_exception_fail(SWIG_ValueError, "n must be even");
    }
}

%define %raises_for_null(FUNCTION)
%exception FUNCTION {
    $action
    if (result == NULL) {
        PyErr_NoMemory();
        SWIG_fail;
    }
}
%enddef
%raises_for_null(point::point)
%raises_for_null(tally::tally)

%define %may_raise(FUNCTION)
%exception FUNCTION {
    $action
    if (PyErr_Occurred()) {
        SWIG_fail;
    }
}
%enddef
%may_raise(batch)
%may_raise(sum_calls)

/* Callbacks. */

%fragment("call_function", "header", fragment="SWIG_AsVal_int") %{
/* C finishes its loop, but a function that raised is not called again. */
static int call_function(void *context, int i)
{
    PyObject *number, *returned;
    int value = 0, status;
    if (PyErr_Occurred()) {
        return 0;
    }
    number = PyLong_FromLong(i);
    if (number == NULL) {
        return 0;
    }
    returned = PyObject_CallOneArg((PyObject *)context, number);
    Py_DECREF(number);
    if (returned == NULL) {
        return 0;
    }
    status = SWIG_AsVal_int(returned, &value);
    if (!SWIG_IsOK(status)) {
        SWIG_Error(SWIG_ArgError(status), "the function must return an int");
    }
    Py_DECREF(returned);
    return value;
}
%}

%typemap(in, fragment="call_function")
    (int (*function)(void *context, int i), void *context) {
    if (!PyCallable_Check($input)) {
        SWIG_exception_fail(SWIG_TypeError, "expected a callable");
    }
    $1 = call_function;
    $2 = $input;
}

/* The classes: a struct by value, and an object behind a pointer. */

%rename(Point) point;
%extend point {
    point(double x, double y)
    {
        point *self = (point *)malloc(sizeof *self);
        if (self != NULL) {
            self->x = x;
            self->y = y;
        }
        return self;
    }
}

/* The core counts without a lock: without a GIL, the object's own lock protects it. */
%exception tally::increment {
    Py_BEGIN_CRITICAL_SECTION(METHOD_SELF);
    $action
    Py_END_CRITICAL_SECTION();
}

%rename(Tally) tally;
struct tally {
    %extend {
        tally(int start) { return tally_new(start); }
        ~tally() { tally_free($self); }
        int increment(); /* without a body it is tally_increment, the core's own */
    }
};

/* The functions, and the fields of point: read-only, so no thread sees half of a change. */

%immutable;
%include "core.h"
%mutable;

%constant int ANSWER = answer;

%feature("kwargs") fibonacci_keyword;
int fibonacci_keyword(int n);

double sum_ends_list(const double *floats, size_t count);

unsigned work_held(int steps);
/* By hand, because -threads makes errors take the GIL by PyGILState_Ensure, which can wait
 * forever in a subinterpreter. */
%exception work_released {
    Py_BEGIN_ALLOW_THREADS
    $action
    Py_END_ALLOW_THREADS
}
unsigned work_released(int steps);

%{
static void batch(const int *n, size_t count, int *results, size_t room)
{
    if (room < count) {
        SWIG_Error(SWIG_ValueError, "results is shorter than n");
        return;
    }
    fibonacci_batch(n, results, count);
}
%}
%rename(fibonacci_batch) batch;
void batch(const int *n, size_t count, int *results, size_t room);
