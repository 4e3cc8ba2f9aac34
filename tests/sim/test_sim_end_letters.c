/* Letters for somebody who is away: left by one who goes away too, found by its owner exactly once,
 * whatever happens to some of the relays meanwhile. @[SPEC 16.9] */
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 10, BODY = 4000 };

static struct sim_pair pair;
static uint32_t left, not_left, copies, letters;
static int leave_error;
static bool is_kept = true; /* what Bob's driver says */
static struct cepa_address sender;
static bool has_sender;
static uint8_t body[BODY];
static uint8_t got[CEPA_LETTER_BODY_MAX];
static size_t got_len;

static void on_mail(struct sim_pair *of, uint32_t host, const struct cepa_end_effect *effect)
{
    if (effect->event == CEPA_END_LEFT) {
        left++;
        copies = effect->code;
    } else if (effect->event == CEPA_END_NOT_LEFT) {
        not_left++;
        leave_error = effect->error;
    } else {
        letters++;
        has_sender = effect->has_address;
        sender = effect->address;
        got_len = effect->data_len;
        memcpy(got, effect->data, effect->data_len);
        cepa_end_letter_done(sim_end_of(of->sim, host), effect->identity, is_kept,
                             sim_now(of->sim));
    }
}

static bool has_places(struct sim *sim, void *context)
{
    const uint32_t *wanted = context;
    const struct cepa_publisher *publisher = &sim_pair_bob(&pair)->publisher;
    struct cepa_publisher_status status;
    (void)sim;
    cepa_publisher_status_get(&status, publisher);
    return publisher->contents.places_len >= *wanted && !status.is_changing &&
           status.copies[0] + status.copies[1] >= 5;
}

/* Bob can be reached, and has his mailboxes. */
static void begin(uint64_t seed)
{
    uint32_t wanted = CEPA_MAILBOX_PLACES_MAX;
    left = not_left = copies = letters = 0;
    is_kept = true;
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 31 + 7);
    }
    pair.has_mailbox = true;
    sim_pair_begin(&pair, seed, RELAYS, true);
    pair.on_mail = on_mail;
    uint64_t began_ns = sim_now(pair.sim).ns;
    CHECK(sim_run_until(pair.sim, has_places, &wanted, 100 * CEPA_MILLISECOND_NS,
                        90 * CEPA_SECOND_NS));
    test_note("mailboxes after %u ms",
              (unsigned)((sim_now(pair.sim).ns - began_ns) / CEPA_MILLISECOND_NS));
}

static bool is_told(struct sim *sim, void *context)
{
    (void)sim;
    (void)context;
    return left + not_left > 0;
}

static bool has_letter(struct sim *sim, void *context)
{
    const uint32_t *wanted = context;
    (void)sim;
    return letters >= *wanted;
}

/* Lets Alice leave a letter. */
static void leave(struct cepa_end_identity as)
{
    struct cepa_address address = sim_pair_address(2);
    struct cepa_end_letter letter;
    left = not_left = 0;
    CHECK_INT(cepa_end_leave(sim_end_of(pair.sim, pair.alice), &letter, &address, as, body,
                             sizeof body, sim_now(pair.sim)),
              0);
    sim_poke(pair.sim, pair.alice);
    CHECK(sim_run_until(pair.sim, is_told, NULL, 10 * CEPA_MILLISECOND_NS, 90 * CEPA_SECOND_NS));
}

static struct cepa_end_identity alices(void)
{
    const struct cepa_end_policy policy = {.first_per_minute = 1};
    return sim_pair_identity(&pair, pair.alice, 1, &policy);
}

/* Bob comes back, and waits for letters. */
static void come_back(uint32_t wanted)
{
    sim_start(pair.sim, pair.bob);
    sim_pair_listen(&pair);
    CHECK(sim_run_until(pair.sim, has_letter, &wanted, 100 * CEPA_MILLISECOND_NS,
                        240 * CEPA_SECOND_NS));
}

