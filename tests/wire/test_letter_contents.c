/* What is sealed innermost in letters: all of it travels, in one form only. */
#include <string.h>

#include "support/random.h"
#include "support/test.h"
#include "wire/letter.h"

static uint8_t bytes[CEPA_LETTER_INNER_SIZE];
static uint8_t keys[CEPA_LETTER_KEYS_SIZE];
static uint8_t signature[CEPA_LETTER_SIGNATURE_SIZE];
static uint8_t pq_signature[CEPA_PQ_SIGNATURE_SIZE];
static uint8_t body[CEPA_LETTER_BODY_MAX];

static struct cepa_letter example(bool is_signed, size_t body_len)
{
    struct test_random random = {body_len + is_signed};
    struct cepa_letter letter = {.is_signed = is_signed, .body = body, .body_len = body_len};
    test_random_bytes(&random, letter.id, sizeof letter.id);
    test_random_bytes(&random, keys, sizeof keys);
    test_random_bytes(&random, signature, sizeof signature);
    test_random_bytes(&random, pq_signature, sizeof pq_signature);
    test_random_bytes(&random, body, sizeof body);
    letter.day.number = 20000;
    letter.keys = keys;
    letter.signature = signature;
    letter.pq_signature = pq_signature;
    return letter;
}

TEST(contents_come_back)
{
    static const size_t lens[] = {0, 1, 4096, CEPA_LETTER_BODY_MAX};
    for (unsigned i = 0; i < 8; i++) {
        struct cepa_letter letter = example(i % 2 == 1, lens[i / 2]);
        struct cepa_letter back;
        memset(bytes, 0xee, sizeof bytes);
        cepa_letter_encode(bytes, &letter);
        CHECK_INT(cepa_letter_decode(&back, bytes), 0);
        CHECK_INT(back.is_signed, letter.is_signed);
        CHECK_BYTES(back.id, letter.id, sizeof back.id);
        CHECK_INT(back.body_len, letter.body_len);
        CHECK_BYTES(back.body, letter.body, letter.body_len);
        if (back.is_signed) {
            CHECK_INT(back.day.number, letter.day.number);
            CHECK_BYTES(back.keys, keys, sizeof keys);
            CHECK_BYTES(back.signature, signature, sizeof signature);
            CHECK_BYTES(back.pq_signature, pq_signature, sizeof pq_signature);
        }
    }
}

TEST(other_forms_are_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
        bool is_signed;
    } cases[] = {
        {0, 2, false},
        {0, 3, true},
        {0, 0, true}, /* a sender that is not said, and still there */
        {1, 1, false},
        {2, 0x1d, false}, /* a length beyond the room */
        {CEPA_LETTER_SENDER_OFFSET, 1, false},
        {CEPA_LETTER_BODY_OFFSET - 1, 1, false},
        {CEPA_LETTER_BODY_OFFSET + 100, 1, false}, /* behind the body */
        {CEPA_LETTER_INNER_SIZE - 1, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_letter letter = example(cases[i].is_signed, 100);
        cepa_letter_encode(bytes, &letter);
        bytes[cases[i].at] = cases[i].value;
        if (cases[i].at == 2) {
            bytes[3] = 0x08; /* 0x1d08: one more than fits */
        }
        CHECK_INT(cepa_letter_decode(&letter, bytes), CEPA_ERR_MALFORMED);
    }
}

TEST_MAIN(RUN(contents_come_back), RUN(other_forms_are_refused))
