/* Certificate hashes as text. */
#include "native/webrtc/fingerprint.h"

#include "native/webrtc/text.h"

void cepa_fingerprint_encode(char ret_text[CEPA_FINGERPRINT_TEXT_SIZE],
                             const struct cepa_certificate_hash *hash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < CEPA_CERTIFICATE_HASH_SIZE; i++) {
        ret_text[3 * i] = digits[hash->bytes[i] >> 4];
        ret_text[3 * i + 1] = digits[hash->bytes[i] & 15];
        ret_text[3 * i + 2] = ':';
    }
    ret_text[CEPA_FINGERPRINT_TEXT_SIZE - 1] = '\0';
}

int cepa_fingerprint_decode(struct cepa_certificate_hash *ret_hash, const char *text,
                            size_t text_len)
{
    struct cepa_certificate_hash hash;
    if (text_len != CEPA_FINGERPRINT_TEXT_SIZE - 1) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < CEPA_CERTIFICATE_HASH_SIZE; i++) {
        if (cepa_text_hex(&hash.bytes[i], text + 3 * i) != 0 ||
            (3 * i + 2 < text_len && text[3 * i + 2] != ':')) {
            return CEPA_ERR_MALFORMED;
        }
    }
    *ret_hash = hash;
    return 0;
}
