/* The types Point and Tally, but for the calls of Tally. objects.c includes this file, here and in
 * cpython_varargs: each compiles it together with its own way to take arguments.
 *
 * Each module, and so each interpreter, makes its own two types. Their objects refer only to
 * their type, and the type cannot refer back to them. So the garbage collector need not track
 * them: tracking would make each object larger and slower to create. */
#include <Python.h>

#include <stddef.h>

#include "core.h"

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h> /* their names before 3.12 */
#define Py_T_DOUBLE T_DOUBLE
#define Py_READONLY READONLY
#endif

#ifndef Py_BEGIN_CRITICAL_SECTION /* before free threading, and in the limited API */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

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

/* Tally: the object owns a tally of the core. */

typedef struct {
    PyObject_HEAD
    tally *handle;
} tally_object;

static inline void tally_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    tally_free(((tally_object *)self)->handle);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Makes a final type and adds it to the module. Returns a new reference, or NULL. */
static PyTypeObject *add_type(PyObject *module, const char *name, int size, PyType_Slot *slots)
{
    PyType_Spec spec = {
        .name = name,
        .basicsize = size,
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
        .slots = slots,
    };
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type != NULL && PyModule_AddType(module, type) < 0) {
        Py_CLEAR(type);
    }
    return type;
}

/* Adds Point, and Tally with the slots of its caller. Returns a new reference to Point, or NULL. */
static inline PyTypeObject *add_types(PyObject *module, const char *point_name,
                                      const char *tally_name, PyType_Slot *tally_slots)
{
    PyTypeObject *tally_type = add_type(module, tally_name, sizeof(tally_object), tally_slots);
    if (tally_type == NULL) {
        return NULL;
    }
    Py_DECREF(tally_type);
    return add_type(module, point_name, sizeof(point_object), point_slots);
}
