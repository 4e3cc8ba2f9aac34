/* What a certificate is to OpenSSL; for dtls.c and certificate.c only. */
#ifndef CEPA_NATIVE_WEBRTC_CERTIFICATE_OPENSSL_H
#define CEPA_NATIVE_WEBRTC_CERTIFICATE_OPENSSL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "native/webrtc/certificate.h"

struct cepa_certificate {
    EVP_PKEY *key;
    X509 *x509;
};

/* cepa_certificate_hash_of gives the hash of any certificate. */
struct cepa_certificate_hash cepa_certificate_hash_of(const X509 *x509);

#endif
