/* All byte arithmetic of the wire formats, as sums of names. Nothing else in the project states one
 * of these numbers; the assertions at the end hold the few totals that the design fixes.
 * @[SPEC 4.1] for packets, @[SPEC 5.1] for cells. */
#ifndef CEPA_WIRE_SIZES_H
#define CEPA_WIRE_SIZES_H

#include <assert.h>

enum {
    /* Parts that several messages share. */
    CEPA_NODE_ID_SIZE = 32,          /* names a relay */
    CEPA_TAG_SIZE = 16,              /* a Poly1305 tag */
    CEPA_ZERO_PREFIX_SIZE = 16,      /* zeros by which a wide-block plaintext is recognised */
    CEPA_KEM_CIPHERTEXT_SIZE = 1120, /* X-Wing */
    CEPA_KEM_PUBLIC_KEY_SIZE = 1216, /* X-Wing */

    /* A datagram and the link frame in it; here because packets and cells are cut to fit. */
    CEPA_FRAME_SIZE = 1128,                   /* one frame is one data-channel message */
    CEPA_FRAME_SEAL_SIZE = 8 + CEPA_TAG_SIZE, /* counter, tag */
    CEPA_FRAME_BODY_SIZE = CEPA_FRAME_SIZE - CEPA_FRAME_SEAL_SIZE,
    CEPA_RELAYED_HEADER_SIZE = 5,
    CEPA_RELAYED_FRAME_SIZE = (CEPA_FRAME_BODY_SIZE - CEPA_RELAYED_HEADER_SIZE) / 8 * 8,
    CEPA_CELL_HEADER_SIZE = 1 + 4 + 8, /* kind, circuit, counter */

    /* Onion packets. */
    CEPA_PACKET_HOPS_MAX = 5,
    CEPA_PACKET_SIZE = 16384,
    CEPA_PACKET_PREFIX_SIZE = 4, /* version, geometry, low byte of the epoch, zero */
    CEPA_PACKET_PAYLOAD_MAC_SIZE = 12,
    CEPA_PACKET_COMMAND_SIZE =
        1 + 1 + 2 + CEPA_NODE_ID_SIZE + CEPA_PACKET_PAYLOAD_MAC_SIZE, /* type, flags, delay first */
    CEPA_PACKET_SLOT_SIZE = CEPA_PACKET_COMMAND_SIZE + CEPA_TAG_SIZE + CEPA_KEM_CIPHERTEXT_SIZE,
    CEPA_PACKET_FINAL_RANDOM_SIZE = 16, /* fills the final block */
    CEPA_PACKET_FINAL_SIZE = CEPA_PACKET_COMMAND_SIZE + CEPA_PACKET_FINAL_RANDOM_SIZE,
    CEPA_PACKET_BETA_SIZE =
        (CEPA_PACKET_HOPS_MAX - 1) * CEPA_PACKET_SLOT_SIZE + CEPA_PACKET_FINAL_SIZE,
    CEPA_PACKET_ALPHA_OFFSET = CEPA_PACKET_PREFIX_SIZE,
    CEPA_PACKET_GAMMA_OFFSET = CEPA_PACKET_ALPHA_OFFSET + CEPA_KEM_CIPHERTEXT_SIZE,
    CEPA_PACKET_BETA_OFFSET = CEPA_PACKET_GAMMA_OFFSET + CEPA_TAG_SIZE,
    CEPA_PACKET_HEADER_SIZE = CEPA_PACKET_BETA_OFFSET + CEPA_PACKET_BETA_SIZE,
    CEPA_PACKET_PAYLOAD_SIZE = CEPA_PACKET_SIZE - CEPA_PACKET_HEADER_SIZE,
    CEPA_PACKET_STREAM_SIZE = CEPA_PACKET_BETA_SIZE + CEPA_PACKET_SLOT_SIZE,
    CEPA_PACKET_CONTENT_OFFSET = CEPA_ZERO_PREFIX_SIZE + 2, /* zeros, length */
    CEPA_PACKET_CONTENT_MAX = CEPA_PACKET_PAYLOAD_SIZE - CEPA_PACKET_CONTENT_OFFSET,
    CEPA_PACKET_DELAY_MS_MAX = 10000,
    CEPA_PACKET_PARTS = 16, /* a packet travels on a link in so many parts */
    CEPA_PACKET_PART_SIZE = CEPA_PACKET_SIZE / CEPA_PACKET_PARTS,

    /* Single-use reply blocks. */
    CEPA_SURB_KEY_SIZE = 32,
    CEPA_SURB_SIZE = CEPA_NODE_ID_SIZE + CEPA_PACKET_HEADER_SIZE + CEPA_SURB_KEY_SIZE,

    /* Circuit cells. */
    CEPA_CELL_BODY_SIZE = 1056,
    CEPA_CELL_MESSAGE_HEADER_SIZE = CEPA_ZERO_PREFIX_SIZE + 1 + 1 + 2, /* command, flags, length */
    CEPA_CELL_DATA_MAX = CEPA_CELL_BODY_SIZE - CEPA_CELL_MESSAGE_HEADER_SIZE
};

static_assert(CEPA_PACKET_SLOT_SIZE == 1184, "a shifted slot, @[SPEC 4.1]");
static_assert(CEPA_PACKET_HEADER_SIZE == 5940, "the header, @[SPEC 4.1]");
static_assert(CEPA_PACKET_PAYLOAD_SIZE == 10444, "the payload, @[SPEC 4.1]");
static_assert(CEPA_PACKET_PARTS * CEPA_PACKET_PART_SIZE == CEPA_PACKET_SIZE, "parts fill a packet");
static_assert(CEPA_PACKET_FINAL_SIZE == 64, "the final block, @[SPEC 4.1]");
static_assert(CEPA_SURB_SIZE == 6004, "a SURB");
static_assert(CEPA_SURB_SIZE <= CEPA_PACKET_CONTENT_MAX, "a SURB travels in a packet");
static_assert(CEPA_FRAME_BODY_SIZE == 1104, "a frame's body");
static_assert(CEPA_RELAYED_FRAME_SIZE == 1096, "an inner frame");
static_assert(CEPA_CELL_BODY_SIZE + CEPA_CELL_HEADER_SIZE + CEPA_FRAME_SEAL_SIZE <=
                  CEPA_RELAYED_FRAME_SIZE,
              "a cell fits on every carrier, the relayed one too");
static_assert(CEPA_PACKET_PART_SIZE + 4 <= CEPA_CELL_DATA_MAX, "a part of a packet fits a cell");

#endif
