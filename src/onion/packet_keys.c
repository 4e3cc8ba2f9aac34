/* Keys of a hop and their authenticators. */
#include "onion/packet_keys.h"

#include <assert.h>
#include <string.h>

#include "base/ct.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/mac.h"

static_assert(sizeof(struct cepa_packet_keys) == 4 * CEPA_PACKET_KEY_SIZE + CEPA_REPLAY_TAG_SIZE +
                                                     sizeof(struct cepa_circuit_seed),
              "the keys are one run of bytes of the KDF");

void cepa_onion_key_id_of(struct cepa_onion_key_id *ret_id, const struct cepa_xwing_public_key *key)
{
    static const char label[] = "cepa v1 onion key";
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, sizeof ret_id->bytes, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, key->bytes, sizeof key->bytes);
    cepa_blake2b_final(&hash, ret_id->bytes, sizeof ret_id->bytes);
}

void cepa_packet_keys_derive(struct cepa_packet_keys *ret_keys,
                             const struct cepa_xwing_secret *secret,
                             const struct cepa_onion_key_id *key_id, const uint8_t *prefix)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "packet");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, key_id->bytes, sizeof key_id->bytes);
    cepa_kdf_input(&kdf, prefix, CEPA_PACKET_PREFIX_SIZE);
    cepa_kdf_output(&kdf, ret_keys, sizeof *ret_keys);
    cepa_kdf_wipe(&kdf);
}

void cepa_packet_keys_gamma(const struct cepa_packet_keys *keys, uint8_t ret_gamma[CEPA_TAG_SIZE],
                            const uint8_t *header, uint32_t cpu)
{
    struct cepa_poly1305 mac;
    cepa_poly1305_init(&mac, keys->mac, cpu);
    cepa_poly1305_update(&mac, header, CEPA_PACKET_GAMMA_OFFSET);
    cepa_poly1305_update(&mac, header + CEPA_PACKET_BETA_OFFSET, CEPA_PACKET_BETA_SIZE);
    cepa_poly1305_final(&mac, ret_gamma);
}

void cepa_packet_keys_payload_mac(const struct cepa_packet_keys *keys,
                                  uint8_t ret_mac[CEPA_PACKET_PAYLOAD_MAC_SIZE],
                                  const uint8_t *delta, uint32_t cpu)
{
    uint8_t tag[CEPA_POLY1305_TAG_LEN];
    cepa_poly1305(tag, delta, CEPA_PACKET_PAYLOAD_SIZE, keys->payload_mac, cpu);
    memcpy(ret_mac, tag, CEPA_PACKET_PAYLOAD_MAC_SIZE);
    cepa_wipe(tag, sizeof tag);
}
