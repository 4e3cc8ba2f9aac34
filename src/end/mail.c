/* An identity's mailboxes: which relays have one, and the letters that are fetched there. One
 * relay is visited at a time, each question over a circuit of its own. @[SPEC 14.10] @[SPEC 16.9]
 *
 *     visit: GET, GET, ... until there is no box left, then DELETE up to the last one that is kept
 *     letter: opened, told (LETTER), and the visit waits until its owner has it (letter_done)
 *
 * Whoever can read the descriptor may put boxes there, and a relay may say what it likes: a visit
 * looks at CEPA_MAILBOX_BOXES_MAX boxes, and visits are minutes apart. */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/draw.h"
#include "crypto/hash.h"
#include "end/end_parts.h"
#include "service/mailbox.h"
#include "session/knock_work.h"

enum {
    PLACES_WANTED = CEPA_MAILBOX_PLACES_MAX,
    FAILURES_NEW = 3,     /* a relay that has opened nothing yet is given up */
    FAILURES_MAX = 8,     /* another one takes the place of a relay: after an hour or more */
    FAILURES_COUNTED = 5, /* beyond these, the time to the next try grows no more */
    REFUSALS_COUNTED = 9,
    KEPT_DAYS = CEPA_MAILBOX_DAYS + 2 /* a descriptor is read up to a day after its last */
};
#define ASK_NS (15 * CEPA_SECOND_NS)
#define VISIT_MIN_NS (300 * CEPA_SECOND_NS) /* between two visits; up to three times as long */
#define RETRY_NS (30 * CEPA_SECOND_NS)      /* doubled each time */
#define MAKE_NS (1 * CEPA_SECOND_NS)        /* doubled for each relay that keeps none */

/* --- which relays ----------------------------------------------------------------------------- */

static struct cepa_directory_day today(const struct cepa_end *end, struct cepa_time now)
{
    return cepa_calendar_day(&end->config.profile.calendar, cepa_end_wall(end, now));
}

static void derive_keys(const struct cepa_end *end, const struct cepa_end_person *person,
                        struct cepa_end_place *place)
{
    cepa_place_keys(&place->owner, &place->writing, &place->place, &person->identity.mailbox,
                    &end->network);
}

static void remove_place(struct cepa_end_mail *mail, size_t at)
{
    mail->places_len--;
    memmove(&mail->places[at], &mail->places[at + 1],
            (mail->places_len - at) * sizeof mail->places[0]);
    cepa_wipe(&mail->places[mail->places_len], sizeof mail->places[0]);
    mail->is_changed = true;
}

int cepa_end_mail_restore(const struct cepa_end *end, struct cepa_end_person *person,
                          const uint8_t *data, size_t data_len)
{
    struct cepa_end_mail *mail = &person->mail;
    struct cepa_place places[CEPA_PLACES_MAX];
    size_t len;
    if (mail->places_len > 0) {
        return CEPA_ERR_STATE; /* others may be published already */
    }
    int error = cepa_places_decode(places, &len, data, data_len);
    for (size_t i = 0; error == 0 && i < len; i++) {
        mail->places[i] = (struct cepa_end_place){.place = places[i]};
        derive_keys(end, person, &mail->places[i]);
        mail->places_len = i + 1;
    }
    return error;
}

bool cepa_end_mail_next(struct cepa_end *end, struct cepa_end_person *person,
                        struct cepa_end_effect *ret_effect)
{
    struct cepa_end_mail *mail = &person->mail;
    if (mail->is_changed) {
        struct cepa_place places[CEPA_PLACES_MAX];
        for (size_t i = 0; i < mail->places_len; i++) {
            places[i] = mail->places[i].place;
        }
        *ret_effect = (struct cepa_end_effect){.identity = person->self,
                                               .table = CEPA_STORE_PLACES,
                                               .key_len = CEPA_STORE_KEY_MAX,
                                               .data = end->stored};
        memcpy(ret_effect->key, person->identity.address.bytes, sizeof ret_effect->key);
        cepa_places_encode(end->stored, &end->stored_len, places, mail->places_len);
        ret_effect->data_len = end->stored_len;
        mail->is_changed = false;
        return true;
    }
    if (mail->has_letter && !mail->is_told) {
        *ret_effect = (struct cepa_end_effect){.event = CEPA_END_LETTER,
                                               .identity = person->self,
                                               .address = mail->sender,
                                               .has_address = mail->has_sender,
                                               .data = mail->body,
                                               .data_len = mail->body_len};
        mail->is_told = true;
        return true;
    }
    return false;
}

