/* Data channel establishment: the message that opens a channel in band, and the answer.
 * @[RFC8832 5] */
#ifndef CEPA_NATIVE_WEBRTC_DCEP_H
#define CEPA_NATIVE_WEBRTC_DCEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CEPA_DCEP_HEADER_SIZE = 12,
    CEPA_DCEP_LABEL_MAX = 255, /* our own limit; the field would allow 65,535 */
    CEPA_DCEP_OPEN_MAX = CEPA_DCEP_HEADER_SIZE + 2 * CEPA_DCEP_LABEL_MAX,
    CEPA_DCEP_ACK_SIZE = 1
};

/* What an SCTP message of a data channel is, as its payload protocol identifier. @[RFC8831 8] */
enum cepa_ppid {
    CEPA_PPID_DCEP = 50,
    CEPA_PPID_STRING = 51,
    CEPA_PPID_BINARY = 53,
    CEPA_PPID_STRING_EMPTY = 56, /* one zero byte stands for nothing: SCTP has no empty messages */
    CEPA_PPID_BINARY_EMPTY = 57
};

/* How far a channel goes to deliver a message. */
enum cepa_reliability {
    CEPA_RELIABLE,
    CEPA_RELIABLE_RETRANSMITS, /* at most `limit` times */
    CEPA_RELIABLE_LIFETIME     /* for at most `limit` ms */
};

/* What a channel is like. */
struct cepa_dcep_open {
    bool is_unordered;
    enum cepa_reliability reliability;
    uint32_t limit;    /* 0 if reliable */
    uint16_t priority; /* 256 is normal */
    const char *label; /* lent; decoded it points into the message; not terminated */
    size_t label_len;
    const char *protocol; /* likewise */
    size_t protocol_len;
};

/* cepa_dcep_open_encode writes a DATA_CHANNEL_OPEN into CEPA_DCEP_OPEN_MAX bytes. Returns 0 or
 * CEPA_ERR_TOO_LONG if label or protocol exceed CEPA_DCEP_LABEL_MAX. */
CEPA_MUST_USE int cepa_dcep_open_encode(uint8_t *ret_bytes, size_t *ret_len,
                                        const struct cepa_dcep_open *open);

/* cepa_dcep_open_decode reads a DATA_CHANNEL_OPEN. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_MALFORMED
 * for an unknown message or channel type, or CEPA_ERR_TOO_LONG for a label or protocol beyond our
 * limit. */
CEPA_MUST_USE int cepa_dcep_open_decode(struct cepa_dcep_open *ret_open, const uint8_t *bytes,
                                        size_t bytes_len);

/* cepa_dcep_is_ack says whether a message is DATA_CHANNEL_ACK; cepa_dcep_ack_encode writes one. */
bool cepa_dcep_is_ack(const uint8_t *bytes, size_t bytes_len);
void cepa_dcep_ack_encode(uint8_t ret_bytes[CEPA_DCEP_ACK_SIZE]);

#endif
