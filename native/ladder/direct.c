/* A direct call of the linked symbol, as any C program calls a shared library. */
#include "core.h"
#include "ladder.h"

#define LADDER_CALLEE(name, result, parameters) name

LADDER_FUNCTIONS(LADDER_DEFINE)

static const ladder_function functions[] = {LADDER_FUNCTIONS(LADDER_ENTRY)};

int main(int argc, char **argv)
{
    const ladder_rung rung = {"direct", functions, LADDER_COUNT(functions), NULL, NULL};
    return ladder_main(&rung, argc, argv);
}
