/* X-Wing on hostile bytes: the first 1,216 are taken as a public key, the next 1,120 as a
 * ciphertext, with zeros for what is missing. Portable and fast code must agree on everything. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/cpu.h"
#include "crypto/xwing.h"
#include "native/cpu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static struct cepa_xwing_workspace workspace;
static struct cepa_xwing_key key;

static void take(uint8_t *ret_bytes, size_t len, const uint8_t **data, size_t *data_len)
{
    size_t taken = *data_len < len ? *data_len : len;
    memset(ret_bytes, 0, len);
    if (taken > 0) {
        memcpy(ret_bytes, *data, taken);
    }
    *data += taken;
    *data_len -= taken;
}

static void encapsulate(const struct cepa_xwing_public_key *public_key)
{
    static const uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES] = {1};
    struct cepa_xwing_ciphertext ciphertexts[2];
    struct cepa_xwing_secret secrets[2];
    memset(ciphertexts, 0, sizeof ciphertexts);
    memset(secrets, 0, sizeof secrets);
    int checked = cepa_xwing_public_key_check(public_key);
    int portable = cepa_xwing_encapsulate(&ciphertexts[0], &secrets[0], public_key, randomness,
                                          &workspace, CEPA_CPU_PORTABLE);
    int fast = cepa_xwing_encapsulate(&ciphertexts[1], &secrets[1], public_key, randomness,
                                      &workspace, cepa_native_cpu());
    CEPA_ASSERT((checked == 0) == (portable == 0) && portable == fast);
    CEPA_ASSERT(memcmp(&ciphertexts[0], &ciphertexts[1], sizeof ciphertexts[0]) == 0);
    CEPA_ASSERT(memcmp(&secrets[0], &secrets[1], sizeof secrets[0]) == 0);
}

static void decapsulate(const struct cepa_xwing_ciphertext *ciphertext)
{
    static const struct cepa_xwing_seed seed = {{2}};
    struct cepa_xwing_secret secrets[2];
    cepa_xwing_key_expand(&key, &seed, &workspace, cepa_native_cpu());
    int portable =
        cepa_xwing_decapsulate(&secrets[0], &key, ciphertext, &workspace, CEPA_CPU_PORTABLE);
    int fast = cepa_xwing_decapsulate(&secrets[1], &key, ciphertext, &workspace, cepa_native_cpu());
    CEPA_ASSERT(portable == fast);
    CEPA_ASSERT(memcmp(&secrets[0], &secrets[1], sizeof secrets[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_xwing_public_key public_key;
    struct cepa_xwing_ciphertext ciphertext;
    take(public_key.bytes, sizeof public_key.bytes, &data, &data_len);
    take(ciphertext.bytes, sizeof ciphertext.bytes, &data, &data_len);
    encapsulate(&public_key);
    decapsulate(&ciphertext);
    return 0;
}
