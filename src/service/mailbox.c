/* The signature covers all bytes before it, the service, and where and when it is of use. */
#include "service/mailbox.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "crypto/hash.h"

enum { DIGEST_SIZE = 64, MINUTE_MS = 60 * 1000 };

static const char label[] = "cepa v1 mailbox";

uint32_t cepa_mailbox_minute(struct cepa_wall wall)
{
    uint64_t minute = wall.unix_ms / MINUTE_MS;
    return minute > UINT32_MAX ? 0 : (uint32_t)minute;
}

static void digest_of(uint8_t ret_digest[DIGEST_SIZE], uint8_t service, const uint8_t *body,
                      size_t body_len, const struct cepa_network_id *network,
                      const struct cepa_ed25519_public_key *relay)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, DIGEST_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, relay->bytes, sizeof relay->bytes);
    cepa_blake2b_update(&hash, &service, 1);
    cepa_blake2b_update(&hash, body, body_len - CEPA_ED25519_SIGNATURE_LEN);
    cepa_blake2b_final(&hash, ret_digest, DIGEST_SIZE);
}

static void begin(struct cepa_writer *writer, uint8_t *ret_body, size_t body_len,
                  const struct cepa_ed25519_public_key *owner,
                  const struct cepa_mailbox_binding *binding)
{
    cepa_writer_init(writer, ret_body, body_len);
    cepa_writer_bytes(writer, owner->bytes, sizeof owner->bytes);
    cepa_writer_u32(writer, binding->minute);
}

static void sign(uint8_t *body, size_t body_len, uint8_t service,
                 const struct cepa_ed25519_key *key, const struct cepa_mailbox_binding *binding)
{
    uint8_t digest[DIGEST_SIZE];
    struct cepa_ed25519_signature signature;
    digest_of(digest, service, body, body_len, &binding->network, &binding->relay);
    cepa_ed25519_sign(key, &signature, digest, sizeof digest);
    memcpy(body + body_len - sizeof signature.bytes, signature.bytes, sizeof signature.bytes);
}

void cepa_mailbox_put(uint8_t *ret_body, const struct cepa_ed25519_public_key *owner,
                      const struct cepa_ed25519_key *writing, const uint8_t *box,
                      const struct cepa_mailbox_binding *binding)
{
    struct cepa_writer writer;
    begin(&writer, ret_body, CEPA_MAILBOX_PUT_SIZE, owner, binding);
    memmove(ret_body + CEPA_MAILBOX_HEAD_SIZE, box, CEPA_MAILBOX_BOX_SIZE);
    sign(ret_body, CEPA_MAILBOX_PUT_SIZE, CEPA_SERVICE_MAILBOX_PUT, writing, binding);
}

void cepa_mailbox_get(uint8_t *ret_body, const struct cepa_ed25519_key *owner,
                      const struct cepa_ed25519_public_key *writing, uint64_t after,
                      const struct cepa_mailbox_binding *binding)
{
    struct cepa_writer writer;
    begin(&writer, ret_body, CEPA_MAILBOX_GET_SIZE, &owner->public_key, binding);
    cepa_writer_bytes(&writer, writing->bytes, sizeof writing->bytes);
    cepa_writer_u64(&writer, after);
    sign(ret_body, CEPA_MAILBOX_GET_SIZE, CEPA_SERVICE_MAILBOX_GET, owner, binding);
}

void cepa_mailbox_delete(uint8_t *ret_body, const struct cepa_ed25519_key *owner, uint64_t up_to,
                         const struct cepa_mailbox_binding *binding)
{
    struct cepa_writer writer;
    begin(&writer, ret_body, CEPA_MAILBOX_DELETE_SIZE, &owner->public_key, binding);
    cepa_writer_u64(&writer, up_to);
    sign(ret_body, CEPA_MAILBOX_DELETE_SIZE, CEPA_SERVICE_MAILBOX_DELETE, owner, binding);
}

int cepa_mailbox_read(struct cepa_mailbox_request *ret_request, uint8_t service,
                      const uint8_t *body, size_t body_len)
{
    struct cepa_reader reader;
    struct cepa_mailbox_request read = {0};
    cepa_reader_init(&reader, body, body_len);
    cepa_reader_bytes(&reader, read.owner.bytes, sizeof read.owner.bytes);
    read.minute = cepa_reader_u32(&reader);
    if (service == CEPA_SERVICE_MAILBOX_PUT) {
        read.box = cepa_reader_view(&reader, CEPA_MAILBOX_BOX_SIZE);
    } else {
        if (service == CEPA_SERVICE_MAILBOX_GET) {
            cepa_reader_bytes(&reader, read.writing.bytes, sizeof read.writing.bytes);
        }
        read.number = cepa_reader_u64(&reader);
    }
    cepa_reader_skip(&reader, CEPA_ED25519_SIGNATURE_LEN);
    int error = cepa_reader_end(&reader);
    if (error == 0) {
        *ret_request = read;
    }
    return error;
}

int cepa_mailbox_verify(uint8_t service, const uint8_t *body, size_t body_len,
                        const struct cepa_ed25519_public_key *key,
                        const struct cepa_network_id *network,
                        const struct cepa_ed25519_public_key *relay)
{
    uint8_t digest[DIGEST_SIZE];
    struct cepa_ed25519_signature signature;
    CEPA_ASSERT(body_len > sizeof signature.bytes);
    memcpy(signature.bytes, body + body_len - sizeof signature.bytes, sizeof signature.bytes);
    digest_of(digest, service, body, body_len, network, relay);
    return cepa_ed25519_verify(key, &signature, digest, sizeof digest);
}

int cepa_mailbox_read_answer(uint64_t *ret_number, const uint8_t **ret_box, const uint8_t *body,
                             size_t body_len)
{
    if (body_len != CEPA_MAILBOX_ANSWER_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    *ret_number = cepa_be64_load(body);
    *ret_box = body + sizeof *ret_number;
    return 0;
}
