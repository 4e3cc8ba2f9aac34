/* Verification of ML-DSA-65 over arbitrary bytes, and over a good signature with some bytes
 * changed, which only the unchanged one may pass. All kernels give the same verdict, and a hint
 * that unpacks packs to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "crypto/mldsa.h"
#include "crypto/mldsa_pack.h"
#include "native/cpu.h"

static struct cepa_mldsa_workspace workspace;
static struct cepa_mldsa_key key;
static struct cepa_mldsa_signature good;
static const uint8_t message[] = "message";

static void prepare(void)
{
    static int is_prepared;
    static const struct cepa_mldsa_seed seed;
    static const uint8_t zeros[CEPA_MLDSA_RANDOM_BYTES];
    if (is_prepared) {
        return;
    }
    cepa_mldsa_key_expand(&key, &seed, &workspace, 0);
    if (cepa_mldsa_sign(&good, &key, message, sizeof message, NULL, 0, zeros, &workspace, 0) != 0) {
        abort();
    }
    is_prepared = 1;
}

static int verify(const struct cepa_mldsa_signature *signature,
                  const struct cepa_mldsa_public_key *public_key, const uint8_t *text,
                  size_t text_len)
{
    int verdict = cepa_mldsa_verify(signature, public_key, text, text_len, NULL, 0, &workspace, 0);
    if (cepa_mldsa_verify(signature, public_key, text, text_len, NULL, 0, &workspace,
                          cepa_native_cpu()) != verdict) {
        abort();
    }
    return verdict;
}

static void check_hint(const struct cepa_mldsa_signature *signature)
{
    static struct cepa_mldsa_poly hint[CEPA_MLDSA_ROWS];
    uint8_t packed[CEPA_MLDSA_HINT_BYTES];
    const uint8_t *bytes = signature->bytes + sizeof *signature - CEPA_MLDSA_HINT_BYTES;
    if (cepa_mldsa_unpack_hint(hint, bytes) == 0) {
        cepa_mldsa_pack_hint(packed, hint);
        if (memcmp(packed, bytes, sizeof packed) != 0) {
            abort();
        }
    }
}

/* take copies the next `len` bytes, or what there is and zeros. */
static void take(void *ret_bytes, size_t len, const uint8_t **data, size_t *data_len)
{
    size_t taken = len < *data_len ? len : *data_len;
    memset(ret_bytes, 0, len);
    memcpy(ret_bytes, *data, taken);
    *data += taken;
    *data_len -= taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_mldsa_signature signature;
    uint8_t mode;
    prepare();
    take(&mode, 1, &data, &data_len);
    if (mode & 1) {
        struct cepa_mldsa_public_key public_key;
        take(&signature, sizeof signature, &data, &data_len);
        take(&public_key, sizeof public_key, &data, &data_len);
        check_hint(&signature);
        (void)verify(&signature, &public_key, data, data_len);
        return 0;
    }
    /* Changes: two bytes of place, one of difference. */
    signature = good;
    while (data_len >= 3) {
        uint8_t change[3];
        take(change, sizeof change, &data, &data_len);
        size_t place = change[0] | (size_t)(change[1] & 0x0f) << 8;
        if (place < sizeof signature) {
            signature.bytes[place] ^= change[2];
        }
    }
    check_hint(&signature);
    int is_good = memcmp(&signature, &good, sizeof good) == 0;
    if ((verify(&signature, &key.public_key, message, sizeof message) == 0) != is_good) {
        abort();
    }
    return 0;
}
