/* How an owner shows that introductions for a key belong to a circuit. @[SPEC 15.3]
 *
 *     key 32 ‖ day 4 ‖ per minute 2 ‖ signature 64 */
#ifndef CEPA_SERVICE_INTRODUCTION_H
#define CEPA_SERVICE_INTRODUCTION_H

#include "base/time.h"
#include "crypto/ed25519.h"
#include "service/services.h"

/* What is asked for. */
struct cepa_introduction {
    struct cepa_ed25519_public_key key; /* made for this relay alone */
    struct cepa_directory_day day;
    uint16_t per_minute; /* how many introductions the owner wants at most */
    struct cepa_ed25519_signature signature;
};

/* cepa_introduction_make makes what the relay of that name is shown; `day` is today. */
void cepa_introduction_make(struct cepa_introduction *ret_introduction,
                            const struct cepa_ed25519_key *key, uint16_t per_minute,
                            struct cepa_directory_day day, const struct cepa_network_id *network,
                            const struct cepa_ed25519_public_key *relay);

/* cepa_introduction_verify returns 0 or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_introduction_verify(const struct cepa_introduction *introduction,
                                           const struct cepa_network_id *network,
                                           const struct cepa_ed25519_public_key *relay);

/* cepa_introduction_encode writes CEPA_INTRODUCTION_SIZE bytes; cepa_introduction_decode reads
 * them, unverified. Returns 0 or CEPA_ERR_LENGTH. */
void cepa_introduction_encode(uint8_t ret_bytes[CEPA_INTRODUCTION_SIZE],
                              const struct cepa_introduction *introduction);
CEPA_MUST_USE int cepa_introduction_decode(struct cepa_introduction *ret_introduction,
                                           const uint8_t *bytes, size_t bytes_len);

#endif
