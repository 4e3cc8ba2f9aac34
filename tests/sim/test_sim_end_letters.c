/* Letters for somebody who is away: left by one who goes away too, found by its owner exactly once,
 * whatever happens to some of the relays meanwhile. @[SPEC 16.9] */
#include <string.h>

#include "base/endian.h"
#include "node/node_state.h"
#include "service/service_state.h"
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

/* The relay of a mailbox is not one for letters any more. */
static void refuse_mailboxes(uint32_t host)
{
    sim_node(pair.sim, host)->services->config.limits.boxes = 0;
}

TEST(relays_that_keep_none_are_passed_over)
{
    uint32_t wanted = 3;
    left = not_left = copies = letters = 0;
    pair.has_mailbox = true;
    sim_pair_begin(&pair, 505, 8, true);
    pair.on_mail = on_mail;
    for (uint32_t host = 0; host < 5; host++) {
        refuse_mailboxes(host);
    }
    CHECK(sim_run_until(pair.sim, has_places, &wanted, 100 * CEPA_MILLISECOND_NS,
                        600 * CEPA_SECOND_NS));
    const struct cepa_end_mail *mail = &sim_pair_bob(&pair)->mail;
    uint32_t willing = 0;
    for (size_t i = 0; i < mail->places_len; i++) {
        willing += mail->places[i].place.is_open && host_of(mail->places[i].place.relay.bytes) >= 5;
    }
    CHECK(willing >= 2); /* one may have been opened before */
    leave((struct cepa_end_identity){0});
    CHECK(copies >= willing);
    sim_free(pair.sim);
}

static bool is_former(struct sim *sim, void *context)
{
    const size_t *at = context;
    (void)sim;
    return sim_pair_bob(&pair)->mail.places[*at].place.is_former;
}

TEST(a_relay_that_is_gone_is_replaced_and_still_visited)
{
    uint32_t wanted = CEPA_MAILBOX_PLACES_MAX;
    uint32_t one = 1;
    size_t at = 0;
    begin(506);
    struct cepa_end_mail *mail = &sim_pair_bob(&pair)->mail;
    struct cepa_place gone = mail->places[at].place;
    uint32_t host = host_of(gone.relay.bytes);
    leave((struct cepa_end_identity){0}); /* before it is noticed */
    sim_kill(pair.sim, host, true);
    CHECK(sim_run_until(pair.sim, has_letter, &one, CEPA_SECOND_NS, 1000 * CEPA_SECOND_NS));
    mail->places[at].failures = 7; /* of eight, which take more than an hour */
    mail->places[at].look = sim_now(pair.sim);
    CHECK(sim_run_until(pair.sim, is_former, &at, CEPA_SECOND_NS, 600 * CEPA_SECOND_NS));
    CHECK(sim_run_until(pair.sim, has_places, &wanted, CEPA_SECOND_NS, 600 * CEPA_SECOND_NS));
    const struct cepa_address_contents *contents = &sim_pair_bob(&pair)->publisher.contents;
    for (size_t i = 0; i < contents->places_len; i++) {
        CHECK(memcmp(contents->places[i].relay, gone.relay.bytes, sizeof gone.relay) != 0);
    }

    /* It comes back with what it had, which is fetched, known and deleted. */
    sim_start(pair.sim, host);
    sim_run(pair.sim, 60 * CEPA_SECOND_NS);
    mail->places[at].look = sim_now(pair.sim);
    sim_run(pair.sim, 900 * CEPA_SECOND_NS);
    CHECK_INT(boxes(), 0);
    CHECK_INT(letters, 1);

    /* Long after that it is forgotten, also over a restart. */
    mail->places[at].place.day.number -= 17;
    size_t before = mail->places_len;
    sim_run(pair.sim, 400 * CEPA_SECOND_NS); /* a visit may be under way */
    CHECK_INT(mail->places_len, before - 1);
    sim_kill(pair.sim, pair.bob, true);
    sim_start(pair.sim, pair.bob);
    sim_pair_listen(&pair);
    CHECK_INT(sim_pair_bob(&pair)->mail.places_len, before - 1);
    CHECK_INT(cepa_end_mailboxes(sim_end_of(pair.sim, pair.bob), (struct cepa_end_identity){0}), 0);
    sim_run(pair.sim, 20 * CEPA_SECOND_NS);
    CHECK_INT(cepa_end_mailboxes(sim_end_of(pair.sim, pair.bob), pair.bobs),
              CEPA_MAILBOX_PLACES_MAX);
    sim_free(pair.sim);
}

