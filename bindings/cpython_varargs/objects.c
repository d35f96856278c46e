/* A tuple, a struct by value and an object behind a pointer.
 *
 * Each module, and so each interpreter, makes its own two types. Their objects refer only to
 * their type, and the type cannot refer back to them. So the garbage collector need not track
 * them: tracking would make each object larger and slower to create. */
#include "varargs.h"

#include <stddef.h>

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h> /* their names before 3.12 */
#define Py_T_DOUBLE T_DOUBLE
#define Py_READONLY READONLY
#endif

#define FINAL_TYPE (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE)

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

/* Point: the object contains the struct. It is read-only, so no thread sees half of a change. */

typedef struct {
    PyObject_HEAD
    point value;
} point_object;

static PyObject *make_point(PyTypeObject *type, point value)
{
    point_object *self = PyObject_New(point_object, type);
    if (self != NULL) {
        self->value = value;
    }
    return (PyObject *)self;
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
    {"x", Py_T_DOUBLE, offsetof(point_object, value.x), Py_READONLY, NULL},
    {"y", Py_T_DOUBLE, offsetof(point_object, value.y), Py_READONLY, NULL},
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
    .name = "callcost.bindings.cpython_varargs.Point",
    .basicsize = sizeof(point_object),
    .flags = FINAL_TYPE,
    .slots = point_slots,
};

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

/* Tally: the object owns a tally of the core. */

typedef struct {
    PyObject_HEAD
    tally *handle;
} tally_object;

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

static void tally_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    tally_free(((tally_object *)self)->handle);
    PyObject_Free(self);
    Py_DECREF(type);
}

#if PY_VERSION_HEX < 0x030D0000 /* before free threading */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

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

static PyType_Spec tally_spec = {
    .name = "callcost.bindings.cpython_varargs.Tally",
    .basicsize = sizeof(tally_object),
    .flags = FINAL_TYPE,
    .slots = tally_slots,
};

static PyMethodDef methods[] = {
    {"split_digits", py_split_digits, METH_VARARGS, split_digits_doc},
    {"mirror", py_mirror, METH_VARARGS, mirror_doc},
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
    module_state *state = PyModule_GetState(module);
    state->point_type = add_type(module, &point_spec);
    PyTypeObject *tally_type = state->point_type != NULL ? add_type(module, &tally_spec) : NULL;
    if (tally_type == NULL) {
        return -1;
    }
    Py_DECREF(tally_type);
    return PyModule_AddFunctions(module, methods);
}
