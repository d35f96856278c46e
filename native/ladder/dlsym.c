/* A call through a pointer from dlsym: this file states its type, and nobody checks it. */
#include "ladder.h"

static void *symbol;

#define LADDER_CALLEE(name, result, parameters) LADDER_POINTER(symbol, result, parameters)

LADDER_FUNCTIONS(LADDER_DEFINE)

static const ladder_function functions[] = {LADDER_FUNCTIONS(LADDER_ENTRY)};

static void find(const ladder_function *function, const char *library)
{
    symbol = ladder_symbol(library, function->name);
}

int main(int argc, char **argv)
{
    const ladder_rung rung = {"dlsym", functions, LADDER_COUNT(functions),
                              LADDER_LIBRARY("callcost_core"), find};
    return ladder_main(&rung, argc, argv);
}