TEST(work_is_done_for_letters_where_it_is_wanted)
{
    pair.wants_work = true;
    begin(507);
    sim_kill(pair.sim, pair.bob, true);
    leave(alices());
    CHECK_INT(copies, CEPA_END_COPIES);
    come_back(1);
    pair.wants_work = false;
    CHECK(has_sender);
    sim_free(pair.sim);
}

/* Lets Alice leave a letter of a byte, and gives what came of it. */
static int leave_for(const struct cepa_address *address, struct cepa_end_identity as)
{
    struct cepa_end_letter letter;
    return cepa_end_leave(sim_end_of(pair.sim, pair.alice), &letter, address, as, body, 1,
                          sim_now(pair.sim));
}

static void wait_for_word(void)
{
    sim_poke(pair.sim, pair.alice);
    CHECK(sim_run_until(pair.sim, is_told, NULL, CEPA_SECOND_NS, 300 * CEPA_SECOND_NS));
}

TEST(what_cannot_be_left_is_told)
{
    const struct cepa_end_identity nobody = {0};
    const struct cepa_end_identity unknown = {.handle = {.index = 77, .generation = 77}};
    struct cepa_address address = sim_pair_address(2);
    struct cepa_address no_address = sim_pair_address(9);
    struct cepa_end_letter letter;
    static uint8_t long_body[CEPA_LETTER_BODY_MAX + 1];
    begin(508);
    struct cepa_end *alice = sim_end_of(pair.sim, pair.alice);
    CHECK_INT(leave_for(&address, unknown), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_end_leave(alice, &letter, &address, nobody, long_body, sizeof long_body,
                             sim_now(pair.sim)),
              CEPA_ERR_TOO_LONG);

    /* Nobody has that address; and no more than two at one time here. */
    CHECK_INT(leave_for(&no_address, nobody), 0);
    CHECK_INT(leave_for(&address, nobody), 0);
    CHECK_INT(leave_for(&address, nobody), CEPA_ERR_FULL);
    sim_poke(pair.sim, pair.alice);
    sim_run(pair.sim, 90 * CEPA_SECOND_NS);
    CHECK_INT(left, 1);
    CHECK_INT(not_left, 1);
    CHECK_INT(leave_error, CEPA_ERR_NOT_FOUND);
    CHECK_INT(leave_for(&no_address, nobody),
              0); /* what was looked for in vain is not remembered */

    /* The sender is gone before its letter is sealed. */
    struct cepa_end_identity as = alices();
    wait_for_word();
    sim_run(pair.sim, 90 * CEPA_SECOND_NS);
    left = not_left = 0;
    CHECK_INT(leave_for(&address, as), 0);
    cepa_end_identity_remove(alice, as, sim_now(pair.sim));
    wait_for_word();
    CHECK_INT(not_left, 1);
    CHECK_INT(leave_error, CEPA_ERR_NOT_FOUND);

    /* All that keep letters for him are gone. */
    struct cepa_mailbox_place places[CEPA_MAILBOX_PLACES_MAX];
    memcpy(places, sim_pair_bob(&pair)->publisher.contents.places, sizeof places);
    for (size_t i = 0; i < CEPA_MAILBOX_PLACES_MAX; i++) {
        sim_kill(pair.sim, host_of(places[i].relay), true);
    }
    sim_kill(pair.sim, pair.bob, true);
    left = not_left = 0;
    CHECK_INT(leave_for(&address, nobody), 0);
    wait_for_word();
    CHECK_INT(not_left, 1);
    CHECK_INT(leave_error, CEPA_ERR_UNREACHABLE);
    sim_free(pair.sim);
}