void cepa_end_mail_say(struct cepa_end *end, struct cepa_end_person *person,
                       struct cepa_address_contents *contents, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    size_t len = person->policy.has_mailbox ? mail->places_len : 0;
    for (size_t i = 0; i < len && contents->places_len < PLACES_WANTED; i++) {
        struct cepa_end_place *place = &mail->places[i];
        if (!place->place.is_open || place->place.is_former) {
            continue;
        }
        struct cepa_mailbox_place *said = &contents->places[contents->places_len++];
        memcpy(said->relay, place->place.relay.bytes, sizeof said->relay);
        memcpy(said->mailbox, place->owner.public_key.bytes, sizeof said->mailbox);
        memcpy(said->write_seed, place->writing.seed.bytes, sizeof said->write_seed);
        if (place->place.day.number != today(end, now).number) {
            place->place.day = today(end, now);
            mail->is_changed = true;
        }
    }
}

/* Whether a relay has a mailbox of this identity, or had one. */
static bool is_known(const struct cepa_end_mail *mail, const struct cepa_ed25519_public_key *relay)
{
    for (size_t i = 0; i < mail->places_len; i++) {
        if (memcmp(&mail->places[i].place.relay, relay, sizeof *relay) == 0) {
            return true;
        }
    }
    return false;
}

/* Draws a relay: any of those near a random place, for some have much of the ring to themselves. */
static bool draw_relay(const struct cepa_end *end, const struct cepa_end_mail *mail,
                       struct cepa_ed25519_public_key *ret_relay)
{
    struct cepa_ed25519_public_key near[CEPA_DESCRIPTOR_NEAREST];
    uint64_t position;
    uint64_t first;
    if (cepa_draw_u64(&position, end->config.random) != 0 ||
        cepa_draw_u64(&first, end->config.random) != 0) {
        return false;
    }
    size_t len = cepa_node_nearest(end->config.node, near, CEPA_DESCRIPTOR_NEAREST, position);
    size_t from = (size_t)cepa_draw_scale(first, len);
    for (size_t i = 0; i < len; i++) {
        const struct cepa_ed25519_public_key *relay = &near[(from + i) % len];
        if (!is_known(mail, relay) && !cepa_node_is_self(end->config.node, relay)) {
            *ret_relay = *relay;
            return true;
        }
    }
    return false;
}

/* Takes another relay if there are too few. */
static void make_place(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    struct cepa_end_place made = {.look = now, .place.day = today(end, now)};
    size_t current = 0;
    for (size_t i = 0; i < mail->places_len; i++) {
        current += !mail->places[i].place.is_former;
    }
    if (current >= PLACES_WANTED || mail->places_len == CEPA_PLACES_MAX ||
        !cepa_time_is_due(mail->make_at, now)) {
        return;
    }
    mail->make_at = cepa_time_add(now, MAKE_NS << mail->refusals);
    if (draw_relay(end, mail, &made.place.relay) &&
        cepa_random_fill(end->config.random, made.place.nonce, sizeof made.place.nonce) == 0) {
        derive_keys(end, person, &made);
        mail->places[mail->places_len++] = made;
        mail->is_changed = true;
        cepa_wipe(&made, sizeof made);
    }
}

