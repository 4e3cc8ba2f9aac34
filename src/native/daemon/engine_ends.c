/* The user's identities and sessions: an end beside the node. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ct.h"
#include "native/daemon/engine_state.h"
#include "native/net/clock.h"
#include "node/profile.h"

enum { FIRST_PER_MINUTE = 60 }; /* strangers' introductions that an identity answers */

_Static_assert((int)CEPA_CONFIG_ACCEPT_CONTACTS == (int)CEPA_RECEPTION_CONTACTS &&
                   (int)CEPA_CONFIG_ACCEPT_ANYONE == (int)CEPA_RECEPTION_ANYONE &&
                   (int)CEPA_CONFIG_ACCEPT_NOBODY == (int)CEPA_RECEPTION_NOBODY,
               "both count alike");

/* Makes the end in memory of its own. */
static int make_end(struct cepa_engine *engine)
{
    struct cepa_end_config config = {
        .node = engine->node, .random = engine->config.random, .cpu = engine->config.cpu};
    int status = cepa_profile_find(&config.profile, engine->config.config->profile);
    cepa_end_limits_daemon(&config.limits);
    size_t size = cepa_end_size(&config.limits);
    if (status != 0) {
        return status;
    }
    /* Far more than is ever touched: nothing is set aside for it. */
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return CEPA_ERR_EXHAUSTED;
    }
    engine->ends.memory = memory;
    engine->ends.memory_len = size;
    return cepa_end_init(&engine->ends.end, memory, size, &config, cepa_clock_now(),
                         cepa_clock_wall());
}

static int restore_in_end(struct cepa_engine *engine, enum cepa_store_table table,
                          const struct cepa_store_entry *entry)
{
    return cepa_end_restore(engine->ends.end, table, entry->key, entry->key_len, entry->value,
                            entry->value_len);
}

/* Whether an identity that listens is still one of the user's. */
static bool is_kept(const struct cepa_identities *identities, const struct cepa_engine_own *own)
{
    for (size_t i = 0; i < identities->len; i++) {
        if (cepa_ct_compare(identities->entries[i].secret.bytes, own->secret.bytes,
                            sizeof own->secret.bytes) != 0) {
            return true;
        }
    }
    return false;
}

static const struct cepa_engine_own *find_secret(const struct cepa_engine_ends *ends,
                                                 const struct cepa_identity_secret *secret)
{
    for (size_t i = 0; i < ends->own_len; i++) {
        if (cepa_ct_compare(ends->own[i].secret.bytes, secret->bytes, sizeof secret->bytes) != 0) {
            return &ends->own[i];
        }
    }
    return NULL;
}

static int add(struct cepa_engine *engine, const struct cepa_identity_secret *secret,
               struct cepa_time now)
{
    static const struct cepa_end_policy policy = {.is_listening = true,
                                                  .accepts_anonymous = true,
                                                  .first_per_minute = FIRST_PER_MINUTE,
                                                  .has_mailbox = true};
    struct cepa_engine_ends *ends = &engine->ends;
    struct cepa_engine_own own = {.secret = *secret};
    int status = ends->own_len < CEPA_ENGINE_OWN_MAX ? 0 : CEPA_ERR_FULL;
    if (status == 0) {
        status = cepa_identities_address(&own.address, secret, engine->config.cpu);
    }
    if (status == 0) {
        status = cepa_end_identity_add(ends->end, &own.identity, secret, &policy, now);
    }
    if (status == 0) {
        ends->own[ends->own_len] = own;
        ends->own_len++;
    }
    cepa_wipe(&own.secret, sizeof own.secret);
    return status;
}

/* Lets the end have the identities of the state. */
static void take_identities(struct cepa_engine *engine, struct cepa_time now)
{
    const struct cepa_identities *identities = &engine->config.state->identities;
    struct cepa_engine_ends *ends = &engine->ends;
    for (size_t i = ends->own_len; i-- > 0;) {
        if (!is_kept(identities, &ends->own[i])) {
            cepa_end_identity_remove(ends->end, ends->own[i].identity, now);
            ends->own_len--;
            ends->own[i] = ends->own[ends->own_len];
            cepa_wipe(&ends->own[ends->own_len], sizeof ends->own[0]);
        }
    }
    for (size_t i = 0; i < identities->len; i++) {
        const struct cepa_identity_secret *secret = &identities->entries[i].secret;
        int status = find_secret(ends, secret) != NULL ? 0 : add(engine, secret, now);
        if (status != 0) {
            struct cepa_log_field why = cepa_log_text("why", cepa_error_text(status));
            cepa_log_write(engine->config.log, CEPA_CONFIG_LEVEL_ERROR,
                           "an identity cannot be reached", &why, 1);
        }
    }
}

struct cepa_engine_own *cepa_engine_find_own(struct cepa_engine_ends *ends,
                                             struct cepa_end_identity identity)
{
    for (size_t i = 0; i < ends->own_len; i++) {
        if (cepa_handle_is_equal(ends->own[i].identity.handle, identity.handle)) {
            return &ends->own[i];
        }
    }
    return NULL;
}

