/* The plug-in: it offers the core's functions and has none of its own. */
#include "core.h"
#include "ladder.h"
#include "plugin.h"

#define DESCRIBE(name, result, parameters, arguments, answer)                                   \
    {#name, LADDER_KIND(result, parameters), (void (*)(void))name},

static const plugin_entry entries[] = {LADDER_FUNCTIONS(DESCRIBE)};
static const plugin_table table = {PLUGIN_VERSION, LADDER_COUNT(entries), entries};

CALLCOST_API plugin_entry_point entry_point;

const plugin_table *entry_point(void)
{
    return &table;
}
