/* The nearest name to one that was mistyped. */
#ifndef CEPA_CLI_SUGGEST_H
#define CEPA_CLI_SUGGEST_H

/* cepa_cli_distance counts the single letters to insert, delete, replace or swap with their
 * neighbour to turn `a` into `b`. Only the first 31 letters of each count. */
unsigned cepa_cli_distance(const char *a, const char *b);

/* cepa_cli_is_near says whether `typed` is probably a slip for `name`: a third of its letters, and
 * at least one, may be wrong. */
int cepa_cli_is_near(const char *typed, const char *name);

/* cepa_cli_suggest_command gives the name of the command nearest to `typed`, or NULL if none is
 * near. */
const char *cepa_cli_suggest_command(const char *typed);

#endif
