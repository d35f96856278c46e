/* Calls int FUNCTION(int) of a library: by_name LIBRARY FUNCTION NUMBER */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: by_name LIBRARY FUNCTION NUMBER\n");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW);
    void *symbol = library != NULL ? dlsym(library, argv[2]) : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    int (*function)(int) = (int (*)(int))symbol;
    printf("%d\n", function(atoi(argv[3])));
    return 0;
}