/* Forgets former relays that can have nothing any more, and the oldest one when room is needed. */
static void forget_places(struct cepa_end *end, struct cepa_end_mail *mail, struct cepa_time now)
{
    struct cepa_directory_day day = today(end, now);
    size_t former = 0;
    for (size_t i = mail->places_len; i-- > 0;) {
        const struct cepa_place *place = &mail->places[i].place;
        former += place->is_former;
        if (place->is_former &&
            ((day.number > place->day.number && day.number - place->day.number > KEPT_DAYS) ||
             former > CEPA_PLACES_MAX - PLACES_WANTED)) {
            remove_place(mail, i);
            former--;
        }
    }
}

/* --- visits ----------------------------------------------------------------------------------- */

static uint64_t drawn_ns(const struct cepa_end *end, uint64_t least_ns, uint64_t more_ns)
{
    uint64_t bits = 0;
    int error = cepa_draw_u64(&bits, end->config.random);
    (void)error; /* without randomness: the least */
    return least_ns + cepa_draw_scale(bits, more_ns);
}

static void end_visit(struct cepa_end_person *person, struct cepa_time again)
{
    struct cepa_end_mail *mail = &person->mail;
    mail->is_visiting = false;
    mail->places[mail->at].look = again;
}

static bool is_connected(const struct cepa_end_person *person)
{
    for (size_t i = 0; i < CEPA_END_POINTS; i++) {
        if (person->points[i].has_relay) {
            return true;
        }
    }
    return false;
}

/* The relay of this visit did not answer, or not as it should. */
static void fail_visit(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    struct cepa_end_place *place = &mail->places[mail->at];
    uint32_t times = place->failures < FAILURES_COUNTED ? place->failures : FAILURES_COUNTED;
    end_visit(person, cepa_time_add(now, drawn_ns(end, RETRY_NS << times, RETRY_NS << times)));
    if (!is_connected(person)) {
        return; /* who is cut off learns nothing about others */
    }
    place->failures++;
    if (!place->place.is_open && place->failures >= FAILURES_NEW) {
        remove_place(mail, mail->at);
    } else if (!place->place.is_former && place->failures >= FAILURES_MAX) {
        place->place.is_former = true;
        mail->is_changed = true;
    }
}

/* Asks the relay of this visit; later, if there is no room for it now. */
static void ask(struct cepa_end *end, struct cepa_end_person *person, uint8_t service,
                struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    struct cepa_end_place *place = &mail->places[mail->at];
    const struct cepa_mailbox_binding binding = {.network = end->network,
                                                 .relay = place->place.relay,
                                                 .minute =
                                                     cepa_mailbox_minute(cepa_end_wall(end, now))};
    uint8_t body[CEPA_MAILBOX_GET_SIZE];
    bool is_get = service == CEPA_SERVICE_MAILBOX_GET;
    if (cepa_end_asks_room(&end->asks) <= end->asks.capacity / 2) {
        return; /* what nobody waits for leaves room to those who want to reach somebody */
    }
    if (is_get) {
        cepa_mailbox_get(body, &place->owner, &place->writing.public_key, place->after, &binding);
    } else {
        cepa_mailbox_delete(body, &place->owner, place->delete_to, &binding);
    }
    const struct cepa_end_question question = {.asker = CEPA_END_ASKER_MAIL,
                                               .owner = person->self.handle.index,
                                               .ticket = mail->asks + 1,
                                               .relay = &place->place.relay,
                                               .service = service,
                                               .is_triggered = true,
                                               .limit_ns = ASK_NS,
                                               .body = body,
                                               .body_len = is_get ? CEPA_MAILBOX_GET_SIZE
                                                                  : CEPA_MAILBOX_DELETE_SIZE};
    if (cepa_end_ask(&end->asks, &question, now) != 0) {
        fail_visit(end, person, now);
        return;
    }
    mail->asks++;
    mail->is_asking = true;
    mail->service = service;
}

