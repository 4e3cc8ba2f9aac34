/* The file of secrets. */
#include "native/store/secrets.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hash.h"
#include "native/store/file.h"

enum { SUM_SIZE = 32, MAGIC_LEN = 13 };

static const char magic[MAGIC_LEN + 1] = "cepa secrets\n";
static const char name[] = "secrets";

static int make_certificate(struct cepa_secrets_certificate *ret_certificate, int64_t now_s,
                            const struct cepa_random *random)
{
    struct cepa_certificate *certificate;
    int status = cepa_certificate_make(&certificate, now_s, random);
    if (status != 0) {
        return status;
    }
    memset(ret_certificate, 0, sizeof *ret_certificate);
    status = cepa_certificate_encode(ret_certificate->text, &ret_certificate->text_len,
                                     sizeof ret_certificate->text, certificate);
    ret_certificate->made_s = now_s;
    ret_certificate->expires_s = cepa_certificate_expires_s(certificate);
    cepa_certificate_free(certificate);
    return status == 0 ? 0 : CEPA_ERR_EXHAUSTED;
}

int cepa_secrets_make(struct cepa_secrets *ret_secrets, int64_t now_s,
                      const struct cepa_random *random)
{
    struct cepa_secrets secrets;
    memset(&secrets, 0, sizeof secrets);
    int status = cepa_random_fill(random, secrets.ed25519.bytes, sizeof secrets.ed25519.bytes);
    if (status == 0) {
        status = cepa_random_fill(random, secrets.mldsa.bytes, sizeof secrets.mldsa.bytes);
    }
    if (status == 0) {
        status = cepa_random_fill(random, secrets.dial.bytes, sizeof secrets.dial.bytes);
    }
    if (status == 0) {
        status = make_certificate(&secrets.current, now_s, random);
    }
    if (status == 0) {
        *ret_secrets = secrets;
    }
    cepa_secrets_wipe(&secrets);
    return status;
}

int cepa_secrets_renew(struct cepa_secrets *secrets, bool *ret_is_new, int64_t now_s,
                       const struct cepa_random *random)
{
    const int64_t life_s = (int64_t)CEPA_SECRETS_CERTIFICATE_DAYS * 86400;
    int64_t age_s = now_s - secrets->current.made_s;
    if (secrets->current.text_len > 0 && age_s >= -86400 && age_s < life_s) {
        *ret_is_new = false;
        return 0;
    }
    struct cepa_secrets_certificate fresh;
    int status = make_certificate(&fresh, now_s, random);
    if (status == 0) {
        secrets->previous = secrets->current;
        secrets->current = fresh;
        *ret_is_new = true;
    }
    cepa_wipe(&fresh, sizeof fresh);
    return status;
}

static void write_certificate(struct cepa_writer *writer,
                              const struct cepa_secrets_certificate *certificate)
{
    cepa_writer_u64(writer, (uint64_t)certificate->made_s);
    cepa_writer_u64(writer, (uint64_t)certificate->expires_s);
    cepa_writer_u16(writer, (uint16_t)certificate->text_len);
    cepa_writer_bytes(writer, certificate->text, certificate->text_len);
}

void cepa_secrets_encode(uint8_t ret_bytes[CEPA_SECRETS_SIZE_MAX], size_t *ret_len,
                         const struct cepa_secrets *secrets)
{
    struct cepa_writer writer;
    uint8_t sum[SUM_SIZE];
    cepa_writer_init(&writer, ret_bytes, CEPA_SECRETS_SIZE_MAX);
    cepa_writer_bytes(&writer, magic, MAGIC_LEN);
    cepa_writer_u8(&writer, CEPA_SECRETS_VERSION);
    cepa_writer_bytes(&writer, secrets->ed25519.bytes, sizeof secrets->ed25519.bytes);
    cepa_writer_bytes(&writer, secrets->mldsa.bytes, sizeof secrets->mldsa.bytes);
    cepa_writer_bytes(&writer, secrets->dial.bytes, sizeof secrets->dial.bytes);
    write_certificate(&writer, &secrets->current);
    write_certificate(&writer, &secrets->previous);
    cepa_blake2b(sum, sizeof sum, ret_bytes, writer.len, NULL, 0);
    cepa_writer_bytes(&writer, sum, sizeof sum);
    *ret_len = writer.len;
}

