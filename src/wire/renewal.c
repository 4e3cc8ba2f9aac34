/* Encoding of key renewals. @[SPEC 5.7] */
#include "wire/renewal.h"

#include "base/bytes.h"

void cepa_renewal_offer_encode(uint8_t *ret_bytes, const struct cepa_renewal_offer *offer)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_RENEWAL_OFFER_SIZE);
    cepa_writer_u64(&writer, offer->begin);
    cepa_writer_bytes(&writer, offer->public_key, CEPA_KEM_PUBLIC_KEY_SIZE);
}

int cepa_renewal_offer_decode(struct cepa_renewal_offer *ret_offer, const uint8_t *bytes,
                              size_t bytes_len)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, bytes_len);
    uint64_t begin = cepa_reader_u64(&reader);
    const uint8_t *public_key = cepa_reader_view(&reader, CEPA_KEM_PUBLIC_KEY_SIZE);
    int error = cepa_reader_end(&reader);
    if (error == 0) {
        ret_offer->begin = begin;
        ret_offer->public_key = public_key;
    }
    return error;
}

void cepa_renewal_answer_encode(uint8_t *ret_bytes, const struct cepa_renewal_answer *answer)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_RENEWAL_ANSWER_SIZE);
    cepa_writer_bytes(&writer, answer->ciphertext, CEPA_KEM_CIPHERTEXT_SIZE);
    cepa_writer_bytes(&writer, answer->confirm, CEPA_RENEWAL_CONFIRM_SIZE);
}

int cepa_renewal_answer_decode(struct cepa_renewal_answer *ret_answer, const uint8_t *bytes,
                               size_t bytes_len)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, bytes_len);
    const uint8_t *ciphertext = cepa_reader_view(&reader, CEPA_KEM_CIPHERTEXT_SIZE);
    const uint8_t *confirm = cepa_reader_view(&reader, CEPA_RENEWAL_CONFIRM_SIZE);
    int error = cepa_reader_end(&reader);
    if (error == 0) {
        ret_answer->ciphertext = ciphertext;
        ret_answer->confirm = confirm;
    }
    return error;
}
