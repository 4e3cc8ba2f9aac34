/* The signature names the relay and the day, so that it is of no use elsewhere or later. */
#include "service/introduction.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/hash.h"

enum { DIGEST_SIZE = 64 };

static const char label[] = "cepa v1 introduction";

static void digest_of(uint8_t ret_digest[DIGEST_SIZE], const struct cepa_introduction *introduction,
                      const struct cepa_network_id *network,
                      const struct cepa_ed25519_public_key *relay)
{
    uint8_t bytes[CEPA_INTRODUCTION_SIZE];
    struct cepa_blake2b hash;
    cepa_introduction_encode(bytes, introduction);
    cepa_blake2b_init(&hash, DIGEST_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, relay->bytes, sizeof relay->bytes);
    cepa_blake2b_update(&hash, bytes, sizeof bytes - sizeof introduction->signature.bytes);
    cepa_blake2b_final(&hash, ret_digest, DIGEST_SIZE);
}

void cepa_introduction_make(struct cepa_introduction *ret_introduction,
                            const struct cepa_ed25519_key *key, uint16_t per_minute,
                            struct cepa_directory_day day, const struct cepa_network_id *network,
                            const struct cepa_ed25519_public_key *relay)
{
    uint8_t digest[DIGEST_SIZE];
    *ret_introduction =
        (struct cepa_introduction){.key = key->public_key, .day = day, .per_minute = per_minute};
    digest_of(digest, ret_introduction, network, relay);
    cepa_ed25519_sign(key, &ret_introduction->signature, digest, sizeof digest);
}

int cepa_introduction_verify(const struct cepa_introduction *introduction,
                             const struct cepa_network_id *network,
                             const struct cepa_ed25519_public_key *relay)
{
    uint8_t digest[DIGEST_SIZE];
    digest_of(digest, introduction, network, relay);
    return cepa_ed25519_verify(&introduction->key, &introduction->signature, digest, sizeof digest);
}

void cepa_introduction_encode(uint8_t ret_bytes[CEPA_INTRODUCTION_SIZE],
                              const struct cepa_introduction *introduction)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_INTRODUCTION_SIZE);
    cepa_writer_bytes(&writer, introduction->key.bytes, sizeof introduction->key.bytes);
    cepa_writer_u32(&writer, introduction->day.number);
    cepa_writer_u16(&writer, introduction->per_minute);
    cepa_writer_bytes(&writer, introduction->signature.bytes, sizeof introduction->signature.bytes);
}

int cepa_introduction_decode(struct cepa_introduction *ret_introduction, const uint8_t *bytes,
                             size_t bytes_len)
{
    struct cepa_reader reader;
    struct cepa_introduction read;
    cepa_reader_init(&reader, bytes, bytes_len);
    cepa_reader_bytes(&reader, read.key.bytes, sizeof read.key.bytes);
    read.day.number = cepa_reader_u32(&reader);
    read.per_minute = cepa_reader_u16(&reader);
    cepa_reader_bytes(&reader, read.signature.bytes, sizeof read.signature.bytes);
    int error = cepa_reader_end(&reader);
    if (error == 0) {
        *ret_introduction = read;
    }
    return error;
}
