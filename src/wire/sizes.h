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
    CEPA_CELL_DATA_MAX = CEPA_CELL_BODY_SIZE - CEPA_CELL_MESSAGE_HEADER_SIZE,

    /* Records of the mesh, @[SPEC 10.1]. */
    CEPA_NETWORK_ID_SIZE = 32,
    CEPA_COMMITMENT_SIZE = 32,
    CEPA_DTLS_HASH_SIZE = 32,
    CEPA_REACH_SECRET_SIZE = 16,
    CEPA_RELAY_FAMILY_SIZE = 16,
    CEPA_SIGNING_KEY_SIZE = 32,      /* Ed25519 */
    CEPA_SIGNATURE_SIZE = 64,        /* Ed25519 */
    CEPA_PQ_SIGNING_KEY_SIZE = 1952, /* ML-DSA-65 */
    CEPA_PQ_SIGNATURE_SIZE = 3309,   /* ML-DSA-65 */
    CEPA_SIGNATURES_SIZE = CEPA_SIGNATURE_SIZE + CEPA_PQ_SIGNATURE_SIZE,
    CEPA_PREFIX_SIZE = 1 + 4,
    CEPA_REACH_SIZE_MAX = 1 + 16 + 2, /* family, IP, port; 12 fewer for IPv4 */
    CEPA_DAY_EPOCHS = 24,             /* in every profile */
    CEPA_DAY_LEAVES = 32,             /* onion keys of a day: epochs, then spares */
    CEPA_ONION_ROOT_SIZE = 32,
    CEPA_ONION_PATH_SIZE = 5 * 32,
    CEPA_CERTIFICATE_SIGNED_SIZE = 4 + CEPA_NETWORK_ID_SIZE + CEPA_SIGNING_KEY_SIZE +
                                   CEPA_PQ_SIGNING_KEY_SIZE + 4 + 4, /* version first, days last */
    CEPA_CERTIFICATE_SIZE = CEPA_CERTIFICATE_SIGNED_SIZE + CEPA_SIGNATURES_SIZE,
    CEPA_RECEIPT_SIGNED_SIZE = CEPA_SIGNING_KEY_SIZE + CEPA_PREFIX_SIZE + 4 + 1 + CEPA_PREFIX_SIZE,
    CEPA_RECEIPT_SIZE = CEPA_RECEIPT_SIGNED_SIZE + CEPA_SIGNATURE_SIZE,
    CEPA_DESCRIPTOR_REACHES_MAX = 4,
    CEPA_DESCRIPTOR_INTRODUCERS_MAX = 3,
    CEPA_DESCRIPTOR_RECEIPTS_MAX = 4,
    CEPA_DESCRIPTOR_SIZE_MIN = 4 + CEPA_NETWORK_ID_SIZE + CEPA_NODE_ID_SIZE + 4 + 4 +
                               CEPA_KEM_PUBLIC_KEY_SIZE + CEPA_ONION_ROOT_SIZE +
                               2 * CEPA_DTLS_HASH_SIZE + CEPA_REACH_SECRET_SIZE +
                               CEPA_RELAY_FAMILY_SIZE + 4 + CEPA_SIGNATURES_SIZE,
    CEPA_DESCRIPTOR_SIZE_MAX = CEPA_DESCRIPTOR_SIZE_MIN +
                               CEPA_DESCRIPTOR_REACHES_MAX * CEPA_REACH_SIZE_MAX +
                               CEPA_DESCRIPTOR_INTRODUCERS_MAX * CEPA_NODE_ID_SIZE +
                               CEPA_DESCRIPTOR_RECEIPTS_MAX * CEPA_RECEIPT_SIZE,
    CEPA_CREDENTIALS_SIZE_MAX = 2 + CEPA_CERTIFICATE_SIZE + 2 + CEPA_DESCRIPTOR_SIZE_MAX,
    CEPA_KEY_RECORD_SIZE =
        4 + CEPA_NODE_ID_SIZE + 4 + 4 + CEPA_KEM_PUBLIC_KEY_SIZE + CEPA_ONION_PATH_SIZE,
    CEPA_WORK_NONCE_SIZE = 24,
    CEPA_INDEX_TAIL_SIZE = 4 + 4 + 1 + 1 + CEPA_PREFIX_SIZE + 9, /* zeros last */
    CEPA_INDEX_RECORD_SIZE = CEPA_SIGNING_KEY_SIZE + CEPA_COMMITMENT_SIZE + CEPA_SIGNATURE_SIZE +
                             CEPA_WORK_NONCE_SIZE + CEPA_INDEX_TAIL_SIZE,
    CEPA_DIAL_ADDRESS_SIZE_MAX =
        CEPA_REACH_SIZE_MAX + CEPA_DTLS_HASH_SIZE + CEPA_NODE_ID_SIZE + CEPA_REACH_SECRET_SIZE,
    CEPA_INVITATION_ADDRESSES_MAX = 5,
    CEPA_INVITATION_BYTES_MAX =
        1 + 8 + 1 + CEPA_INVITATION_ADDRESSES_MAX * CEPA_DIAL_ADDRESS_SIZE_MAX + 4,
    CEPA_INVITATION_TEXT_SIZE = 5 + (CEPA_INVITATION_BYTES_MAX * 4 + 2) / 3 + 1 /* final zero */
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
static_assert(CEPA_INDEX_RECORD_SIZE == 176, "an index record");
static_assert(CEPA_CREDENTIALS_SIZE_MAX <= 12 * 1024, "credentials");
static_assert(CEPA_PACKET_PART_SIZE + 4 <= CEPA_CELL_DATA_MAX, "a part of a packet fits a cell");

#endif
