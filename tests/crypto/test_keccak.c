/* SHA-3 and SHAKE: published answers, every way of cutting a message, four ways against one. */
#include "crypto/keccak.h"

#include <string.h>

#include "base/cpu.h"
#include "crypto/keccak_permute.h"
#include "native/cpu.h"
#include "support/panic.h"
#include "support/test.h"

TEST(the_permutation_of_zeros_is_the_published_one)
{
    uint64_t lanes[CEPA_KECCAK_LANES] = {0};
    cepa_keccak_permute(lanes);
    CHECK(lanes[0] == UINT64_C(0xf1258f7940e1dde7));
    CHECK(lanes[1] == UINT64_C(0x84d5ccf933c0478a));
    CHECK(lanes[24] == UINT64_C(0xeaf1ff7b5ceca249));
}

/* The message of length n is 0, 1, 2, ... modulo 251: the answers are those of Python's hashlib. */
static void message(uint8_t *ret_bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(i % 251);
    }
}

struct answer {
    size_t len;
    uint8_t sha3_256[8]; /* the first bytes of each output */
    uint8_t sha3_512[8];
    uint8_t shake128[8]; /* bytes 500 to 507 */
    uint8_t shake256[8]; /* bytes 500 to 507 */
};

static const struct answer answers[] = {{0,
                                         {0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66},
                                         {0xa6, 0x9f, 0x73, 0xcc, 0xa2, 0x3a, 0x9a, 0xc5},
                                         {0x33, 0x46, 0x2b, 0x71, 0xa4, 0x1a, 0x45, 0xbe},
                                         {0x96, 0xb9, 0xcc, 0x25, 0x8a, 0x06, 0x4a, 0x8f}},
                                        {1,
                                         {0x5d, 0x53, 0x46, 0x9f, 0x20, 0xfe, 0xf4, 0xf8},
                                         {0x71, 0x27, 0xaa, 0xb2, 0x11, 0xf8, 0x2a, 0x18},
                                         {0x85, 0x23, 0x64, 0x68, 0x15, 0xc8, 0x9b, 0x32},
                                         {0x1c, 0x21, 0xba, 0xdc, 0x35, 0x5e, 0x10, 0x8d}},
                                        {7,
                                         {0x59, 0xb1, 0xad, 0xd3, 0x88, 0xb7, 0xd6, 0x25},
                                         {0x59, 0x8d, 0x98, 0xad, 0xd2, 0xfc, 0x26, 0xb5},
                                         {0xdf, 0x50, 0x57, 0x05, 0xad, 0x90, 0x5f, 0xe5},
                                         {0x86, 0x9b, 0xf8, 0x41, 0xcc, 0x51, 0x1f, 0xbe}},
                                        {8,
                                         {0xeb, 0x4d, 0x0f, 0x2a, 0xdd, 0x0f, 0x6d, 0x0b},
                                         {0x44, 0xd1, 0x25, 0xf7, 0x85, 0xe8, 0xed, 0xf2},
                                         {0x7c, 0x0f, 0x63, 0xd8, 0xec, 0xc1, 0x8c, 0x90},
                                         {0xc4, 0x63, 0x58, 0xa7, 0x40, 0x0e, 0x10, 0x3b}},
                                        {71,
                                         {0x88, 0x1a, 0xd9, 0xff, 0xbd, 0x7f, 0x09, 0x0e},
                                         {0x3c, 0xcc, 0x85, 0x0d, 0x53, 0xa1, 0x28, 0x7a},
                                         {0xb1, 0x45, 0x3d, 0x81, 0xd0, 0x6c, 0x22, 0x47},
                                         {0xfa, 0x75, 0x72, 0x94, 0xd6, 0x0d, 0x48, 0xbe}},
                                        {72,
                                         {0xfe, 0x58, 0x86, 0x6b, 0x28, 0x93, 0xc6, 0xc4},
                                         {0x5d, 0x63, 0xf2, 0xbb, 0xe9, 0x71, 0xa9, 0x83},
                                         {0x1a, 0x9f, 0xa8, 0xf8, 0x81, 0xec, 0x68, 0xcf},
                                         {0x83, 0x54, 0xe0, 0xa3, 0x56, 0x58, 0x3e, 0x81}},
                                        {73,
                                         {0x79, 0x70, 0x61, 0xb3, 0xaa, 0xd8, 0xe7, 0x24},
                                         {0x92, 0x1d, 0x9b, 0x7b, 0x2b, 0x0f, 0x30, 0x66},
                                         {0xf1, 0x91, 0x8f, 0xc4, 0xc7, 0xa0, 0xd1, 0x42},
                                         {0xe5, 0xef, 0xad, 0xe0, 0xb9, 0x34, 0xae, 0xe4}},
                                        {135,
                                         {0xfd, 0xed, 0x8f, 0xd9, 0xd6, 0x55, 0x1c, 0x60},
                                         {0xd9, 0x42, 0xdf, 0x0d, 0xf0, 0x9a, 0xc0, 0x42},
                                         {0xef, 0x6f, 0x38, 0x80, 0xd5, 0x9a, 0xa8, 0xd6},
                                         {0x95, 0x85, 0x04, 0xe2, 0x22, 0xf2, 0x28, 0x74}},
                                        {136,
                                         {0xcf, 0x3c, 0xcf, 0xf9, 0x24, 0x80, 0xa2, 0x91},
                                         {0xad, 0x8e, 0xdf, 0xf4, 0xf1, 0xb7, 0xaa, 0x1c},
                                         {0x2d, 0xce, 0xe8, 0x4c, 0x36, 0x1e, 0xf0, 0x76},
                                         {0xe3, 0x7d, 0x9a, 0x79, 0xf9, 0xb7, 0x9c, 0xbd}},
                                        {137,
                                         {0xce, 0x9d, 0x7d, 0xc9, 0x09, 0x13, 0xee, 0x5d},
                                         {0x3f, 0x82, 0x7e, 0x5d, 0x7d, 0xdb, 0xd5, 0x4e},
                                         {0x0c, 0xa7, 0x0d, 0x22, 0x26, 0x17, 0x37, 0x95},
                                         {0xff, 0xc5, 0x97, 0xff, 0x10, 0xa3, 0x40, 0x71}},
                                        {167,
                                         {0xca, 0xc5, 0x45, 0x8d, 0x48, 0xe6, 0x16, 0x3c},
                                         {0x77, 0xae, 0xb7, 0x61, 0x51, 0x94, 0xd3, 0x80},
                                         {0x27, 0x8b, 0xf7, 0xa7, 0x5e, 0xae, 0xc1, 0x08},
                                         {0x28, 0x83, 0xe3, 0xc4, 0x52, 0xf4, 0x63, 0x8b}},
                                        {168,
                                         {0x36, 0x9a, 0x33, 0xba, 0xdf, 0xa6, 0x18, 0xd5},
                                         {0x95, 0x67, 0xf4, 0x7a, 0x24, 0xe5, 0xc3, 0xb9},
                                         {0xef, 0xed, 0x29, 0xee, 0x43, 0x49, 0xfe, 0xc9},
                                         {0x45, 0x23, 0xdb, 0x15, 0x91, 0x34, 0x20, 0xbe}},
                                        {169,
                                         {0x6d, 0x9e, 0xf2, 0x2b, 0x87, 0x1f, 0x85, 0x18},
                                         {0x90, 0x33, 0x4a, 0x76, 0xf7, 0x1e, 0x06, 0xe0},
                                         {0xda, 0xce, 0x79, 0x33, 0x7d, 0x4d, 0xc4, 0xb0},
                                         {0x3f, 0xab, 0x52, 0x56, 0xd5, 0x28, 0xba, 0x43}},
                                        {1087,
                                         {0x61, 0x3c, 0x71, 0xd9, 0x32, 0x68, 0xd6, 0x09},
                                         {0xbf, 0x4f, 0x37, 0xcd, 0x50, 0x7c, 0xc3, 0x5d},
                                         {0x7f, 0x32, 0x86, 0xbe, 0xaf, 0x2b, 0xcb, 0xda},
                                         {0x0c, 0x02, 0x8c, 0xdf, 0x7b, 0xec, 0xa3, 0x44}},
                                        {1088,
                                         {0xd7, 0x70, 0xf1, 0xd1, 0xa1, 0xaf, 0xd9, 0x2e},
                                         {0x29, 0xee, 0x22, 0x25, 0x98, 0x39, 0x88, 0x7a},
                                         {0xe3, 0x27, 0xe5, 0x28, 0xb0, 0x9b, 0x6b, 0xba},
                                         {0xb6, 0xe3, 0xb3, 0x05, 0xb0, 0xb3, 0x6e, 0xd8}},
                                        {1184,
                                         {0xed, 0x59, 0x8e, 0x64, 0xab, 0xae, 0xd7, 0x1c},
                                         {0x9c, 0x1d, 0x99, 0x8c, 0x75, 0xd9, 0xca, 0xe2},
                                         {0xd9, 0xc8, 0x76, 0x99, 0x4d, 0xbf, 0x10, 0x6e},
                                         {0x46, 0x12, 0x7b, 0x10, 0xbd, 0x47, 0x18, 0xc7}},
                                        {1200,
                                         {0xc3, 0x6b, 0x6f, 0xfe, 0x9c, 0x04, 0x0f, 0xd8},
                                         {0x02, 0x50, 0xc1, 0xc7, 0x88, 0xf6, 0x8f, 0x08},
                                         {0x42, 0xb6, 0x55, 0x4c, 0x03, 0x62, 0xbc, 0x11},
                                         {0x7e, 0x9d, 0x59, 0x35, 0xb1, 0x10, 0x4c, 0xdb}}};

