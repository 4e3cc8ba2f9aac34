/* What a node says of itself, as JSON and as figures. */
#ifndef CEPA_NATIVE_DAEMON_STATUS_H
#define CEPA_NATIVE_DAEMON_STATUS_H

#include "base/error.h"
#include "base/time.h"
#include "native/daemon/metrics.h"
#include "node/node.h"
#include "node/node_status.h"

struct cJSON;

/* cepa_status_json adds "relay", "network", "anonymity", "links", "circuits", "guards" and "relays"
 * to `object`: of `status` and, one by one, of `node`. cepa-status(5) has the names of all fields.
 * Nobody's address is in it. Returns 0, or CEPA_ERR_EXHAUSTED for lack of memory. */
CEPA_MUST_USE int cepa_status_json(struct cJSON *object, const struct cepa_node_status *status,
                                   const struct cepa_node *node, struct cepa_time now);

/* cepa_status_budget_metrics adds what is used of the budget, and what is withheld for it: by the
 * day or by the second, whichever withholds more. */
void cepa_status_budget_metrics(struct cepa_metrics *metrics,
                                const struct cepa_node_budget_status *budget);

/* cepa_status_metrics adds the figures of the whole node, with those of the budget. */
void cepa_status_metrics(struct cepa_metrics *metrics, const struct cepa_node *node,
                         struct cepa_time now, struct cepa_wall wall);

#endif
