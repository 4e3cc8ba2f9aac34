/* Poly1305: the published tags, every kernel the same as libsodium's at every length and split, and
 * the inputs where a reduction that is almost right goes wrong. */
#include "crypto/mac.h"

#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"
#include "support/vectors.h"

/* RFC 8439 2.5.2 and A.3, tests 7 to 11: sums at and around 2^130 - 5 and 2^128. */
static const char published[] =
    "key = 85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b\n"
    "data = 43727970746f6772617068696320466f72756d2052657365617263682047726f7570\n"
    "tag = a8061dc1305136c6c22b8baf0c0127a9\n\n"
    "key = 0200000000000000000000000000000000000000000000000000000000000000\n"
    "data = ffffffffffffffffffffffffffffffff\n"
    "tag = 03000000000000000000000000000000\n\n"
    "key = 02000000000000000000000000000000ffffffffffffffffffffffffffffffff\n"
    "data = 02000000000000000000000000000000\n"
    "tag = 03000000000000000000000000000000\n\n"
    "key = 0100000000000000000000000000000000000000000000000000000000000000\n"
    "data = fffffffffffffffffffffffffffffffff0ffffffffffffffffffffffffffffff"
    "11000000000000000000000000000000\n"
    "tag = 05000000000000000000000000000000\n\n"
    "key = 0100000000000000000000000000000000000000000000000000000000000000\n"
    "data = fffffffffffffffffffffffffffffffffbfefefefefefefefefefefefefefefe"
    "01010101010101010101010101010101\n"
    "tag = 00000000000000000000000000000000\n\n"
    "key = 0200000000000000000000000000000000000000000000000000000000000000\n"
    "data = fdffffffffffffffffffffffffffffff\n"
    "tag = faffffffffffffffffffffffffffffff\n";

static uint32_t cpu_of(size_t i)
{
    return i == 0 ? (uint32_t)CEPA_CPU_PORTABLE : cepa_native_cpu();
}

TEST(tags_are_those_of_rfc_8439)
{
    unsigned blocks = 0;
    vectors_open_text("RFC 8439", published);
    for (; vectors_next(); blocks++) {
        uint8_t key[32];
        uint8_t want[16];
        uint8_t tag[16];
        size_t len = 0;
        const uint8_t *data = vectors_bytes("data", &len);
        vectors_read("key", key, sizeof key);
        vectors_read("tag", want, sizeof want);
        for (size_t i = 0; i < 2; i++) {
            cepa_poly1305(tag, data, len, key, cpu_of(i));
            CHECK_BYTES(tag, want, sizeof want);
            CHECK_INT(cepa_poly1305_verify(want, data, len, key, cpu_of(i)), 0);
        }
    }
    CHECK_INT(blocks, 6);
}

/* make_input: every third input is random, the others have many ones or many zeros, which bring
 * limbs to their bounds. */
static void make_input(uint8_t *ret_bytes, size_t len, size_t number, struct test_random *random)
{
    if (number % 3 == 0) {
        test_random_bytes(random, ret_bytes, len);
    } else {
        memset(ret_bytes, number % 3 == 1 ? 0xff : 0, len);
        ret_bytes[test_random_below(random, len)] = (uint8_t)test_random_u64(random);
    }
}

TEST(kernels_agree_at_every_length)
{
    static uint8_t data[1200];
    struct test_random random = {1};
    for (size_t len = 0; len <= sizeof data; len++) {
        for (size_t number = 0; number < 9; number++) {
            uint8_t key[32];
            uint8_t a[16];
            uint8_t b[16];
            make_input(key, sizeof key, number / 3, &random);
            make_input(data, sizeof data, number, &random);
            cepa_poly1305(a, data, len, key, CEPA_CPU_PORTABLE);
            cepa_poly1305(b, data, len, key, cepa_native_cpu());
            CHECK_BYTES(b, a, sizeof a);
        }
    }
}

TEST(any_split_gives_the_same_tag)
{
    static uint8_t data[700];
    struct test_random random = {2};
    uint8_t key[32];
    uint8_t want[16];
    test_random_bytes(&random, key, sizeof key);
    test_random_bytes(&random, data, sizeof data);
    cepa_poly1305(want, data, sizeof data, key, CEPA_CPU_PORTABLE);
    for (size_t round = 0; round < 2000; round++) {
        struct cepa_poly1305 mac;
        struct cepa_poly1305 copy;
        uint8_t tag[16];
        size_t done = 0;
        cepa_poly1305_init(&mac, key, cpu_of(round & 1));
        while (done < sizeof data) {
            size_t most = (round & 2) != 0 ? 20 : sizeof data;
            size_t take = (size_t)test_random_below(&random, most);
            take = take < sizeof data - done ? take : sizeof data - done;
            cepa_poly1305_update(&mac, data + done, take);
            done += take;
        }
        copy = mac;
        cepa_poly1305_final(&mac, tag);
        CHECK_BYTES(tag, want, sizeof want);
        cepa_poly1305_final(&copy, tag);
        CHECK_BYTES(tag, want, sizeof want);
    }
}

TEST(verify_refuses_every_flipped_bit)
{
    static const uint8_t data[100] = {1, 2, 3};
    static const uint8_t key[32] = {4, 5, 6};
    for (size_t i = 0; i < 2; i++) {
        uint8_t tag[16];
        cepa_poly1305(tag, data, sizeof data, key, cpu_of(i));
        for (size_t bit = 0; bit < 128; bit++) {
            tag[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            CHECK_INT(cepa_poly1305_verify(tag, data, sizeof data, key, cpu_of(i)),
                      CEPA_ERR_AUTHENTICATION);
            tag[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

TEST(no_key_stays_behind)
{
    static const struct cepa_poly1305 zeros;
    static const uint8_t key[32] = {1, 2, 3};
    for (size_t i = 0; i < 2; i++) {
        struct cepa_poly1305 mac;
        uint8_t tag[16];
        cepa_poly1305_init(&mac, key, cpu_of(i));
        cepa_poly1305_wipe(&mac);
        CHECK_BYTES(&mac, &zeros, sizeof mac);
        cepa_poly1305_init(&mac, key, cpu_of(i));
        cepa_poly1305_final(&mac, tag);
        CHECK_BYTES(&mac, &zeros, sizeof mac);
    }
}

TEST_MAIN(RUN(tags_are_those_of_rfc_8439), RUN(kernels_agree_at_every_length),
          RUN(any_split_gives_the_same_tag), RUN(verify_refuses_every_flipped_bit),
          RUN(no_key_stays_behind))
