/* Which command was meant. */
#include "cli/suggest.h"

#include <stddef.h>

#include "cli/commands.h"
#include "native/near.h"

const char *cepa_cli_suggest_command(const char *typed)
{
    size_t len;
    const struct cepa_cli_command *commands = cepa_cli_commands(&len);
    const char *nearest = NULL;
    for (size_t i = 0; i < len; i++) {
        const char *name = commands[i].name;
        if (cepa_near_is(typed, name) &&
            (nearest == NULL ||
             cepa_near_distance(typed, name) < cepa_near_distance(typed, nearest))) {
            nearest = name;
        }
    }
    return nearest;
}
