/* Sessions that streams of local programs share. */
#include "native/streams/shared_sessions.h"

#include <string.h>

void cepa_shared_sessions_init(struct cepa_shared_sessions *ret_sessions, struct cepa_end *end)
{
    memset(ret_sessions, 0, sizeof *ret_sessions);
    ret_sessions->end = end;
}

/* Whether a stream for these may use a session. */
static bool is_fit(const struct cepa_shared_session *entry, const struct cepa_address *peer,
                   struct cepa_end_identity own, const char *isolate, struct cepa_time now)
{
    bool is_well = !entry->is_cut ||
                   cepa_time_since(now, entry->cut) < CEPA_SHARED_CUT_SECONDS * CEPA_SECOND_NS;
    return entry->is_used && entry->is_ours && is_well &&
           memcmp(entry->peer.bytes, peer->bytes, sizeof peer->bytes) == 0 &&
           cepa_handle_is_equal(entry->own.handle, own.handle) &&
           strcmp(entry->isolate, isolate) == 0;
}

/* A free place: one that was never used, or else that of the session that has been idle longest.
 * -1 if there is none. */
static int find_place(struct cepa_shared_sessions *sessions, struct cepa_time now)
{
    int oldest = -1;
    for (int i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        const struct cepa_shared_session *entry = &sessions->entries[i];
        if (!entry->is_used) {
            return i;
        }
        if (entry->streams == 0 &&
            (oldest < 0 || cepa_time_is_before(entry->idle, sessions->entries[oldest].idle))) {
            oldest = i;
        }
    }
    if (oldest >= 0) {
        cepa_end_close(sessions->end, sessions->entries[oldest].session, 0, now);
        sessions->entries[oldest].is_used = false;
    }
    return oldest;
}

int cepa_shared_sessions_want(struct cepa_shared_sessions *sessions, uint32_t *ret_place,
                              const struct cepa_address *peer, struct cepa_end_identity own,
                              const char *isolate, struct cepa_time now)
{
    for (uint32_t i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        if (is_fit(&sessions->entries[i], peer, own, isolate, now)) {
            sessions->entries[i].streams++;
            *ret_place = i;
            return 0;
        }
    }
    struct cepa_end_session session;
    int place = find_place(sessions, now);
    int status =
        place < 0 ? CEPA_ERR_FULL : cepa_end_connect(sessions->end, &session, peer, own, now);
    if (status != 0) {
        return status;
    }
    struct cepa_shared_session entry = {
        .is_used = true,
        .is_ours = true,
        .has_peer = true,
        .streams = 1,
        .session = session,
        .own = own,
        .peer = *peer,
    };
    strncpy(entry.isolate, isolate, sizeof entry.isolate - 1);
    sessions->entries[place] = entry;
    *ret_place = (uint32_t)place;
    return 0;
}

void cepa_shared_sessions_hold(struct cepa_shared_sessions *sessions, uint32_t place)
{
    sessions->entries[place].streams++;
}

void cepa_shared_sessions_drop(struct cepa_shared_sessions *sessions, uint32_t place,
                               struct cepa_time now)
{
    struct cepa_shared_session *entry = &sessions->entries[place];
    if (entry->is_used && entry->streams > 0) {
        entry->streams--;
        entry->idle = now;
    }
}

static int find(const struct cepa_shared_sessions *sessions, struct cepa_end_session session)
{
    for (int i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        const struct cepa_shared_session *entry = &sessions->entries[i];
        if (entry->is_used && cepa_handle_is_equal(entry->session.handle, session.handle)) {
            return i;
        }
    }
    return -1;
}

static int take(struct cepa_shared_sessions *sessions, const struct cepa_end_effect *effect,
                struct cepa_time now)
{
    int place = find_place(sessions, now);
    if (place < 0) {
        cepa_end_close(sessions->end, effect->session, 0, now);
        return -1;
    }
    struct cepa_shared_session entry = {
        .is_used = true,
        .is_ready = true,
        .has_peer = effect->has_address,
        .session = effect->session,
        .own = effect->identity,
        .peer = effect->address,
        .idle = now,
    };
    sessions->entries[place] = entry;
    return place;
}

int cepa_shared_sessions_on_end(struct cepa_shared_sessions *sessions,
                                const struct cepa_end_effect *effect, struct cepa_time now)
{
    if (effect->event == CEPA_END_INCOMING) {
        return take(sessions, effect, now);
    }
    int place = cepa_handle_is_none(effect->session.handle) ? -1 : find(sessions, effect->session);
    if (place < 0) {
        return -1;
    }
    struct cepa_shared_session *entry = &sessions->entries[place];
    switch ((unsigned)effect->event) {
    case CEPA_END_READY:
        entry->is_ready = true;
        break;
    case CEPA_END_CUT:
        entry->is_cut = true;
        entry->cut = now;
        break;
    case CEPA_END_MENDED:
        entry->is_cut = false;
        break;
    case CEPA_END_FAILED:
    case CEPA_END_CLOSED:
        entry->is_used = false;
        entry->is_ready = false;
        break;
    default:
        break;
    }
    return place;
}

static struct cepa_time deadline_of(const struct cepa_shared_session *entry)
{
    return entry->is_used && entry->is_ours && entry->streams == 0
               ? cepa_time_add(entry->idle, CEPA_SHARED_LINGER_SECONDS * CEPA_SECOND_NS)
               : cepa_time_never();
}

void cepa_shared_sessions_step(struct cepa_shared_sessions *sessions, struct cepa_time now)
{
    for (uint32_t i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        struct cepa_shared_session *entry = &sessions->entries[i];
        if (cepa_time_is_due(deadline_of(entry), now)) {
            entry->is_used = false;
            cepa_end_close(sessions->end, entry->session, 0, now);
        }
    }
}

struct cepa_time cepa_shared_sessions_deadline(const struct cepa_shared_sessions *sessions)
{
    struct cepa_time earliest = cepa_time_never();
    for (uint32_t i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        earliest = cepa_time_earliest(earliest, deadline_of(&sessions->entries[i]));
    }
    return earliest;
}

void cepa_shared_sessions_leave(struct cepa_shared_sessions *sessions, struct cepa_time now)
{
    for (uint32_t i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        if (sessions->entries[i].is_used) {
            cepa_end_close(sessions->end, sessions->entries[i].session, 0, now);
        }
    }
}

struct cepa_session *cepa_shared_sessions_streams(const struct cepa_shared_sessions *sessions,
                                                  uint32_t place)
{
    const struct cepa_shared_session *entry = &sessions->entries[place];
    return entry->is_used && entry->is_ready ? cepa_end_streams(sessions->end, entry->session)
                                             : NULL;
}
