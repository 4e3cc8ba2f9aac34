/* An invitation: a line of text with which somebody joins. It names relays of a network, not who
 * invites nor who is invited. @[SPEC 10.1]
 *
 *     cepa:AQ...
 */
#ifndef CEPA_WIRE_INVITATION_H
#define CEPA_WIRE_INVITATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/dial_address.h"

enum { CEPA_INVITATION_VERSION = 1 };

/* An invitation. */
struct cepa_invitation {
    uint8_t network[8]; /* the first bytes of the network's id */
    struct cepa_relay_address addresses[CEPA_INVITATION_ADDRESSES_MAX];
    size_t addresses_len; /* 1 to CEPA_INVITATION_ADDRESSES_MAX */
};

/* cepa_invitation_encode writes the line and a final zero. Returns 0, or CEPA_ERR_ARGUMENT for a
 * number of addresses out of range or a place that is not valid. */
CEPA_MUST_USE int cepa_invitation_encode(char ret_text[CEPA_INVITATION_TEXT_SIZE],
                                         const struct cepa_invitation *invitation);

/* cepa_invitation_decode reads `text_len` characters, without white space around them. `network`
 * is the one to join, or NULL to take any. Returns 0, or
 *   CEPA_ERR_MALFORMED      this is not an invitation;
 *   CEPA_ERR_AUTHENTICATION it is one, but mistyped or cut off (the checksum is wrong);
 *   CEPA_ERR_VERSION        it is one of a later version;
 *   CEPA_ERR_UNSUPPORTED    it is for another network. */
CEPA_MUST_USE int cepa_invitation_decode(struct cepa_invitation *ret_invitation, const char *text,
                                         size_t text_len, const struct cepa_network_id *network);

#endif
