/* METH_VARARGS and PyArg_ParseTuple: arguments arrive in a tuple, and a format takes them out.
 * This is the module; its functions and types are in the other files. */
#include "varargs.h"

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->point_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->point_type);
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_numbers},
    {Py_mod_exec, add_text},
    {Py_mod_exec, add_arrays},
    {Py_mod_exec, add_objects},
    {Py_mod_exec, add_calls},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_varargs",
    .m_doc = "The C core through METH_VARARGS and PyArg_ParseTuple.",
    .m_size = sizeof(module_state),
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__varargs(void)
{
    return PyModuleDef_Init(&definition);
}
