/* A call through the table of a library that describes itself; checked once, before the first. */
#include "ladder.h"
#include "plugin.h"

#include <string.h>

static const plugin_entry *entry;

#define LADDER_CALLEE(name, result, parameters)                                                 \
    LADDER_POINTER(entry->function, result, parameters)

LADDER_FUNCTIONS(LADDER_DEFINE)

static const ladder_function functions[] = {LADDER_FUNCTIONS(LADDER_ENTRY)};

static const plugin_entry *look_up(const plugin_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->entries[i].name, name) == 0) {
            return &table->entries[i];
        }
    }
    return NULL;
}

static void find(const ladder_function *function, const char *library)
{
    void *symbol = ladder_symbol(library, PLUGIN_ENTRY_POINT);
    const plugin_table *table = ((plugin_entry_point *)symbol)();
    if (table == NULL || table->version != PLUGIN_VERSION) {
        ladder_refuse("%s has version %u of the table, this host reads %u", library,
                      table == NULL ? 0 : table->version, PLUGIN_VERSION);
    }
    entry = look_up(table, function->name);
    if (entry == NULL || entry->function == NULL) {
        ladder_refuse("%s offers no function %s", library, function->name);
    }
    if (strcmp(entry->kind, function->kind) != 0) {
        ladder_refuse("%s offers %s as %s, this host calls it as %s", library, function->name,
                      entry->kind, function->kind);
    }
}

int main(int argc, char **argv)
{
    const ladder_rung rung = {"plugin", functions, LADDER_COUNT(functions),
                              LADDER_LIBRARY("callcost_plugin"), find};
    return ladder_main(&rung, argc, argv);
}
