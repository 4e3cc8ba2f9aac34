/* A network in which nobody holds everything goes on when onion epochs and days change: custodians
 * get the new objects, and everybody fetches the buckets that it follows anew. */
#include <string.h>

#include "node/node_state.h"
#include "sim/watch.h"
#include "support/custody_net.h"
#include "support/test.h"

enum { RELAYS = CUSTODY_NET_RELAYS, BEFORE_S = 100, TRIES = 60 };

static struct sim_watch watch;

static uint32_t build(struct sim *sim)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        good += sim_build(sim, &watch, i * 7 % RELAYS, 3) &&
                sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    return good;
}

TEST(circuits_are_built_in_every_epoch)
{
    /* Seconds from the beginning of the day: before it, at once, in its first epoch, when that
     * ends, and in the middle of the next. */
    static const int at_s[] = {-20, 2, 100, 152, 240};
    struct sim *sim = custody_net(&watch, 73, 3600 * 1000 - BEFORE_S * 1000);
    uint64_t start_ns = sim_now(sim).ns - 500 * CEPA_MILLISECOND_NS;
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof at_s / sizeof at_s[0]; i++) {
        uint64_t until_ns = start_ns + (uint64_t)(BEFORE_S + at_s[i]) * CEPA_SECOND_NS;
        if (sim_now(sim).ns < until_ns) {
            sim_run(sim, until_ns - sim_now(sim).ns);
        }
        uint32_t good = build(sim);
        test_note("%d s into the day: %u of %d circuits", at_s[i], good, TRIES);
        all += good;
    }
    CHECK(all * 100 >= sizeof at_s / sizeof at_s[0] * TRIES * 99);
    sim_free(sim);
}

TEST_MAIN(RUN(circuits_are_built_in_every_epoch))
