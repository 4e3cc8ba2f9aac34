/* Distances between names, by the usual table of prefixes. */
#include "native/near.h"

#include <stddef.h>
#include <string.h>

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

unsigned cepa_near_distance(const char *a, const char *b)
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

bool cepa_near_is(const char *typed, const char *name)
{
    unsigned allowed = (unsigned)letters(name) / 3;
    return cepa_near_distance(typed, name) <= (allowed > 0 ? allowed : 1);
}