TEST(answers_agree_with_hashlib)
{
    static uint8_t data[1200];
    message(data, sizeof data);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint8_t out[508];
        cepa_sha3_256(out, data, answers[i].len);
        CHECK_BYTES(out, answers[i].sha3_256, 8);
        cepa_sha3_512(out, data, answers[i].len);
        CHECK_BYTES(out, answers[i].sha3_512, 8);
        cepa_shake128(out, sizeof out, data, answers[i].len);
        CHECK_BYTES(out + 500, answers[i].shake128, 8);
        cepa_shake256(out, sizeof out, data, answers[i].len);
        CHECK_BYTES(out + 500, answers[i].shake256, 8);
    }
}

TEST(the_empty_message_has_the_nist_answers)
{
    static const uint8_t sha3_256[32] = {0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66,
                                         0x51, 0xc1, 0x47, 0x56, 0xa0, 0x61, 0xd6, 0x62,
                                         0xf5, 0x80, 0xff, 0x4d, 0xe4, 0x3b, 0x49, 0xfa,
                                         0x82, 0xd8, 0x0a, 0x4b, 0x80, 0xf8, 0x43, 0x4a};
    static const uint8_t sha3_512[64] = {
        0xa6, 0x9f, 0x73, 0xcc, 0xa2, 0x3a, 0x9a, 0xc5, 0xc8, 0xb5, 0x67, 0xdc, 0x18,
        0x5a, 0x75, 0x6e, 0x97, 0xc9, 0x82, 0x16, 0x4f, 0xe2, 0x58, 0x59, 0xe0, 0xd1,
        0xdc, 0xc1, 0x47, 0x5c, 0x80, 0xa6, 0x15, 0xb2, 0x12, 0x3a, 0xf1, 0xf5, 0xf9,
        0x4c, 0x11, 0xe3, 0xe9, 0x40, 0x2c, 0x3a, 0xc5, 0x58, 0xf5, 0x00, 0x19, 0x9d,
        0x95, 0xb6, 0xd3, 0xe3, 0x01, 0x75, 0x85, 0x86, 0x28, 0x1d, 0xcd, 0x26};
    static const uint8_t shake128[32] = {0x7f, 0x9c, 0x2b, 0xa4, 0xe8, 0x8f, 0x82, 0x7d,
                                         0x61, 0x60, 0x45, 0x50, 0x76, 0x05, 0x85, 0x3e,
                                         0xd7, 0x3b, 0x80, 0x93, 0xf6, 0xef, 0xbc, 0x88,
                                         0xeb, 0x1a, 0x6e, 0xac, 0xfa, 0x66, 0xef, 0x26};
    static const uint8_t shake256[32] = {0x46, 0xb9, 0xdd, 0x2b, 0x0b, 0xa8, 0x8d, 0x13,
                                         0x23, 0x3b, 0x3f, 0xeb, 0x74, 0x3e, 0xeb, 0x24,
                                         0x3f, 0xcd, 0x52, 0xea, 0x62, 0xb8, 0x1b, 0x82,
                                         0xb5, 0x0c, 0x27, 0x64, 0x6e, 0xd5, 0x76, 0x2f};
    uint8_t out[64];
    cepa_sha3_256(out, "", 0);
    CHECK_BYTES(out, sha3_256, sizeof sha3_256);
    cepa_sha3_512(out, "", 0);
    CHECK_BYTES(out, sha3_512, sizeof sha3_512);
    cepa_shake128(out, 32, "", 0);
    CHECK_BYTES(out, shake128, sizeof shake128);
    cepa_shake256(out, 32, "", 0);
    CHECK_BYTES(out, shake256, sizeof shake256);
}

