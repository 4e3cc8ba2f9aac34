/* The byte arithmetic of links: handshake messages, their parts, and what a frame's body holds.
 * @[SPEC 7] */
#ifndef CEPA_WIRE_LINK_SIZES_H
#define CEPA_WIRE_LINK_SIZES_H

#include "wire/sizes.h"

enum {
    /* Carriers. */
    CEPA_LINK_BINDING_SIZE = 64,
    CEPA_LINK_HINT_SIZE = 8, /* the beginning of a network id or of a key's hash */
    CEPA_LINK_CREDENTIALS_MAX = 12 * 1024,

    /* A handshake message travels in parts that fill frames. */
    CEPA_HANDSHAKE_PART_HEADER_SIZE = 1 + 1 + 1 + 1 + 2 + 2, /* kind, index, count, 0, length, 0 */
    CEPA_HANDSHAKE_PART_MAX = CEPA_FRAME_SIZE - CEPA_HANDSHAKE_PART_HEADER_SIZE,
    CEPA_HANDSHAKE_PARTS_MAX = 16,

    /* What the messages hold. */
    CEPA_LINK_PARAMETERS_SIZE = 1 + 1 + 1 + 1 + 4 + 8 + 2 + 2 + 4, /* wire/handshake.h */
    CEPA_HANDSHAKE_ASK_SIZE = 1 + 1 + CEPA_LINK_HINT_SIZE,
    CEPA_HANDSHAKE_FIRST_HEADER_SIZE = 1 + 1 + 2 * CEPA_LINK_HINT_SIZE,
    CEPA_HANDSHAKE_FIRST_CLEAR_SIZE =
        CEPA_HANDSHAKE_FIRST_HEADER_SIZE + CEPA_KEM_CIPHERTEXT_SIZE + CEPA_KEM_PUBLIC_KEY_SIZE,
    CEPA_HANDSHAKE_FIRST_MIN =
        CEPA_HANDSHAKE_FIRST_CLEAR_SIZE + CEPA_LINK_PARAMETERS_SIZE + CEPA_TAG_SIZE,
    CEPA_HANDSHAKE_FIRST_MAX = CEPA_HANDSHAKE_FIRST_MIN + CEPA_LINK_CREDENTIALS_MAX,
    CEPA_HANDSHAKE_SECOND_MIN =
        CEPA_KEM_CIPHERTEXT_SIZE + CEPA_LINK_PARAMETERS_SIZE + CEPA_TAG_SIZE,
    CEPA_HANDSHAKE_SECOND_MAX = CEPA_HANDSHAKE_SECOND_MIN + CEPA_KEM_CIPHERTEXT_SIZE,
    CEPA_HANDSHAKE_REFUSAL_SIZE = 1,

    /* Bodies of sealed frames; each begins with its kind. */
    CEPA_RELAYED_BODY_SIZE = CEPA_RELAYED_FRAME_SIZE - CEPA_FRAME_SEAL_SIZE,
    CEPA_LINK_CELL_HEADER_SIZE = CEPA_CELL_HEADER_SIZE + 2, /* and a number for credit */
    CEPA_LINK_PACKET_HEADER_SIZE = 1 + 4 + 4,               /* kind, circuit, part header */
    CEPA_LINK_MESSAGE_HEADER_SIZE = 1 + 2 + 1 + 1 + 2,      /* kind, number, index, count, length */
    CEPA_LINK_MESSAGE_PART_SIZE = 1056,
    CEPA_LINK_MESSAGE_MAX = 16384,
    CEPA_LINK_MESSAGE_PARTS_MAX = 16,
    CEPA_LINK_CONTROL_HEADER_SIZE = 1 + 8 + 8 + 4, /* kind, highest, received, delay */
    CEPA_LINK_NONCE_SIZE = 16,
    CEPA_LINK_PROOF_SIZE = 32
};

static_assert(CEPA_HANDSHAKE_FIRST_MAX <=
                  CEPA_HANDSHAKE_PARTS_MAX *
                      (CEPA_RELAYED_FRAME_SIZE - CEPA_HANDSHAKE_PART_HEADER_SIZE),
              "a first message fits its parts on every carrier");
static_assert(CEPA_LINK_CELL_HEADER_SIZE + CEPA_CELL_BODY_SIZE <= CEPA_RELAYED_BODY_SIZE,
              "a cell fits on every carrier");
static_assert(CEPA_LINK_PACKET_HEADER_SIZE + CEPA_PACKET_PART_SIZE <= CEPA_RELAYED_BODY_SIZE,
              "a part of a packet fits on every carrier");
static_assert(CEPA_LINK_MESSAGE_HEADER_SIZE + CEPA_LINK_MESSAGE_PART_SIZE <= CEPA_RELAYED_BODY_SIZE,
              "a part of a message fits on every carrier");
static_assert(CEPA_LINK_MESSAGE_PARTS_MAX * CEPA_LINK_MESSAGE_PART_SIZE >= CEPA_LINK_MESSAGE_MAX,
              "a message fits its parts");
static_assert((int)CEPA_LINK_MESSAGE_MAX == (int)CEPA_PACKET_SIZE,
              "both are assembled in one kind of buffer");

#endif
