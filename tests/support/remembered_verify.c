/* Verifications of signatures that give the result of the first one with the same bytes. In a
 * simulation hundreds of nodes verify the same credentials; the work of one of them is real. A test
 * program takes these instead of the core's by the linker's option --wrap (cmake/programs.cmake).
 */
#include <string.h>

#include "base/endian.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/mldsa.h"

enum { PLACES = 1 << 16 };

/* A result, and of what. */
struct remembered {
    uint8_t digest[16];
    bool is_taken;
    int result;
};

static struct remembered places[PLACES];

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's. */
int __real_cepa_ed25519_verify(const struct cepa_ed25519_public_key *public_key,
                               const struct cepa_ed25519_signature *signature, const void *data,
                               size_t len);
int __wrap_cepa_ed25519_verify(const struct cepa_ed25519_public_key *public_key,
                               const struct cepa_ed25519_signature *signature, const void *data,
                               size_t len);
int __real_cepa_mldsa_verify(const struct cepa_mldsa_signature *signature,
                             const struct cepa_mldsa_public_key *public_key, const void *message,
                             size_t message_len, const void *context, size_t context_len,
                             struct cepa_mldsa_workspace *workspace, uint32_t cpu);
int __wrap_cepa_mldsa_verify(const struct cepa_mldsa_signature *signature,
                             const struct cepa_mldsa_public_key *public_key, const void *message,
                             size_t message_len, const void *context, size_t context_len,
                             struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* The place for what was hashed; is_taken if the result is known, else to be filled in. */
static struct remembered *find(struct cepa_blake2b *hash)
{
    uint8_t digest[16];
    cepa_blake2b_final(hash, digest, sizeof digest);
    struct remembered *place = &places[cepa_be32_load(digest) % PLACES];
    if (!place->is_taken || memcmp(place->digest, digest, sizeof digest) != 0) {
        memcpy(place->digest, digest, sizeof digest);
        place->is_taken = false;
    }
    return place;
}

int __wrap_cepa_ed25519_verify(const struct cepa_ed25519_public_key *public_key,
                               const struct cepa_ed25519_signature *signature, const void *data,
                               size_t len)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, 16, NULL, 0);
    cepa_blake2b_update(&hash, public_key, sizeof *public_key);
    cepa_blake2b_update(&hash, signature, sizeof *signature);
    cepa_blake2b_update(&hash, data, len);
    struct remembered *place = find(&hash);
    if (!place->is_taken) {
        place->result = __real_cepa_ed25519_verify(public_key, signature, data, len);
        place->is_taken = true;
    }
    return place->result;
}

int __wrap_cepa_mldsa_verify(const struct cepa_mldsa_signature *signature,
                             const struct cepa_mldsa_public_key *public_key, const void *message,
                             size_t message_len, const void *context, size_t context_len,
                             struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    struct cepa_blake2b hash;
    uint8_t lens[16];
    cepa_be64_store(lens, message_len);
    cepa_be64_store(lens + 8, context_len);
    cepa_blake2b_init(&hash, 16, NULL, 0);
    cepa_blake2b_update(&hash, lens, sizeof lens);
    cepa_blake2b_update(&hash, public_key, sizeof *public_key);
    cepa_blake2b_update(&hash, signature, sizeof *signature);
    cepa_blake2b_update(&hash, message, message_len);
    cepa_blake2b_update(&hash, context, context_len);
    struct remembered *place = find(&hash);
    if (!place->is_taken) {
        place->result = __real_cepa_mldsa_verify(signature, public_key, message, message_len,
                                                 context, context_len, workspace, cpu);
        place->is_taken = true;
    }
    return place->result;
}
/* NOLINTEND(bugprone-reserved-identifier) */