TEST(pieces_give_the_same_as_the_whole)
{
    uint8_t data[400];
    uint8_t whole[400];
    uint8_t pieces[400];
    message(data, sizeof data);
    cepa_shake256(whole, sizeof whole, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        struct cepa_shake shake;
        cepa_shake256_init(&shake);
        cepa_shake_absorb(&shake, data, cut);
        cepa_shake_absorb(&shake, data + cut, sizeof data - cut);
        cepa_shake_squeeze(&shake, pieces, cut);
        cepa_shake_squeeze(&shake, pieces + cut, sizeof pieces - cut);
        CHECK_BYTES(pieces, whole, sizeof whole);
        cepa_shake_wipe(&shake);
        CHECK(shake.lanes[0] == 0 && shake.lanes[24] == 0);
    }
}

static void check_four_ways(size_t len, size_t cut, uint32_t rate, uint32_t cpu)
{
    uint8_t data[4][400];
    uint8_t out[4][400];
    uint8_t want[400];
    const uint8_t *in[4] = {data[0], data[1], data[2], data[3]};
    uint8_t *to[4] = {out[0], out[1], out[2], out[3]};
    struct cepa_shake_x4 shake;
    if (rate == CEPA_SHAKE128_RATE) {
        cepa_shake128_x4_init(&shake);
    } else {
        cepa_shake256_x4_init(&shake);
    }
    for (unsigned way = 0; way < 4; way++) {
        message(data[way], len);
        data[way][0] ^= (uint8_t)(17 * way);
    }
    cepa_shake_x4_absorb(&shake, in, cut, cpu);
    const uint8_t *rest[4] = {data[0] + cut, data[1] + cut, data[2] + cut, data[3] + cut};
    cepa_shake_x4_absorb(&shake, rest, len - cut, cpu);
    cepa_shake_x4_squeeze(&shake, to, cut, cpu);
    uint8_t *more[4] = {out[0] + cut, out[1] + cut, out[2] + cut, out[3] + cut};
    cepa_shake_x4_squeeze(&shake, more, sizeof want - cut, cpu);
    for (unsigned way = 0; way < 4; way++) {
        if (rate == CEPA_SHAKE128_RATE) {
            cepa_shake128(want, sizeof want, data[way], len);
        } else {
            cepa_shake256(want, sizeof want, data[way], len);
        }
        CHECK_BYTES(out[way], want, sizeof want);
    }
    cepa_shake_x4_wipe(&shake);
    CHECK(shake.lanes[3][2] == 0);
}

