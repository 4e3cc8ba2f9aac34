/* Certificates: one encoding, and what is refused. */
#include "wire/certificate.h"

#include <string.h>

#include "support/test.h"
#include "support/wire_records.h"

static uint8_t bytes[CEPA_CERTIFICATE_SIZE + 1];

TEST(a_certificate_comes_back)
{
    struct cepa_node_certificate certificate = wire_certificate();
    struct cepa_node_certificate got;
    uint8_t again[CEPA_CERTIFICATE_SIZE];
    cepa_node_certificate_encode(bytes, &certificate);
    CHECK_INT(CEPA_CERTIFICATE_SIZE, 5401);
    CHECK_INT(cepa_node_certificate_decode(&got, bytes, CEPA_CERTIFICATE_SIZE), 0);
    CHECK_BYTES(got.signing_key, certificate.signing_key, CEPA_SIGNING_KEY_SIZE);
    CHECK_BYTES(got.pq_signature, certificate.pq_signature, CEPA_PQ_SIGNATURE_SIZE);
    CHECK_INT(got.first.number, 20000);
    CHECK_INT(got.last.number, 20059);
    cepa_node_certificate_encode(again, &got);
    CHECK_BYTES(again, bytes, sizeof again);
}

TEST(signatures_that_are_not_there_are_zeros)
{
    struct cepa_node_certificate certificate = wire_certificate();
    static const uint8_t zeros[CEPA_SIGNATURES_SIZE];
    certificate.signature = NULL;
    certificate.pq_signature = NULL;
    cepa_node_certificate_encode(bytes, &certificate);
    CHECK_BYTES(bytes + CEPA_CERTIFICATE_SIGNED_SIZE, zeros, sizeof zeros);
}

TEST(wrong_certificates_are_refused)
{
    struct cepa_node_certificate certificate = wire_certificate();
    struct cepa_node_certificate got;
    cepa_node_certificate_encode(bytes, &certificate);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        int want = len == CEPA_CERTIFICATE_SIZE ? 0 : CEPA_ERR_LENGTH;
        CHECK_INT(cepa_node_certificate_decode(&got, bytes, len), want);
    }
    for (size_t i = 0; i < 4; i++) {
        bytes[i] ^= 0x80;
        CHECK_INT(cepa_node_certificate_decode(&got, bytes, CEPA_CERTIFICATE_SIZE),
                  i == 0 ? CEPA_ERR_VERSION : CEPA_ERR_MALFORMED);
        bytes[i] ^= 0x80;
    }
    certificate.last.number = certificate.first.number;
    cepa_node_certificate_encode(bytes, &certificate);
    CHECK_INT(cepa_node_certificate_decode(&got, bytes, CEPA_CERTIFICATE_SIZE), 0);
    certificate.last.number--;
    cepa_node_certificate_encode(bytes, &certificate);
    CHECK_INT(cepa_node_certificate_decode(&got, bytes, CEPA_CERTIFICATE_SIZE), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(a_certificate_comes_back), RUN(signatures_that_are_not_there_are_zeros),
          RUN(wrong_certificates_are_refused))
