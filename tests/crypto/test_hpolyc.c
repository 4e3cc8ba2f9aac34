/* HPolyC: all 180 published vectors both ways with every kernel, and the properties that the
 * layers above rely on. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "crypto/hpolyc.h"
#include "native/cpu.h"
#include "support/test.h"

enum { DATA_LEN_MAX = 4096 };

static size_t decode_hex(uint8_t *ret_bytes, const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    CHECK(cJSON_IsString(item));
    const char *text = item->valuestring;
    size_t len = strlen(text) / 2;
    CHECK(len <= DATA_LEN_MAX);
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        CHECK_INT(sscanf(text + 2 * i, "%2x", &byte), 1);
        ret_bytes[i] = (uint8_t)byte;
    }
    return len;
}

static void check_vector(const cJSON *vector, uint32_t cpu)
{
    static uint8_t plaintext[DATA_LEN_MAX];
    static uint8_t ciphertext[DATA_LEN_MAX];
    static uint8_t data[DATA_LEN_MAX];
    uint8_t tweak[DATA_LEN_MAX];
    uint8_t key_bytes[DATA_LEN_MAX];
    struct cepa_hpolyc_key key;
    const cJSON *input = cJSON_GetObjectItemCaseSensitive(vector, "input");
    size_t tweak_len = decode_hex(tweak, input, "tweak_hex");
    size_t data_len = decode_hex(plaintext, vector, "plaintext_hex");
    CHECK_INT(decode_hex(key_bytes, input, "key_hex"), CEPA_HPOLYC_KEY_LEN);
    CHECK_INT(decode_hex(ciphertext, vector, "ciphertext_hex"), data_len);

    cepa_hpolyc_key_init(&key, key_bytes, cpu);
    memcpy(data, plaintext, data_len);
    cepa_hpolyc_encrypt(&key, data, data_len, tweak, tweak_len, cpu);
    CHECK_BYTES(data, ciphertext, data_len);
    cepa_hpolyc_decrypt(&key, data, data_len, tweak, tweak_len, cpu);
    CHECK_BYTES(data, plaintext, data_len);
}

static cJSON *load_vectors(const char *file_name)
{
    const char *folder = getenv("CEPA_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : CEPA_VECTORS_DEFAULT, file_name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        test_skip("the published vectors are not there (CEPA_VECTORS)");
    }
    CHECK_INT(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    rewind(file);
    char *text = malloc((size_t)len + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)len, file) == (size_t)len);
    text[len] = '\0';
    fclose(file);
    cJSON *vectors = cJSON_Parse(text);
    free(text);
    CHECK(cJSON_IsArray(vectors));
    return vectors;
}

TEST(published_vectors_pass_both_ways)
{
    cJSON *vectors = load_vectors("HPolyC_XChaCha20_32_AES256.json");
    const cJSON *vector = NULL;
    int count = 0;
    cJSON_ArrayForEach(vector, vectors)
    {
        check_vector(vector, CEPA_CPU_PORTABLE);
        check_vector(vector, cepa_native_cpu());
        count++;
    }
    CHECK_INT(count, 180);
    test_note("%d vectors", count);
    cJSON_Delete(vectors);
}

static void fill(uint8_t *ret_bytes, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        ret_bytes[i] = (uint8_t)(seed >> 24);
    }
}

/* The carry of the addition modulo 2^128 has to cross the middle, and both carries out of the top
 * have to vanish; random right halves reach both, extreme ones reach them at once. */
TEST(kernels_agree_and_invert_at_every_length)
{
    struct cepa_hpolyc_key portable;
    struct cepa_hpolyc_key fast;
    uint32_t cpu = cepa_native_cpu();
    uint8_t key[32];
    uint8_t tweak[40];
    static uint8_t plaintext[1300];
    static uint8_t a[sizeof plaintext];
    static uint8_t b[sizeof plaintext];
    fill(key, sizeof key, 1);
    fill(tweak, sizeof tweak, 2);
    cepa_hpolyc_key_init(&portable, key, CEPA_CPU_PORTABLE);
    cepa_hpolyc_key_init(&fast, key, cpu);
    for (size_t len = 16; len <= sizeof plaintext; len++) {
        size_t tweak_len = len % sizeof tweak;
        fill(plaintext, len, (uint32_t)len);
        if (len % 3 == 0) {
            memset(plaintext + len - 16, (len & 1) != 0 ? 0xff : 0, 16);
        }
        memcpy(a, plaintext, len);
        memcpy(b, plaintext, len);
        cepa_hpolyc_encrypt(&portable, a, len, tweak, tweak_len, CEPA_CPU_PORTABLE);
        cepa_hpolyc_encrypt(&fast, b, len, tweak, tweak_len, cpu);
        CHECK_BYTES(b, a, len);
        cepa_hpolyc_decrypt(&portable, a, len, tweak, tweak_len, CEPA_CPU_PORTABLE);
        CHECK_BYTES(a, plaintext, len);
        cepa_hpolyc_decrypt(&fast, b, len, tweak, tweak_len, cpu);
        CHECK_BYTES(b, plaintext, len);
    }
}

