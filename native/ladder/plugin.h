/* What a plug-in and its host agree on: a table of functions, each with its signature. */
#ifndef CALLCOST_PLUGIN_H
#define CALLCOST_PLUGIN_H

#include <stddef.h>

#define PLUGIN_VERSION 1u
#define PLUGIN_ENTRY_POINT "entry_point"

typedef struct {
    const char *name;
    const char *kind;       /* its signature as C writes it: "int(int, int)" */
    void (*function)(void); /* to be called with the signature in `kind` */
} plugin_entry;

typedef struct {
    unsigned version; /* comes first, so that a host of another version can read it */
    size_t count;
    const plugin_entry *entries;
} plugin_table;

/* The one function that a plug-in exports, under the name PLUGIN_ENTRY_POINT. */
typedef const plugin_table *plugin_entry_point(void);

#endif
