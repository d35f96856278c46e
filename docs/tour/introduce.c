/* Lists what a library says about itself: introduce LIBRARY */
#include "plugin.h"

#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: introduce LIBRARY\n");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW);
    void *symbol = library != NULL ? dlsym(library, PLUGIN_ENTRY_POINT) : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    const plugin_table *table = ((plugin_entry_point *)symbol)();
    if (table->version != PLUGIN_VERSION) {
        fprintf(stderr, "version %u of the table is not known here\n", table->version);
        return 1;
    }
    for (size_t i = 0; i < table->count; i++) {
        printf("%s: %s\n", table->entries[i].name, table->entries[i].kind);
    }
    return 0;
}
