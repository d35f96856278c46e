/* Shared by this extension's files. */
#ifndef CALLCOST_HPY_MODULE_H
#define CALLCOST_HPY_MODULE_H

#include <hpy.h>

#define UNUSED __attribute__((unused))

/* The module is named after its ABI. */
#ifdef HPY_ABI_UNIVERSAL
#define MODULE_NAME "callcost.bindings.hpy_universal._universal"
#else
#define MODULE_NAME "callcost.bindings.hpy_cpython._cpython"
#endif

/* Adds Point and Tally to the module. Returns -1 with an exception set if that fails. */
int add_types(HPyContext *ctx, HPy module);

/* The type Point, in an HPyGlobal: HPy does not pass a module's types to its functions. */
extern HPyGlobal point_type;

extern HPyDef mirror_def;

#endif
