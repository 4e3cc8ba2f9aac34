/* The readable parts of a link's handshake: parts that fill frames, and the fields around what is
 * encrypted. The cryptography is link/handshake_keys.h. @[SPEC 7.2] @[SPEC 7.3] */
#ifndef CEPA_WIRE_HANDSHAKE_H
#define CEPA_WIRE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/link_sizes.h"

enum { CEPA_LINK_VERSION = 1 };

/* Kinds of handshake messages. The first byte of their frames is 0x80 plus this; in a sealed frame
 * it is the top byte of a counter, below 0x80. */
enum cepa_handshake_kind {
    CEPA_HANDSHAKE_ASK = 1,         /* initiator: who are you? */
    CEPA_HANDSHAKE_CREDENTIALS = 2, /* responder: certificate and descriptor */
    CEPA_HANDSHAKE_FIRST = 3,       /* initiator: ciphertext, fresh key, sealed rest */
    CEPA_HANDSHAKE_SECOND = 4,      /* responder: ciphertext, sealed rest */
    CEPA_HANDSHAKE_REFUSAL = 5      /* responder: why not */
};

/* Why a responder refuses, as a word that nobody can check. */
enum cepa_handshake_refusal {
    CEPA_REFUSAL_VERSION = 1, /* no version in common */
    CEPA_REFUSAL_NETWORK = 2, /* another network */
    CEPA_REFUSAL_KEY = 3,     /* the link key is not live here any more */
    CEPA_REFUSAL_BUSY = 4     /* too many handshakes */
};

/* One part of a handshake message. */
struct cepa_handshake_part {
    enum cepa_handshake_kind kind;
    uint8_t index; /* 0 to count - 1 */
    uint8_t count; /* as many as a message of message_len bytes has */
    uint16_t message_len;
    const uint8_t *data; /* lent; in a decoded part it points into the frame */
    size_t data_len;     /* bytes; only the last part does not fill its frame */
};

/* What both sides say of themselves. */
struct cepa_link_parameters {
    uint8_t version_min; /* that is spoken */
    uint8_t version_max;
    uint8_t roles;         /* bits: relay 1, client 2, metered 4 */
    uint8_t shaper;        /* class of rates, informative: enum cepa_shaper_mode */
    uint32_t features;     /* bits; none is defined */
    uint64_t clock_ms;     /* wall clock */
    uint16_t credit;       /* cells that a new circuit may send at once */
    uint32_t circuits_max; /* that this side accepts */
};

/* The fields before what is encrypted in a first message. */
struct cepa_handshake_first {
    uint8_t version;
    const uint8_t *network_hint; /* CEPA_LINK_HINT_SIZE bytes of the network id, lent */
    const uint8_t *key_hint;     /* CEPA_LINK_HINT_SIZE bytes of the hash of the link key, lent */
    const uint8_t *ciphertext;   /* CEPA_KEM_CIPHERTEXT_SIZE bytes to the link key, lent */
    const uint8_t *public_key;   /* CEPA_KEM_PUBLIC_KEY_SIZE bytes, fresh, lent */
};

/* cepa_handshake_part_count gives how many frames of `frame_len` bytes a message needs; at least 1.
 */
unsigned cepa_handshake_part_count(size_t message_len, size_t frame_len);

/* cepa_handshake_part_encode writes a frame with part `index` of a message; asserted: there is such
 * a part, and not more than CEPA_HANDSHAKE_PARTS_MAX. */
void cepa_handshake_part_encode(uint8_t *ret_frame, size_t frame_len, enum cepa_handshake_kind kind,
                                const uint8_t *message, size_t message_len, unsigned index);

/* cepa_handshake_part_decode reads a frame. Returns 0, or CEPA_ERR_MALFORMED for a kind, a count, a
 * length or zeros that are not as they must be. */
CEPA_MUST_USE int cepa_handshake_part_decode(struct cepa_handshake_part *ret_part,
                                             const uint8_t *frame, size_t frame_len);

/* cepa_link_parameters_encode writes CEPA_LINK_PARAMETERS_SIZE bytes. */
void cepa_link_parameters_encode(uint8_t *ret_bytes, const struct cepa_link_parameters *parameters);

/* cepa_link_parameters_decode reads CEPA_LINK_PARAMETERS_SIZE bytes. Returns 0, or
 * CEPA_ERR_MALFORMED for a range of versions that is none, unknown roles, or reserved bytes that
 * are not 0. */
CEPA_MUST_USE int cepa_link_parameters_decode(struct cepa_link_parameters *ret_parameters,
                                              const uint8_t *bytes);

/* cepa_link_parameters_agree gives what two sides have in common; roles and clock are the peer's.
 * Returns 0 or CEPA_ERR_VERSION. */
CEPA_MUST_USE int cepa_link_parameters_agree(struct cepa_link_parameters *ret_agreed,
                                             const struct cepa_link_parameters *mine,
                                             const struct cepa_link_parameters *peer);

/* cepa_handshake_first_encode writes CEPA_HANDSHAKE_FIRST_CLEAR_SIZE bytes. */
void cepa_handshake_first_encode(uint8_t *ret_bytes, const struct cepa_handshake_first *first);

/* cepa_handshake_first_decode reads the beginning of a first message, into which the result points.
 * Returns 0, CEPA_ERR_LENGTH for a message that is too short or too long, CEPA_ERR_VERSION, or
 * CEPA_ERR_MALFORMED for flags that are not 0. */
CEPA_MUST_USE int cepa_handshake_first_decode(struct cepa_handshake_first *ret_first,
                                              const uint8_t *message, size_t message_len);

/* cepa_handshake_ask_encode writes CEPA_HANDSHAKE_ASK_SIZE bytes; `network_hint` has
 * CEPA_LINK_HINT_SIZE. */
void cepa_handshake_ask_encode(uint8_t *ret_bytes, const uint8_t *network_hint);

/* cepa_handshake_ask_decode reads an ASK; `*ret_network_hint` points into it. Returns as
 * cepa_handshake_first_decode does. */
CEPA_MUST_USE int cepa_handshake_ask_decode(const uint8_t **ret_network_hint,
                                            const uint8_t *message, size_t message_len);

#endif
