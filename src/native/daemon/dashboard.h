/* The dashboard: a page on 127.0.0.1 that shows what this node is doing, and can do nothing.
 *
 * A daemon that runs `struct cepa_loop *loop` has one by opening it, adding its descriptor,
 *
 *     cepa_dashboard_open(&dashboard, config->dashboard_port, cepa_native_random());
 *     cepa_loop_add(loop, cepa_dashboard_descriptor(dashboard), number, CEPA_LOOP_READ);
 *
 * waiting no longer than cepa_dashboard_deadline, and after every wait
 *
 *     cepa_dashboard_step(dashboard, now);
 *     if (cepa_dashboard_wants_status(dashboard)) {
 *         error = cepa_dashboard_set_status(dashboard, json, json_len);
 *     }
 *
 * While nobody looks at the page nothing is wanted, and nothing is done.
 *
 * The JSON is what 'cepa status --json' prints, cepa-status(5), without the page's own address.
 * What is missing is shown as missing. */
#ifndef CEPA_NATIVE_DAEMON_DASHBOARD_H
#define CEPA_NATIVE_DAEMON_DASHBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/http/http_server.h"

enum {
    CEPA_DASHBOARD_STATUS_MAX = 4 << 20, /* bytes of JSON */
    CEPA_DASHBOARD_INTERVAL_MS = 1000,   /* between two states, while somebody looks */
    CEPA_DASHBOARD_WATCH_MS = 5000,      /* how long somebody who asked is taken to look */
    CEPA_DASHBOARD_URL_SIZE = 96         /* with the zero at the end */
};

/* The page; opaque. */
struct cepa_dashboard;

/* cepa_dashboard_open listens on 127.0.0.1, on `port` or, if that is 0, on one that is free, and
 * draws the token. Returns 0, CEPA_ERR_RANDOM, CEPA_ERR_IN_USE, CEPA_ERR_FULL or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_dashboard_open(struct cepa_dashboard **ret_dashboard, uint16_t port,
                                      const struct cepa_random *random);

/* cepa_dashboard_close ends it; NULL is allowed. */
void cepa_dashboard_close(struct cepa_dashboard *dashboard);

/* cepa_dashboard_url writes the page's address, "http://127.0.0.1:PORT/TOKEN/". Whoever has it
 * can see the page: it belongs into no log. */
void cepa_dashboard_url(const struct cepa_dashboard *dashboard,
                        char ret_url[CEPA_DASHBOARD_URL_SIZE]);

/* cepa_dashboard_descriptor gives the one descriptor for an event loop: readable when
 * cepa_dashboard_step has something to do. */
int cepa_dashboard_descriptor(const struct cepa_dashboard *dashboard);

/* cepa_dashboard_deadline gives when cepa_dashboard_step wants to be called though nothing came;
 * never if there is no such moment. */
struct cepa_time cepa_dashboard_deadline(const struct cepa_dashboard *dashboard);

/* cepa_dashboard_step answers what was asked. */
void cepa_dashboard_step(struct cepa_dashboard *dashboard, struct cepa_time now);

/* cepa_dashboard_wants_status says whether somebody looks and the last state was handed in an
 * interval ago, at the time of the last step. */
bool cepa_dashboard_wants_status(const struct cepa_dashboard *dashboard);

/* cepa_dashboard_set_status hands in the state at the time of the last step (copied); NULL: there
 * was no memory for it. Returns 0, CEPA_ERR_TOO_LONG above CEPA_DASHBOARD_STATUS_MAX, or
 * CEPA_ERR_FULL; then the former state stays
 * until it is too old to be shown, and the next one is wanted no sooner than after a good one. */
CEPA_MUST_USE int cepa_dashboard_set_status(struct cepa_dashboard *dashboard, const char *json,
                                            size_t json_len);

/* cepa_dashboard_decide decides what a request is answered, and counts it as a look if it is one
 * for the state. `ret_answer` is lent until the next call for this dashboard. */
void cepa_dashboard_decide(struct cepa_dashboard *dashboard, struct cepa_http_answer *ret_answer,
                           const struct cepa_http_request *request);

#endif