static bool take_arrival(void *context, const struct cepa_streams_arrival *arrival,
                         struct cepa_time now)
{
    struct cepa_engine *engine = context;
    const struct cepa_engine_own *own = cepa_engine_find_own(&engine->ends, arrival->own);
    return own != NULL &&
           cepa_reception_arrive(engine->ends.reception, arrival, &own->address, now);
}

static void move_arrival(void *context, uint32_t slot, bool is_gone, struct cepa_time now)
{
    const struct cepa_engine *engine = context;
    cepa_reception_move(engine->ends.reception, slot, is_gone, now);
}

static void complain(void *context, const char *what, const char *why)
{
    const struct cepa_engine *engine = context;
    struct cepa_log_field field = cepa_log_text("why", why);
    cepa_log_write(engine->config.log, CEPA_CONFIG_LEVEL_ERROR, what, &field, 1);
}

/* Opens the inbox, and what fills it. */
static int make_reception(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    struct cepa_engine_ends *ends = &engine->ends;
    const struct cepa_config *config = engine->config.config;
    struct cepa_reception_config reception = {
        .random = engine->config.random,
        .policy = (enum cepa_reception_policy)config->inbox_accept,
        .quota = config->inbox_quota != 0 ? config->inbox_quota : UINT64_MAX,
        .context = engine,
        .tell = complain};
    int status = cepa_inbox_open(&ends->inbox, ret_reason, config->state_directory);
    if (status == 0) {
        status = cepa_contacts_open(&ends->contacts, ret_reason, config->state_directory);
    }
    if (status != 0) {
        return status;
    }
    if (cepa_inbox_tidy(ends->inbox) != 0) {
        complain(engine, "the inbox cannot be tidied", cepa_inbox_reason(ends->inbox));
    }
    reception.inbox = ends->inbox;
    reception.contacts = ends->contacts;
    status = cepa_reception_open(&ends->reception, &reception);
    return status == 0 ? 0 : cepa_reason_fail(ret_reason, status, "there is not enough memory");
}

/* Opens streams and joins them with the inbox. */
static int make_streams(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                        uint64_t first_number)
{
    const struct cepa_engine_programs *programs = &engine->config.programs;
    const struct cepa_streams_config config = {.end = engine->ends.end,
                                               .loop = engine->loop,
                                               .first_number = first_number,
                                               .programs = programs->context,
                                               .is_here = programs->is_here,
                                               .tell = programs->tell,
                                               .arrivals = engine,
                                               .arrive = take_arrival,
                                               .move = move_arrival};
    int status = cepa_streams_open(&engine->ends.streams, &config);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "there is not enough memory");
    }
    cepa_reception_use(engine->ends.reception, engine->ends.streams);
    return 0;
}

int cepa_engine_make_end(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                         uint64_t first_number)
{
    int status = make_end(engine);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "sessions are not possible: %s",
                                cepa_error_text(status));
    }
    status = make_reception(engine, ret_reason);
    if (status == 0) {
        status = make_streams(engine, ret_reason, first_number);
    }
    if (status != 0) {
        return status;
    }
    take_identities(engine, cepa_clock_now());
    status = cepa_engine_restore_table(engine, CEPA_STORE_PREKEYS, restore_in_end);
    if (status == 0) {
        status = cepa_engine_restore_table(engine, CEPA_STORE_PLACES, restore_in_end);
    }
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status, "%s",
                                          cepa_store_reason(engine->config.state->store));
}

void cepa_engine_free_end(struct cepa_engine *engine)
{
    cepa_reception_close(engine->ends.reception);
    cepa_streams_close(engine->ends.streams);
    cepa_inbox_close(engine->ends.inbox);
    cepa_contacts_close(engine->ends.contacts);
    if (engine->ends.end != NULL) {
        cepa_end_wipe(engine->ends.end);
    }
    if (engine->ends.memory != NULL) {
        (void)munmap(engine->ends.memory, engine->ends.memory_len);
    }
    cepa_wipe(engine->ends.own, sizeof engine->ends.own);
}

void cepa_engine_reload_end(struct cepa_engine *engine, struct cepa_time now)
{
    take_identities(engine, now);
    cepa_reception_reload(engine->ends.reception, now);
}

/* A log line for what concerns an identity. */
static void tell(struct cepa_engine *engine, const struct cepa_end_effect *effect)
{
    struct cepa_engine_own *own = cepa_engine_find_own(&engine->ends, effect->identity);
    if (own != NULL && effect->event == CEPA_END_PUBLISHED) {
        own->is_published = true;
        cepa_log_say(engine->config.log, CEPA_CONFIG_LEVEL_INFO, "an identity can be reached");
    } else if (own != NULL && effect->event == CEPA_END_HIDDEN) {
        own->is_published = false;
        cepa_log_say(engine->config.log, CEPA_CONFIG_LEVEL_WARNING,
                     "an identity cannot be reached any more");
    }
}

