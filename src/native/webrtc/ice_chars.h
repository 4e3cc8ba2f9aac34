/* The 64 characters that user fragments and passwords of ICE are made of: letters, digits, "+" and
 * "/". Each stands for 6 bits, as in base64 without padding. Packing and unpacking take a time that
 * depends on lengths only. @[RFC8839 5.4] */
#ifndef CEPA_NATIVE_WEBRTC_ICE_CHARS_H
#define CEPA_NATIVE_WEBRTC_ICE_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CEPA_ICE_CHARS_PACKED is how many bytes `len` characters take. */
#define CEPA_ICE_CHARS_PACKED(len) (((len)*6 + 7) / 8)

/* cepa_ice_chars_are says whether all `len` characters are of the 64; true for none. */
bool cepa_ice_chars_are(const char *chars, size_t len);

/* cepa_ice_chars_pack writes `len` characters (asserted: of the 64) into CEPA_ICE_CHARS_PACKED(len)
 * bytes, high bits first; the bits left over are 0. */
void cepa_ice_chars_pack(uint8_t *ret_bytes, const char *chars, size_t len);

/* cepa_ice_chars_unpack writes `len` characters from CEPA_ICE_CHARS_PACKED(len) bytes, and a final
 * zero. */
void cepa_ice_chars_unpack(char *ret_chars, size_t len, const uint8_t *bytes);

#endif
