/* What the daemon serves on 127.0.0.1: the dashboard, and figures for Prometheus, each if the
 * configuration wants it. run.c gives them turns. */
#ifndef CEPA_NATIVE_DAEMON_PAGES_H
#define CEPA_NATIVE_DAEMON_PAGES_H

#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/daemon/answers.h"
#include "native/daemon/config.h"
#include "native/daemon/dashboard.h"
#include "native/daemon/metrics_server.h"
#include "native/net/loop.h"
#include "native/reason.h"

enum { CEPA_PAGES_NUMBERS = 2 }; /* that they have in the loop */

/* Both. */
struct cepa_pages {
    struct cepa_dashboard *dashboard;   /* NULL: not wanted */
    struct cepa_metrics_server metrics; /* closed: not wanted */
};

/* cepa_pages_open opens what is wanted and watches it in `loop`, under the numbers from
 * `first_number`. Returns 0, CEPA_ERR_IN_USE, CEPA_ERR_RANDOM, CEPA_ERR_FULL or CEPA_ERR_SYSTEM,
 * with a reason; cepa_pages_close then too. */
CEPA_MUST_USE int cepa_pages_open(struct cepa_pages *ret_pages, struct cepa_reason *ret_reason,
                                  const struct cepa_config *config, struct cepa_loop *loop,
                                  uint64_t first_number, const struct cepa_random *random);

/* cepa_pages_close closes what is open. */
void cepa_pages_close(struct cepa_pages *pages);

/* cepa_pages_deadline gives when the next step is due though nothing came. */
struct cepa_time cepa_pages_deadline(const struct cepa_pages *pages);

/* cepa_pages_step answers who asks. */
void cepa_pages_step(struct cepa_pages *pages, struct cepa_answers *answers, struct cepa_time now);

#endif