/* Goes on with a visit that waits for nothing. */
static void go_on(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    const struct cepa_end_place *place = &mail->places[mail->at];
    if (!mail->is_emptied) {
        ask(end, person, CEPA_SERVICE_MAILBOX_GET, now);
    } else if (place->delete_to > 0) {
        ask(end, person, CEPA_SERVICE_MAILBOX_DELETE, now);
    } else {
        end_visit(person, cepa_time_add(now, drawn_ns(end, VISIT_MIN_NS, 2 * VISIT_MIN_NS)));
    }
}

static void begin_visit(struct cepa_end_mail *mail, size_t at)
{
    struct cepa_end_place *place = &mail->places[at];
    mail->at = at;
    mail->is_visiting = true;
    mail->is_emptied = false;
    mail->is_held = false;
    mail->boxes = 0;
    place->after = 0;
    place->delete_to = 0;
}

/* A box was dealt with, for good or (`is_kept` false) not yet. */
static void settle_box(struct cepa_end_mail *mail, bool is_kept)
{
    struct cepa_end_place *place = &mail->places[mail->at];
    mail->is_held |= !is_kept; /* what is deleted is everything up to a number */
    if (!mail->is_held && place->after < CEPA_MAILBOX_ALL) {
        place->delete_to = place->after;
    }
}

/* Whether a letter was here lately: its sender leaves several copies. Remembers it if not. */
static bool was_here(struct cepa_end_mail *mail, const struct cepa_letter_opened *opened)
{
    uint8_t tag[CEPA_END_SEEN_SIZE];
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, sizeof tag, NULL, 0);
    cepa_blake2b_update(&hash, opened->sender.bytes, sizeof opened->sender.bytes);
    cepa_blake2b_update(&hash, opened->id, sizeof opened->id);
    cepa_blake2b_final(&hash, tag, sizeof tag);
    for (size_t i = 0; i < CEPA_END_SEEN; i++) {
        if (memcmp(mail->seen[i], tag, sizeof tag) == 0) {
            return true;
        }
    }
    memcpy(mail->tag, tag, sizeof tag);
    return false;
}

/* Opens a box; true if it is a letter that was not here before. */
static bool open_box(struct cepa_end *end, struct cepa_end_person *person, const uint8_t *box)
{
    struct cepa_end_workspace *workspace = end->workspace;
    struct cepa_end_mail *mail = &person->mail;
    const struct cepa_session_self self = {.network = &end->network,
                                           .address = &person->identity.address,
                                           .identity = &person->identity.xwing};
    struct cepa_session_schedule schedule;
    struct cepa_letter_opened opened;
    struct cepa_prekey_id id;
    if (person->policy.wants_work && !cepa_letter_has_work(box)) {
        return false;
    }
    memcpy(workspace->box, box, sizeof workspace->box);
    if (cepa_letter_open(&schedule, id.bytes, workspace->box, &self, &workspace->letter,
                         end->config.cpu) != 0) {
        return false;
    }
    const struct cepa_prekey *prekey = cepa_prekeys_find(&person->prekeys, &id);
    int error = prekey == NULL ? CEPA_ERR_EPOCH : 0;
    if (error == 0) {
        cepa_xwing_key_expand(&workspace->prekey, &prekey->seed, &workspace->letter.session.xwing,
                              end->config.cpu);
        error = cepa_letter_consume(&schedule, &opened, workspace->box, &end->network,
                                    &workspace->prekey, &workspace->letter, end->config.cpu);
        cepa_wipe(&workspace->prekey, sizeof workspace->prekey);
    }
    if (error == 0 && (opened.has_sender || person->policy.accepts_anonymous) &&
        !was_here(mail, &opened)) {
        mail->has_letter = true;
        mail->is_told = false;
        mail->has_sender = opened.has_sender;
        mail->sender = opened.sender;
        mail->body_len = opened.body_len;
        memcpy(mail->body, opened.body, opened.body_len);
    }
    cepa_wipe(&schedule, sizeof schedule);
    cepa_wipe(workspace->box, sizeof workspace->box);
    return mail->has_letter;
}