static void read_certificate(struct cepa_reader *reader, struct cepa_secrets_certificate *ret)
{
    ret->made_s = (int64_t)cepa_reader_u64(reader);
    ret->expires_s = (int64_t)cepa_reader_u64(reader);
    ret->text_len = cepa_reader_u16(reader);
    if (ret->text_len > sizeof ret->text) {
        reader->failed = true;
        ret->text_len = 0;
    }
    cepa_reader_bytes(reader, ret->text, ret->text_len);
}

static int decode(struct cepa_secrets *ret_secrets, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_reader reader;
    uint8_t sum[SUM_SIZE];
    if (bytes_len < MAGIC_LEN + 1 || memcmp(bytes, magic, MAGIC_LEN) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    if (bytes[MAGIC_LEN] != CEPA_SECRETS_VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (bytes_len < MAGIC_LEN + 1 + SUM_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    cepa_blake2b(sum, sizeof sum, bytes, bytes_len - SUM_SIZE, NULL, 0);
    if (memcmp(sum, bytes + bytes_len - SUM_SIZE, SUM_SIZE) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    cepa_reader_init(&reader, bytes, bytes_len - SUM_SIZE);
    cepa_reader_skip(&reader, MAGIC_LEN + 1);
    cepa_reader_bytes(&reader, ret_secrets->ed25519.bytes, sizeof ret_secrets->ed25519.bytes);
    cepa_reader_bytes(&reader, ret_secrets->mldsa.bytes, sizeof ret_secrets->mldsa.bytes);
    cepa_reader_bytes(&reader, ret_secrets->dial.bytes, sizeof ret_secrets->dial.bytes);
    read_certificate(&reader, &ret_secrets->current);
    read_certificate(&reader, &ret_secrets->previous);
    return cepa_reader_end(&reader);
}

int cepa_secrets_decode(struct cepa_secrets *ret_secrets, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_secrets secrets;
    memset(&secrets, 0, sizeof secrets);
    int status = decode(&secrets, bytes, bytes_len);
    if (status == 0) {
        *ret_secrets = secrets;
    }
    cepa_secrets_wipe(&secrets);
    return status;
}

int cepa_secrets_load(struct cepa_secrets *ret_secrets, struct cepa_reason *ret_reason,
                      int folder_fd)
{
    uint8_t bytes[CEPA_SECRETS_SIZE_MAX];
    size_t len = 0;
    int status = cepa_file_read(ret_reason, bytes, &len, sizeof bytes, folder_fd, name);
    if (status == 0) {
        status = cepa_secrets_decode(ret_secrets, bytes, len);
        if (status == CEPA_ERR_VERSION) {
            cepa_reason_set(ret_reason, "'secrets' was written by a newer version of cepa; use "
                                        "that one");
        } else if (status != 0) {
            cepa_reason_set(ret_reason,
                            "'secrets' is damaged (%s); put a copy of it back, or move the whole "
                            "state directory away to begin as a new node",
                            cepa_error_text(status));
        }
    }
    cepa_wipe(bytes, sizeof bytes);
    return status;
}

int cepa_secrets_save(const struct cepa_secrets *secrets, struct cepa_reason *ret_reason,
                      int folder_fd)
{
    uint8_t bytes[CEPA_SECRETS_SIZE_MAX];
    size_t len;
    cepa_secrets_encode(bytes, &len, secrets);
    int status = cepa_file_write(ret_reason, folder_fd, name, bytes, len);
    cepa_wipe(bytes, sizeof bytes);
    return status;
}

void cepa_secrets_wipe(struct cepa_secrets *secrets)
{
    cepa_wipe(secrets, sizeof *secrets);
}
