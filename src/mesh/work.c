/* Proof of work: one per identity, so that a machine cannot make a million of them. @[SPEC 10.6] */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "mesh/credentials.h"
#include "mesh/digest.h"

static const char work_label[] = "cepa v1 work";

enum { HASH_LEN = 32 };

/* Whether the hash of the input begins with `bits` zeros. */
static bool is_enough(const uint8_t *input, size_t input_len, uint8_t bits)
{
    uint8_t hash[HASH_LEN];
    size_t whole = bits / 8;
    cepa_record_hash(hash, sizeof hash, work_label, sizeof work_label, input, input_len);
    for (size_t i = 0; i < whole; i++) {
        if (hash[i] != 0) {
            return false;
        }
    }
    return bits % 8 == 0 || hash[whole] >> (8 - bits % 8) == 0;
}

void cepa_work_init(struct cepa_work *work, const struct cepa_record_rules *rules,
                    const uint8_t *signing_key, const uint8_t start[CEPA_WORK_NONCE_SIZE])
{
    CEPA_ASSERT(rules->work_bits <= 64);
    memcpy(work->input, rules->network.bytes, CEPA_NETWORK_ID_SIZE);
    memcpy(work->input + CEPA_NETWORK_ID_SIZE, signing_key, CEPA_SIGNING_KEY_SIZE);
    memcpy(work->input + CEPA_NETWORK_ID_SIZE + CEPA_SIGNING_KEY_SIZE, start, CEPA_WORK_NONCE_SIZE);
    work->tries = 0;
    work->bits = rules->work_bits;
}

int cepa_work_step(struct cepa_work *work, uint8_t ret_nonce[CEPA_WORK_NONCE_SIZE],
                   uint32_t tries_max)
{
    uint8_t *nonce = work->input + CEPA_NETWORK_ID_SIZE + CEPA_SIGNING_KEY_SIZE;
    uint8_t *counter = nonce + CEPA_WORK_NONCE_SIZE - 8;
    for (uint32_t i = 0; i < tries_max; i++) {
        work->tries++;
        if (is_enough(work->input, sizeof work->input, work->bits)) {
            memcpy(ret_nonce, nonce, CEPA_WORK_NONCE_SIZE);
            return 1;
        }
        cepa_be64_store(counter, cepa_be64_load(counter) + 1);
    }
    return 0;
}

int cepa_work_check(const struct cepa_record_rules *rules, const uint8_t *signing_key,
                    const uint8_t nonce[CEPA_WORK_NONCE_SIZE])
{
    struct cepa_work work;
    cepa_work_init(&work, rules, signing_key, nonce);
    return is_enough(work.input, sizeof work.input, work.bits) ? 0 : CEPA_ERR_AUTHENTICATION;
}