TEST(what_was_stored_may_be_damaged)
{
    struct cepa_address address = sim_pair_address(2);
    struct cepa_address other = sim_pair_address(3);
    const struct cepa_end_policy policy = {.first_per_minute = 1};
    static uint8_t stored[CEPA_PLACES_SIZE_MAX + 1] = {CEPA_PLACES_VERSION, 1};
    begin(509);
    struct cepa_end *bob = sim_end_of(pair.sim, pair.bob);
    CHECK_INT(cepa_end_restore(bob, CEPA_STORE_PLACES, address.bytes, CEPA_STORE_KEY_MAX, stored,
                               sizeof stored),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_end_restore(bob, CEPA_STORE_PLACES, other.bytes, CEPA_STORE_KEY_MAX, stored,
                               sizeof stored),
              CEPA_ERR_LENGTH);
    CHECK_INT(cepa_end_restore(bob, CEPA_STORE_PLACES, other.bytes, CEPA_STORE_KEY_MAX, stored, 9),
              0);
    sim_pair_identity(&pair, pair.bob, 3, &policy);
    sim_run(pair.sim, CEPA_SECOND_NS);
    sim_free(pair.sim);
}

/* Begins a visit of the first mailbox whose relay the test plays. */
static struct cepa_end_mail *visit(void)
{
    struct cepa_end_person *person = sim_pair_bob(&pair);
    person->mail.places[0].look = sim_now(pair.sim);
    person->look = sim_now(pair.sim);
    CHECK(!person->mail.is_visiting);
    cepa_end_step(sim_end_of(pair.sim, pair.bob), sim_now(pair.sim), sim_wall(pair.sim, pair.bob));
    CHECK(person->mail.is_asking && person->mail.at == 0);
    return &person->mail;
}

/* Answers with a box of nonsense of that number. */
static void answer_nonsense(uint64_t number)
{
    static uint8_t answered[CEPA_MAILBOX_ANSWER_SIZE];
    struct cepa_end *bob = sim_end_of(pair.sim, pair.bob);
    struct cepa_end_person *person = sim_pair_bob(&pair);
    struct cepa_end_answer answer = {.status = CEPA_SERVICE_OK,
                                     .ticket = person->mail.asks,
                                     .body = answered,
                                     .body_len = sizeof answered};
    memset(answered, 1, sizeof answered);
    cepa_be64_store(answered, number);
    cepa_end_asks_drop(&bob->asks, CEPA_END_ASKER_MAIL, person->self.handle.index,
                       sim_now(pair.sim));
    cepa_end_mail_on_answer(bob, person, &answer, sim_now(pair.sim));
    sim_poke(pair.sim, pair.bob);
}

TEST(rubbish_costs_a_bounded_number_of_boxes)
{
    begin(510);
    sim_run(pair.sim, 20 * CEPA_SECOND_NS);
    struct cepa_end_mail *mail = visit();
    uint32_t asks = 0;
    while (asks < 100 && mail->is_asking && mail->service == CEPA_SERVICE_MAILBOX_GET) {
        asks++;
        answer_nonsense(asks);
    }
    CHECK_INT(asks, CEPA_MAILBOX_BOXES_MAX);
    CHECK(mail->is_asking && mail->service == CEPA_SERVICE_MAILBOX_DELETE);
    CHECK_INT(mail->places[0].delete_to, CEPA_MAILBOX_BOXES_MAX);
    CHECK(!mail->has_letter);
    sim_run(pair.sim, 30 * CEPA_SECOND_NS);

    /* Numbers that do not rise end the visit, and the last one of all deletes nothing. */
    mail = visit();
    answer_nonsense(5);
    CHECK_INT(mail->places[0].failures, 0);
    answer_nonsense(UINT64_MAX);
    CHECK_INT(mail->places[0].delete_to, 5);
    answer_nonsense(UINT64_MAX);
    CHECK_INT(mail->places[0].failures, 1);
    CHECK(!mail->is_visiting);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(a_letter_waits_for_who_is_away), RUN(who_does_not_say_who_it_is_may_write),
          RUN(what_its_owner_cannot_keep_stays), RUN(nobody_writes_to_who_has_no_mailbox),
          RUN(relays_that_keep_none_are_passed_over),
          RUN(a_relay_that_is_gone_is_replaced_and_still_visited),
          RUN(work_is_done_for_letters_where_it_is_wanted), RUN(what_cannot_be_left_is_told),
          RUN(what_was_stored_may_be_damaged), RUN(rubbish_costs_a_bounded_number_of_boxes))