/* The host of a relay, by its name. */
static uint32_t host_of(const uint8_t *relay)
{
    for (uint32_t host = 0; host < RELAYS; host++) {
        struct cepa_ed25519_public_key key;
        if (sim_node(pair.sim, host) != NULL &&
            cepa_node_self(sim_node(pair.sim, host), &key) == 0 &&
            memcmp(key.bytes, relay, sizeof key.bytes) == 0) {
            return host;
        }
    }
    CHECK(false);
    return 0;
}

static uint32_t boxes(void)
{
    uint32_t sum = 0;
    for (uint32_t host = 0; host < RELAYS; host++) {
        struct cepa_services_status status;
        if (sim_node(pair.sim, host) != NULL) {
            cepa_node_services_status(sim_node(pair.sim, host), &status);
            sum += status.boxes;
        }
    }
    return sum;
}

TEST(a_letter_waits_for_who_is_away)
{
    struct cepa_address alice = sim_pair_address(1);
    struct cepa_mailbox_place places[CEPA_MAILBOX_PLACES_MAX];
    begin(501);
    memcpy(places, sim_pair_bob(&pair)->publisher.contents.places, sizeof places);
    struct cepa_end_identity as = alices();
    sim_kill(pair.sim, pair.bob, true);
    leave(as);
    CHECK_INT(left, 1);
    CHECK_INT(copies, CEPA_END_COPIES);
    CHECK_INT(boxes(), CEPA_END_COPIES);

    /* Its sender goes away, two of the relays die, another one starts anew. */
    sim_kill(pair.sim, pair.alice, true);
    for (uint32_t i = 0; i < 2; i++) {
        sim_kill(pair.sim, host_of(places[i].relay), true);
    }
    uint32_t again = host_of(places[2].relay);
    sim_kill(pair.sim, again, true);
    sim_run(pair.sim, 30 * CEPA_SECOND_NS);
    sim_start(pair.sim, again);
    sim_run(pair.sim, 30 * CEPA_SECOND_NS);
    come_back(1);
    CHECK(has_sender);
    CHECK_BYTES(&sender, &alice, sizeof sender);
    CHECK_INT(got_len, sizeof body);
    CHECK_BYTES(got, body, sizeof body);

    /* Exactly once, and deleted where it was. */
    sim_run(pair.sim, 120 * CEPA_SECOND_NS);
    CHECK_INT(letters, 1);
    CHECK_INT(boxes(), 0);
    sim_free(pair.sim);
}

TEST(who_does_not_say_who_it_is_may_write)
{
    begin(502);
    sim_kill(pair.sim, pair.bob, true);
    leave((struct cepa_end_identity){0});
    leave((struct cepa_end_identity){0});
    come_back(2);
    CHECK(!has_sender);
    sim_run(pair.sim, 60 * CEPA_SECOND_NS);
    CHECK_INT(letters, 2);
    CHECK_INT(boxes(), 0);
    sim_free(pair.sim);
}

TEST(what_its_owner_cannot_keep_stays)
{
    begin(503);
    sim_kill(pair.sim, pair.bob, true);
    leave((struct cepa_end_identity){0});
    is_kept = false;
    come_back(CEPA_END_COPIES);
    sim_run(pair.sim, 20 * CEPA_SECOND_NS);
    CHECK_INT(letters, CEPA_END_COPIES);
    CHECK_INT(boxes(), CEPA_END_COPIES);
    is_kept = true;
    uint32_t wanted = letters + 1;
    CHECK(sim_run_until(pair.sim, has_letter, &wanted, CEPA_SECOND_NS, 1000 * CEPA_SECOND_NS));
    sim_run(pair.sim, 1000 * CEPA_SECOND_NS);
    CHECK_INT(letters, wanted);
    CHECK_INT(boxes(), 0);
    sim_free(pair.sim);
}

TEST(nobody_writes_to_who_has_no_mailbox)
{
    pair.has_mailbox = false;
    sim_pair_begin(&pair, 504, 8, true);
    pair.on_mail = on_mail;
    leave((struct cepa_end_identity){0});
    CHECK_INT(not_left, 1);
    CHECK_INT(leave_error, CEPA_ERR_UNSUPPORTED);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(a_letter_waits_for_who_is_away), RUN(who_does_not_say_who_it_is_may_write),
          RUN(what_its_owner_cannot_keep_stays), RUN(nobody_writes_to_who_has_no_mailbox))
