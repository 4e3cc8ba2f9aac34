/* X25519: the RFC's vectors, points of low order, encodings that are not reduced, every
 * implementation against the library. That they take the same time for all secrets and for points
 * of low order is seen by tools/constant-time. */
#include "crypto/x25519.h"

#include <sodium.h>
#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

/* @[RFC7748 5.2] and @[RFC7748 6.1]; a NULL point is the base point. */
static const struct vector {
    const char *scalar;
    const char *point;
    const char *result;
} vectors[] = {
    {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", NULL,
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", NULL,
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

static const uint32_t cpus[] = {CEPA_CPU_PORTABLE, CEPA_CPU_AVX2, UINT32_MAX};

enum { CPUS_COUNT = sizeof cpus / sizeof cpus[0] };

static uint8_t nibble(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void from_hex(uint8_t ret[32], const char *hex)
{
    for (size_t i = 0; i < 32; i++) {
        ret[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    }
}

TEST(vectors_of_the_rfc)
{
    for (size_t c = 0; c < CPUS_COUNT; c++) {
        for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
            uint8_t scalar[32], point[32] = {9}, want[32], got[32];
            from_hex(scalar, vectors[i].scalar);
            from_hex(want, vectors[i].result);
            if (vectors[i].point != NULL) {
                from_hex(point, vectors[i].point);
            } else {
                cepa_x25519_base(got, scalar, cpus[c] & cepa_native_cpu());
                CHECK_BYTES(got, want, 32);
            }
            CHECK_INT(cepa_x25519(got, scalar, point, cpus[c] & cepa_native_cpu()), 0);
            CHECK_BYTES(got, want, 32);
        }
    }
}

/* The RFC's loop: the result becomes the scalar, and the old scalar the point. */
TEST(thousand_times_itself)
{
    for (size_t c = 0; c < CPUS_COUNT; c++) {
        uint8_t scalar[32] = {9}, point[32] = {9}, want[32];
        for (unsigned i = 1; i <= 1000; i++) {
            uint8_t result[32];
            CHECK_INT(cepa_x25519(result, scalar, point, cpus[c] & cepa_native_cpu()), 0);
            memcpy(point, scalar, 32);
            memcpy(scalar, result, 32);
            if (i == 1) {
                from_hex(want, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
                CHECK_BYTES(scalar, want, 32);
            }
        }
        from_hex(want, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
        CHECK_BYTES(scalar, want, 32);
    }
}

TEST(points_of_low_order_give_zeros_and_an_error)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const uint8_t scalar[32] = {1, 2, 3};
    static const uint8_t zeros[32] = {0};
    for (size_t i = 0; i < 2 * sizeof points / sizeof points[0]; i++) {
        uint8_t point[32], got[32];
        memset(got, 0xaa, sizeof got);
        from_hex(point, points[i / 2]);
        point[31] |= (uint8_t)(i % 2 << 7);
        CHECK_INT(cepa_x25519(got, scalar, point, cepa_native_cpu()), CEPA_ERR_LOW_ORDER_POINT);
        CHECK_BYTES(got, zeros, 32);
        /* One bit beside it there is a point like any other. */
        point[0] ^= 4;
        CHECK_INT(cepa_x25519(got, scalar, point, cepa_native_cpu()), 0);
    }
}

/* From p to 2^255 - 1 an encoding stands for itself minus p; 0 and 1 are of low order. */
TEST(points_are_taken_modulo_p)
{
    static const uint8_t scalar[32] = {7, 7, 7};
    for (size_t c = 0; c < CPUS_COUNT; c++) {
        for (unsigned i = 2; i < 19; i++) {
            uint8_t small[32] = {(uint8_t)i}, large[32], want[32], got[32];
            memset(large, 0xff, sizeof large);
            large[0] = (uint8_t)(0xed + i);
            large[31] = 0x7f;
            CHECK_INT(cepa_x25519(want, scalar, small, cpus[c] & cepa_native_cpu()), 0);
            CHECK_INT(cepa_x25519(got, scalar, large, cpus[c] & cepa_native_cpu()), 0);
            CHECK_BYTES(got, want, 32);
            large[31] = 0xff;
            CHECK_INT(cepa_x25519(got, scalar, large, cpus[c] & cepa_native_cpu()), 0);
            CHECK_BYTES(got, want, 32);
        }
    }
}

TEST(two_sides_agree_and_results_may_overwrite_inputs)
{
    for (unsigned i = 0; i < 50; i++) {
        uint8_t a[32], b[32], public_a[32], public_b[32];
        for (size_t j = 0; j < 32; j++) {
            a[j] = (uint8_t)(i * 31 + j * 7);
            b[j] = (uint8_t)(i * 17 + j * 29 + 1);
        }
        cepa_x25519_base(public_a, a, cepa_native_cpu());
        cepa_x25519_base(public_b, b, CEPA_CPU_PORTABLE);
        CHECK_INT(cepa_x25519(a, a, public_b, cepa_native_cpu()), 0);
        CHECK_INT(cepa_x25519(public_a, b, public_a, cepa_native_cpu()), 0);
        CHECK_BYTES(a, public_a, 32);
    }
}

/* Scalars and points at which carries, clamping or reduction could go wrong; then random ones. */
enum { EDGES_COUNT = 12 };

static void make_edge(uint8_t ret[32], size_t which)
{
    memset(ret, which < 6 ? 0x00 : 0xff, 32);
    switch (which) {
    case 1: /* 1, 2, 9, 2^254, 2^51 - 1 */
    case 2:
        ret[0] = (uint8_t)which;
        break;
    case 3:
        ret[0] = 9;
        break;
    case 4:
        ret[31] = 0x40;
        break;
    case 5:
        memset(ret, 0xff, 6);
        ret[6] = 0x07;
        break;
    case 6: /* 2^255 - 1, p - 2, p - 1, p, p + 1, 2^256 - 1 */
        ret[31] = 0x7f;
        break;
    case 7:
    case 8:
    case 9:
    case 10:
        ret[0] = (uint8_t)(0xeb + which - 7);
        ret[31] = 0x7f;
        break;
    default:
        break;
    }
}

/* Four in five are random; of the others every edge scalar meets every edge point. */
static void make_pair(struct test_random *random, size_t i, uint8_t scalar[32], uint8_t point[32])
{
    test_random_bytes(random, scalar, 32);
    test_random_bytes(random, point, 32);
    if (i % 5 == 0) {
        make_edge(scalar, i / 5 % EDGES_COUNT);
        make_edge(point, i / 5 / EDGES_COUNT % EDGES_COUNT);
    } else if (i % 5 == 1) {
        make_edge(i % 2 == 0 ? scalar : point, i / 10 % EDGES_COUNT);
    }
}

/* The library's answer; zeros where it refuses. */
static int reference(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32])
{
    memset(ret, 0, 32);
    return crypto_scalarmult_curve25519(ret, scalar, point) == 0 ? 0 : CEPA_ERR_LOW_ORDER_POINT;
}

TEST(every_implementation_gives_what_the_library_gives)
{
    struct test_random random = {25519};
    for (size_t i = 0; i < 10000; i++) {
        uint8_t scalar[32], point[32], want[32], got[32];
        make_pair(&random, i, scalar, point);
        int error = reference(want, scalar, point);
        for (size_t c = 0; c < CPUS_COUNT; c++) {
            uint32_t cpu = cpus[c] & cepa_native_cpu();
            CHECK_INT(cepa_x25519(got, scalar, point, cpu), error);
            CHECK_BYTES(got, want, 32);
        }
    }
}

TEST(public_keys_are_what_the_library_gives)
{
    struct test_random random = {7748};
    for (size_t i = 0; i < 10000; i++) {
        uint8_t scalar[32], point[32], want[32], got[32];
        make_pair(&random, i, scalar, point);
        CHECK_INT(crypto_scalarmult_curve25519_base(want, scalar), 0);
        for (size_t c = 0; c < CPUS_COUNT; c++) {
            cepa_x25519_base(got, scalar, cpus[c] & cepa_native_cpu());
            CHECK_BYTES(got, want, 32);
        }
    }
}

TEST(batches_of_every_count_are_right)
{
    struct test_random random = {16};
    for (size_t i = 0; i < 10000;) {
        for (size_t count = 0; count <= CEPA_X25519_BATCH_MAX; count++) {
            uint8_t scalars[CEPA_X25519_BATCH_MAX][32], points[CEPA_X25519_BATCH_MAX][32];
            uint8_t want[CEPA_X25519_BATCH_MAX][32], got[CEPA_X25519_BATCH_MAX + 1][32];
            int error = 0;
            memset(got, 0x55, sizeof got);
            for (size_t j = 0; j < count; j++, i++) {
                make_pair(&random, i, scalars[j], points[j]);
                error |= reference(want[j], scalars[j], points[j]);
            }
            for (size_t c = 0; c < CPUS_COUNT; c++) {
                uint32_t cpu = cpus[c] & cepa_native_cpu();
                CHECK_INT(cepa_x25519_batch(got[0], scalars[0], points[0], count, cpu), error);
                CHECK_BYTES(got, want, 32 * count);
                CHECK(got[count][0] == 0x55 && got[count][31] == 0x55);
            }
            CHECK_INT(cepa_x25519_batch(points[0], scalars[0], points[0], count, cepa_native_cpu()),
                      error);
            CHECK_BYTES(points, want, 32 * count);
        }
    }
}

TEST(ephemeral_keys_and_secrets_of_every_count_are_right)
{
    struct test_random random = {8};
    for (size_t i = 0; i < 2000;) {
        for (size_t count = 0; count <= CEPA_X25519_AGREE_MAX; count++) {
            uint8_t scalars[CEPA_X25519_AGREE_MAX][32], points[CEPA_X25519_AGREE_MAX][32];
            uint8_t want[2][CEPA_X25519_AGREE_MAX][32], got[2][CEPA_X25519_AGREE_MAX][32];
            int error = 0;
            memset(want, 0x55, sizeof want);
            for (size_t j = 0; j < count; j++, i++) {
                make_pair(&random, i, scalars[j], points[j]);
                error |= reference(want[1][j], scalars[j], points[j]);
                CHECK_INT(crypto_scalarmult_curve25519_base(want[0][j], scalars[j]), 0);
            }
            for (size_t c = 0; c < CPUS_COUNT; c++) {
                memset(got, 0x55, sizeof got);
                CHECK_INT(cepa_x25519_agree(got[0][0], got[1][0], scalars[0], points[0], count,
                                            cpus[c] & cepa_native_cpu()),
                          error);
                CHECK_BYTES(got, want, sizeof want);
            }
        }
    }
}

TEST_MAIN(RUN(vectors_of_the_rfc), RUN(thousand_times_itself),
          RUN(points_of_low_order_give_zeros_and_an_error), RUN(points_are_taken_modulo_p),
          RUN(two_sides_agree_and_results_may_overwrite_inputs),
          RUN(every_implementation_gives_what_the_library_gives),
          RUN(public_keys_are_what_the_library_gives), RUN(batches_of_every_count_are_right),
          RUN(ephemeral_keys_and_secrets_of_every_count_are_right))
