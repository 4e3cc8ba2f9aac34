/* Work of knocks and letters. @[SPEC 16.2] */
#include "session/knock_work.h"

#include <string.h>

#include "base/endian.h"
#include "crypto/hash.h"

enum { DIGEST_SIZE = 32 };

/* What a nonce is hashed with: everything in the message but the nonce. */
static void digest_of(uint8_t ret_digest[DIGEST_SIZE], const uint8_t *message, size_t message_len)
{
    cepa_blake2b(ret_digest, DIGEST_SIZE, message + CEPA_KNOCK_FIRST_OFFSET,
                 message_len - CEPA_KNOCK_FIRST_OFFSET, NULL, 0);
}

static bool is_done(const uint8_t digest[DIGEST_SIZE], const uint8_t nonce[CEPA_KNOCK_WORK_SIZE])
{
    static const char label[] = "cepa v1 knock work";
    uint8_t bytes[sizeof label + DIGEST_SIZE + CEPA_KNOCK_WORK_SIZE];
    uint8_t result[DIGEST_SIZE];
    memcpy(bytes, label, sizeof label);
    memcpy(bytes + sizeof label, digest, DIGEST_SIZE);
    memcpy(bytes + sizeof label + DIGEST_SIZE, nonce, CEPA_KNOCK_WORK_SIZE);
    cepa_blake2b(result, sizeof result, bytes, sizeof bytes, NULL, 0);
    return cepa_be32_load(result) >> (32 - CEPA_KNOCK_WORK_BITS) == 0;
}

static bool has_work(const uint8_t *message, size_t message_len)
{
    uint8_t digest[DIGEST_SIZE];
    digest_of(digest, message, message_len);
    return is_done(digest, message + CEPA_KNOCK_WORK_OFFSET);
}

static int work(uint8_t *message, size_t message_len, uint64_t *nonce, uint32_t tries)
{
    uint8_t digest[DIGEST_SIZE];
    uint8_t bytes[CEPA_KNOCK_WORK_SIZE];
    digest_of(digest, message, message_len);
    for (uint32_t i = 0; i < tries; i++) {
        cepa_be64_store(bytes, (*nonce)++);
        if (is_done(digest, bytes)) {
            memcpy(message + CEPA_KNOCK_WORK_OFFSET, bytes, sizeof bytes);
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}

bool cepa_knock_has_work(const uint8_t *message)
{
    return has_work(message, CEPA_KNOCK_SIZE);
}

int cepa_knock_work(uint8_t *message, uint64_t *nonce, uint32_t tries)
{
    return work(message, CEPA_KNOCK_SIZE, nonce, tries);
}

bool cepa_letter_has_work(const uint8_t *box)
{
    return has_work(box, CEPA_LETTER_SIZE);
}

int cepa_letter_work(uint8_t *box, uint64_t *nonce, uint32_t tries)
{
    return work(box, CEPA_LETTER_SIZE, nonce, tries);
}
