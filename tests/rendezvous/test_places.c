/* Mailboxes of an identity: what is kept comes back, and each has keys of its own. */
#include "rendezvous/places.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static void draw(struct cepa_place *ret_places, size_t len)
{
    struct test_random random = {len + 1};
    memset(ret_places, 0, len * sizeof *ret_places);
    for (size_t i = 0; i < len; i++) {
        test_random_bytes(&random, ret_places[i].relay.bytes, sizeof ret_places[i].relay.bytes);
        test_random_bytes(&random, ret_places[i].nonce, sizeof ret_places[i].nonce);
        ret_places[i].day.number = (uint32_t)(20000 + i);
        ret_places[i].is_open = i % 2 == 0;
        ret_places[i].is_former = i % 3 == 0;
    }
}

TEST(places_come_back)
{
    for (size_t len = 0; len <= CEPA_PLACES_MAX; len++) {
        struct cepa_place places[CEPA_PLACES_MAX];
        struct cepa_place back[CEPA_PLACES_MAX];
        uint8_t bytes[CEPA_PLACES_SIZE_MAX];
        size_t bytes_len;
        size_t back_len;
        draw(places, len);
        cepa_places_encode(bytes, &bytes_len, places, len);
        CHECK_INT(cepa_places_decode(back, &back_len, bytes, bytes_len), 0);
        CHECK_INT(back_len, len);
        for (size_t i = 0; i < len; i++) {
            CHECK_BYTES(&back[i].relay, &places[i].relay, sizeof back[i].relay);
            CHECK_BYTES(back[i].nonce, places[i].nonce, sizeof back[i].nonce);
            CHECK_INT(back[i].day.number, places[i].day.number);
            CHECK_INT(back[i].is_open, places[i].is_open);
            CHECK_INT(back[i].is_former, places[i].is_former);
        }
        for (size_t cut = 0; cut < bytes_len; cut++) {
            CHECK_INT(cepa_places_decode(back, &back_len, bytes, cut), CEPA_ERR_LENGTH);
        }
    }
}

TEST(what_is_damaged_is_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
        int error;
    } cases[] = {
        {0, 2, CEPA_ERR_VERSION},
        {1, CEPA_PLACES_MAX + 1, CEPA_ERR_MALFORMED},
        {1, 1, CEPA_ERR_LENGTH},
        {3, 1, CEPA_ERR_MALFORMED},
        {4 + 44, 4, CEPA_ERR_MALFORMED},                         /* a state that there is not */
        {4 + CEPA_PLACE_STORED_SIZE + 47, 1, CEPA_ERR_MALFORMED} /* zeros that are none */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_place places[CEPA_PLACES_MAX];
        uint8_t bytes[CEPA_PLACES_SIZE_MAX];
        size_t bytes_len;
        size_t len;
        draw(places, 2);
        cepa_places_encode(bytes, &bytes_len, places, 2);
        bytes[cases[i].at] = cases[i].value;
        CHECK_INT(cepa_places_decode(places, &len, bytes, bytes_len), cases[i].error);
    }
}

TEST(each_mailbox_has_its_own_keys)
{
    const struct cepa_identity_mailbox secret = {{7}};
    const struct cepa_identity_mailbox other_secret = {{8}};
    const struct cepa_network_id network = {{1}};
    const struct cepa_network_id other_network = {{2}};
    struct cepa_place places[2];
    struct cepa_ed25519_key keys[6][2];
    draw(places, 2);
    cepa_place_keys(&keys[0][0], &keys[0][1], &places[0], &secret, &network);
    cepa_place_keys(&keys[1][0], &keys[1][1], &places[1], &secret, &network);
    cepa_place_keys(&keys[2][0], &keys[2][1], &places[0], &other_secret, &network);
    cepa_place_keys(&keys[3][0], &keys[3][1], &places[0], &secret, &other_network);
    places[0].nonce[0] ^= 1;
    cepa_place_keys(&keys[4][0], &keys[4][1], &places[0], &secret, &network);
    places[0].nonce[0] ^= 1;
    places[0].day.number++; /* what may change without other keys */
    places[0].is_former = !places[0].is_former;
    cepa_place_keys(&keys[5][0], &keys[5][1], &places[0], &secret, &network);
    CHECK_BYTES(&keys[5], &keys[0], sizeof keys[5]);
    for (size_t i = 0; i < 10; i++) {
        for (size_t k = 0; k < i; k++) {
            CHECK(memcmp(&keys[i / 2][i % 2], &keys[k / 2][k % 2], sizeof keys[0][0]) != 0);
        }
    }
}

TEST_MAIN(RUN(places_come_back), RUN(what_is_damaged_is_refused),
          RUN(each_mailbox_has_its_own_keys))
