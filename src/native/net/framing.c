/* Cutting a TCP stream into datagrams. */
#include "native/net/framing.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"

void cepa_framing_init(struct cepa_framing *framing)
{
    framing->len = 0;
}

/* How long the header and, once it is known, its datagram are. */
static size_t wanted(const struct cepa_framing *framing)
{
    return framing->len < CEPA_FRAMING_HEADER_SIZE
               ? CEPA_FRAMING_HEADER_SIZE
               : CEPA_FRAMING_HEADER_SIZE + (size_t)cepa_be16_load(framing->bytes);
}

int cepa_framing_push(struct cepa_framing *framing, size_t *ret_taken, const uint8_t **ret_datagram,
                      size_t *ret_datagram_len, const uint8_t *bytes, size_t bytes_len)
{
    size_t taken = 0;
    if (framing->len >= CEPA_FRAMING_HEADER_SIZE && framing->len == wanted(framing)) {
        framing->len = 0; /* the datagram that was lent before */
    }
    while (taken < bytes_len) {
        size_t missing = wanted(framing) - framing->len;
        size_t len = missing < bytes_len - taken ? missing : bytes_len - taken;
        memcpy(framing->bytes + framing->len, bytes + taken, len);
        framing->len += len;
        taken += len;
        if (wanted(framing) > sizeof framing->bytes) {
            return CEPA_ERR_TOO_LONG;
        }
        if (framing->len < CEPA_FRAMING_HEADER_SIZE || framing->len < wanted(framing)) {
            continue;
        }
        if (framing->len == CEPA_FRAMING_HEADER_SIZE) {
            framing->len = 0; /* an empty datagram */
            continue;
        }
        *ret_taken = taken;
        *ret_datagram = framing->bytes + CEPA_FRAMING_HEADER_SIZE;
        *ret_datagram_len = framing->len - CEPA_FRAMING_HEADER_SIZE;
        return 1;
    }
    *ret_taken = taken;
    return 0;
}

void cepa_framing_header(uint8_t ret_header[CEPA_FRAMING_HEADER_SIZE], size_t datagram_len)
{
    CEPA_ASSERT(datagram_len <= CEPA_FRAMING_DATAGRAM_MAX);
    cepa_be16_store(ret_header, (uint16_t)datagram_len);
}
