/* Letters that are being left for people who are away: sealed anew for each mailbox, and put there
 * over circuits of their own, until enough relays have one. @[SPEC 16.9] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/draw.h"
#include "end/end_parts.h"
#include "service/mailbox.h"
#include "session/knock_work.h"

#define PUT_NS (15 * CEPA_SECOND_NS)
#define ROOM_NS (1 * CEPA_SECOND_NS)      /* until there may be room for a question */
#define WORK_NS (1 * CEPA_MILLISECOND_NS) /* between two pieces of work */

enum { BOX_OFFSET = CEPA_MAILBOX_HEAD_SIZE /* of a box in the body of a PUT */ };

struct cepa_end_leaving *cepa_end_leaving_at(const struct cepa_end *end, uint32_t place)
{
    struct cepa_handle handle;
    if (cepa_pool_next(&end->leavings, &handle, place) != 0 || handle.index != place) {
        return NULL;
    }
    return cepa_pool_find(&end->leavings, handle);
}

/* Tells the owner what came of it, and forgets it. */
static void finish(struct cepa_end *end, struct cepa_end_leaving *leaving, int error,
                   struct cepa_time now)
{
    const struct cepa_end_effect effect = {.event = error == 0 ? CEPA_END_LEFT : CEPA_END_NOT_LEFT,
                                           .letter = leaving->self,
                                           .address = leaving->address,
                                           .has_address = true,
                                           .code = leaving->left,
                                           .error = error};
    struct cepa_handle handle = leaving->self.handle;
    cepa_end_asks_drop(&end->asks, CEPA_END_ASKER_LETTER, handle.index, now);
    cepa_wipe(leaving, sizeof *leaving);
    int freed = cepa_pool_free(&end->leavings, handle);
    CEPA_ASSERT(freed == 0);
    cepa_end_tell(end, &effect);
}

/* Seals a copy for the place that is next; it stands where the request takes it. */
static int seal_copy(struct cepa_end *end, struct cepa_end_leaving *leaving,
                     const struct cepa_address_found *found, struct cepa_time now)
{
    const struct cepa_end_person *sender = cepa_pool_find(&end->people, leaving->as.handle);
    struct cepa_xwing_public_key prekey;
    struct cepa_prekey_id prekey_id;
    memcpy(prekey.bytes, found->contents.prekey, sizeof prekey.bytes);
    cepa_prekey_id_of(&prekey_id, prekey.bytes);
    const struct cepa_session_addressee addressee = {.network = &end->network,
                                                     .address = &leaving->address,
                                                     .identity = &found->keys.xwing,
                                                     .prekey = &prekey,
                                                     .prekey_id = prekey_id.bytes};
    const struct cepa_letter_draft draft = {
        .id = leaving->id,
        .body = leaving->body,
        .body_len = leaving->body_len,
        .sender = sender != NULL ? &sender->identity : NULL,
        .day = cepa_calendar_day(&end->config.profile.calendar, cepa_end_wall(end, now))};
    if (sender == NULL && !cepa_handle_is_none(leaving->as.handle)) {
        return CEPA_ERR_NOT_FOUND; /* it is gone: nothing may be said in nobody's name instead */
    }
    leaving->nonce = 0;
    leaving->is_sealed = true;
    return cepa_letter_seal(leaving->put + BOX_OFFSET, &draft, &addressee, end->config.random,
                            &end->workspace->letter, end->config.cpu);
}

/* Whether the sealed copy may go: its work is done, if there has to be some. */
static bool is_worked(struct cepa_end *end, struct cepa_end_leaving *leaving,
                      const struct cepa_address_found *found)
{
    uint32_t tries = end->work_left;
    if ((found->contents.flags & CEPA_ADDRESS_WORK) == 0) {
        return true;
    }
    end->work_left = 0;
    return tries > 0 && cepa_letter_work(leaving->put + BOX_OFFSET, &leaving->nonce, tries) == 0;
}

/* Asks the relay that is next to take the copy. */
static void put_copy(struct cepa_end *end, struct cepa_end_leaving *leaving,
                     const struct cepa_mailbox_place *place, struct cepa_time now)
{
    struct cepa_mailbox_binding binding = {.network = end->network,
                                           .minute = cepa_mailbox_minute(cepa_end_wall(end, now))};
    struct cepa_ed25519_public_key owner;
    struct cepa_ed25519_seed seed;
    struct cepa_ed25519_key writing;
    memcpy(binding.relay.bytes, place->relay, sizeof binding.relay.bytes);
    memcpy(owner.bytes, place->mailbox, sizeof owner.bytes);
    memcpy(seed.bytes, place->write_seed, sizeof seed.bytes);
    cepa_ed25519_key_init(&writing, &seed);
    cepa_mailbox_put(leaving->put, &owner, &writing, leaving->put + BOX_OFFSET, &binding);
    cepa_ed25519_key_wipe(&writing);
    const struct cepa_end_question question = {.asker = CEPA_END_ASKER_LETTER,
                                               .owner = leaving->self.handle.index,
                                               .ticket = leaving->tried,
                                               .relay = &binding.relay,
                                               .service = CEPA_SERVICE_MAILBOX_PUT,
                                               .limit_ns = PUT_NS,
                                               .body = leaving->put,
                                               .body_len = CEPA_MAILBOX_PUT_SIZE};
    leaving->tried++;
    leaving->is_sealed = false;
    if (!cepa_node_is_self(end->config.node, &binding.relay) &&
        cepa_end_ask(&end->asks, &question, now) == 0) {
        leaving->asked++;
    }
}

