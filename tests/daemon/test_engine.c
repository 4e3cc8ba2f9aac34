/* Opening and closing a daemon's engine: what may be wrong is told, and leaves nothing behind. */
#include "native/daemon/engine.h"

#include <string.h>

#include "native/daemon/engine_state.h"
#include "native/net/clock.h"
#include "support/lone_daemon.h"
#include "support/test.h"

static struct lone_daemon one;

TEST(it_opens_turns_and_closes)
{
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    CHECK(cepa_engine_port(one.engine) != 0);
    CHECK(cepa_engine_descriptor(one.engine) >= 0);
    lone_daemon_turn(&one);
    struct cepa_time before = cepa_clock_now();
    lone_daemon_close(&one); /* there is nobody to take leave of */
    CHECK(cepa_time_since(cepa_clock_now(), before) < 2 * CEPA_SECOND_NS);
    CHECK_INT(lone_daemon_open(&one), 0); /* the same state again */
    lone_daemon_end(&one);
    cepa_engine_close(NULL);
}

/* Whatever stops it from opening: its sockets are free, and its descriptors closed. */
TEST(what_does_not_open_leaves_nothing)
{
    static struct lone_daemon other;
    static const char *const wrong[] = {"cepa:nonsense", "cepa:", "cepa:1111111111111111"};
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    lone_daemon_close(&one);
    size_t before = lone_daemon_descriptors();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(one.config.invitations[0], wrong[i], strlen(wrong[i]) + 1);
        one.config.invitations_len = 1;
        CHECK(lone_daemon_open(&one) < 0);
        CHECK(strstr(one.reason.text, "invitation") != NULL);
        CHECK(one.engine == NULL);
        CHECK_INT(lone_daemon_descriptors(), before);
    }
    one.config.invitations_len = 0;
    memcpy(one.config.profile, "nil", 4);
    CHECK(lone_daemon_open(&one) < 0);
    CHECK_INT(lone_daemon_descriptors(), before);
    memcpy(one.config.profile, "test", 5);
    CHECK_INT(lone_daemon_open(&one), 0);
    lone_daemon_init(&other);
    other.config.port = cepa_engine_port(one.engine);
    CHECK_INT(lone_daemon_open(&other), CEPA_ERR_IN_USE);
    test_note("%s", other.reason.text);
    CHECK(strstr(other.reason.text, "in use") != NULL);
    lone_daemon_end(&other);
    lone_daemon_turn(&one); /* and the first one lives */
    lone_daemon_end(&one);
}

/* The certificate is looked at each hour; one that lasts is kept. */
TEST(a_certificate_that_lasts_is_kept)
{
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    struct cepa_dtls_hash before[2];
    struct cepa_dtls_hash after[2];
    cepa_engine_hashes(one.engine, before);
    one.engine->certificate_due = cepa_clock_now();
    lone_daemon_turn(&one);
    CHECK(cepa_time_is_before(cepa_clock_now(), one.engine->certificate_due));
    cepa_engine_hashes(one.engine, after);
    CHECK_BYTES(&after[0], &before[0], sizeof before[0]);
    lone_daemon_end(&one);
}

TEST_MAIN(RUN(it_opens_turns_and_closes), RUN(what_does_not_open_leaves_nothing),
          RUN(a_certificate_that_lasts_is_kept))