static void keep(struct cepa_engine *engine, const struct cepa_end_effect *effect)
{
    struct cepa_node_effect kept = {.kind = CEPA_NODE_STORE,
                                    .table = effect->table,
                                    .key_len = effect->key_len,
                                    .is_gone = effect->is_gone,
                                    .is_durable = true,
                                    .data = effect->data,
                                    .data_len = effect->data_len};
    memcpy(kept.key, effect->key, effect->key_len);
    cepa_engine_keep(engine, &kept);
}

bool cepa_engine_settle_end(struct cepa_engine *engine, struct cepa_time now)
{
    struct cepa_end_effect effect;
    bool has_some = false;
    while (cepa_end_next(engine->ends.end, &effect, now) == 0) {
        has_some = true;
        if (effect.event == 0) {
            keep(engine, &effect);
        } else if (!cepa_engine_take_letter(engine, &effect, now)) {
            tell(engine, &effect);
            cepa_streams_on_end(engine->ends.streams, &effect, now);
        }
    }
    return has_some;
}

void cepa_engine_step_end(struct cepa_engine *engine, struct cepa_time now)
{
    if (cepa_time_is_due(cepa_end_deadline(engine->ends.end), now)) {
        cepa_end_step(engine->ends.end, now, cepa_clock_wall());
    }
    if (cepa_time_is_due(cepa_streams_deadline(engine->ends.streams), now)) {
        cepa_streams_step(engine->ends.streams, now);
    }
    cepa_reception_step(engine->ends.reception, now);
}

struct cepa_time cepa_engine_end_deadline(const struct cepa_engine *engine)
{
    struct cepa_time deadline = cepa_end_deadline(engine->ends.end);
    deadline = cepa_time_earliest(deadline, cepa_streams_deadline(engine->ends.streams));
    return cepa_time_earliest(deadline, cepa_reception_deadline(engine->ends.reception));
}

/* --- what programs ask for -------------------------------------------------------------------- */

int cepa_engine_find_identity(const struct cepa_engine_own **ret_own,
                              struct cepa_reason *ret_reason, const struct cepa_engine *engine,
                              const char *name)
{
    const struct cepa_identities *identities = &engine->config.state->identities;
    size_t at;
    int status = cepa_identities_find(&at, ret_reason, identities, name[0] != '\0' ? name : NULL);
    if (status != 0) {
        return status;
    }
    const struct cepa_engine_own *own = find_secret(&engine->ends, &identities->entries[at].secret);
    if (own == NULL) {
        cepa_reason_set(ret_reason, "only %d identities can be used at one time",
                        CEPA_ENGINE_OWN_MAX);
        return CEPA_ERR_FULL;
    }
    *ret_own = own;
    return 0;
}

int cepa_engine_connect(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                        const struct cepa_control_request *request, int fd)
{
    struct cepa_streams_wish wish = {.client = client,
                                     .stream = request->stream,
                                     .isolate = request->isolate,
                                     .service = request->service};
    const struct cepa_engine_own *own = NULL;
    struct cepa_address_slips slips;
    int status = cepa_address_read(&wish.peer, &slips, request->address, strlen(request->address));
    if (status != 0) {
        cepa_reason_set(ret_reason, "this is no address of cepa");
    } else if (request->identity[0] != '\0') {
        status = cepa_engine_find_identity(&own, ret_reason, engine, request->identity);
    }
    if (status == 0) {
        if (own != NULL) {
            wish.as = own->identity;
        }
        status = cepa_streams_connect(engine->ends.streams, &wish, fd, cepa_clock_now());
        engine->has_more = true; /* its first bytes go out in a turn of the engine */
        if (status != 0) {
            cepa_reason_set(ret_reason, "no session can be opened: %s", cepa_error_text(status));
        }
    }
    if (status != 0 && fd >= 0) {
        close(fd);
    }
    return status;
}

int cepa_engine_listen(struct cepa_engine *engine, struct cepa_address *ret_address,
                       struct cepa_reason *ret_reason, uint64_t client,
                       const struct cepa_control_request *request)
{
    const struct cepa_engine_own *own = NULL;
    int status = cepa_engine_find_identity(&own, ret_reason, engine, request->identity);
    if (status != 0) {
        return status;
    }
    status = cepa_streams_listen(engine->ends.streams, client, own->identity, request->service);
    if (status == 0) {
        *ret_address = own->address;
    } else if (status == CEPA_ERR_IN_USE) {
        cepa_reason_set(ret_reason, "another program offers this service already");
    } else {
        cepa_reason_set(ret_reason, "too many services are offered already");
    }
    return status;
}

int cepa_engine_take(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                     uint32_t stream, int fd)
{
    int status = cepa_streams_take(engine->ends.streams, client, stream, fd, cepa_clock_now());
    engine->has_more = true;
    if (status != 0) {
        close(fd);
        return cepa_reason_fail(ret_reason, status, "this stream is not waiting any more");
    }
    return 0;
}

int cepa_engine_refuse(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                       uint32_t stream, bool is_denied)
{
    int status = cepa_streams_refuse(engine->ends.streams, client, stream,
                                     is_denied ? CEPA_CONNECT_REFUSED : CEPA_CONNECT_FAILED);
    engine->has_more = true;
    return status == 0
               ? 0
               : cepa_reason_fail(ret_reason, status, "this stream is not waiting any more");
}
