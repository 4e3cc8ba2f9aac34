/* Looking up addresses. @[SPEC 14.9] */
#include "rendezvous/lookup.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/draw.h"

enum {
    ASK_MS = 15000,   /* that an answer may take */
    HEDGE_MS = 1500,  /* until another custodian is asked beside a slow one */
    SETTLE_MS = 1000, /* that others have after the first one that has it */
    AGAIN_MS = 200,   /* after a circuit that failed */
    GIVE_UP_MS = 60000,
    ABSENT_MS = 5000 /* that "nobody has it" is remembered */
};

static const uint64_t decoy_ms[CEPA_LOOKUP_DECOYS] = {500, 1500, 4000};

static struct cepa_time after_ms(struct cepa_time time, uint64_t ms)
{
    return cepa_time_add(time, ms * CEPA_MILLISECOND_NS);
}

void cepa_lookups_init(struct cepa_lookups *ret_lookups, const struct cepa_lookups_config *config)
{
    CEPA_ASSERT(config->known_len > CEPA_LOOKUPS_MAX);
    memset(ret_lookups, 0, sizeof *ret_lookups);
    ret_lookups->config = *config;
    memset(config->known, 0, config->known_len * sizeof config->known[0]);
}

void cepa_lookups_wipe(struct cepa_lookups *lookups)
{
    cepa_wipe(lookups->config.known, lookups->config.known_len * sizeof lookups->config.known[0]);
    cepa_wipe(lookups, sizeof *lookups);
}

/* --- what is remembered ----------------------------------------------------------------------- */

static bool is_same(const struct cepa_address *a, const struct cepa_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static struct cepa_lookup_known *known_find(const struct cepa_lookups *lookups,
                                            const struct cepa_address *address,
                                            struct cepa_directory_day day)
{
    for (size_t i = 0; i < lookups->config.known_len; i++) {
        struct cepa_lookup_known *known = &lookups->config.known[i];
        if (known->is_taken && known->day.number == day.number &&
            is_same(&known->address, address)) {
            return known;
        }
    }
    return NULL;
}

/* Whether a look-up is about to give it out. */
static bool is_pinned(const struct cepa_lookups *lookups, const struct cepa_lookup_known *known)
{
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        const struct cepa_lookup *lookup = &lookups->items[i];
        if (lookup->number != 0 && is_same(&lookup->day.address, &known->address)) {
            return true;
        }
    }
    return false;
}

/* The place of an address: its own, a free one, or the one that was not used for longest. */
static struct cepa_lookup_known *known_place(struct cepa_lookups *lookups,
                                             const struct cepa_address_day *day)
{
    struct cepa_lookup_known *place = known_find(lookups, &day->address, day->day);
    for (size_t i = 0; place == NULL && i < lookups->config.known_len; i++) {
        struct cepa_lookup_known *known = &lookups->config.known[i];
        place = known->is_taken ? NULL : known;
    }
    if (place != NULL) {
        return place;
    }
    for (size_t i = 0; i < lookups->config.known_len; i++) {
        struct cepa_lookup_known *known = &lookups->config.known[i];
        if (!is_pinned(lookups, known) && (place == NULL || known->used < place->used)) {
            place = known;
        }
    }
    CEPA_ASSERT(place != NULL); /* there are more places than look-ups */
    return place;
}

/* What was found on other days is of no use. */
static void known_step(struct cepa_lookups *lookups, struct cepa_wall wall)
{
    lookups->today = cepa_calendar_day(&lookups->config.calendar, wall);
    for (size_t i = 0; i < lookups->config.known_len; i++) {
        struct cepa_lookup_known *known = &lookups->config.known[i];
        if (known->is_taken && known->day.number != lookups->today.number) {
            cepa_wipe(known, sizeof *known);
        }
    }
}

const struct cepa_address_found *cepa_lookups_known(const struct cepa_lookups *lookups,
                                                    const struct cepa_address *address)
{
    const struct cepa_lookup_known *known = known_find(lookups, address, lookups->today);
    return known == NULL ? NULL : &known->found;
}

/* --- questions -------------------------------------------------------------------------------- */

static uint32_t asks_count(const struct cepa_lookup *lookup, uint32_t place)
{
    uint32_t count = 0;
    for (size_t i = 0; i < CEPA_LOOKUP_ASKS; i++) {
        const struct cepa_lookup_ask *ask = &lookup->asks[i];
        count += ask->number != 0 && !ask->is_decoy && ask->place == place ? 1 : 0;
    }
    return count;
}

