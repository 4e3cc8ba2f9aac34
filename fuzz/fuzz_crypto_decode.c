/* What src/crypto decodes: keys to blind, the disk form of a seed chain, Merkle paths, signatures.
 * The first byte of the input chooses; the rest is what a peer or a disk gave. */
#include <stdlib.h>
#include <string.h>

#include "crypto/ed25519.h"
#include "crypto/merkle.h"
#include "crypto/seed_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void require(int fact)
{
    if (!fact) {
        abort();
    }
}

/* A key that passes its check can be blinded, and the blinded key passes it too; one that fails
 * cannot. The bytes after the key are the context. */
static void try_blinding(const uint8_t *data, size_t data_len)
{
    struct cepa_ed25519_public_key key;
    struct cepa_ed25519_blinded_public_key blinded;
    const struct cepa_directory_day day = {20000};
    if (data_len < sizeof key.bytes) {
        return;
    }
    memcpy(key.bytes, data, sizeof key.bytes);
    int checked = cepa_ed25519_public_key_check(&key);
    int error = cepa_ed25519_blind_public_key(&blinded, &key, day, data + sizeof key.bytes,
                                              data_len - sizeof key.bytes);
    require(checked == error);
    require(error == 0 || error == CEPA_ERR_INVALID_KEY);
    require(error != 0 || cepa_ed25519_public_key_check(&blinded.point) == 0);
}

/* What decodes, encodes to the same bytes and gives exactly as many seeds as it says. */
static void try_seed_chain(const uint8_t *data, size_t data_len)
{
    struct cepa_seed_chain chain;
    struct cepa_xwing_seed seed;
    uint8_t encoded[CEPA_SEED_CHAIN_ENCODED_LEN];
    if (cepa_seed_chain_decode(&chain, data, data_len) != 0) {
        return;
    }
    cepa_seed_chain_encode(&chain, encoded);
    require(data_len == sizeof encoded && memcmp(encoded, data, data_len) == 0);
    uint32_t left = chain.count - chain.next;
    require(cepa_seed_chain_skip(&chain, left + 1) == CEPA_ERR_EXHAUSTED);
    for (; left > 0; left--) {
        require(cepa_seed_chain_next(&chain, &seed) == 0);
    }
    require(cepa_seed_chain_next(&chain, &seed) == CEPA_ERR_EXHAUSTED);
    cepa_seed_chain_encode(&chain, encoded);
    require(cepa_seed_chain_decode(&chain, encoded, sizeof encoded) == 0);
}

/* A path from a peer never proves a key under a root that it did not come from. The first byte is
 * the leaf's index. */
static void try_merkle_path(const uint8_t *data, size_t data_len)
{
    static const struct cepa_xwing_public_key key = {{1, 2, 3}};
    static const struct cepa_merkle_root root = {{4, 5, 6}};
    const struct cepa_directory_day day = {20000};
    struct cepa_merkle_path path;
    if (data_len < 1 || cepa_merkle_path_decode(&path, data + 1, data_len - 1) != 0) {
        return;
    }
    require(memcmp(&path, data + 1, sizeof path) == 0);
    require(cepa_merkle_verify(&root, day, data[0], &key, &path) ==
            (data[0] < CEPA_MERKLE_LEAVES ? CEPA_ERR_AUTHENTICATION : CEPA_ERR_MALFORMED));
}

/* Key, signature, message: anything may come out, but never anything else than the two results. */
static void try_signature(const uint8_t *data, size_t data_len)
{
    struct cepa_ed25519_public_key key;
    struct cepa_ed25519_signature signature;
    size_t head_len = sizeof key.bytes + sizeof signature.bytes;
    if (data_len < head_len) {
        return;
    }
    memcpy(key.bytes, data, sizeof key.bytes);
    memcpy(signature.bytes, data + sizeof key.bytes, sizeof signature.bytes);
    int error = cepa_ed25519_verify(&key, &signature, data + head_len, data_len - head_len);
    require(error == 0 || error == CEPA_ERR_AUTHENTICATION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    if (data_len < 1) {
        return 0;
    }
    switch (data[0] & 3) {
    case 0:
        try_blinding(data + 1, data_len - 1);
        break;
    case 1:
        try_seed_chain(data + 1, data_len - 1);
        break;
    case 2:
        try_merkle_path(data + 1, data_len - 1);
        break;
    default:
        try_signature(data + 1, data_len - 1);
        break;
    }
    return 0;
}
