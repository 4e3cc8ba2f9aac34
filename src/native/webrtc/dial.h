/* Dialling a reachable node without any signalling: its address says everything that its answer
 * would, so the dialler composes the answer itself. @[SPEC 6.1], @[SPEC 6.2] */
#ifndef CEPA_NATIVE_WEBRTC_DIAL_H
#define CEPA_NATIVE_WEBRTC_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"
#include "native/webrtc/certificate.h"
#include "native/webrtc/description.h"
#include "wire/ids.h"

enum {
    CEPA_DIAL_SECRET_SIZE = 16,
    CEPA_DIAL_PASSWORD_LEN = 24, /* characters of 6 bits: as many as Chromium's passwords have */
    CEPA_DIAL_PASSWORD_SIZE = CEPA_DIAL_PASSWORD_LEN + 1
};

/* What one must know to get any reply at all from a node. */
struct cepa_dial_secret {
    uint8_t bytes[CEPA_DIAL_SECRET_SIZE];
};

/* The address of a reachable node. */
struct cepa_dial_address {
    struct cepa_net_address address;          /* where it listens, on UDP and on TCP alike */
    struct cepa_certificate_hash certificate; /* which certificate it shows */
    struct cepa_node_id node;                 /* who it is; proved after the connection is open */
    struct cepa_dial_secret secret;
};

/* cepa_dial_password derives the password that belongs to a user fragment of `ufrag_len`
 * characters, with a final zero. Both sides compute it; it never crosses the network. */
void cepa_dial_password(char ret_password[CEPA_DIAL_PASSWORD_SIZE],
                        const struct cepa_dial_secret *secret,
                        const struct cepa_certificate_hash *certificate, const char *ufrag,
                        size_t ufrag_len);

/* cepa_dial_answer makes the node's answer to a dialler that has chosen `ufrag` for it: ICE lite,
 * DTLS server, one candidate on UDP; behind it a passive one on TCP if `has_tcp`, for networks that
 * drop UDP. Returns 0, or CEPA_ERR_MALFORMED if the user fragment or the address is not valid. */
CEPA_MUST_USE int cepa_dial_answer(struct cepa_description *ret_answer,
                                   const struct cepa_dial_address *address, const char *ufrag,
                                   size_t ufrag_len, bool has_tcp);

#endif
