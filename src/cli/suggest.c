/* Distances between names, by the usual table of prefixes. */
#include "cli/suggest.h"

#include <stddef.h>
#include <string.h>

#include "cli/commands.h"

enum { LETTERS_MAX = 31 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static size_t letters(const char *name)
{
    size_t len = strlen(name);
    return len < LETTERS_MAX ? len : LETTERS_MAX;
}

unsigned cepa_cli_distance(const char *a, const char *b)
{
    unsigned distance[LETTERS_MAX + 1][LETTERS_MAX + 1];
    size_t a_len = letters(a);
    size_t b_len = letters(b);
    for (size_t i = 0; i <= a_len; i++) {
        distance[i][0] = (unsigned)i;
    }
    for (size_t j = 0; j <= b_len; j++) {
        distance[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = distance[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = least(best, distance[i - 1][j] + 1);
            best = least(best, distance[i][j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = least(best, distance[i - 2][j - 2] + 1);
            }
            distance[i][j] = best;
        }
    }
    return distance[a_len][b_len];
}

int cepa_cli_is_near(const char *typed, const char *name)
{
    unsigned allowed = (unsigned)letters(name) / 3;
    return cepa_cli_distance(typed, name) <= (allowed > 0 ? allowed : 1);
}

const char *cepa_cli_suggest_command(const char *typed)
{
    size_t len;
    const struct cepa_cli_command *commands = cepa_cli_commands(&len);
    const char *nearest = NULL;
    for (size_t i = 0; i < len; i++) {
        const char *name = commands[i].name;
        if (cepa_cli_is_near(typed, name) &&
            (nearest == NULL ||
             cepa_cli_distance(typed, name) < cepa_cli_distance(typed, nearest))) {
            nearest = name;
        }
    }
    return nearest;
}
