/* Offers and answers of renewals: inverse encoding, exact lengths. */
#include "support/test.h"
#include "wire/renewal.h"

static uint8_t bytes[2048];

TEST(an_offer_comes_back)
{
    static uint8_t public_key[CEPA_KEM_PUBLIC_KEY_SIZE] = {1, 2, 3};
    const struct cepa_renewal_offer in = {0x0102030405060708u, public_key};
    struct cepa_renewal_offer out = {0, NULL};
    cepa_renewal_offer_encode(bytes, &in);
    CHECK(bytes[0] == 1 && bytes[7] == 8 && bytes[8] == 1);
    for (size_t len = 0; len <= CEPA_RENEWAL_OFFER_SIZE + 1; len++) {
        int error = len == CEPA_RENEWAL_OFFER_SIZE ? 0 : CEPA_ERR_LENGTH;
        CHECK_INT(cepa_renewal_offer_decode(&out, bytes, len), error);
        CHECK((out.public_key != NULL) == (len == CEPA_RENEWAL_OFFER_SIZE));
        CHECK(out.begin == (error == 0 ? in.begin : 0));
        if (error == 0) {
            CHECK_BYTES(out.public_key, public_key, sizeof public_key);
            out = (struct cepa_renewal_offer){0, NULL};
        }
    }
}

TEST(an_answer_comes_back)
{
    static uint8_t ciphertext[CEPA_KEM_CIPHERTEXT_SIZE] = {9};
    static uint8_t confirm[CEPA_RENEWAL_CONFIRM_SIZE] = {8};
    const struct cepa_renewal_answer in = {ciphertext, confirm};
    struct cepa_renewal_answer out = {NULL, NULL};
    cepa_renewal_answer_encode(bytes, &in);
    for (size_t len = 0; len <= CEPA_RENEWAL_ANSWER_SIZE + 1; len++) {
        int error = len == CEPA_RENEWAL_ANSWER_SIZE ? 0 : CEPA_ERR_LENGTH;
        CHECK_INT(cepa_renewal_answer_decode(&out, bytes, len), error);
        CHECK((out.ciphertext != NULL) == (error == 0) && (out.confirm != NULL) == (error == 0));
        if (error == 0) {
            CHECK_BYTES(out.ciphertext, ciphertext, sizeof ciphertext);
            CHECK_BYTES(out.confirm, confirm, sizeof confirm);
            out = (struct cepa_renewal_answer){NULL, NULL};
        }
    }
}

TEST_MAIN(RUN(an_offer_comes_back), RUN(an_answer_comes_back))
