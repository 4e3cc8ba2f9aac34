/* Browser-like certificates by OpenSSL. */
#include "native/webrtc/certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/certificate_openssl.h"

enum { SECONDS_PER_DAY = 86400, SERIAL_SIZE = 8 };

/* Serial number, subject and issuer as Chromium writes them. */
static int name(X509 *x509, const struct cepa_random *random)
{
    static const unsigned char common_name[] = "WebRTC";
    uint8_t serial[SERIAL_SIZE];
    X509_NAME *subject = X509_get_subject_name(x509);
    int error = cepa_random_fill(random, serial, sizeof serial);
    if (error != 0) {
        return error;
    }
    serial[0] &= 0x7f; /* positive */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    int is_right = number != NULL &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL &&
                   X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name,
                                              sizeof common_name - 1, -1, 0) == 1 &&
                   X509_set_issuer_name(x509, subject) == 1;
    BN_free(number);
    return is_right ? 0 : CEPA_ERR_EXHAUSTED;
}

static int sign(X509 *x509, EVP_PKEY *key, int64_t now_s)
{
    int64_t from = now_s - SECONDS_PER_DAY;
    int64_t until = now_s + (int64_t)CEPA_CERTIFICATE_DAYS * SECONDS_PER_DAY;
    return X509_set_version(x509, 2) == 1 &&
                   ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)from) != NULL &&
                   ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)until) != NULL &&
                   X509_set_pubkey(x509, key) == 1 && X509_sign(x509, key, EVP_sha256()) != 0
               ? 0
               : CEPA_ERR_EXHAUSTED;
}

int cepa_certificate_make(struct cepa_certificate **ret_certificate, int64_t now_s,
                          const struct cepa_random *random)
{
    struct cepa_certificate *certificate = calloc(1, sizeof *certificate);
    if (certificate == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    certificate->key = EVP_EC_gen("P-256");
    certificate->x509 = X509_new();
    int error = certificate->key == NULL || certificate->x509 == NULL ? CEPA_ERR_EXHAUSTED : 0;
    if (error == 0) {
        error = name(certificate->x509, random);
    }
    if (error == 0) {
        error = sign(certificate->x509, certificate->key, now_s);
    }
    if (error != 0) {
        cepa_certificate_free(certificate);
        return error;
    }
    *ret_certificate = certificate;
    return 0;
}

int cepa_certificate_copy(struct cepa_certificate **ret_certificate,
                          const struct cepa_certificate *certificate)
{
    struct cepa_certificate *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    *copy = *certificate;
    (void)EVP_PKEY_up_ref(copy->key);
    (void)X509_up_ref(copy->x509);
    *ret_certificate = copy;
    return 0;
}

void cepa_certificate_free(struct cepa_certificate *certificate)
{
    if (certificate != NULL) {
        EVP_PKEY_free(certificate->key);
        X509_free(certificate->x509);
        free(certificate);
    }
}

struct cepa_certificate_hash cepa_certificate_hash_of(const X509 *x509)
{
    struct cepa_certificate_hash hash;
    unsigned len = sizeof hash.bytes;
    CEPA_ASSERT(X509_digest(x509, EVP_sha256(), hash.bytes, &len) == 1);
    CEPA_ASSERT(len == sizeof hash.bytes);
    return hash;
}

struct cepa_certificate_hash cepa_certificate_hash(const struct cepa_certificate *certificate)
{
    return cepa_certificate_hash_of(certificate->x509);
}

int64_t cepa_certificate_expires_s(const struct cepa_certificate *certificate)
{
    int days = 0;
    int seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int is_right = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch,
                                                   X509_get0_notAfter(certificate->x509)) == 1;
    ASN1_TIME_free(epoch);
    return is_right ? (int64_t)days * SECONDS_PER_DAY + seconds : 0;
}

int cepa_certificate_encode(char *ret_text, size_t *ret_len, size_t capacity,
                            const struct cepa_certificate *certificate)
{
    char *text = NULL;
    int error = CEPA_ERR_TOO_LONG;
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio != NULL &&
        PEM_write_bio_PrivateKey(bio, certificate->key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(bio, certificate->x509) == 1) {
        long len = BIO_get_mem_data(bio, &text);
        if (len > 0 && (size_t)len < capacity) {
            memcpy(ret_text, text, (size_t)len);
            ret_text[len] = '\0';
            *ret_len = (size_t)len;
            error = 0;
        }
    }
    BIO_free(bio);
    return error;
}

int cepa_certificate_decode(struct cepa_certificate **ret_certificate, const char *text,
                            size_t text_len)
{
    struct cepa_certificate *certificate = calloc(1, sizeof *certificate);
    BIO *bio = text_len <= CEPA_CERTIFICATE_TEXT_MAX ? BIO_new_mem_buf(text, (int)text_len) : NULL;
    int error = CEPA_ERR_MALFORMED;
    if (certificate != NULL && bio != NULL) {
        /* An empty passphrase, so that OpenSSL never asks a terminal for one. */
        static char no_passphrase[] = "";
        certificate->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase);
        certificate->x509 = PEM_read_bio_X509(bio, NULL, NULL, no_passphrase);
        if (certificate->key != NULL && certificate->x509 != NULL &&
            X509_check_private_key(certificate->x509, certificate->key) == 1) {
            error = 0;
        }
    }
    BIO_free(bio);
    if (error != 0) {
        cepa_certificate_free(certificate);
        return error;
    }
    *ret_certificate = certificate;
    return 0;
}