/* Takes what a GET has brought. */
static void take_box(struct cepa_end *end, struct cepa_end_person *person,
                     const struct cepa_end_answer *answer, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    struct cepa_end_place *place = &mail->places[mail->at];
    uint64_t number;
    const uint8_t *box;
    if (answer->body_len == 0) {
        mail->is_emptied = true;
        go_on(end, person, now);
        return;
    }
    if (cepa_mailbox_read_answer(&number, &box, answer->body, answer->body_len) != 0 ||
        number <= place->after) {
        fail_visit(end, person, now);
        return;
    }
    place->after = number;
    mail->boxes++;
    mail->is_emptied = mail->boxes >= CEPA_MAILBOX_BOXES_MAX;
    if (!open_box(end, person, box)) {
        settle_box(mail, true);
        go_on(end, person, now);
    }
}

void cepa_end_mail_on_answer(struct cepa_end *end, struct cepa_end_person *person,
                             const struct cepa_end_answer *answer, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    if (!mail->is_asking || answer->ticket != mail->asks) {
        return;
    }
    struct cepa_end_place *place = &mail->places[mail->at];
    bool is_get = mail->service == CEPA_SERVICE_MAILBOX_GET;
    mail->is_asking = false;
    person->look = now;
    if (answer->error == 0 && is_get && answer->status == CEPA_SERVICE_OK) {
        mail->is_changed |= !place->place.is_open;
        place->place.is_open = true;
        place->failures = 0;
        mail->refusals = 0;
        take_box(end, person, answer, now);
    } else if (answer->error == 0 && !is_get) {
        place->delete_to = 0; /* what it does not delete comes again */
        go_on(end, person, now);
    } else if (answer->error == 0 && !place->place.is_open) {
        mail->is_visiting = false; /* a relay that keeps none */
        remove_place(mail, mail->at);
        mail->refusals += mail->refusals < REFUSALS_COUNTED;
    } else {
        fail_visit(end, person, now);
    }
}

uint32_t cepa_end_mailboxes(const struct cepa_end *end, struct cepa_end_identity identity)
{
    const struct cepa_end_person *person = cepa_pool_find(&end->people, identity.handle);
    struct cepa_publisher_status status;
    if (person == NULL || !person->is_published) {
        return 0;
    }
    cepa_publisher_status_get(&status, &person->publisher);
    return status.is_changing || status.copies[0] + status.copies[1] < CEPA_DESCRIPTOR_CUSTODIANS
               ? 0
               : person->publisher.contents.places_len;
}

void cepa_end_letter_done(struct cepa_end *end, struct cepa_end_identity identity, bool is_kept,
                          struct cepa_time now)
{
    struct cepa_end_person *person = cepa_pool_find(&end->people, identity.handle);
    if (person == NULL || !person->mail.has_letter || !person->mail.is_told) {
        return;
    }
    struct cepa_end_mail *mail = &person->mail;
    cepa_wipe(mail->body, mail->body_len);
    mail->has_letter = false;
    if (is_kept) {
        memcpy(mail->seen[mail->seen_next], mail->tag, sizeof mail->tag);
        mail->seen_next = (mail->seen_next + 1) % CEPA_END_SEEN;
    }
    settle_box(mail, is_kept);
    go_on(end, person, now);
    person->look = now;
}

void cepa_end_mail_step(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    struct cepa_end_mail *mail = &person->mail;
    if (!person->policy.has_mailbox || mail->is_asking || mail->has_letter ||
        !is_connected(person)) {
        return;
    }
    if (mail->is_visiting) {
        go_on(end, person, now);
        return;
    }
    forget_places(end, mail, now);
    make_place(end, person, now);
    for (size_t i = 0; i < mail->places_len; i++) {
        if (cepa_time_is_due(mail->places[i].look, now)) {
            begin_visit(mail, i);
            go_on(end, person, now);
            return;
        }
    }
}

void cepa_end_mail_end(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now)
{
    cepa_end_asks_drop(&end->asks, CEPA_END_ASKER_MAIL, person->self.handle.index, now);
    cepa_wipe(&person->mail, sizeof person->mail);
}