TEST(a_key_from_one_kernel_works_with_the_features_of_another)
{
    struct cepa_hpolyc_key portable;
    struct cepa_hpolyc_key fast;
    uint8_t key[32];
    uint8_t a[100] = {0};
    uint8_t b[100] = {0};
    fill(key, sizeof key, 9);
    cepa_hpolyc_key_init(&portable, key, CEPA_CPU_PORTABLE);
    cepa_hpolyc_key_init(&fast, key, cepa_native_cpu());
    cepa_hpolyc_encrypt(&portable, a, sizeof a, NULL, 0, cepa_native_cpu());
    cepa_hpolyc_encrypt(&fast, b, sizeof b, NULL, 0, CEPA_CPU_PORTABLE);
    CHECK_BYTES(a, b, sizeof a);
}

/* count_equal_blocks counts the 16-byte blocks that are equal in both messages. */
static unsigned count_equal_blocks(const uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned count = 0;
    for (size_t i = 0; i + 16 <= len; i += 16) {
        count += memcmp(a + i, b + i, 16) == 0;
    }
    return count;
}

TEST(every_flipped_bit_changes_every_block)
{
    struct cepa_hpolyc_key key;
    uint8_t key_bytes[32];
    uint8_t tweak[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t sealed[1056] = {0};
    uint8_t opened[1056];
    const uint8_t zeros[1056] = {0};
    fill(key_bytes, sizeof key_bytes, 5);
    cepa_hpolyc_key_init(&key, key_bytes, cepa_native_cpu());
    cepa_hpolyc_encrypt(&key, sealed, sizeof sealed, tweak, sizeof tweak, cepa_native_cpu());
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit += 1) {
        memcpy(opened, sealed, sizeof opened);
        opened[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        cepa_hpolyc_decrypt(&key, opened, sizeof opened, tweak, sizeof tweak, cepa_native_cpu());
        CHECK_INT(count_equal_blocks(opened, zeros, sizeof opened), 0);
    }
    for (size_t bit = 0; bit < 8 * sizeof tweak; bit++) {
        memcpy(opened, sealed, sizeof opened);
        tweak[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        cepa_hpolyc_decrypt(&key, opened, sizeof opened, tweak, sizeof tweak, cepa_native_cpu());
        tweak[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(count_equal_blocks(opened, zeros, sizeof opened), 0);
    }
}

TEST(tweaks_that_differ_in_length_only_differ)
{
    struct cepa_hpolyc_key key;
    uint8_t key_bytes[32];
    const uint8_t tweak[12] = {0};
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    fill(key_bytes, sizeof key_bytes, 6);
    cepa_hpolyc_key_init(&key, key_bytes, cepa_native_cpu());
    cepa_hpolyc_encrypt(&key, a, sizeof a, tweak, 11, cepa_native_cpu());
    cepa_hpolyc_encrypt(&key, b, sizeof b, tweak, 12, cepa_native_cpu());
    CHECK_INT(count_equal_blocks(a, b, sizeof a), 0);
}

TEST(wiped_key_holds_zeros)
{
    static const struct cepa_hpolyc_key zeros;
    struct cepa_hpolyc_key key;
    uint8_t key_bytes[32];
    fill(key_bytes, sizeof key_bytes, 7);
    cepa_hpolyc_key_init(&key, key_bytes, cepa_native_cpu());
    cepa_hpolyc_key_wipe(&key);
    CHECK_BYTES(&key, &zeros, sizeof key);
}

TEST_MAIN(RUN(published_vectors_pass_both_ways), RUN(kernels_agree_and_invert_at_every_length),
          RUN(a_key_from_one_kernel_works_with_the_features_of_another),
          RUN(every_flipped_bit_changes_every_block), RUN(tweaks_that_differ_in_length_only_differ),
          RUN(wiped_key_holds_zeros))
