/* The arrays of a node's status: links, circuits, guards and relays; for status.c. The names of
 * their fields stand in cepa-status(5), and the dashboard reads the same. */
#ifndef CEPA_NATIVE_DAEMON_STATUS_LISTS_H
#define CEPA_NATIVE_DAEMON_STATUS_LISTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "node/node.h"
#include "wire/ids.h"

struct cJSON;

enum {
    CEPA_STATUS_RELAYS_MAX = 1024, /* so many relays are listed; all are counted */
    CEPA_STATUS_PREFIX_SIZE = 24   /* of a prefix as text, with the zero at its end */
};

/* cepa_status_add_number adds a number; false for lack of memory, as all of these. */
bool cepa_status_add_number(struct cJSON *object, const char *name, uint64_t value);

/* cepa_status_prefix writes a coarse prefix, "192.0.0.0/16" or "2001:db8::/32"; "" for none. */
void cepa_status_prefix(char ret_text[CEPA_STATUS_PREFIX_SIZE], const struct cepa_prefix *prefix);

/* Each adds the array of its name to `object`. */
bool cepa_status_add_links(struct cJSON *object, const struct cepa_node *node,
                           struct cepa_time now);
bool cepa_status_add_circuits(struct cJSON *object, const struct cepa_node *node,
                              struct cepa_time now);
bool cepa_status_add_guards(struct cJSON *object, const struct cepa_node *node);
bool cepa_status_add_relays(struct cJSON *object, const struct cepa_node *node);

#endif
