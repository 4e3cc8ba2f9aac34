/* Two people on clients, six relays between them: one looks the other's address up, knocks, they
 * meet, and streams flow; then relays die. The whole core, in virtual time. */
#include <stdlib.h>
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 10, RELAYS_MANY = 18 /* so many that paths need not share any */ };

static struct sim_pair pair;

/* What Bob has read. */
static struct {
    struct cepa_stream stream;
    size_t got;
    bool is_wrong, is_end;
    uint64_t last_ns, longest_ns; /* between two pieces that were read */
} seen;

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 1009);
}

static void read_all(struct sim *sim)
{
    static uint8_t bytes[65536];
    struct cepa_session *streams = cepa_end_streams(sim_end_of(sim, pair.bob), pair.at_bob);
    size_t len = 1;
    while (streams != NULL && len > 0 && !seen.is_end) {
        if (cepa_session_read(streams, bytes, &len, &seen.is_end, sizeof bytes, seen.stream,
                              sim_now(sim)) != 0) {
            seen.is_wrong = true;
            return;
        }
        for (size_t i = 0; i < len; i++) {
            seen.is_wrong |= bytes[i] != byte_at(seen.got + i);
        }
        seen.got += len;
        if (len > 0) {
            uint64_t gap_ns = sim_now(sim).ns - seen.last_ns;
            seen.longest_ns =
                seen.last_ns > 0 && gap_ns > seen.longest_ns ? gap_ns : seen.longest_ns;
            seen.last_ns = sim_now(sim).ns;
        }
    }
    cepa_end_touch(sim_end_of(sim, pair.bob), pair.at_bob);
}

static void on_stream(struct sim_pair *unused, uint32_t host, const struct cepa_end_effect *effect)
{
    (void)unused;
    if (host == pair.bob && effect->stream.kind == CEPA_SESSION_OPENED) {
        seen.stream = effect->stream.stream;
    } else if (host == pair.bob && effect->stream.kind == CEPA_SESSION_READABLE) {
        read_all(pair.sim);
    }
}

static bool is_read(void)
{
    return seen.is_end || seen.is_wrong || pair.closed > 0;
}

/* A network in which Bob can be reached. */
static struct sim *network(uint64_t seed, uint32_t relays, bool accepts_anonymous)
{
    memset(&seen, 0, sizeof seen);
    sim_pair_begin(&pair, seed, relays, accepts_anonymous);
    pair.on_stream = on_stream;
    return pair.sim;
}

static void dial(struct cepa_end_identity as)
{
    sim_pair_dial(&pair, as);
    CHECK(pair.ready == 1 && pair.incoming == 1);
}

/* Sends `size` bytes; `at_half` is called once half of them were read. */
static void transfer(struct sim *sim, size_t size, void (*at_half)(struct sim *sim))
{
    struct cepa_session *streams = cepa_end_streams(sim_end_of(sim, pair.alice), pair.at_alice);
    struct cepa_stream stream;
    uint8_t *bytes = malloc(size);
    size_t sent = 0;
    bool has_ended = false;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = byte_at(i);
    }
    CHECK_INT(cepa_session_open(streams, &stream, true), 0);
    uint64_t began_ns = sim_now(sim).ns;
    for (uint32_t turn = 0; turn < 60000 && !is_read(); turn++) {
        size_t taken = 0;
        if (!has_ended) {
            int error =
                cepa_session_write(streams, &taken, stream, bytes + sent, size - sent, true);
            CHECK_INT(error, 0);
            sent += taken;
            has_ended = sent == size;
            cepa_end_touch(sim_end_of(sim, pair.alice), pair.at_alice);
            sim_poke(sim, pair.alice);
        }
        if (at_half != NULL && seen.got > size / 2) {
            at_half(sim);
            at_half = NULL;
        }
        sim_run(sim, CEPA_MILLISECOND_NS);
    }
    free(bytes);
    uint64_t took_ns = sim_now(sim).ns - began_ns;
    test_note("%u of %u bytes in %u ms, longest gap %u ms, cut %u times", (unsigned)seen.got,
              (unsigned)size, (unsigned)(took_ns / CEPA_MILLISECOND_NS),
              (unsigned)(seen.longest_ns / CEPA_MILLISECOND_NS), pair.cuts);
    CHECK(!seen.is_wrong && seen.is_end && seen.got == size);
}

