/* ChaCha20-Poly1305: what RFC 8439 and libsodium's own composition give, in place; opening leaves
 * the data alone when anything is wrong. */
#include "crypto/aead.h"

#include <sodium.h>
#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/test.h"

static void fill(uint8_t *ret_bytes, size_t len, uint8_t start)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(start + i);
    }
}

static uint32_t cpu_of(size_t i)
{
    return i == 0 ? (uint32_t)CEPA_CPU_PORTABLE : cepa_native_cpu();
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
    cepa_aead_seal(data, sizeof data - 1, tag, ad, sizeof ad, nonce, key, cepa_native_cpu());
    CHECK_BYTES(tag, want_tag, sizeof tag);
    CHECK_BYTES(data, want_start, sizeof want_start);
    CHECK_INT(
        cepa_aead_open(data, sizeof data - 1, tag, ad, sizeof ad, nonce, key, cepa_native_cpu()),
        0);
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
    for (size_t len = 0; len <= sizeof plain; len++) {
        uint8_t got[sizeof plain];
        uint8_t want[sizeof plain];
        uint8_t got_tag[16];
        uint8_t want_tag[16];
        size_t ad_len = len % (sizeof ad + 1);
        memcpy(got, plain, len);
        cepa_aead_seal(got, len, got_tag, ad, ad_len, nonce, key, cpu_of(len & 1));
        crypto_aead_chacha20poly1305_ietf_encrypt_detached(want, want_tag, NULL, plain, len, ad,
                                                           ad_len, NULL, nonce, key);
        CHECK_BYTES(got, want, len);
        CHECK_BYTES(got_tag, want_tag, sizeof want_tag);
        CHECK_INT(cepa_aead_open(got, len, got_tag, ad, ad_len, nonce, key, cpu_of(len / 2 & 1)),
                  0);
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
    uint32_t cpu = cepa_native_cpu();
    fill(key, sizeof key, 3);
    fill(nonce, sizeof nonce, 5);
    fill(bytes, sizeof sealed, 0);
    cepa_aead_seal(sealed.data, sizeof sealed.data, sealed.tag, sealed.ad, sizeof sealed.ad, nonce,
                   key, cpu);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        before = sealed;
        CHECK_INT(cepa_aead_open(sealed.data, sizeof sealed.data, sealed.tag, sealed.ad,
                                 sizeof sealed.ad, nonce, key, cpu),
                  CEPA_ERR_AUTHENTICATION);
        CHECK_BYTES(&sealed, &before, sizeof sealed);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CHECK_INT(cepa_aead_open(sealed.data, sizeof sealed.data, sealed.tag, sealed.ad,
                             sizeof sealed.ad - 1, nonce, key, cpu),
              CEPA_ERR_AUTHENTICATION);
}

TEST_MAIN(RUN(aead_gives_the_tag_of_rfc_8439), RUN(aead_equals_libsodium_at_every_length),
          RUN(aead_open_refuses_every_flipped_bit_and_keeps_the_data))
