/* Six bits to a character. */
#include "native/webrtc/ice_chars.h"

#include "base/assert.h"
#include "base/ct.h"

/* All ones if first <= value <= last; all three are below 2^31. */
static uint32_t mask_if_between(uint32_t value, uint32_t first, uint32_t last)
{
    value = cepa_ct_barrier(value);
    return (uint32_t)0 - (((value - first) >> 31 | (last - value) >> 31) ^ 1u);
}

/* What a character stands for, or 64 if it is none of ours. */
static uint32_t value_of(uint32_t character)
{
    uint32_t value = 64;
    value = cepa_ct_select(mask_if_between(character, 'A', 'Z'), character - 'A', value);
    value = cepa_ct_select(mask_if_between(character, 'a', 'z'), character - 'a' + 26, value);
    value = cepa_ct_select(mask_if_between(character, '0', '9'), character - '0' + 52, value);
    value = cepa_ct_select(mask_if_between(character, '+', '+'), 62, value);
    return cepa_ct_select(mask_if_between(character, '/', '/'), 63, value);
}

static char character_of(uint32_t value)
{
    uint32_t character = 'A' + value;
    character = cepa_ct_select(mask_if_between(value, 26, 51), 'a' + value - 26, character);
    character = cepa_ct_select(mask_if_between(value, 52, 61), '0' + value - 52, character);
    character = cepa_ct_select(mask_if_between(value, 62, 62), '+', character);
    return (char)cepa_ct_select(mask_if_between(value, 63, 63), '/', character);
}

bool cepa_ice_chars_are(const char *chars, size_t len)
{
    uint32_t wrong = 0;
    for (size_t i = 0; i < len; i++) {
        wrong |= value_of((uint8_t)chars[i]) & 64;
    }
    return wrong == 0;
}

void cepa_ice_chars_pack(uint8_t *ret_bytes, const char *chars, size_t len)
{
    uint32_t bits = 0;
    unsigned bits_len = 0;
    CEPA_ASSERT(cepa_ice_chars_are(chars, len));
    for (size_t i = 0; i < len; i++) {
        bits = bits << 6 | value_of((uint8_t)chars[i]);
        bits_len += 6;
        if (bits_len >= 8) {
            bits_len -= 8;
            *ret_bytes++ = (uint8_t)(bits >> bits_len);
        }
    }
    if (bits_len > 0) {
        *ret_bytes = (uint8_t)(bits << (8 - bits_len));
    }
}

void cepa_ice_chars_unpack(char *ret_chars, size_t len, const uint8_t *bytes)
{
    uint32_t bits = 0;
    unsigned bits_len = 0;
    for (size_t i = 0; i < len; i++) {
        if (bits_len < 6) {
            bits = bits << 8 | *bytes++;
            bits_len += 8;
        }
        bits_len -= 6;
        ret_chars[i] = character_of(bits >> bits_len & 63);
    }
    ret_chars[len] = '\0';
}
