/* The nearest name to one that was mistyped. */
#ifndef CEPA_NATIVE_NEAR_H
#define CEPA_NATIVE_NEAR_H

#include <stdbool.h>

/* cepa_near_distance counts the single letters to insert, delete, replace or swap with their
 * neighbour to turn `a` into `b`. Only the first 31 letters of each count. */
unsigned cepa_near_distance(const char *a, const char *b);

/* cepa_near_is says whether `typed` is probably a slip for `name`: a third of its letters, and at
 * least one, may be wrong. */
bool cepa_near_is(const char *typed, const char *name);

#endif
