/* Two people on clients, six relays between them: one looks the other's address up, knocks, they
 * meet, and streams flow; then relays die. The whole core, in virtual time. */
#include <stdlib.h>
#include <string.h>

#include "end/end.h"
#include "node/node_status.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 10, ALICE = RELAYS, BOB = RELAYS + 1 };

/* What the ends have said. */
static struct {
    bool is_published;
    bool is_ready, is_failed, is_closed;
    int error;
    uint32_t incoming;
    bool has_address;
    struct cepa_address address; /* of who came */
    struct cepa_end_session alice, bob;
    struct cepa_stream stream; /* that Bob reads */
    size_t got;
    bool is_wrong, is_end;
    uint32_t cuts, mended;
    uint64_t last_ns, longest_ns; /* between two pieces that were read */
} seen;

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 1009);
}

static void read_all(struct sim *sim)
{
    static uint8_t bytes[65536];
    struct cepa_session *streams = cepa_end_streams(sim_end_of(sim, BOB), seen.bob);
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
    cepa_end_touch(sim_end_of(sim, BOB), seen.bob);
}

static void on_end(void *context, struct sim *sim, uint32_t host,
                   const struct cepa_end_effect *effect)
{
    (void)context;
    switch (effect->event) {
    case CEPA_END_PUBLISHED:
        seen.is_published = true;
        break;
    case CEPA_END_READY:
        seen.is_ready = true;
        break;
    case CEPA_END_INCOMING:
        seen.incoming++;
        seen.bob = effect->session;
        seen.has_address = effect->has_address;
        seen.address = effect->address;
        break;
    case CEPA_END_FAILED:
    case CEPA_END_CLOSED:
        seen.is_failed |= effect->event == CEPA_END_FAILED;
        seen.is_closed = true;
        seen.error = effect->error;
        break;
    case CEPA_END_STREAM:
        if (host == BOB && effect->stream.kind == CEPA_SESSION_OPENED) {
            seen.stream = effect->stream.stream;
        } else if (host == BOB && effect->stream.kind == CEPA_SESSION_READABLE) {
            read_all(sim);
        }
        break;
    case CEPA_END_CUT:
        seen.cuts += host == ALICE;
        break;
    case CEPA_END_MENDED:
        seen.mended += host == ALICE;
        break;
    case CEPA_END_HIDDEN:
        break;
    }
}

static bool is_published(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return seen.is_published;
}

static bool is_settled(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return (seen.is_ready && seen.incoming > 0) || seen.is_closed;
}

static bool is_read(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return seen.is_end || seen.is_wrong || seen.is_closed;
}

static struct cepa_identity_secret secret_of(uint8_t number)
{
    struct cepa_identity_secret secret = {{number}};
    return secret;
}

static struct cepa_address address_of(uint8_t number)
{
    static struct cepa_identity identity;
    static struct cepa_identity_workspace workspace;
    struct cepa_identity_secret secret = secret_of(number);
    cepa_identity_expand(&identity, &secret, &workspace, 0);
    return identity.address;
}