static struct cepa_lookup_ask *ask_begin(struct cepa_lookups *lookups, struct cepa_lookup *lookup,
                                         struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_LOOKUP_ASKS; i++) {
        struct cepa_lookup_ask *ask = &lookup->asks[i];
        if (ask->number == 0) {
            memset(ask, 0, sizeof *ask);
            ask->number = ++lookups->numbers;
            ask->until = after_ms(now, ASK_MS);
            return ask;
        }
    }
    return NULL;
}

/* Asks the next custodian of a position, if there is one and it is time. */
static void ask_next(struct cepa_lookups *lookups, struct cepa_lookup *lookup, uint32_t place,
                     struct cepa_time now)
{
    if (lookup->tried[place] == CEPA_LOOKUP_RANKS ||
        asks_count(lookup, place) == CEPA_LOOKUP_BESIDE ||
        cepa_time_is_before(now, lookup->wait[place])) {
        return;
    }
    struct cepa_lookup_ask *ask = ask_begin(lookups, lookup, now);
    CEPA_ASSERT(ask != NULL); /* decoys have places of their own */
    ask->place = (uint8_t)place;
    ask->rank = lookup->order[place][lookup->tried[place]++];
    ask->position = lookup->day.positions[place];
}

/* A question for what does not exist. */
static void ask_decoy(struct cepa_lookups *lookups, struct cepa_lookup *lookup,
                      struct cepa_time now)
{
    uint64_t bits;
    struct cepa_descriptor_position position;
    lookup->decoys++;
    if (cepa_draw_u64(&bits, lookups->config.random) != 0 ||
        cepa_random_fill(lookups->config.random, position.bytes, sizeof position.bytes) != 0) {
        return;
    }
    struct cepa_lookup_ask *ask = ask_begin(lookups, lookup, now);
    CEPA_ASSERT(ask != NULL);
    ask->is_decoy = true;
    ask->rank = (uint8_t)cepa_draw_scale(bits, CEPA_DESCRIPTOR_CUSTODIANS);
    ask->position = position;
}

/* The four nearest in any order, so that not everybody asks the same one; then the others. */
static int order_draw(struct cepa_lookup *lookup, const struct cepa_random *random)
{
    for (uint32_t place = 0; place < CEPA_DESCRIPTOR_POSITIONS; place++) {
        uint8_t *order = lookup->order[place];
        for (size_t i = 0; i < CEPA_LOOKUP_RANKS; i++) {
            uint64_t bits;
            int error = cepa_draw_u64(&bits, random);
            if (error != 0) {
                return error;
            }
            order[i] = (uint8_t)i;
            if (i < CEPA_DESCRIPTOR_CUSTODIANS) {
                size_t other = (size_t)cepa_draw_scale(bits, i + 1);
                order[i] = order[other];
                order[other] = (uint8_t)i;
            }
        }
    }
    return 0;
}

/* --- look-ups --------------------------------------------------------------------------------- */

static struct cepa_lookup *find(const struct cepa_lookups *lookups, uint64_t number)
{
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        const struct cepa_lookup *lookup = &lookups->items[i];
        if (number != 0 && lookup->number == number) {
            return (struct cepa_lookup *)(uintptr_t)lookup;
        }
    }
    return NULL;
}

/* A free place, or that of one that is over and has nothing left to say or to ask. */
static struct cepa_lookup *place_find(struct cepa_lookups *lookups)
{
    struct cepa_lookup *place = NULL;
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        struct cepa_lookup *lookup = &lookups->items[i];
        bool is_idle = lookup->is_over && !lookup->has_news && lookup->decoys == CEPA_LOOKUP_DECOYS;
        if (lookup->number == 0) {
            return lookup;
        }
        place = is_idle ? lookup : place;
    }
    return place;
}

static void end(struct cepa_lookup *lookup, int error, struct cepa_time now)
{
    lookup->is_over = true;
    lookup->has_news = true;
    lookup->error = error;
    lookup->free_at = error == CEPA_ERR_NOT_FOUND ? after_ms(now, ABSENT_MS) : now;
}

