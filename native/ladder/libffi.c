/* A call that libffi makes at run time from a signature that is data: ffi_prep_cif once, ffi_call
 * for each call. */
#include "ladder.h"

#include <ffi.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 8 };

typedef union {
    int as_int;
    double as_double;
} argument;

typedef union {
    ffi_arg as_int; /* libffi widens an int to a whole register */
    float as_float;
    double as_double;
} returned;

static const struct {
    const char *name;
    ffi_type *type;
} known[] = {{"int", &ffi_type_sint}, {"float", &ffi_type_float}, {"double", &ffi_type_double}};

static ffi_cif cif;
static ffi_type *types[MOST_ARGUMENTS];
static argument values[MOST_ARGUMENTS];
static void *addresses[MOST_ARGUMENTS];
static void (*function_called)(void);

static double call(void)
{
    returned result;
    ffi_call(&cif, function_called, &result, addresses);
    if (cif.rtype == &ffi_type_float) {
        return result.as_float;
    }
    return cif.rtype == &ffi_type_double ? result.as_double : (int)result.as_int;
}

static void run(long turns)
{
    returned result;
    LADDER_LOOP(turns, ffi_call(&cif, function_called, &result, addresses))
}

#define DESCRIBE(name, result, parameters, arguments, answer)                                   \
    {#name, LADDER_KIND(result, parameters), #arguments, answer, call, run},

static const ladder_function functions[] = {LADDER_FUNCTIONS(DESCRIBE)};

/* Returns the type whose name a text begins with. */
static ffi_type *type_at(const char *text, const char *kind)
{
    for (size_t i = 0; i < LADDER_COUNT(known); i++) {
        if (strncmp(text, known[i].name, strlen(known[i].name)) == 0) {
            return known[i].type;
        }
    }
    ladder_refuse("it knows no type '%s' of %s", text, kind);
}

/* Reads types and values off "int(int, int)" and "(27, 1)", and returns how many there are. */
static unsigned read_arguments(const ladder_function *function)
{
    const char *type = strchr(function->kind, '(');
    const char *value = function->arguments;
    if (strcmp(type, "(void)") == 0) {
        return 0;
    }
    unsigned count = 0;
    for (; type != NULL && value != NULL && count < MOST_ARGUMENTS; count++) {
        type += strspn(type, "(, ");
        value += strspn(value, "(, ");
        types[count] = type_at(type, function->kind);
        if (types[count] == &ffi_type_double) {
            values[count].as_double = atof(value);
        } else {
            values[count].as_int = atoi(value);
        }
        addresses[count] = &values[count];
        type = strchr(type, ',');
        value = strchr(value, ',');
    }
    return count;
}

static void find(const ladder_function *function, const char *library)
{
    unsigned count = read_arguments(function);
    ffi_type *result = type_at(function->kind, function->kind);
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, count, result, types) != FFI_OK) {
        ladder_refuse("it cannot prepare a call of %s", function->kind);
    }
    function_called = FFI_FN(ladder_symbol(library, function->name));
}

int main(int argc, char **argv)
{
    const ladder_rung rung = {"libffi", functions, LADDER_COUNT(functions),
                              LADDER_LIBRARY("callcost_core"), find};
    return ladder_main(&rung, argc, argv);
}