TEST(a_stranger_sends_to_an_address)
{
    struct sim *sim = network(201, RELAYS, true);
    dial((struct cepa_end_identity){0});
    CHECK(!pair.has_address);
    transfer(sim, 1000000, NULL);
    cepa_end_close(sim_end_of(sim, pair.alice), pair.at_alice, 7, sim_now(sim));
    sim_poke(sim, pair.alice);
    sim_run(sim, 2 * CEPA_SECOND_NS);
    CHECK(pair.closed == 1);
    sim_free(sim);
}

TEST(somebody_says_who_it_is)
{
    struct sim *sim = network(202, RELAYS, false);
    const struct cepa_end_policy policy = {0};
    struct cepa_end_identity alice = sim_pair_identity(&pair, pair.alice, 1, &policy);
    struct cepa_address address = sim_pair_address(1);
    dial(alice);
    CHECK(pair.has_address);
    CHECK_BYTES(&pair.address, &address, sizeof address);
    transfer(sim, 100000, NULL);
    sim_free(sim);
}

static void kill_one(struct sim *sim)
{
    sim_kill(sim, 3, false);
}

static void kill_half(struct sim *sim)
{
    for (uint32_t host = 1; host < RELAYS; host += 2) {
        sim_kill(sim, host, false);
    }
}

TEST(relays_die_and_the_stream_goes_on)
{
    static const struct {
        uint64_t seed;
        void (*kill)(struct sim *);
    } deaths[] = {{210, kill_one}, {211, kill_half}, {304, kill_half}}; /* with all of Alice's
                                                                         * second-layer guards */
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        struct sim *sim = network(deaths[i].seed, RELAYS, true);
        dial((struct cepa_end_identity){0});
        sim_run(sim, 3 * CEPA_SECOND_NS);
        transfer(sim, 20000000, deaths[i].kill);
        sim_free(sim);
    }
}

/* The relays at which Alice meets Bob fall silent, all at once and with nobody who says so. */
static void silence_meetings(struct sim *sim)
{
    const struct cepa_end_talk *talk = sim_pair_talk(&pair, pair.alice, 0);
    for (uint32_t host = 0; host < RELAYS_MANY; host++) {
        struct cepa_ed25519_public_key key;
        bool meets = false;
        for (size_t i = 0; i < CEPA_END_PATHS; i++) {
            meets |= sim_node(sim, host) != NULL && talk->paths[i].state != CEPA_MEETING_FREE &&
                     cepa_node_self(sim_node(sim, host), &key) == 0 &&
                     memcmp(&key, &talk->paths[i].relay, sizeof key) == 0;
        }
        if (meets) {
            sim_kill(sim, host, false);
        }
    }
}

/* Before the circuits are built again both ends have met elsewhere. */
TEST(all_meeting_places_fall_silent)
{
    for (uint64_t seed = 220; seed < 222; seed++) {
        struct sim *sim = network(seed, RELAYS_MANY, true);
        dial((struct cepa_end_identity){0});
        sim_run(sim, 3 * CEPA_SECOND_NS);
        transfer(sim, 8000000, silence_meetings);
        CHECK(seen.longest_ns < 5 * CEPA_SECOND_NS / 2);
        sim_free(sim);
    }
}

TEST_MAIN(RUN(a_stranger_sends_to_an_address), RUN(somebody_says_who_it_is),
          RUN(relays_die_and_the_stream_goes_on), RUN(all_meeting_places_fall_silent))