static int begin(struct cepa_lookups *lookups, struct cepa_lookup *lookup,
                 const struct cepa_address *address, struct cepa_time now)
{
    struct cepa_lookup fresh;
    memset(&fresh, 0, sizeof fresh);
    int error =
        cepa_address_day_init(&fresh.day, address, &lookups->config.network, lookups->today);
    if (error == 0) {
        error = order_draw(&fresh, lookups->config.random);
    }
    if (error != 0) {
        return error;
    }
    fresh.number = ++lookups->numbers;
    fresh.begun_at = now;
    fresh.settle_at = cepa_time_never();
    fresh.hedge_at = after_ms(now, HEDGE_MS);
    fresh.free_at = cepa_time_never();
    *lookup = fresh;
    return 0;
}

static void lookup_step(struct cepa_lookups *lookups, struct cepa_lookup *lookup,
                        struct cepa_time now);

/* The look-up of an address that is on its way or was in vain just now, or NULL. */
static struct cepa_lookup *running_find(struct cepa_lookups *lookups,
                                        const struct cepa_address *address, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        struct cepa_lookup *lookup = &lookups->items[i];
        bool is_absent =
            lookup->error == CEPA_ERR_NOT_FOUND && !cepa_time_is_due(lookup->free_at, now);
        if (lookup->number != 0 && is_same(&lookup->day.address, address) &&
            (!lookup->is_over || is_absent)) {
            return lookup;
        }
    }
    return NULL;
}

int cepa_lookups_find(struct cepa_lookups *lookups, uint64_t *ret_lookup,
                      const struct cepa_address *address, bool is_again, struct cepa_time now,
                      struct cepa_wall wall)
{
    cepa_lookups_step(lookups, now, wall);
    struct cepa_lookup *lookup = running_find(lookups, address, now);
    struct cepa_lookup_known *known = known_find(lookups, address, lookups->today);
    bool serves = known != NULL && !is_again;
    if (lookup != NULL && lookup->is_over && !lookup->has_news) {
        if (!serves) {
            return CEPA_ERR_NOT_FOUND;
        }
        lookup = NULL; /* nobody had anything newer */
    }
    if (lookup != NULL) {
        *ret_lookup = lookup->number;
        return 0;
    }
    lookup = place_find(lookups);
    if (lookup == NULL) {
        return CEPA_ERR_FULL;
    }
    int error = begin(lookups, lookup, address, now);
    if (error != 0) {
        return error;
    }
    *ret_lookup = lookup->number;
    if (serves) {
        known->used = ++lookups->numbers;
        lookup->decoys = CEPA_LOOKUP_DECOYS; /* nothing is asked, nothing is to be hidden */
        end(lookup, 0, now);
        return 0;
    }
    lookup->sequence_min = known == NULL ? 0 : known->found.sequence + 1;
    for (uint32_t place = 0; place < CEPA_DESCRIPTOR_POSITIONS; place++) {
        ask_next(lookups, lookup, place, now);
    }
    return 0;
}

void cepa_lookups_cancel(struct cepa_lookups *lookups, uint64_t number, struct cepa_time now)
{
    struct cepa_lookup *lookup = find(lookups, number);
    if (lookup != NULL) {
        if (!lookup->is_over) {
            end(lookup, CEPA_ERR_TIMEOUT, now);
        }
        lookup->has_news = false;
    }
}

/* Opens what a custodian has answered; true if it counts. */
static bool take(struct cepa_lookups *lookups, struct cepa_lookup *lookup, const uint8_t *bytes,
                 size_t bytes_len)
{
    const struct cepa_lookups_config *config = &lookups->config;
    struct cepa_lookup_known *place = known_place(lookups, &lookup->day);
    if (lookup->day.day.number != lookups->today.number) {
        return false;
    }
    /* What is remembered stays untouched unless something newer opens. */
    bool is_own = place->is_taken && place->day.number == lookup->day.day.number &&
                  is_same(&place->address, &lookup->day.address);
    uint64_t sequence_min = is_own ? place->found.sequence + 1 : lookup->sequence_min;
    if (cepa_address_descriptor_open(&place->found, &lookup->day, sequence_min, bytes, bytes_len,
                                     config->workspace, config->cpu) != 0) {
        return false;
    }
    place->is_taken = true;
    place->address = lookup->day.address;
    place->day = lookup->day.day;
    place->used = ++lookups->numbers;
    return true;
}

