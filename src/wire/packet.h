/* The readable parts of an onion packet: the prefix in front, and the command that each hop finds
 * at the start of the decrypted beta, alone in a final block or followed by the next hop's header
 * in a slot. What encrypts and authenticates them is onion/packet_build.h and onion/packet_peel.h.
 * @[SPEC 4.1] @[SPEC 4.2] */
#ifndef CEPA_WIRE_PACKET_H
#define CEPA_WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/sizes.h"

enum { CEPA_PACKET_VERSION = 1, CEPA_PACKET_GEOMETRY = 1 };

/* X(name, value, stands in a slot, has a payload MAC, may carry a delay, arrives in a circuit's
 * cells instead of from a link) */
#define CEPA_PACKET_TYPE_LIST(X)                                                                   \
    X(FORWARD, 1, true, true, true, false)                                                         \
    X(CREATE, 2, true, true, false, false)                                                         \
    X(EXTEND, 3, true, true, false, true)                                                          \
    X(REPLY, 4, true, false, true, false)                                                          \
    X(DELIVER, 5, false, true, false, false)                                                       \
    X(CREATE_LAST, 6, false, true, false, false)                                                   \
    X(REPLY_LAST, 7, false, false, false, false)                                                   \
    X(DROP, 8, false, true, false, false)

enum cepa_packet_type {
#define CEPA_PACKET_TYPE_ENUM(name, value, slot, mac, delay, circuit) CEPA_PACKET_##name = (value),
    CEPA_PACKET_TYPE_LIST(CEPA_PACKET_TYPE_ENUM)
#undef CEPA_PACKET_TYPE_ENUM
};

/* What a hop is told to do. */
struct cepa_packet_command {
    enum cepa_packet_type type;                        /* one of the list */
    uint16_t delay_ms;                                 /* wait before forwarding; mostly 0 */
    uint8_t id[CEPA_NODE_ID_SIZE];                     /* the next relay, or the recipient */
    uint8_t payload_mac[CEPA_PACKET_PAYLOAD_MAC_SIZE]; /* of delta as this hop receives it */
};

/* A command with the parts of the next hop's header. */
struct cepa_packet_slot {
    struct cepa_packet_command command; /* of a type that stands in a slot */
    const uint8_t *gamma;               /* CEPA_TAG_SIZE bytes, lent */
    const uint8_t *alpha;               /* CEPA_KEM_CIPHERTEXT_SIZE bytes, lent */
};

/* A command that ends the path. */
struct cepa_packet_final {
    struct cepa_packet_command command; /* of a type that stands in a final block */
    const uint8_t *random;              /* CEPA_PACKET_FINAL_RANDOM_SIZE bytes, lent; ignored */
};

/* cepa_packet_type_is_known says whether a byte is the value of a type. */
bool cepa_packet_type_is_known(uint8_t type);

/* cepa_packet_type_is_slot says whether a known type stands in a slot, that is whether the packet
 * goes on to another hop. */
bool cepa_packet_type_is_slot(enum cepa_packet_type type);

/* cepa_packet_type_has_payload_mac says whether the sender of a known type knows delta, and so can
 * authenticate it to every hop. False for replies. */
bool cepa_packet_type_has_payload_mac(enum cepa_packet_type type);

/* cepa_packet_type_may_delay says whether a command of a known type may carry a delay. */
bool cepa_packet_type_may_delay(enum cepa_packet_type type);

/* cepa_packet_type_is_from_circuit says whether a packet with this known type is accepted from a
 * circuit's cells only (true) or from a link only (false). */
bool cepa_packet_type_is_from_circuit(enum cepa_packet_type type);

/* cepa_packet_prefix_encode writes the four first bytes of every packet of `epoch`. */
void cepa_packet_prefix_encode(uint8_t ret_prefix[CEPA_PACKET_PREFIX_SIZE], uint32_t epoch);

/* cepa_packet_prefix_decode reads the four first bytes at `prefix`; `*ret_epoch_byte` is the low
 * byte of the epoch. Returns 0, CEPA_ERR_VERSION for another version or geometry, or
 * CEPA_ERR_MALFORMED if the last byte is not 0. */
CEPA_MUST_USE int cepa_packet_prefix_decode(uint8_t *ret_epoch_byte,
                                            const uint8_t prefix[CEPA_PACKET_PREFIX_SIZE]);

/* cepa_packet_command_check says whether a command may be sent. Returns 0, or CEPA_ERR_MALFORMED
 * for an unknown type, a delay above CEPA_PACKET_DELAY_MS_MAX or of a type that has none, or a
 * payload MAC that is not all zeros in a type that has none. */
CEPA_MUST_USE int cepa_packet_command_check(const struct cepa_packet_command *command);

/* cepa_packet_command_encode writes the CEPA_PACKET_COMMAND_SIZE bytes of a command that passes
 * cepa_packet_command_check (asserted). */
void cepa_packet_command_encode(uint8_t *ret_bytes, const struct cepa_packet_command *command);

/* cepa_packet_command_decode reads CEPA_PACKET_COMMAND_SIZE bytes. Returns 0, or
 * CEPA_ERR_MALFORMED as cepa_packet_command_check does, and for flags that are not 0. */
CEPA_MUST_USE int cepa_packet_command_decode(struct cepa_packet_command *ret_command,
                                             const uint8_t *bytes);

/* cepa_packet_slot_encode writes the CEPA_PACKET_SLOT_SIZE bytes of a slot; asserted: its type
 * stands in one. */
void cepa_packet_slot_encode(uint8_t *ret_bytes, const struct cepa_packet_slot *slot);

/* cepa_packet_slot_decode reads CEPA_PACKET_SLOT_SIZE bytes, into which the result points. Returns
 * 0, or CEPA_ERR_MALFORMED for a bad command or one that does not stand in a slot. */
CEPA_MUST_USE int cepa_packet_slot_decode(struct cepa_packet_slot *ret_slot, const uint8_t *bytes);

/* cepa_packet_final_encode writes the CEPA_PACKET_FINAL_SIZE bytes of a final block; asserted: its
 * type stands in one. */
void cepa_packet_final_encode(uint8_t *ret_bytes, const struct cepa_packet_final *final);

/* cepa_packet_final_decode reads CEPA_PACKET_FINAL_SIZE bytes, into which the result points.
 * Returns 0, or CEPA_ERR_MALFORMED for a bad command or one that does not stand in a final block.
 */
CEPA_MUST_USE int cepa_packet_final_decode(struct cepa_packet_final *ret_final,
                                           const uint8_t *bytes);

#endif
