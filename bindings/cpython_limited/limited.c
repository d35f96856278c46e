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

#ifdef Py_TARGET_ABI3T
/* PyModuleDef is an object, whose layout differs without a GIL. Here an array of slots is enough,
 * but only one of them may be executed. */
static int add_all(PyObject *module)
{
    int (*const parts[])(PyObject *) = {add_numbers, add_text, add_arrays, add_objects, add_calls};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (parts[i](module) < 0) {
            return -1;
        }
    }
    return 0;
}

PyABIInfo_VAR(abi_info);

static PySlot slots[] = {
    PySlot_STATIC_DATA(Py_mod_abi, &abi_info),
    PySlot_STATIC_DATA(Py_mod_name, "_limited"),
    PySlot_STATIC_DATA(Py_mod_doc, "The C core through the limited API of Python 3.15."),
    PySlot_SIZE(Py_mod_state_size, sizeof(module_state)),
    PySlot_FUNC(Py_mod_state_traverse, module_traverse),
    PySlot_FUNC(Py_mod_state_clear, module_clear),
    PySlot_FUNC(Py_mod_state_free, module_free),
    PySlot_FUNC(Py_mod_exec, add_all),
    PySlot_DATA(Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED),
    PySlot_DATA(Py_mod_gil, Py_MOD_GIL_NOT_USED),
    PySlot_END,
};

PyMODEXPORT_FUNC PyModExport__limited(void)
{
    return slots;
}
#else
static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_numbers},
    {Py_mod_exec, add_text},
    {Py_mod_exec, add_arrays},
    {Py_mod_exec, add_objects},
    {Py_mod_exec, add_calls},
    /* It cannot declare that each interpreter may have its own GIL: that slot came with the ABI
     * of 3.12. */
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
#endif
