/* What an end keeps of a session so that it can go on after both circuits and program have gone:
 * a secret that is used once, and whose session it was. @[SPEC 16.8]
 *
 * Every session ends with a new secret (struct cepa_session_secrets). An end stores the record,
 * then says KEPT; until the other end has said so too, the secret before is kept beside, since the
 * other end might have nothing else. A record that is restored from yesterday finds nobody at its
 * meetings; and if it did, no key of yesterday's would come again, for each resumption draws fresh
 * X-Wing keys on both sides. */
#ifndef CEPA_SESSION_RESUMPTION_H
#define CEPA_SESSION_RESUMPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "session/handshake.h"

enum {
    CEPA_RESUMPTION_VERSION = 1,
    CEPA_RESUMPTION_SECRETS_MAX = 2,
    CEPA_RESUMPTION_SIZE = 1 + 1 + 1 + 1 + 8 + CEPA_SESSION_ID_SIZE + CEPA_ADDRESS_SIZE +
                           CEPA_RESUMPTION_SECRETS_MAX * CEPA_SESSION_SECRET_SIZE
};

/* For how long a session that was cut can be resumed, on the wall clock. */
#define CEPA_RESUMPTION_KEPT_MS UINT64_C(86400000)

/* A record. Secret; wiped by its owner with cepa_wipe. */
struct cepa_resumption {
    bool is_initiator;
    bool has_peer; /* `peer` is the other end's address; an anonymous one has none */
    struct cepa_address peer;
    uint8_t id[CEPA_SESSION_ID_SIZE]; /* the first session's: by it the owner finds its transfers */
    struct cepa_wall until;
    size_t secrets_len; /* 1 or 2 */
    /* The new one, and the one before while the other end may have no newer one. */
    struct cepa_resumption_secret secrets[CEPA_RESUMPTION_SECRETS_MAX];
};

/* cepa_resumption_init makes the record of a session that began with a knock; `peer_or_null` is the
 * other end's address. */
void cepa_resumption_init(struct cepa_resumption *ret_resumption,
                          const struct cepa_session_secrets *secrets, bool is_initiator,
                          const struct cepa_address *peer_or_null, struct cepa_wall wall);

/* cepa_resumption_renew takes the new secret of a session that was resumed with the secret `used`
 * of the record; that one stays beside it. To be stored before KEPT is said. */
void cepa_resumption_renew(struct cepa_resumption *resumption, size_t used,
                           const struct cepa_session_secrets *secrets, struct cepa_wall wall);

/* cepa_resumption_settle forgets the secret before: the other end has said KEPT. To be stored. */
void cepa_resumption_settle(struct cepa_resumption *resumption);

/* cepa_resumption_meeting gives what the meeting places of a resumption with `secret` follow from,
 * CEPA_SESSION_SECRET_SIZE bytes for rendezvous/meeting.h; secret. Both ends try both secrets. */
void cepa_resumption_meeting(uint8_t *ret_secret, const struct cepa_resumption_secret *secret);

/* cepa_resumption_encode writes CEPA_RESUMPTION_SIZE bytes; secret. */
void cepa_resumption_encode(uint8_t *ret_bytes, const struct cepa_resumption *resumption);

/* cepa_resumption_decode reads them. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_resumption_decode(struct cepa_resumption *ret_resumption,
                                         const uint8_t *bytes, size_t bytes_len);

#endif
