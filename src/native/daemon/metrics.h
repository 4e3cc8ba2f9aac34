/* Figures in Prometheus' text format, version 0.0.4. */
#ifndef CEPA_NATIVE_DAEMON_METRICS_H
#define CEPA_NATIVE_DAEMON_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CEPA_METRICS_SIZE = 32768 };

enum cepa_metrics_kind { CEPA_METRICS_GAUGE, CEPA_METRICS_COUNTER };

/* A text that grows; it always ends with a zero. */
struct cepa_metrics {
    char text[CEPA_METRICS_SIZE];
    size_t len;
    bool is_cut; /* something did not fit, and neither did anything after it */
};

/* cepa_metrics_init begins an empty text. */
void cepa_metrics_init(struct cepa_metrics *ret_metrics);

/* cepa_metrics_add writes one figure with its kind and help; `name` is without "cepa_", and that of
 * a counter ends with "_total". */
void cepa_metrics_add(struct cepa_metrics *metrics, const char *name, enum cepa_metrics_kind kind,
                      const char *help, uint64_t value);

/* cepa_metrics_add_label writes one figure of several that have a name in common and differ by a
 * label; kind and help come with the first, which `is_first` says. `value_name` is quoted. */
void cepa_metrics_add_label(struct cepa_metrics *metrics, const char *name,
                            enum cepa_metrics_kind kind, const char *help, bool is_first,
                            const char *label, const char *value_name, uint64_t value);

#endif
