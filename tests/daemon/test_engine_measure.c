/* Links and probes for measuring, asked of an engine that knows nobody. */
#include <cjson/cJSON.h>
#include <string.h>

#include "native/daemon/engine.h"
#include "support/lone_daemon.h"
#include "support/test.h"

static struct lone_daemon one;

/* Every name stands in the object, with a zero or a false. */
static void check_zeros(cJSON *object, const char *part, const char *const *names, size_t len)
{
    const cJSON *in = cJSON_GetObjectItem(object, part);
    CHECK_INT(cJSON_GetArraySize(in), len);
    for (size_t i = 0; i < len; i++) {
        const cJSON *item = cJSON_GetObjectItem(in, names[i]);
        bool is_zero = cJSON_IsFalse(item) || (cJSON_IsNumber(item) && item->valueint == 0);
        if (!is_zero) {
            test_note("%s", names[i]);
        }
        CHECK(is_zero);
    }
    cJSON_Delete(object);
}

TEST(who_is_not_known_is_neither_linked_nor_probed)
{
    static const struct cepa_node_id nobody = {{9}};
    struct cepa_probe_request request = {.count = 1, .every_us = 1000};
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    CHECK(cepa_engine_link(one.engine, &one.reason, &nobody, false) < 0);
    CHECK(strstr(one.reason.text, "not known") != NULL);
    CHECK(cepa_engine_link(one.engine, &one.reason, &nobody, true) < 0);
    request.path[0] = nobody;
    request.path_len = 1;
    CHECK(cepa_engine_probe(one.engine, &one.reason, &request) < 0);
    test_note("%s", one.reason.text);
    CHECK(strstr(one.reason.text, "not known") != NULL ||
          strstr(one.reason.text, "no guards") != NULL);
    lone_daemon_turn(&one);
    lone_daemon_end(&one);
}

TEST(before_any_measurement_all_is_zero)
{
    static const char *const link[] = {"initiator", "relayed_first", "up_us", "direct_us", "downs"};
    static const char *const probe[] = {"is_running",     "count",       "sent",
                                        "answered",       "broken",      "ready_us",
                                        "echo_us_median", "echo_us_p95", "echo_us_max"};
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    check_zeros(cepa_engine_linked(one.engine), "link", link, sizeof link / sizeof link[0]);
    check_zeros(cepa_engine_probed(one.engine), "probe", probe, sizeof probe / sizeof probe[0]);
    lone_daemon_end(&one);
}

TEST_MAIN(RUN(who_is_not_known_is_neither_linked_nor_probed),
          RUN(before_any_measurement_all_is_zero))
