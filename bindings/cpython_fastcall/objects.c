/* A tuple, a struct by value and an object behind a pointer.
 *
 * Each module, and so each interpreter, makes its own two types. Their objects refer only to
 * their type, and the type cannot refer back to them. So the garbage collector need not track
 * them: tracking would make each object larger and slower to create. */
#include "fastcall.h"

#include <stddef.h>

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h> /* their names before 3.12 */
#define Py_T_DOUBLE T_DOUBLE
#define Py_READONLY READONLY
#endif

#define FINAL_TYPE (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE)

#ifdef Py_TARGET_ABI3T
/* Only Python knows the head of an object. A type adds its data, and asks Python where they are. */
#define OBJECT_HEAD
#define DATA_SIZE(data) (-(int)sizeof(data))
#define RELATIVE Py_RELATIVE_OFFSET
#define DATA_OF(data, object) ((data *)PyObject_GetTypeData(object, Py_TYPE(object)))
#else
#define OBJECT_HEAD PyObject_HEAD
#define DATA_SIZE(data) sizeof(data)
#define RELATIVE 0
#define DATA_OF(data, object) ((data *)(object))
#endif

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

/* Point: the object contains the struct. It is read-only, so no thread sees half of a change. */

typedef struct {
    OBJECT_HEAD
    point value;
} point_object;

static PyObject *make_point(PyTypeObject *type, point value)
{
    PyObject *self = PyObject_New(PyObject, type);
    if (self != NULL) {
        DATA_OF(point_object, self)->value = value;
    }
    return self;
}

static PyObject *point_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"x", "y", NULL};
    point value;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "dd:Point", keywords, &value.x, &value.y)) {
        return NULL;
    }
    return make_point(type, value);
}

/* An object owns a reference to its type if the type was made at run time. */
static void point_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMemberDef point_members[] = {
    {"x", Py_T_DOUBLE, offsetof(point_object, value.x), Py_READONLY | RELATIVE, NULL},
    {"y", Py_T_DOUBLE, offsetof(point_object, value.y), Py_READONLY | RELATIVE, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot point_slots[] = {
    {Py_tp_doc, "Point(x, y)\n--\n\nTwo coordinates."},
    {Py_tp_new, point_new},
    {Py_tp_dealloc, point_dealloc},
    {Py_tp_members, point_members},
    {0, NULL},
};

static PyType_Spec point_spec = {
    .name = PACKAGE "Point",
    .basicsize = DATA_SIZE(point_object),
    .flags = FINAL_TYPE,
    .slots = point_slots,
};

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
    return make_point(type, mirror(DATA_OF(point_object, argument)->value));
}

/* Tally: the object owns a tally of the core. */

typedef struct {
    OBJECT_HEAD
    tally *handle;
} tally_object;

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
    PyObject *self = PyObject_New(PyObject, type);
    if (self == NULL) {
        tally_free(handle);
        return NULL;
    }
    DATA_OF(tally_object, self)->handle = handle;
    return self;
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

static void tally_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    tally_free(DATA_OF(tally_object, self)->handle);
    PyObject_Free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(increment_doc,
             "increment($self, /)\n--\n\nAdd one to the count and return it; 0 follows 99.");

/* The core counts without a lock: without a GIL, the object's own lock protects it. */
static PyObject *tally_object_increment(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int count;
    Py_BEGIN_CRITICAL_SECTION(self);
    count = tally_increment(DATA_OF(tally_object, self)->handle);
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

static PyType_Spec tally_spec = {
    .name = PACKAGE "Tally",
    .basicsize = DATA_SIZE(tally_object),
    .flags = FINAL_TYPE,
    .slots = tally_slots,
};

static PyMethodDef methods[] = {
    {"split_digits", py_split_digits, METH_O, split_digits_doc},
    {"mirror", py_mirror, METH_O, mirror_doc},
    {NULL, NULL, 0, NULL},
};

/* Makes a type and adds it to the module. Returns a new reference, or NULL. */
static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (type != NULL && PyModule_AddType(module, type) < 0) {
        Py_CLEAR(type);
    }
    return type;
}

int add_objects(PyObject *module)
{
    module_state *state = state_of(module);
    state->point_type = add_type(module, &point_spec);
    PyTypeObject *tally_type = state->point_type != NULL ? add_type(module, &tally_spec) : NULL;
    if (tally_type == NULL) {
        return -1;
    }
    Py_DECREF(tally_type);
    return PyModule_AddFunctions(module, methods);
}
