/* Invitations as text. @[SPEC 10.1] */
#include "wire/invitation.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "wire/reach.h"

static const char scheme[] = "cepa:";

enum { SCHEME_LEN = sizeof scheme - 1, CHECKSUM_SIZE = 4, BYTES_MIN = 1 + 8 + 1 + CHECKSUM_SIZE };

/* CRC-32 as of Ethernet: it finds every change of up to three characters that stand together, and
 * all but one in 2^32 of others. It is there against slips, not against people. */
static uint32_t checksum(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

static char character(unsigned six)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return alphabet[six & 63];
}

/* The six bits of a character, or -1. */
static int six_bits(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* base64url without padding, and a final zero. */
static void text_encode(char *ret_text, const uint8_t *bytes, size_t len)
{
    uint32_t bits = 0;
    unsigned bits_len = 0;
    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8) | bytes[i];
        for (bits_len += 8; bits_len >= 6; bits_len -= 6) {
            *ret_text++ = character(bits >> (bits_len - 6));
        }
    }
    if (bits_len > 0) {
        *ret_text++ = character(bits << (6 - bits_len));
    }
    *ret_text = '\0';
}

/* The other way. False for other characters, more bytes than an invitation has, and bits left over
 * that are not zero. */
static bool text_decode(uint8_t ret_bytes[CEPA_INVITATION_BYTES_MAX], size_t *ret_len,
                        const char *text, size_t text_len)
{
    uint32_t bits = 0;
    unsigned bits_len = 0;
    size_t len = 0;
    for (size_t i = 0; i < text_len; i++) {
        int six = six_bits(text[i]);
        if (six < 0) {
            return false;
        }
        bits = (bits << 6) | (uint32_t)six;
        bits_len += 6;
        if (bits_len >= 8) {
            if (len == CEPA_INVITATION_BYTES_MAX) {
                return false;
            }
            bits_len -= 8;
            ret_bytes[len++] = (uint8_t)(bits >> bits_len);
        }
    }
    *ret_len = len;
    return bits_len < 6 && (bits & ((UINT32_C(1) << bits_len) - 1)) == 0;
}

int cepa_invitation_encode(char ret_text[CEPA_INVITATION_TEXT_SIZE],
                           const struct cepa_invitation *invitation)
{
    uint8_t bytes[CEPA_INVITATION_BYTES_MAX];
    struct cepa_writer writer;
    size_t len = 0;
    size_t count = invitation->addresses_len;
    if (count == 0 || count > CEPA_INVITATION_ADDRESSES_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_writer_init(&writer, bytes, sizeof bytes - CHECKSUM_SIZE);
    cepa_writer_u8(&writer, CEPA_INVITATION_VERSION);
    cepa_writer_bytes(&writer, invitation->network, sizeof invitation->network);
    cepa_writer_u8(&writer, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        if (!cepa_reach_is_valid(&invitation->addresses[i].reach)) {
            return CEPA_ERR_ARGUMENT;
        }
        cepa_relay_address_encode(&writer, &invitation->addresses[i]);
    }
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0);
    cepa_be32_store(bytes + len, checksum(bytes, len));
    memcpy(ret_text, scheme, SCHEME_LEN);
    text_encode(ret_text + SCHEME_LEN, bytes, len + CHECKSUM_SIZE);
    return 0;
}

/* What stands between version and checksum. */
static int read_content(struct cepa_invitation *ret_invitation, const uint8_t *bytes, size_t len)
{
    struct cepa_reader reader;
    int error = 0;
    memset(ret_invitation, 0, sizeof *ret_invitation);
    cepa_reader_init(&reader, bytes, len);
    cepa_reader_bytes(&reader, ret_invitation->network, sizeof ret_invitation->network);
    size_t count = cepa_reader_u8(&reader);
    if (count == 0 || count > CEPA_INVITATION_ADDRESSES_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < count && error == 0; i++) {
        error = cepa_relay_address_decode(&ret_invitation->addresses[i], &reader);
    }
    ret_invitation->addresses_len = count;
    return error != 0 || cepa_reader_end(&reader) != 0 ? CEPA_ERR_MALFORMED : 0;
}

int cepa_invitation_decode(struct cepa_invitation *ret_invitation, const char *text,
                           size_t text_len, const struct cepa_network_id *network)
{
    struct cepa_invitation invitation;
    uint8_t bytes[CEPA_INVITATION_BYTES_MAX];
    size_t len = 0;
    if (text_len <= SCHEME_LEN || memcmp(text, scheme, SCHEME_LEN) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    /* From here on it means to be one: whatever is wrong with its characters is a slip. */
    if (!text_decode(bytes, &len, text + SCHEME_LEN, text_len - SCHEME_LEN) || len < BYTES_MIN ||
        cepa_be32_load(bytes + len - CHECKSUM_SIZE) != checksum(bytes, len - CHECKSUM_SIZE)) {
        return CEPA_ERR_AUTHENTICATION;
    }
    if (bytes[0] != CEPA_INVITATION_VERSION) {
        return CEPA_ERR_VERSION;
    }
    int error = read_content(&invitation, bytes + 1, len - 1 - CHECKSUM_SIZE);
    if (error != 0) {
        return error;
    }
    if (network != NULL &&
        memcmp(invitation.network, network->bytes, sizeof invitation.network) != 0) {
        return CEPA_ERR_UNSUPPORTED;
    }
    *ret_invitation = invitation;
    return 0;
}