static struct cepa_lookup_ask *ask_find(struct cepa_lookups *lookups,
                                        struct cepa_lookup **ret_lookup, uint64_t number)
{
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        for (size_t k = 0; k < CEPA_LOOKUP_ASKS; k++) {
            struct cepa_lookup_ask *ask = &lookups->items[i].asks[k];
            if (number != 0 && lookups->items[i].number != 0 && ask->number == number) {
                *ret_lookup = &lookups->items[i];
                return ask;
            }
        }
    }
    return NULL;
}

void cepa_lookups_on_answer(struct cepa_lookups *lookups, uint64_t number,
                            enum cepa_custodian_answer answer, const uint8_t *bytes,
                            size_t bytes_len, struct cepa_time now)
{
    struct cepa_lookup *lookup = NULL;
    struct cepa_lookup_ask *ask = ask_find(lookups, &lookup, number);
    if (ask == NULL) {
        return;
    }
    ask->number = 0;
    if (ask->is_decoy) {
        return;
    }
    if (answer == CEPA_CUSTODIAN_FAILED) {
        lookup->wait[ask->place] = after_ms(now, AGAIN_MS);
    }
    lookup->has_absent |= answer == CEPA_CUSTODIAN_ABSENT || answer == CEPA_CUSTODIAN_DONE;
    if (answer == CEPA_CUSTODIAN_DONE && take(lookups, lookup, bytes, bytes_len)) {
        if (lookup->is_over && lookup->error == 0) {
            lookup->has_news = true; /* a later one than what was given out */
        } else if (!lookup->is_over && cepa_time_is_never(lookup->settle_at)) {
            lookup->settle_at = after_ms(now, SETTLE_MS);
        }
    }
    lookup_step(lookups, lookup, now);
}

/* --- time ------------------------------------------------------------------------------------- */

static void asks_expire(struct cepa_lookup *lookup, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_LOOKUP_ASKS; i++) {
        struct cepa_lookup_ask *ask = &lookup->asks[i];
        if (ask->number != 0 && cepa_time_is_due(ask->until, now)) {
            ask->number = 0;
        }
    }
}

/* Asks on, beside slow custodians too; ends it if there is nobody left. */
static void ask_on(struct cepa_lookups *lookups, struct cepa_lookup *lookup, struct cepa_time now)
{
    bool is_hedged = cepa_time_is_due(lookup->hedge_at, now);
    for (uint32_t place = 0; place < CEPA_DESCRIPTOR_POSITIONS; place++) {
        if (is_hedged || asks_count(lookup, place) == 0) {
            ask_next(lookups, lookup, place, now);
        }
    }
    if (is_hedged) {
        lookup->hedge_at = after_ms(now, HEDGE_MS);
    }
    bool is_exhausted = lookup->tried[0] == CEPA_LOOKUP_RANKS &&
                        lookup->tried[1] == CEPA_LOOKUP_RANKS && asks_count(lookup, 0) == 0 &&
                        asks_count(lookup, 1) == 0;
    if (is_exhausted) {
        end(lookup, lookup->has_absent ? CEPA_ERR_NOT_FOUND : CEPA_ERR_TIMEOUT, now);
    } else if (cepa_time_is_due(after_ms(lookup->begun_at, GIVE_UP_MS), now)) {
        end(lookup, CEPA_ERR_TIMEOUT, now);
    }
}

static void lookup_step(struct cepa_lookups *lookups, struct cepa_lookup *lookup,
                        struct cepa_time now)
{
    asks_expire(lookup, now);
    if (!lookup->is_over && lookup->day.day.number != lookups->today.number) {
        end(lookup, CEPA_ERR_TIMEOUT, now); /* midnight: it lies elsewhere now */
    }
    while (lookup->decoys < CEPA_LOOKUP_DECOYS &&
           cepa_time_is_due(after_ms(lookup->begun_at, decoy_ms[lookup->decoys]), now)) {
        ask_decoy(lookups, lookup, now);
    }
    bool is_found = !cepa_time_is_never(lookup->settle_at);
    if (!lookup->is_over && is_found) {
        bool is_quiet = asks_count(lookup, 0) == 0 && asks_count(lookup, 1) == 0;
        if (is_quiet || cepa_time_is_due(lookup->settle_at, now)) {
            end(lookup, 0, now);
        }
    } else if (!lookup->is_over) {
        ask_on(lookups, lookup, now);
    }
}

