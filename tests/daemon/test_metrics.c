/* Prometheus' text format, whole lines only. */
#include "native/daemon/metrics.h"

#include <stdio.h>
#include <string.h>

#include "native/daemon/status.h"

#include "support/test.h"

TEST(figures_have_their_form)
{
    struct cepa_metrics metrics;
    cepa_metrics_init(&metrics);
    cepa_metrics_add(&metrics, "links", CEPA_METRICS_GAUGE, "links that are up", 3);
    cepa_metrics_add_label(&metrics, "x_total", CEPA_METRICS_COUNTER, "xs", true, "kind", "a\"\\",
                           UINT64_MAX);
    cepa_metrics_add_label(&metrics, "x_total", CEPA_METRICS_COUNTER, "xs", false, "kind", "b\n",
                           0);
    CHECK(strcmp(metrics.text, "# HELP cepa_links links that are up\n"
                               "# TYPE cepa_links gauge\n"
                               "cepa_links 3\n"
                               "# HELP cepa_x_total xs\n"
                               "# TYPE cepa_x_total counter\n"
                               "cepa_x_total{kind=\"a\\\"\\\\\"} 18446744073709551615\n"
                               "cepa_x_total{kind=\"b \"} 0\n") == 0);
    CHECK_INT(metrics.len, strlen(metrics.text));
}

TEST(too_many_are_cut_at_a_line)
{
    static struct cepa_metrics metrics;
    cepa_metrics_init(&metrics);
    for (int i = 0; i < 2000; i++) {
        cepa_metrics_add(&metrics, "links", CEPA_METRICS_GAUGE, "links that are up", 3);
    }
    CHECK(metrics.is_cut && metrics.len < sizeof metrics.text);
    CHECK(metrics.text[metrics.len - 1] == '\n' && metrics.text[metrics.len] == '\0');
}

/* Whichever withholds more is the level. */
TEST(the_budget_has_a_level)
{
    for (int day = CEPA_BUDGET_NOTHING; day <= CEPA_BUDGET_RELAYING; day++) {
        for (int second = CEPA_BUDGET_NOTHING; second <= CEPA_BUDGET_RELAYING; second++) {
            const struct cepa_node_budget_status budget = {.limits = {.bytes_per_day = 1000},
                                                           .used = 850,
                                                           .by_day = (enum cepa_budget_level)day,
                                                           .by_second =
                                                               (enum cepa_budget_level)second};
            struct cepa_metrics metrics;
            char line[40];
            cepa_metrics_init(&metrics);
            cepa_status_budget_metrics(&metrics, &budget);
            snprintf(line, sizeof line, "\ncepa_budget_level %d\n", day > second ? day : second);
            CHECK(strstr(metrics.text, line) != NULL);
            CHECK(strstr(metrics.text, "# TYPE cepa_budget_level gauge\n") != NULL);
            CHECK(strstr(metrics.text, "\ncepa_budget_used_bytes 850\n") != NULL);
            CHECK(strstr(metrics.text, "\ncepa_budget_day_bytes 1000\n") != NULL);
            CHECK(!metrics.is_cut);
        }
    }
}

TEST_MAIN(RUN(figures_have_their_form), RUN(too_many_are_cut_at_a_line),
          RUN(the_budget_has_a_level))