/* All that the descriptor says was tried. */
static void conclude(struct cepa_end *end, struct cepa_end_leaving *leaving, struct cepa_time now)
{
    if (leaving->left > 0) {
        finish(end, leaving, 0, now);
        return;
    }
    int error = leaving->is_looked_up_again
                    ? CEPA_ERR_UNREACHABLE
                    : cepa_lookups_find(&end->lookups, &leaving->lookup, &leaving->address, true,
                                        now, cepa_end_wall(end, now));
    if (error != 0) {
        finish(end, leaving, CEPA_ERR_UNREACHABLE, now);
        return;
    }
    leaving->is_looked_up_again = true;
    leaving->is_found = false;
    leaving->tried = 0;
    leaving->again = cepa_time_never();
}

/* Leaves as many copies as are wanted, one after the other as places serve. */
static void go_on(struct cepa_end *end, struct cepa_end_leaving *leaving, struct cepa_time now)
{
    const struct cepa_address_found *found = cepa_lookups_known(&end->lookups, &leaving->address);
    uint32_t places = found != NULL ? found->contents.places_len : 0;
    leaving->again = cepa_time_never();
    while (leaving->left + leaving->asked < CEPA_END_COPIES && leaving->tried < places) {
        if (cepa_end_asks_room(&end->asks) == 0) {
            leaving->again = cepa_time_add(now, ROOM_NS);
            return;
        }
        int error = leaving->is_sealed ? 0 : seal_copy(end, leaving, found, now);
        if (error != 0) {
            finish(end, leaving, error, now);
            return;
        }
        if (!is_worked(end, leaving, found)) {
            leaving->again = cepa_time_add(now, WORK_NS);
            return;
        }
        put_copy(end, leaving, &found->contents.places[(leaving->first + leaving->tried) % places],
                 now);
    }
    if (leaving->asked == 0) {
        conclude(end, leaving, now);
    }
}

void cepa_end_leaving_on_lookup(struct cepa_end *end, struct cepa_end_leaving *leaving,
                                const struct cepa_lookups_effect *effect, struct cepa_time now)
{
    if (effect->kind != CEPA_LOOKUPS_FOUND) {
        finish(end, leaving, leaving->is_looked_up_again ? CEPA_ERR_UNREACHABLE : effect->error,
               now);
    } else if (effect->found->contents.places_len == 0) {
        finish(end, leaving, CEPA_ERR_UNSUPPORTED, now);
    } else {
        leaving->is_found = true;
        leaving->again = now;
    }
}

void cepa_end_leaving_on_answer(struct cepa_end *end, struct cepa_end_leaving *leaving,
                                const struct cepa_end_answer *answer, struct cepa_time now)
{
    leaving->asked--;
    leaving->left += answer->error == 0 && answer->status == CEPA_SERVICE_OK;
    go_on(end, leaving, now);
}

void cepa_end_leaving_step(struct cepa_end *end, struct cepa_end_leaving *leaving,
                           struct cepa_time now)
{
    go_on(end, leaving, now);
}

int cepa_end_leave(struct cepa_end *end, struct cepa_end_letter *ret_letter,
                   const struct cepa_address *address, struct cepa_end_identity as,
                   const uint8_t *body, size_t body_len, struct cepa_time now)
{
    struct cepa_handle handle;
    uint64_t first;
    bool is_named = !cepa_handle_is_none(as.handle);
    if (body_len > CEPA_LETTER_BODY_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    if (is_named && cepa_pool_find(&end->people, as.handle) == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (!cepa_end_has_events(end) || cepa_pool_alloc(&end->leavings, &handle) != 0) {
        return CEPA_ERR_FULL;
    }
    struct cepa_end_leaving *leaving = cepa_pool_find(&end->leavings, handle);
    leaving->self.handle = handle;
    leaving->address = *address;
    leaving->as = as;
    leaving->again = cepa_time_never();
    leaving->body_len = body_len;
    memcpy(leaving->body, body, body_len);
    int error = cepa_draw_u64(&first, end->config.random);
    if (error == 0) {
        leaving->first = (uint32_t)(first % CEPA_MAILBOX_PLACES_MAX);
        error = cepa_random_fill(end->config.random, leaving->id, sizeof leaving->id);
    }
    if (error == 0 && cepa_lookups_known(&end->lookups, address) != NULL) {
        leaving->is_found = true; /* also if nobody has a newer one: then its owner is away */
        leaving->again = now;
    } else if (error == 0) {
        error = cepa_lookups_find(&end->lookups, &leaving->lookup, address, false, now,
                                  cepa_end_wall(end, now));
    }
    if (error != 0) {
        cepa_wipe(leaving, sizeof *leaving);
        int freed = cepa_pool_free(&end->leavings, handle);
        CEPA_ASSERT(freed == 0);
        return error;
    }
    *ret_letter = leaving->self;
    return 0;
}
