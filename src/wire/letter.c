/* Contents of letters. @[SPEC 16.9] */
#include "wire/letter.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

enum { FLAG_SIGNED = 1 << 0 };

void cepa_letter_encode(uint8_t *ret_bytes, const struct cepa_letter *letter)
{
    struct cepa_writer writer;
    CEPA_ASSERT(letter->body_len <= CEPA_LETTER_BODY_MAX);
    cepa_writer_init(&writer, ret_bytes, CEPA_LETTER_INNER_SIZE);
    cepa_writer_u8(&writer, letter->is_signed ? FLAG_SIGNED : 0);
    cepa_writer_zeros(&writer, 1);
    cepa_writer_u16(&writer, (uint16_t)letter->body_len);
    cepa_writer_bytes(&writer, letter->id, sizeof letter->id);
    if (letter->is_signed) {
        cepa_writer_u32(&writer, letter->day.number);
        cepa_writer_bytes(&writer, letter->keys, CEPA_LETTER_KEYS_SIZE);
        cepa_writer_bytes(&writer, letter->signature, CEPA_LETTER_SIGNATURE_SIZE);
        cepa_writer_bytes(&writer, letter->pq_signature, CEPA_PQ_SIGNATURE_SIZE);
    } else {
        cepa_writer_zeros(&writer, CEPA_LETTER_SENDER_SIZE);
    }
    cepa_writer_bytes(&writer, letter->body, letter->body_len);
    cepa_writer_zeros(&writer, CEPA_LETTER_BODY_MAX - letter->body_len);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

int cepa_letter_decode(struct cepa_letter *ret_letter, const uint8_t *bytes)
{
    struct cepa_reader reader;
    struct cepa_letter letter;
    cepa_reader_init(&reader, bytes, CEPA_LETTER_INNER_SIZE);
    uint8_t flags = cepa_reader_u8(&reader);
    uint8_t zero = cepa_reader_u8(&reader);
    letter.body_len = cepa_reader_u16(&reader);
    cepa_reader_bytes(&reader, letter.id, sizeof letter.id);
    letter.day.number = cepa_reader_u32(&reader);
    letter.is_signed = flags == FLAG_SIGNED;
    letter.keys = bytes + CEPA_LETTER_SENDER_OFFSET + 4;
    letter.signature = letter.keys + CEPA_LETTER_KEYS_SIZE;
    letter.pq_signature = letter.signature + CEPA_LETTER_SIGNATURE_SIZE;
    letter.body = bytes + CEPA_LETTER_BODY_OFFSET;
    /* One form for each letter: nothing can be hidden where nothing is said. */
    if ((flags & ~FLAG_SIGNED) != 0 || zero != 0 || letter.body_len > CEPA_LETTER_BODY_MAX ||
        (!letter.is_signed &&
         !is_zero(bytes + CEPA_LETTER_SENDER_OFFSET, CEPA_LETTER_SENDER_SIZE)) ||
        !is_zero(letter.body + letter.body_len, CEPA_LETTER_BODY_MAX - letter.body_len)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_letter = letter;
    return 0;
}
