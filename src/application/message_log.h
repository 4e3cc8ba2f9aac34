/* Which messages were accepted within a day, so that none is accepted twice: a sender that did not
 * hear that it was kept sends its message again. @[SPEC 17.2]
 *
 * A ring in the order of acceptance and a map by name, in memory that the caller gives. When it is
 * full the oldest is forgotten: then a message could come twice, which is better than that a flood
 * keeps everybody's messages out. A driver that keeps messages on disk fills the log from there
 * after a start, oldest first. */
#ifndef CEPA_APPLICATION_MESSAGE_LOG_H
#define CEPA_APPLICATION_MESSAGE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "application/stream_header.h"
#include "base/error.h"
#include "base/map.h"
#include "base/ring.h"
#include "base/siphash.h"
#include "base/time.h"

/* How long a message is remembered. */
#define CEPA_MESSAGE_LOG_DAY_MS UINT64_C(86400000)

enum { CEPA_MESSAGE_SENDER_SIZE = 32 };

/* Whose message it is: 32 bytes that its receiver tells senders apart by, such as the first bytes
 * of an address; all zeros for those who do not say who they are. */
struct cepa_message_sender {
    uint8_t bytes[CEPA_MESSAGE_SENDER_SIZE];
};

/* A log of messages. */
struct cepa_message_log {
    struct cepa_map names;  /* which are here: hashes of sender and id */
    struct cepa_ring order; /* the same, oldest first, with their times */
};

/* cepa_message_log_size gives the memory for `capacity` messages, a power of two; SIZE_MAX if there
 * is no such number. About 140 bytes each. */
size_t cepa_message_log_size(uint32_t capacity);

/* cepa_message_log_init makes an empty log in the `memory_len` >= cepa_message_log_size(capacity)
 * bytes at `memory` (asserted), aligned as base/block.h says and lent for the log's life. `key` is
 * random and secret. */
void cepa_message_log_init(struct cepa_message_log *ret_log, void *memory, size_t memory_len,
                           uint32_t capacity, const struct cepa_siphash_key *key);

/* cepa_message_log_check says whether a message could be accepted now: for when its header has
 * come, and its text has not. Returns 0 or CEPA_ERR_REPLAY. */
CEPA_MUST_USE int cepa_message_log_check(const struct cepa_message_log *log,
                                         const struct cepa_message_sender *sender,
                                         const struct cepa_message_id *id);

/* cepa_message_log_accept takes a message into the log when all of it has come and before anybody
 * sees it, and forgets those of more than a day before `now`. A clock that was set back makes it
 * remember longer, nothing else. Returns 0; or CEPA_ERR_REPLAY if it is here already: it is not
 * shown again, and its sender hears that it is kept. */
CEPA_MUST_USE int cepa_message_log_accept(struct cepa_message_log *log,
                                          const struct cepa_message_sender *sender,
                                          const struct cepa_message_id *id, struct cepa_wall now);

/* cepa_message_log_count gives how many messages are remembered. */
uint32_t cepa_message_log_count(const struct cepa_message_log *log);

/* cepa_message_log_wipe forgets everything and ends the log. */
void cepa_message_log_wipe(struct cepa_message_log *log);

#endif
