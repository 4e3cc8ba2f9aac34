/* Datagrams on a TCP connection: two bytes of length before each, as ICE-TCP wants it.
 * @[RFC4571 2], @[RFC6544 3] */
#ifndef CEPA_NATIVE_NET_FRAMING_H
#define CEPA_NATIVE_NET_FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CEPA_FRAMING_HEADER_SIZE = 2, CEPA_FRAMING_DATAGRAM_MAX = 2048 };

/* Collects a stream into datagrams; a longer datagram ends the connection. */
struct cepa_framing {
    uint8_t bytes[CEPA_FRAMING_HEADER_SIZE + CEPA_FRAMING_DATAGRAM_MAX]; /* header and what came */
    size_t len;                                                          /* bytes of it */
};

/* cepa_framing_init begins at the start of a stream. */
void cepa_framing_init(struct cepa_framing *framing);

/* cepa_framing_push takes bytes of the stream, up to the end of one datagram, and says how many in
 * `ret_taken`. Returns 1 if a datagram is complete: it is lent in `ret_datagram` until the next
 * call; 0 if all bytes were taken and more are needed; CEPA_ERR_TOO_LONG if the datagram exceeds
 * CEPA_FRAMING_DATAGRAM_MAX. Empty datagrams are passed over. */
CEPA_MUST_USE int cepa_framing_push(struct cepa_framing *framing, size_t *ret_taken,
                                    const uint8_t **ret_datagram, size_t *ret_datagram_len,
                                    const uint8_t *bytes, size_t bytes_len);

/* cepa_framing_header writes what stands before a datagram of `datagram_len` bytes (asserted: at
 * most CEPA_FRAMING_DATAGRAM_MAX). */
void cepa_framing_header(uint8_t ret_header[CEPA_FRAMING_HEADER_SIZE], size_t datagram_len);

#endif
