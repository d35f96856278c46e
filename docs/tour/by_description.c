/* Calls a function that the command line describes: by_description LIBRARY FUNCTION RESULT VALUE...
 * RESULT is i or d, a VALUE is i27 or d3.0: an int or a double. */
#include <dlfcn.h>
#include <ffi.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ARGUMENTS = 8 };

typedef union {
    int as_int;
    double as_double;
} value;

static ffi_type *type_of(const char *text)
{
    return text[0] == 'd' ? &ffi_type_double : &ffi_type_sint;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 4 ? (unsigned)argc - 4 : 0;
    if (argc < 4 || count > MOST_ARGUMENTS) {
        fprintf(stderr, "usage: by_description LIBRARY FUNCTION RESULT VALUE...\n");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW);
    void *symbol = library != NULL ? dlsym(library, argv[2]) : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }

    ffi_type *types[MOST_ARGUMENTS];
    value values[MOST_ARGUMENTS];
    void *addresses[MOST_ARGUMENTS];
    for (unsigned i = 0; i < count; i++) {
        const char *text = argv[4 + i];
        types[i] = type_of(text);
        addresses[i] = &values[i];
        if (types[i] == &ffi_type_double) {
            values[i].as_double = atof(text + 1);
        } else {
            values[i].as_int = atoi(text + 1);
        }
    }

    ffi_cif signature; /* the call interface: which value goes into which register */
    if (ffi_prep_cif(&signature, FFI_DEFAULT_ABI, count, type_of(argv[3]), types) != FFI_OK) {
        fprintf(stderr, "libffi cannot prepare this call\n");
        return 1;
    }
    union {
        ffi_arg as_int; /* libffi widens an int to a whole register */
        double as_double;
    } result;
    ffi_call(&signature, FFI_FN(symbol), &result, addresses);
    if (signature.rtype == &ffi_type_double) {
        printf("%g\n", result.as_double);
    } else {
        printf("%d\n", (int)result.as_int);
    }
    return 0;
}
