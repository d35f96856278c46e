/* The test weight: a delay of a chosen number of steps, and the same delay timed inside C.
 *
 * A step is a multiplication and an addition that need the step before, so a processor can
 * neither skip steps nor overlap them, and k steps take k times as long as one. The chain goes
 * on from call to call through `state`: two delays cannot overlap either.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <time.h>

static volatile uint64_t state = 1;

__attribute__((noinline)) static void run_steps(long steps)
{
    uint64_t value = state;
    for (long step = 0; step < steps; step++) {
        value = value * 6364136223846793005u + 1442695040888963407u;
#if defined(__GNUC__)
        __asm__ volatile("" : "+r"(value)); /* keeps the compiler from folding steps into one */
#endif
    }
    state = value;
}

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

PyDoc_STRVAR(delay_doc, "delay($module, steps, /)\n--\n\nTake `steps` steps and return None.");

static PyObject *delay(PyObject *Py_UNUSED(module), PyObject *argument)
{
    long steps = PyLong_AsLong(argument);
    if (steps == -1 && PyErr_Occurred()) {
        return NULL;
    }
    run_steps(steps);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(delay_ns_doc,
             "delay_ns($module, steps, calls, /)\n--\n\n"
             "Time `calls` delays of `steps` steps each inside C; return ns for one of them.");

static PyObject *delay_ns(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "delay_ns() takes exactly 2 arguments");
        return NULL;
    }
    long steps = PyLong_AsLong(args[0]);
    long calls = PyErr_Occurred() ? -1 : PyLong_AsLong(args[1]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (calls < 1) {
        PyErr_SetString(PyExc_ValueError, "delay_ns() needs at least 1 call");
        return NULL;
    }
    double start_ns = now_ns();
    for (long call = 0; call < calls; call++) {
        run_steps(steps);
    }
    return PyFloat_FromDouble((now_ns() - start_ns) / (double)calls);
}

static PyMethodDef methods[] = {
    {"delay", delay, METH_O, delay_doc},
    {"delay_ns", (PyCFunction)(void (*)(void))delay_ns, METH_FASTCALL, delay_ns_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_delay",
    .m_doc = "A delay of a known size.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__delay(void)
{
    return PyModuleDef_Init(&definition);
}
