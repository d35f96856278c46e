/* What the files of this extension know of each other. */
#ifndef CALLCOST_HPY_MODULE_H
#define CALLCOST_HPY_MODULE_H

#include <hpy.h>

#define UNUSED __attribute__((unused))

/* The file is named after the ABI that it is made for. */
#ifdef HPY_ABI_UNIVERSAL
#define MODULE_NAME "callcost.bindings.hpy_universal._universal"
#else
#define MODULE_NAME "callcost.bindings.hpy_cpython._cpython"
#endif

/* Adds Point and Tally to the module. Returns -1 with an exception set where that fails. */
int add_types(HPyContext *ctx, HPy module);

/* The type Point: a global of HPy's, since a function of a module is not given its types. */
extern HPyGlobal point_type;

extern HPyDef mirror_def;

#endif
