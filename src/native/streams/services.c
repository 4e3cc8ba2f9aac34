/* Connections to services. Ours: the stream begins with the name of the service, and nothing else
 * is written before the other end's verdict. Theirs: the verdict is ours, once a program has
 * reached its service. @[SPEC 17.4] */
#include <string.h>
#include <unistd.h>

#include "native/streams/streams_state.h"

void cepa_streams_fail(struct cepa_streams *streams, uint32_t slot, int error, bool is_silent,
                       struct cepa_time now)
{
    const struct cepa_streams_one *one = streams->slots[slot];
    const struct cepa_streams_notice notice = {.event = CEPA_STREAMS_FAILED,
                                               .client = one->client,
                                               .stream = one->number,
                                               .error = error,
                                               .is_silent = is_silent};
    streams->config.tell(streams->config.programs, &notice);
    cepa_streams_remove(streams, slot, now);
}

void cepa_streams_ask(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_stream_header header = {.kind = CEPA_STREAM_CONNECT};
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    size_t taken = 0;
    memcpy(header.connect.name, one->service, sizeof one->service);
    one->stage = CEPA_STREAMS_AT_VERDICT;
    one->is_ours = true;
    one->due = cepa_time_add(now, CEPA_STREAMS_VERDICT_SECONDS * CEPA_SECOND_NS);
    int status = cepa_stream_header_encode(bytes, &len, &header);
    if (status == 0) {
        status = cepa_streams_write(streams, slot, &taken, bytes, len, false);
    }
    if (status != 0 || taken < len) {
        cepa_streams_fail(streams, slot, status != 0 ? status : CEPA_ERR_FULL, false, now);
    }
}

void cepa_streams_read_verdict(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    uint8_t verdict = 0;
    size_t len = 0;
    bool is_end = false;
    int status = cepa_streams_read(streams, slot, &verdict, &len, &is_end, 1, now);
    if (status == 0 && len == 0 && !is_end) {
        return;
    }
    if (status != 0 || len == 0 || verdict != CEPA_CONNECT_OPEN) {
        bool is_silent = len == 1 && verdict == CEPA_CONNECT_FAILED;
        cepa_streams_fail(streams, slot, CEPA_ERR_DROPPED, is_silent, now);
        return;
    }
    one->stage = CEPA_STREAMS_AT_OFFER;
    one->due = cepa_time_add(now, CEPA_STREAMS_TAKE_SECONDS * CEPA_SECOND_NS);
    cepa_streams_tell(streams, one, CEPA_STREAMS_READY, 0);
}

void cepa_streams_refuse_service(struct cepa_streams *streams, uint32_t slot,
                                 enum cepa_connect_verdict verdict, struct cepa_time now)
{
    const uint8_t byte = (uint8_t)verdict;
    size_t taken;
    if (cepa_streams_write(streams, slot, &taken, &byte, sizeof byte, true) != 0) {
        cepa_streams_give_up(streams, slot, CEPA_STREAM_BUSY);
    }
    cepa_streams_remove(streams, slot, now);
}

int cepa_streams_grant_service(struct cepa_streams *streams, uint32_t slot)
{
    static const uint8_t verdict = CEPA_CONNECT_OPEN;
    size_t taken = 0;
    int status = cepa_streams_write(streams, slot, &taken, &verdict, sizeof verdict, false);
    return status == 0 && taken == 0 ? CEPA_ERR_FULL : status;
}

/* The slot of a program's stream that has no socket yet, or the one that it was told of; -1 if
 * there is none. */
static int find(const struct cepa_streams *streams, uint64_t client, uint64_t stream)
{
    for (uint32_t i = 0; i < streams->used; i++) {
        const struct cepa_streams_one *one = streams->slots[i];
        if (one != NULL && one->client == client && one->number == stream &&
            (one->stage == CEPA_STREAMS_AT_WAIT || one->stage == CEPA_STREAMS_AT_VERDICT ||
             one->stage == CEPA_STREAMS_AT_OFFER)) {
            return (int)i;
        }
    }
    return -1;
}

int cepa_streams_take(struct cepa_streams *streams, uint64_t client, uint64_t stream, int fd,
                      struct cepa_time now)
{
    int slot = find(streams, client, stream);
    const struct cepa_streams_one *one = slot >= 0 ? streams->slots[slot] : NULL;
    if (one == NULL || one->stage != CEPA_STREAMS_AT_OFFER) {
        return CEPA_ERR_NOT_FOUND;
    }
    int status = one->is_ours ? 0 : cepa_streams_grant_service(streams, (uint32_t)slot);
    if (status == 0) {
        status = cepa_streams_join(streams, (uint32_t)slot, fd, now);
    } else {
        (void)close(fd);
    }
    if (status != 0) {
        cepa_streams_tell(streams, one, CEPA_STREAMS_ENDED, status);
        cepa_streams_remove(streams, (uint32_t)slot, now);
    } else {
        cepa_streams_look_at(streams, (uint32_t)slot, now);
    }
    return 0;
}

int cepa_streams_refuse(struct cepa_streams *streams, uint64_t client, uint64_t stream,
                        enum cepa_connect_verdict verdict)
{
    int slot = find(streams, client, stream);
    if (slot < 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    const struct cepa_streams_one *one = streams->slots[slot];
    if (one->stage == CEPA_STREAMS_AT_OFFER && !one->is_ours) {
        cepa_streams_refuse_service(streams, (uint32_t)slot, verdict, streams->now);
    } else {
        cepa_streams_remove(streams, (uint32_t)slot, streams->now);
    }
    return 0;
}
