/* Text and bytes. */
#include "varargs.h"

PyDoc_STRVAR(first_byte_doc,
             "first_byte($module, text, /)\n--\n\nReturn the first byte of the text in UTF-8.");

/* "s" reads the whole text and refuses one with a zero inside. */
static PyObject *py_first_byte(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *text;
    if (!PyArg_ParseTuple(args, "s:first_byte", &text)) {
        return NULL;
    }
    return PyLong_FromLong(first_byte(text));
}

PyDoc_STRVAR(last_byte_doc,
             "last_byte($module, data, /)\n--\n\nReturn the last byte, or -1 if there are none.");

/* "y#" takes bytes and any other read-only buffer of bytes. */
static PyObject *py_last_byte(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y#:last_byte", &data, &size)) {
        return NULL;
    }
    return PyLong_FromLong(last_byte((const unsigned char *)data, (size_t)size));
}

PyDoc_STRVAR(get_greeting_doc, "get_greeting($module, /)\n--\n\nReturn 16 characters of ASCII.");

static PyObject *py_get_greeting(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (!PyArg_ParseTuple(args, ":get_greeting")) {
        return NULL;
    }
    return Py_BuildValue("s", get_greeting());
}

PyDoc_STRVAR(get_token_doc,
             "get_token($module, /)\n--\n\nReturn 16 bytes; the first is zero.");

static PyObject *py_get_token(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (!PyArg_ParseTuple(args, ":get_token")) {
        return NULL;
    }
    size_t size;
    const unsigned char *token = get_token(&size);
    return Py_BuildValue("y#", token, (Py_ssize_t)size);
}

static PyMethodDef methods[] = {
    {"first_byte", py_first_byte, METH_VARARGS, first_byte_doc},
    {"last_byte", py_last_byte, METH_VARARGS, last_byte_doc},
    {"get_greeting", py_get_greeting, METH_VARARGS, get_greeting_doc},
    {"get_token", py_get_token, METH_VARARGS, get_token_doc},
    {NULL, NULL, 0, NULL},
};

int add_text(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
