/* Opening and closing the header of a packet with a relay's own key. */
#include "support/forge.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/stream.h"

static void xor_beta(struct test_relays *relays, const struct cepa_packet_keys *keys)
{
    static const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN] = {0};
    cepa_chacha20_xor(relays->packet + CEPA_PACKET_BETA_OFFSET, CEPA_PACKET_BETA_SIZE, keys->stream,
                      nonce, 0, relays->cpu);
}

void test_forge_keys(struct test_relays *relays, size_t which, struct cepa_packet_keys *ret_keys)
{
    const uint8_t *packet = relays->packet;
    const struct cepa_onion_key *key = cepa_onion_keys_find(&relays->relay[which].keys, packet[2]);
    struct cepa_xwing_ciphertext alpha;
    struct cepa_xwing_secret secret;
    if (key == NULL) {
        abort();
    }
    memcpy(&alpha, packet + CEPA_PACKET_ALPHA_OFFSET, sizeof alpha);
    if (cepa_xwing_decapsulate(&secret, &key->key, &alpha, &relays->peel.xwing, relays->cpu) != 0) {
        abort();
    }
    cepa_packet_keys_derive(ret_keys, &secret, &key->id, packet);
}

void test_forge_open(struct test_relays *relays, size_t which, struct cepa_packet_keys *ret_keys)
{
    test_forge_keys(relays, which, ret_keys);
    xor_beta(relays, ret_keys);
}

void test_forge_close(struct test_relays *relays, const struct cepa_packet_keys *keys)
{
    xor_beta(relays, keys);
    cepa_packet_keys_gamma(keys, relays->packet + CEPA_PACKET_GAMMA_OFFSET, relays->packet,
                           relays->cpu);
}

void test_forge_payload_mac(struct test_relays *relays, const struct cepa_packet_keys *keys)
{
    uint8_t *command = relays->packet + CEPA_PACKET_BETA_OFFSET;
    cepa_packet_keys_payload_mac(keys,
                                 command + CEPA_PACKET_COMMAND_SIZE - CEPA_PACKET_PAYLOAD_MAC_SIZE,
                                 relays->packet + CEPA_PACKET_HEADER_SIZE, relays->cpu);
}

void test_forge_payload(struct test_relays *relays, const struct cepa_packet_keys *keys,
                        const uint8_t *payload)
{
    uint8_t *delta = relays->packet + CEPA_PACKET_HEADER_SIZE;
    struct cepa_hpolyc_key expanded;
    memcpy(delta, payload, CEPA_PACKET_PAYLOAD_SIZE);
    cepa_hpolyc_key_init(&expanded, keys->payload, relays->cpu);
    cepa_hpolyc_encrypt(&expanded, delta, CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, relays->cpu);
    test_forge_payload_mac(relays, keys);
}