/* A network in which Bob can be reached. */
static struct sim *network(uint64_t seed, bool accepts_anonymous)
{
    struct sim_config config = sim_config_default(seed);
    config.on_end = on_end;
    memset(&seen, 0, sizeof seen);
    struct sim *sim = sim_network(&config, RELAYS);
    struct sim_host_config client = sim_host_config_client();
    client.has_end = true;
    for (uint32_t host = ALICE; host <= BOB; host++) {
        CHECK_INT(sim_add(sim, &client), host);
        sim_start(sim, host);
        sim_invite(sim, 0, host);
    }
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    struct cepa_end_identity bob;
    const struct cepa_end_policy policy = {
        .is_listening = true, .accepts_anonymous = accepts_anonymous, .first_per_minute = 60};
    struct cepa_identity_secret secret = secret_of(2);
    CHECK_INT(cepa_end_identity_add(sim_end_of(sim, BOB), &bob, &secret, &policy, sim_now(sim)), 0);
    uint64_t began_ns = sim_now(sim).ns;
    sim_poke(sim, BOB);
    CHECK(sim_run_until(sim, is_published, NULL, 10 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    test_note("published after %u ms",
              (unsigned)((sim_now(sim).ns - began_ns) / CEPA_MILLISECOND_NS));
    return sim;
}

static void dial(struct sim *sim, struct cepa_end_identity as)
{
    struct cepa_address address = address_of(2);
    uint64_t began_ns = sim_now(sim).ns;
    CHECK_INT(cepa_end_connect(sim_end_of(sim, ALICE), &seen.alice, &address, as, sim_now(sim)), 0);
    sim_poke(sim, ALICE);
    CHECK(sim_run_until(sim, is_settled, NULL, CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    test_note("open after %u ms, error %d",
              (unsigned)((sim_now(sim).ns - began_ns) / CEPA_MILLISECOND_NS), seen.error);
    CHECK(seen.is_ready && seen.incoming == 1);
}

/* Sends `size` bytes; `at_half` is called once half of them were read. */
static void transfer(struct sim *sim, size_t size, void (*at_half)(struct sim *sim))
{
    struct cepa_session *streams = cepa_end_streams(sim_end_of(sim, ALICE), seen.alice);
    struct cepa_stream stream;
    uint8_t *bytes = malloc(size);
    size_t sent = 0;
    bool has_ended = false;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = byte_at(i);
    }
    CHECK_INT(cepa_session_open(streams, &stream, true), 0);
    uint64_t began_ns = sim_now(sim).ns;
    for (uint32_t turn = 0; turn < 60000 && !is_read(sim, NULL); turn++) {
        size_t taken = 0;
        if (!has_ended) {
            int error =
                cepa_session_write(streams, &taken, stream, bytes + sent, size - sent, true);
            CHECK_INT(error, 0);
            sent += taken;
            has_ended = sent == size;
            cepa_end_touch(sim_end_of(sim, ALICE), seen.alice);
            sim_poke(sim, ALICE);
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
              (unsigned)(seen.longest_ns / CEPA_MILLISECOND_NS), seen.cuts);
    CHECK(!seen.is_wrong && seen.is_end && seen.got == size);
}

TEST(a_stranger_sends_to_an_address)
{
    struct sim *sim = network(201, true);
    dial(sim, (struct cepa_end_identity){0});
    CHECK(!seen.has_address);
    transfer(sim, 1000000, NULL);
    cepa_end_close(sim_end_of(sim, ALICE), seen.alice, 7, sim_now(sim));
    sim_poke(sim, ALICE);
    sim_run(sim, 2 * CEPA_SECOND_NS);
    CHECK(seen.is_closed);
    sim_free(sim);
}

TEST(somebody_says_who_it_is)
{
    struct sim *sim = network(202, false);
    struct cepa_end_identity alice;
    const struct cepa_end_policy policy = {0};
    struct cepa_identity_secret secret = secret_of(1);
    struct cepa_address address = address_of(1);
    CHECK_INT(cepa_end_identity_add(sim_end_of(sim, ALICE), &alice, &secret, &policy, sim_now(sim)),
              0);
    dial(sim, alice);
    CHECK(seen.has_address);
    CHECK_BYTES(&seen.address, &address, sizeof address);
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
    static void (*const deaths[])(struct sim *) = {kill_one, kill_half};
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        struct sim *sim = network(210 + i, true);
        dial(sim, (struct cepa_end_identity){0});
        sim_run(sim, 3 * CEPA_SECOND_NS);
        transfer(sim, 20000000, deaths[i]);
        sim_free(sim);
    }
}

TEST_MAIN(RUN(a_stranger_sends_to_an_address), RUN(somebody_says_who_it_is),
          RUN(relays_die_and_the_stream_goes_on))