/* Whether there is nothing more to say, to ask or to hear. */
static bool is_spent(const struct cepa_lookup *lookup, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_LOOKUP_ASKS; i++) {
        if (lookup->asks[i].number != 0) {
            return false;
        }
    }
    return lookup->is_over && !lookup->has_news && lookup->decoys == CEPA_LOOKUP_DECOYS &&
           cepa_time_is_due(lookup->free_at, now);
}

void cepa_lookups_step(struct cepa_lookups *lookups, struct cepa_time now, struct cepa_wall wall)
{
    known_step(lookups, wall);
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        struct cepa_lookup *lookup = &lookups->items[i];
        if (lookup->number != 0) {
            lookup_step(lookups, lookup, now);
        }
        if (lookup->number != 0 && is_spent(lookup, now)) {
            cepa_wipe(lookup, sizeof *lookup);
        }
    }
}

static struct cepa_time lookup_deadline(const struct cepa_lookup *lookup)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_LOOKUP_ASKS; i++) {
        if (lookup->asks[i].number != 0) {
            deadline = cepa_time_earliest(deadline, lookup->asks[i].until);
        }
    }
    if (lookup->decoys < CEPA_LOOKUP_DECOYS) {
        deadline =
            cepa_time_earliest(deadline, after_ms(lookup->begun_at, decoy_ms[lookup->decoys]));
    } else if (lookup->is_over && cepa_time_is_never(deadline)) {
        deadline = lookup->free_at; /* nothing is under way */
    }
    if (lookup->is_over) {
        return deadline;
    }
    if (!cepa_time_is_never(lookup->settle_at)) {
        return cepa_time_earliest(deadline, lookup->settle_at);
    }
    deadline = cepa_time_earliest(deadline, lookup->hedge_at);
    for (uint32_t place = 0; place < CEPA_DESCRIPTOR_POSITIONS; place++) {
        if (asks_count(lookup, place) == 0 && lookup->tried[place] < CEPA_LOOKUP_RANKS) {
            deadline = cepa_time_earliest(deadline, lookup->wait[place]);
        }
    }
    return cepa_time_earliest(deadline, after_ms(lookup->begun_at, GIVE_UP_MS));
}

struct cepa_time cepa_lookups_deadline(const struct cepa_lookups *lookups)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        if (lookups->items[i].number != 0) {
            deadline = cepa_time_earliest(deadline, lookup_deadline(&lookups->items[i]));
        }
    }
    return deadline;
}

/* --- effects ---------------------------------------------------------------------------------- */

static bool ask_give(struct cepa_lookups_effect *ret_effect, struct cepa_lookup *lookup)
{
    for (size_t i = 0; i < CEPA_LOOKUP_ASKS; i++) {
        struct cepa_lookup_ask *ask = &lookup->asks[i];
        if (ask->number != 0 && !ask->is_told) {
            ask->is_told = true;
            ret_effect->kind = CEPA_LOOKUPS_ASK;
            ret_effect->ask.number = ask->number;
            ret_effect->ask.position = ask->position;
            ret_effect->ask.rank = ask->rank;
            return true;
        }
    }
    return false;
}

static void result_give(struct cepa_lookups_effect *ret_effect, const struct cepa_lookups *lookups,
                        struct cepa_lookup *lookup)
{
    const struct cepa_lookup_known *known =
        known_find(lookups, &lookup->day.address, lookup->day.day);
    lookup->has_news = false;
    ret_effect->lookup = lookup->number;
    if (lookup->error == 0 && known != NULL) {
        ret_effect->kind = CEPA_LOOKUPS_FOUND;
        ret_effect->found = &known->found;
    } else {
        ret_effect->kind = CEPA_LOOKUPS_FAILED;
        ret_effect->error = lookup->error == 0 ? CEPA_ERR_TIMEOUT : lookup->error; /* midnight */
    }
}

int cepa_lookups_next(struct cepa_lookups *lookups, struct cepa_lookups_effect *ret_effect)
{
    memset(ret_effect, 0, sizeof *ret_effect);
    for (size_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        struct cepa_lookup *lookup = &lookups->items[i];
        if (lookup->number == 0) {
            continue;
        }
        if (lookup->has_news) {
            result_give(ret_effect, lookups, lookup);
            return 0;
        }
        if (ask_give(ret_effect, lookup)) {
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}