TEST(four_ways_give_the_same_as_one)
{
    const uint32_t cpus[] = {CEPA_CPU_PORTABLE, cepa_native_cpu() & CEPA_CPU_AVX2,
                             cepa_native_cpu()};
    for (size_t i = 0; i < 3; i++) {
        for (size_t len = 1; len <= 400; len += 19) {
            check_four_ways(len, len / 3, CEPA_SHAKE128_RATE, cpus[i]);
            check_four_ways(len, len / 2, CEPA_SHAKE256_RATE, cpus[i]);
        }
    }
}

static void check_lanes(uint32_t cpu)
{
    uint64_t one[4][CEPA_KECCAK_LANES];
    uint64_t best[CEPA_KECCAK_LANES];
    uint64_t four[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS];
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        for (unsigned way = 0; way < 4; way++) {
            one[way][i] = four[i][way] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) << way;
        }
        best[i] = one[0][i];
    }
    cepa_keccak_permute_x4(four, cpu);
    cepa_keccak_permute_best(best, cpu);
    for (unsigned way = 0; way < 4; way++) {
        cepa_keccak_permute(one[way]);
        for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
            CHECK(one[way][i] == four[i][way]);
        }
    }
    CHECK_BYTES(best, one[0], sizeof best);
}

TEST(every_code_for_the_permutation_gives_the_same)
{
    check_lanes(CEPA_CPU_PORTABLE);
    check_lanes(cepa_native_cpu() & CEPA_CPU_AVX2);
    check_lanes(cepa_native_cpu());
}

static void absorb_after_squeeze(void)
{
    struct cepa_shake shake;
    uint8_t out[1];
    cepa_shake128_init(&shake);
    cepa_shake_squeeze(&shake, out, sizeof out);
    cepa_shake_absorb(&shake, out, sizeof out);
}

static void absorb_after_squeeze_x4(void)
{
    struct cepa_shake_x4 shake;
    uint8_t bytes[4] = {0};
    uint8_t *out[4] = {bytes, bytes + 1, bytes + 2, bytes + 3};
    const uint8_t *in[4] = {bytes, bytes, bytes, bytes};
    cepa_shake128_x4_init(&shake);
    cepa_shake_x4_squeeze(&shake, out, 1, CEPA_CPU_PORTABLE);
    cepa_shake_x4_absorb(&shake, in, 1, CEPA_CPU_PORTABLE);
}

TEST(a_message_that_was_squeezed_takes_no_more)
{
    CHECK(test_panics(absorb_after_squeeze));
    CHECK(test_panics(absorb_after_squeeze_x4));
}

TEST_MAIN(RUN(the_permutation_of_zeros_is_the_published_one), RUN(answers_agree_with_hashlib),
          RUN(the_empty_message_has_the_nist_answers), RUN(pieces_give_the_same_as_the_whole),
          RUN(four_ways_give_the_same_as_one), RUN(every_code_for_the_permutation_gives_the_same),
          RUN(a_message_that_was_squeezed_takes_no_more))
