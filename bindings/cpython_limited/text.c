/* Text and bytes. */
#include "limited.h"

PyDoc_STRVAR(first_byte_doc,
             "first_byte($module, text, /)\n--\n\nReturn the first byte of the text in UTF-8.");

/* The str keeps its UTF-8: ASCII is stored as such, and the first call encodes any other text. A
 * zero inside ends the text, as it does in C: looking for one would cost a strlen. The shorter
 * PyUnicode_AsUTF8 is in the limited API from 3.13 on. */
static PyObject *py_first_byte(PyObject *Py_UNUSED(module), PyObject *argument)
{
    const char *text = PyUnicode_AsUTF8AndSize(argument, NULL);
    if (text == NULL) {
        return NULL;
    }
    return PyLong_FromLong(first_byte(text));
}

PyDoc_STRVAR(last_byte_doc,
             "last_byte($module, data, /)\n--\n\nReturn the last byte, or -1 if there are none.");

static PyObject *py_last_byte(PyObject *Py_UNUSED(module), PyObject *argument)
{
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(argument, &data, &size) < 0) {
        return NULL;
    }
    return PyLong_FromLong(last_byte((const unsigned char *)data, (size_t)size));
}

PyDoc_STRVAR(get_greeting_doc, "get_greeting($module, /)\n--\n\nReturn 16 characters of ASCII.");

static PyObject *py_get_greeting(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyUnicode_FromString(get_greeting());
}

PyDoc_STRVAR(get_token_doc,
             "get_token($module, /)\n--\n\nReturn 16 bytes; the first is zero.");

static PyObject *py_get_token(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    size_t size;
    const unsigned char *token = get_token(&size);
    return PyBytes_FromStringAndSize((const char *)token, (Py_ssize_t)size);
}

static PyMethodDef methods[] = {
    {"first_byte", py_first_byte, METH_O, first_byte_doc},
    {"last_byte", py_last_byte, METH_O, last_byte_doc},
    {"get_greeting", py_get_greeting, METH_NOARGS, get_greeting_doc},
    {"get_token", py_get_token, METH_NOARGS, get_token_doc},
    {NULL, NULL, 0, NULL},
};

int add_text(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
