/* Encoding of certificates. @[SPEC 10.2] */
#include "wire/certificate.h"

#include "base/assert.h"
#include "base/bytes.h"

/* write_or_zeros writes a part that may not be there yet. */
static void write_or_zeros(struct cepa_writer *writer, const uint8_t *bytes, size_t len)
{
    if (bytes != NULL) {
        cepa_writer_bytes(writer, bytes, len);
    } else {
        cepa_writer_zeros(writer, len);
    }
}

void cepa_node_certificate_encode(uint8_t *ret_bytes,
                                  const struct cepa_node_certificate *certificate)
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_CERTIFICATE_SIZE);
    cepa_writer_u8(&writer, CEPA_CERTIFICATE_VERSION);
    cepa_writer_zeros(&writer, 3);
    cepa_writer_bytes(&writer, certificate->network.bytes, CEPA_NETWORK_ID_SIZE);
    cepa_writer_bytes(&writer, certificate->signing_key, CEPA_SIGNING_KEY_SIZE);
    cepa_writer_bytes(&writer, certificate->pq_signing_key, CEPA_PQ_SIGNING_KEY_SIZE);
    cepa_writer_u32(&writer, certificate->first.number);
    cepa_writer_u32(&writer, certificate->last.number);
    write_or_zeros(&writer, certificate->signature, CEPA_SIGNATURE_SIZE);
    write_or_zeros(&writer, certificate->pq_signature, CEPA_PQ_SIGNATURE_SIZE);
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0 && len == CEPA_CERTIFICATE_SIZE);
}

int cepa_node_certificate_decode(struct cepa_node_certificate *ret_certificate,
                                 const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_node_certificate certificate;
    struct cepa_reader reader;
    if (bytes_len != CEPA_CERTIFICATE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_CERTIFICATE_VERSION) {
        return CEPA_ERR_VERSION;
    }
    cepa_reader_init(&reader, bytes + 1, bytes_len - 1);
    cepa_reader_zeros(&reader, 3);
    cepa_reader_bytes(&reader, certificate.network.bytes, CEPA_NETWORK_ID_SIZE);
    certificate.signing_key = cepa_reader_view(&reader, CEPA_SIGNING_KEY_SIZE);
    certificate.pq_signing_key = cepa_reader_view(&reader, CEPA_PQ_SIGNING_KEY_SIZE);
    certificate.first.number = cepa_reader_u32(&reader);
    certificate.last.number = cepa_reader_u32(&reader);
    certificate.signature = cepa_reader_view(&reader, CEPA_SIGNATURE_SIZE);
    certificate.pq_signature = cepa_reader_view(&reader, CEPA_PQ_SIGNATURE_SIZE);
    if (cepa_reader_end(&reader) != 0 || certificate.first.number > certificate.last.number) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_certificate = certificate;
    return 0;
}
