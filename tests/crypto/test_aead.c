/* The thin names give what RFC 8439, RFC 7693 and libsodium's own composition give, in place, and
 * opening leaves the data alone when anything is wrong. */
#include <sodium.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/mac.h"
#include "crypto/stream.h"
#include "support/test.h"

static void fill(uint8_t *ret_bytes, size_t len, uint8_t start)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(start + i);
    }
}

TEST(chacha20_gives_the_block_of_rfc_8439)
{
    static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
    static const uint8_t want[16] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
                                     0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4};
    uint8_t key[32];
    uint8_t data[64] = {0};
    fill(key, sizeof key, 0);
    cepa_chacha20_xor(data, sizeof data, key, nonce, 1);
    CHECK_BYTES(data, want, sizeof want);

    uint8_t stream[128];
    cepa_chacha20_stream(stream, sizeof stream, key, nonce);
    CHECK_BYTES(stream + 64, data, sizeof data);
}

TEST(poly1305_gives_the_tag_of_rfc_8439)
{
    static const uint8_t key[32] = {0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33,
                                    0x7f, 0x44, 0x52, 0xfe, 0x42, 0xd5, 0x06, 0xa8,
                                    0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d, 0xb2, 0xfd,
                                    0x4a, 0xbf, 0xf6, 0xaf, 0x41, 0x49, 0xf5, 0x1b};
    static const uint8_t want[16] = {0xa8, 0x06, 0x1d, 0xc1, 0x30, 0x51, 0x36, 0xc6,
                                     0xc2, 0x2b, 0x8b, 0xaf, 0x0c, 0x01, 0x27, 0xa9};
    static const char message[] = "Cryptographic Forum Research Group";
    size_t len = sizeof message - 1;
    uint8_t tag[16];
    cepa_poly1305(tag, message, len, key);
    CHECK_BYTES(tag, want, sizeof want);
    CHECK_INT(cepa_poly1305_verify(want, message, len, key), 0);

    for (size_t split = 0; split <= len; split++) {
        struct cepa_poly1305 mac;
        cepa_poly1305_init(&mac, key);
        cepa_poly1305_update(&mac, message, split);
        cepa_poly1305_update(&mac, message + split, len - split);
        cepa_poly1305_final(&mac, tag);
        CHECK_BYTES(tag, want, sizeof want);
    }
    for (size_t bit = 0; bit < 128; bit++) {
        tag[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(cepa_poly1305_verify(tag, message, len, key), CEPA_ERR_AUTHENTICATION);
        tag[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

TEST(poly1305_wipe_leaves_no_key)
{
    static const struct cepa_poly1305 zeros;
    struct cepa_poly1305 mac;
    uint8_t key[32];
    fill(key, sizeof key, 1);
    cepa_poly1305_init(&mac, key);
    cepa_poly1305_wipe(&mac);
    CHECK_BYTES(&mac, &zeros, sizeof mac);
}

TEST(aead_gives_the_tag_of_rfc_8439)
{
    static const uint8_t ad[12] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
                                   0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
    static const uint8_t nonce[12] = {7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
    static const uint8_t want_tag[16] = {0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a,
                                         0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91};
    static const uint8_t want_start[8] = {0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb};
    uint8_t data[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
                     "for the future, sunscreen would be it.";
    uint8_t key[32];
    uint8_t tag[16];
    fill(key, sizeof key, 0x80);
    cepa_aead_seal(data, sizeof data - 1, tag, ad, sizeof ad, nonce, key);
    CHECK_BYTES(tag, want_tag, sizeof tag);
    CHECK_BYTES(data, want_start, sizeof want_start);
    CHECK_INT(cepa_aead_open(data, sizeof data - 1, tag, ad, sizeof ad, nonce, key), 0);
    CHECK_BYTES(data, "Ladies and Gentlemen", 20);
}

TEST(aead_equals_libsodium_at_every_length)
{
    uint8_t key[32];
    uint8_t nonce[12];
    uint8_t plain[1128];
    uint8_t ad[40];
    fill(key, sizeof key, 3);
    fill(nonce, sizeof nonce, 5);
    fill(plain, sizeof plain, 7);
    fill(ad, sizeof ad, 11);
    for (size_t len = 0; len <= sizeof plain; len += len < 140 ? 1 : 247) {
        uint8_t got[sizeof plain];
        uint8_t want[sizeof plain];
        uint8_t got_tag[16];
        uint8_t want_tag[16];
        size_t ad_len = len % (sizeof ad + 1);
        memcpy(got, plain, len);
        cepa_aead_seal(got, len, got_tag, ad, ad_len, nonce, key);
        crypto_aead_chacha20poly1305_ietf_encrypt_detached(want, want_tag, NULL, plain, len, ad,
                                                           ad_len, NULL, nonce, key);
        CHECK_BYTES(got, want, len);
        CHECK_BYTES(got_tag, want_tag, sizeof want_tag);
        CHECK_INT(cepa_aead_open(got, len, got_tag, ad, ad_len, nonce, key), 0);
        CHECK_BYTES(got, plain, len);
    }
}

TEST(aead_open_refuses_every_flipped_bit_and_keeps_the_data)
{
    uint8_t key[32];
    uint8_t nonce[12];
    struct {
        uint8_t data[75];
        uint8_t tag[16];
        uint8_t ad[9];
    } sealed, before;
    uint8_t *bytes = (uint8_t *)&sealed;
    fill(key, sizeof key, 3);
    fill(nonce, sizeof nonce, 5);
    fill(bytes, sizeof sealed, 0);
    cepa_aead_seal(sealed.data, sizeof sealed.data, sealed.tag, sealed.ad, sizeof sealed.ad, nonce,
                   key);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        before = sealed;
        CHECK_INT(cepa_aead_open(sealed.data, sizeof sealed.data, sealed.tag, sealed.ad,
                                 sizeof sealed.ad, nonce, key),
                  CEPA_ERR_AUTHENTICATION);
        CHECK_BYTES(&sealed, &before, sizeof sealed);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CHECK_INT(cepa_aead_open(sealed.data, sizeof sealed.data, sealed.tag, sealed.ad,
                             sizeof sealed.ad - 1, nonce, key),
              CEPA_ERR_AUTHENTICATION);
}

TEST(blake2b_gives_the_hash_of_rfc_7693)
{
    static const uint8_t want[8] = {0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d};
    uint8_t hash[64];
    uint8_t again[64];
    uint8_t key[64];
    struct cepa_blake2b state;
    cepa_blake2b(hash, sizeof hash, "abc", 3, NULL, 0);
    CHECK_BYTES(hash, want, sizeof want);

    fill(key, sizeof key, 0);
    cepa_blake2b(hash, 32, "abc", 3, key, sizeof key);
    cepa_blake2b_init(&state, 32, key, sizeof key);
    cepa_blake2b_update(&state, "a", 1);
    cepa_blake2b_update(&state, "bc", 2);
    cepa_blake2b_final(&state, again, 32);
    CHECK_BYTES(again, hash, 32);

    cepa_blake2b(again, 32, "abc", 3, NULL, 0);
    CHECK(memcmp(again, hash, 32) != 0);
}

TEST_MAIN(RUN(chacha20_gives_the_block_of_rfc_8439), RUN(poly1305_gives_the_tag_of_rfc_8439),
          RUN(poly1305_wipe_leaves_no_key), RUN(aead_gives_the_tag_of_rfc_8439),
          RUN(aead_equals_libsodium_at_every_length),
          RUN(aead_open_refuses_every_flipped_bit_and_keeps_the_data),
          RUN(blake2b_gives_the_hash_of_rfc_7693))
