/* Serving on 127.0.0.1. */
#include "native/daemon/pages.h"

#include <string.h>

/* Says why a port of 127.0.0.1 cannot be listened at. */
static int refuse_port(struct cepa_reason *ret_reason, int status, const char *key, uint16_t port)
{
    return cepa_reason_fail(ret_reason, status,
                            status == CEPA_ERR_IN_USE
                                ? "%s: port %u of 127.0.0.1 is in use by another program"
                                : "%s: port %u of 127.0.0.1 cannot be listened at",
                            key, (unsigned)port);
}

int cepa_pages_open(struct cepa_pages *ret_pages, struct cepa_reason *ret_reason,
                    const struct cepa_config *config, struct cepa_loop *loop, uint64_t first_number,
                    const struct cepa_random *random)
{
    int status = 0;
    memset(ret_pages, 0, sizeof *ret_pages);
    if (config->has_dashboard) {
        status = cepa_dashboard_open(&ret_pages->dashboard, config->dashboard_port, random);
        if (status == 0) {
            status = cepa_loop_add(loop, cepa_dashboard_descriptor(ret_pages->dashboard),
                                   first_number, CEPA_LOOP_READ);
        }
        if (status != 0) {
            return refuse_port(ret_reason, status, "dashboard-port", config->dashboard_port);
        }
    }
    if (config->metrics == CEPA_CONFIG_METRICS_PORT) {
        status = cepa_metrics_server_open(&ret_pages->metrics, config->metrics_port);
        if (status == 0) {
            status = cepa_loop_add(loop, cepa_http_server_descriptor(ret_pages->metrics.http),
                                   first_number + 1, CEPA_LOOP_READ);
        }
        if (status != 0) {
            return refuse_port(ret_reason, status, "metrics", config->metrics_port);
        }
    }
    return 0;
}

void cepa_pages_close(struct cepa_pages *pages)
{
    cepa_dashboard_close(pages->dashboard);
    pages->dashboard = NULL;
    cepa_metrics_server_close(&pages->metrics);
}

struct cepa_time cepa_pages_deadline(const struct cepa_pages *pages)
{
    struct cepa_time deadline = cepa_time_never();
    if (pages->dashboard != NULL) {
        deadline = cepa_dashboard_deadline(pages->dashboard);
    }
    if (pages->metrics.http != NULL) {
        deadline = cepa_time_earliest(deadline, cepa_http_server_deadline(pages->metrics.http));
    }
    return deadline;
}

/* Lets the page see how the node is, while somebody looks. */
static void show(struct cepa_pages *pages, const struct cepa_answers *answers, struct cepa_time now)
{
    cepa_dashboard_step(pages->dashboard, now);
    if (cepa_dashboard_wants_status(pages->dashboard)) {
        char *json = cepa_answers_page(answers);
        int error =
            cepa_dashboard_set_status(pages->dashboard, json, json != NULL ? strlen(json) : 0);
        (void)error; /* the former state stays until it is too old to be shown, as the page says */
        cepa_answers_page_free(json);
    }
}

/* Gives the figures to who asks by HTTP. */
static void give_metrics(struct cepa_pages *pages, struct cepa_answers *answers,
                         struct cepa_time now)
{
    bool has_given = false;
    cepa_metrics_server_step(&pages->metrics, now);
    while (cepa_metrics_server_wants(&pages->metrics)) {
        const struct cepa_metrics *metrics = cepa_answers_metrics(answers);
        cepa_metrics_server_give(&pages->metrics, metrics->text, metrics->len);
        has_given = true;
    }
    if (has_given) {
        cepa_metrics_server_step(&pages->metrics, now);
    }
}

void cepa_pages_step(struct cepa_pages *pages, struct cepa_answers *answers, struct cepa_time now)
{
    if (pages->dashboard != NULL) {
        show(pages, answers, now);
    }
    if (pages->metrics.http != NULL) {
        give_metrics(pages, answers, now);
    }
}
