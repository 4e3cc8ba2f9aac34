/* Figures for Prometheus. */
#include "native/daemon/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cepa_metrics_init(struct cepa_metrics *ret_metrics)
{
    ret_metrics->text[0] = '\0';
    ret_metrics->len = 0;
    ret_metrics->is_cut = false;
}

static void add(struct cepa_metrics *metrics, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes all of it or nothing. */
static void add(struct cepa_metrics *metrics, const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof metrics->text - metrics->len;
    va_start(arguments, format);
    int len = vsnprintf(metrics->text + metrics->len, room, format, arguments);
    va_end(arguments);
    metrics->is_cut = metrics->is_cut || len < 0 || (size_t)len >= room;
    if (metrics->is_cut) {
        metrics->text[metrics->len] = '\0';
    } else {
        metrics->len += (size_t)len;
    }
}

static void add_head(struct cepa_metrics *metrics, const char *name, enum cepa_metrics_kind kind,
                     const char *help)
{
    add(metrics, "# HELP cepa_%s %s\n# TYPE cepa_%s %s\n", name, help, name,
        kind == CEPA_METRICS_COUNTER ? "counter" : "gauge");
}

void cepa_metrics_add(struct cepa_metrics *metrics, const char *name, enum cepa_metrics_kind kind,
                      const char *help, uint64_t value)
{
    add_head(metrics, name, kind, help);
    add(metrics, "cepa_%s %llu\n", name, (unsigned long long)value);
}

void cepa_metrics_add_label(struct cepa_metrics *metrics, const char *name,
                            enum cepa_metrics_kind kind, const char *help, bool is_first,
                            const char *label, const char *value_name, uint64_t value)
{
    char quoted[128];
    size_t len = 0;
    for (; *value_name != '\0' && len + 3 < sizeof quoted; value_name++) {
        if (*value_name == '"' || *value_name == '\\') {
            quoted[len] = '\\';
            len++;
        }
        quoted[len] = *value_name == '\n' ? ' ' : *value_name;
        len++;
    }
    quoted[len] = '\0';
    if (is_first) {
        add_head(metrics, name, kind, help);
    }
    add(metrics, "cepa_%s{%s=\"%s\"} %llu\n", name, label, quoted, (unsigned long long)value);
}
