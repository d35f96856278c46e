/* The stable ABI: METH_NOARGS, METH_O and METH_FASTCALL belong to it, CPython's macros do not.
 * This is the module; its functions and types are in the other files. */
#include "../cpython_fastcall/fastcall.h"

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = state_of(module);
    Py_VISIT(state->name_n);
    Py_VISIT(state->point_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = state_of(module);
    Py_CLEAR(state->name_n);
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
    /* It cannot declare that each interpreter may have its own GIL: that slot came with the ABI
     * of 3.12. Without a GIL there is no stable ABI before 3.15. */
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_limited",
    .m_doc = "The C core through the limited API of Python 3.11.",
    .m_size = sizeof(module_state),
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__limited(void)
{
    return PyModuleDef_Init(&definition);
}
