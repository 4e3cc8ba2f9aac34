/* What the daemon answers to requests of the control socket. */
#ifndef CEPA_NATIVE_DAEMON_ANSWERS_H
#define CEPA_NATIVE_DAEMON_ANSWERS_H

#include <stdbool.h>

#include "base/time.h"
#include "native/daemon/config.h"
#include "native/daemon/control.h"
#include "native/daemon/dashboard.h"
#include "native/daemon/engine.h"
#include "native/daemon/metrics.h"
#include "native/daemon/state.h"

/* What answers are made from; lent. */
struct cepa_answers {
    const struct cepa_config *config;
    const struct cepa_state *state;
    struct cepa_engine *engine;
    const struct cepa_dashboard *dashboard; /* NULL: there is no page */
    struct cepa_time started;
    struct cepa_metrics metrics; /* written anew for each question */
};

/* cepa_answers_init begins at the daemon's start. */
void cepa_answers_init(struct cepa_answers *ret_answers, const struct cepa_config *config,
                       const struct cepa_state *state, struct cepa_engine *engine,
                       const struct cepa_dashboard *dashboard);

/* cepa_answers_page gives the status as the page gets it, without the page's address: JSON, to be
 * given back by cepa_answers_page_free; NULL for lack of memory. */
char *cepa_answers_page(const struct cepa_answers *answers);
void cepa_answers_page_free(char *json);

/* cepa_answers_metrics gives all figures as text, lent until the next call here. */
const struct cepa_metrics *cepa_answers_metrics(struct cepa_answers *answers);

/* cepa_answers_give answers a request. True if it says that the daemon shall stop. */
bool cepa_answers_give(struct cepa_answers *answers, struct cepa_control *control,
                       const struct cepa_control_asked *asked);

#endif
