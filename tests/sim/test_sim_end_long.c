/* A session that stands for long: keys change, paths take turns, and what is silent is noticed. */
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 6 };

static struct sim_pair pair;
static const struct cepa_end_identity nobody;

/* What Bob has read. */
static struct {
    struct cepa_stream stream;
    size_t len;
    bool is_end;
} heard;

static void on_stream(struct sim_pair *unused, uint32_t host, const struct cepa_end_effect *effect)
{
    uint8_t bytes[256];
    size_t len = 0;
    (void)unused;
    struct cepa_session *streams = cepa_end_streams(sim_end_of(pair.sim, pair.bob), pair.at_bob);
    if (host != pair.bob || effect->stream.kind != CEPA_SESSION_READABLE || streams == NULL) {
        return;
    }
    CHECK_INT(cepa_session_read(streams, bytes, &len, &heard.is_end, sizeof bytes,
                                effect->stream.stream, sim_now(pair.sim)),
              0);
    heard.len += len;
}

/* Alice says something on a stream of its own. */
static void say(void)
{
    struct cepa_stream stream;
    struct cepa_session *streams =
        cepa_end_streams(sim_end_of(pair.sim, pair.alice), pair.at_alice);
    size_t taken = 0;
    CHECK_INT(cepa_session_open(streams, &stream, true), 0);
    CHECK_INT(cepa_session_write(streams, &taken, stream, (const uint8_t *)"hello", 5, true), 0);
    CHECK_INT(taken, 5);
    cepa_end_touch(sim_end_of(pair.sim, pair.alice), pair.at_alice);
    sim_poke(pair.sim, pair.alice);
}

TEST(keys_and_paths_take_turns)
{
    memset(&heard, 0, sizeof heard);
    sim_pair_begin(&pair, 601, RELAYS, true);
    pair.on_stream = on_stream;
    sim_pair_dial(&pair, nobody);
    sim_run(pair.sim, 5 * CEPA_SECOND_NS);
    const struct cepa_end_talk *alice = sim_pair_talk(&pair, pair.alice, 0);
    const struct cepa_end_talk *bob = sim_pair_talk(&pair, pair.bob, 0);
    uint32_t paths = alice->opened_next;
    CHECK(paths >= 3);
    sim_run(pair.sim, 780 * CEPA_SECOND_NS);
    CHECK_INT(alice->keys.generation, 1);
    CHECK_INT(bob->keys.generation, 1);
    test_note("%u paths, then %u", paths, alice->opened_next);
    CHECK(alice->opened_next >= paths + 3); /* each has been replaced */
    CHECK(cepa_end_paths_live(alice) >= 3 && cepa_end_paths_live(bob) >= 3);
    CHECK_INT(pair.cuts, 0);
    CHECK_INT(pair.closed, 0);
    say();
    sim_run(pair.sim, CEPA_SECOND_NS);
    CHECK(heard.len == 5 && heard.is_end);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(keys_and_paths_take_turns))
