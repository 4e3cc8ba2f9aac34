/* Two halves: `open_layer` does everything that could tell why a packet is bad, without a branch;
 * `interpret` reads a packet whose sender is known to have meant this hop. */
#include "onion/packet_peel.h"

#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/stream.h"

enum {
    STREAM_BLOCKS_OF_BETA = CEPA_PACKET_BETA_SIZE / CEPA_CHACHA20_BLOCK_LEN,
    COMMAND_MAC_OFFSET = CEPA_PACKET_COMMAND_SIZE - CEPA_PACKET_PAYLOAD_MAC_SIZE
};
static_assert(STREAM_BLOCKS_OF_BETA * CEPA_CHACHA20_BLOCK_LEN == CEPA_PACKET_BETA_SIZE,
              "what follows beta in the stream begins with a block of its own");
static_assert(CEPA_PACKET_ALPHA_OFFSET + CEPA_KEM_CIPHERTEXT_SIZE == CEPA_PACKET_GAMMA_OFFSET,
              "alpha and gamma stand side by side");

static const uint8_t zero_nonce[CEPA_CHACHA20_NONCE_LEN] = {0};

/* The facts about a packet that everybody can see. */
static int find_key(struct cepa_onion_key **ret_key, struct cepa_onion_keys *keys,
                    const uint8_t *packet, size_t packet_len)
{
    uint8_t epoch_byte;
    if (packet_len != CEPA_PACKET_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    int status = cepa_packet_prefix_decode(&epoch_byte, packet);
    if (status != 0) {
        return status;
    }
    struct cepa_onion_key *key = cepa_onion_keys_find(keys, epoch_byte);
    if (key == NULL) {
        return CEPA_ERR_EPOCH;
    }
    *ret_key = key;
    return 0;
}

/* Step 1. All ones if alpha is usable; the keys are derived either way. */
static uint32_t agree(struct cepa_packet_peel_workspace *workspace, const uint8_t *packet,
                      const struct cepa_onion_key *key, uint32_t cpu)
{
    struct cepa_xwing_ciphertext alpha;
    memcpy(alpha.bytes, packet + CEPA_PACKET_ALPHA_OFFSET, sizeof alpha.bytes);
    int status =
        cepa_xwing_decapsulate(&workspace->secret, &key->key, &alpha, &workspace->xwing, cpu);
    cepa_packet_keys_derive(&workspace->keys, &workspace->secret, &key->id, packet);
    return cepa_ct_mask_if_zero((uint32_t)status);
}

/* Step 2. All ones if gamma is right. */
static uint32_t is_header_right(const struct cepa_packet_keys *keys, const uint8_t *packet,
                                uint32_t cpu)
{
    uint8_t gamma[CEPA_TAG_SIZE];
    cepa_packet_keys_gamma(keys, gamma, packet, cpu);
    uint32_t is_right = cepa_ct_compare(gamma, packet + CEPA_PACKET_GAMMA_OFFSET, sizeof gamma);
    cepa_wipe(gamma, sizeof gamma);
    return is_right;
}

/* All ones for the types that have no payload MAC. */
static uint32_t is_without_payload_mac(uint8_t type)
{
    uint32_t is_without = 0;
#define OR_IF_WITHOUT(name, value, slot, mac, delay, circuit)                                      \
    is_without |= (mac) ? 0 : cepa_ct_mask_if_equal(type, (value));
    CEPA_PACKET_TYPE_LIST(OR_IF_WITHOUT)
#undef OR_IF_WITHOUT
    return is_without;
}

/* Step 5. All ones if delta is what the sender made, or the sender cannot have made it. */
static uint32_t is_payload_right(const struct cepa_packet_keys *keys, const uint8_t *packet,
                                 uint32_t cpu)
{
    const uint8_t *command = packet + CEPA_PACKET_BETA_OFFSET;
    uint8_t mac[CEPA_PACKET_PAYLOAD_MAC_SIZE];
    cepa_packet_keys_payload_mac(keys, mac, packet + CEPA_PACKET_HEADER_SIZE, cpu);
    uint32_t is_right = cepa_ct_compare(mac, command + COMMAND_MAC_OFFSET, sizeof mac);
    cepa_wipe(mac, sizeof mac);
    return is_right | is_without_payload_mac(command[0]);
}

/* Steps 1 to 6: the same instructions whatever comes of it. All ones if nothing failed. */
static uint32_t open_layer(struct cepa_packet_peel_workspace *workspace, uint8_t *packet,
                           struct cepa_onion_key *key, struct cepa_replay_share *share,
                           uint32_t cpu)
{
    const struct cepa_packet_keys *keys = &workspace->keys;
    uint32_t is_right = agree(workspace, packet, key, cpu);
    is_right &= is_header_right(keys, packet, cpu);
    is_right &= cepa_replay_cache_insert(&key->replay, share, &keys->replay, is_right).inserted;
    cepa_chacha20_xor(packet + CEPA_PACKET_BETA_OFFSET, CEPA_PACKET_BETA_SIZE, keys->stream,
                      zero_nonce, 0, cpu);
    is_right &= is_payload_right(keys, packet, cpu);
    cepa_hpolyc_key_init(&workspace->payload, keys->payload, cpu);
    cepa_hpolyc_decrypt(&workspace->payload, packet + CEPA_PACKET_HEADER_SIZE,
                        CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, cpu);
    return is_right;
}

/* Makes the packet that goes on: the slot's header parts to the front, the rest of beta up by a
 * slot, and behind it what decrypting zeros gives. */
static void shift(uint8_t *packet, const struct cepa_packet_keys *keys, uint32_t cpu)
{
    uint8_t *beta = packet + CEPA_PACKET_BETA_OFFSET;
    uint8_t *end = beta + CEPA_PACKET_BETA_SIZE - CEPA_PACKET_SLOT_SIZE;
    struct cepa_packet_slot slot;
    int status = cepa_packet_slot_decode(&slot, beta);
    CEPA_ASSERT(status == 0);
    memcpy(packet + CEPA_PACKET_ALPHA_OFFSET, slot.alpha, CEPA_KEM_CIPHERTEXT_SIZE);
    memcpy(packet + CEPA_PACKET_GAMMA_OFFSET, slot.gamma, CEPA_TAG_SIZE);
    memmove(beta, beta + CEPA_PACKET_SLOT_SIZE, CEPA_PACKET_BETA_SIZE - CEPA_PACKET_SLOT_SIZE);
    memset(end, 0, CEPA_PACKET_SLOT_SIZE);
    cepa_chacha20_xor(end, CEPA_PACKET_SLOT_SIZE, keys->stream, zero_nonce, STREAM_BLOCKS_OF_BETA,
                      cpu);
}

/* The content that this hop may see: none of a packet that goes on or is discarded, and all of
 * delta in a reply, which only its recipient can read. */
static int read_content(struct cepa_packet_content *ret_content, const uint8_t *packet,
                        enum cepa_packet_type type)
{
    const uint8_t *delta = packet + CEPA_PACKET_HEADER_SIZE;
    if (type == CEPA_PACKET_DELIVER || type == CEPA_PACKET_CREATE_LAST) {
        return cepa_packet_payload_decode(ret_content, delta);
    }
    ret_content->data = type == CEPA_PACKET_REPLY_LAST ? delta : NULL;
    ret_content->data_len = type == CEPA_PACKET_REPLY_LAST ? CEPA_PACKET_PAYLOAD_SIZE : 0;
    return 0;
}

/* Step 8. The packet is authentic, so its sender knows everything that a branch here can show. */
static int interpret(struct cepa_packet_peeled *ret_peeled, uint8_t *packet,
                     const struct cepa_packet_keys *keys, enum cepa_packet_source source,
                     uint32_t cpu)
{
    const uint8_t *beta = packet + CEPA_PACKET_BETA_OFFSET;
    struct cepa_packet_command command;
    struct cepa_packet_content content;
    if (cepa_packet_command_decode(&command, beta) != 0 ||
        cepa_packet_type_is_from_circuit(command.type) != (source == CEPA_PACKET_FROM_CIRCUIT) ||
        read_content(&content, packet, command.type) != 0) {
        return CEPA_ERR_DROPPED;
    }
    memset(ret_peeled, 0, sizeof *ret_peeled);
    ret_peeled->type = command.type;
    ret_peeled->delay_ms = command.delay_ms;
    ret_peeled->content = content;
    if (command.type == CEPA_PACKET_CREATE || command.type == CEPA_PACKET_CREATE_LAST) {
        ret_peeled->circuit = keys->circuit;
    }
    if (cepa_packet_type_is_slot(command.type)) {
        memcpy(ret_peeled->next.bytes, command.id, sizeof command.id);
        shift(packet, keys, cpu);
    } else {
        memcpy(ret_peeled->recipient.bytes, command.id, sizeof command.id);
    }
    return 0;
}

int cepa_packet_peel(struct cepa_packet_peeled *ret_peeled, uint8_t *packet, size_t packet_len,
                     struct cepa_onion_keys *keys, struct cepa_onion_share *share,
                     enum cepa_packet_source source, struct cepa_packet_peel_workspace *workspace,
                     uint32_t cpu)
{
    struct cepa_onion_key *key;
    int status = find_key(&key, keys, packet, packet_len);
    if (status != 0) {
        return status;
    }
    uint32_t is_right =
        open_layer(workspace, packet, key, cepa_onion_keys_share(keys, key, share), cpu);
    /* That a packet was dropped is public: nothing more is done with it. Why is not. */
    cepa_declassify(&is_right, sizeof is_right);
    status = CEPA_ERR_DROPPED;
    if (is_right != 0) {
        /* What this hop now does with the packet shows what it was told. */
        cepa_declassify(packet, packet_len);
        status = interpret(ret_peeled, packet, &workspace->keys, source, cpu);
    }
    if (status != 0) {
        cepa_wipe(packet, packet_len);
    }
    cepa_wipe(&workspace->secret, sizeof workspace->secret);
    cepa_wipe(&workspace->keys, sizeof workspace->keys);
    cepa_hpolyc_key_wipe(&workspace->payload);
    return status;
}
