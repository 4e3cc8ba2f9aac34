/* One DTLS 1.2 association by OpenSSL, over datagrams that the caller carries. No socket, no clock
 * of its own but OpenSSL's retransmission timer.
 *
 * Both sides show a certificate and accept any: who the peer is, the layers above decide by its
 * hash. There are no tickets, no cookies (ICE has proved the peer's address) and no renegotiation.
 * @[RFC6347 4], @[RFC8261 5] */
#ifndef CEPA_NATIVE_WEBRTC_DTLS_H
#define CEPA_NATIVE_WEBRTC_DTLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/datagram_queue.h"
#include "native/webrtc/certificate.h"

enum {
    CEPA_DTLS_MTU = 1200,             /* bytes of a handshake datagram, like browsers */
    CEPA_DTLS_OVERHEAD = 13 + 8 + 16, /* record header, explicit nonce, tag */
    CEPA_DTLS_PLAIN_MAX = 1500 - CEPA_DTLS_OVERHEAD,
    CEPA_DTLS_FIRST_TIMEOUT_US = 100000 /* and for the second time; then it doubles */
};

enum cepa_dtls_state {
    CEPA_DTLS_HANDSHAKE,
    CEPA_DTLS_OPEN,
    CEPA_DTLS_CLOSED, /* the peer said goodbye, or we did */
    CEPA_DTLS_FAILED  /* the handshake or a record broke the protocol */
};

/* What associations share; opaque. */
struct cepa_dtls_context;

/* One association; opaque. */
struct cepa_dtls;

/* cepa_dtls_context_new makes a context. Returns 0 or CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_dtls_context_new(struct cepa_dtls_context **ret_context);

/* cepa_dtls_context_free gives it back, once no association uses it; NULL is allowed. */
void cepa_dtls_context_free(struct cepa_dtls_context *context);

/* cepa_dtls_new begins an association as client or server that shows `certificate`, which may be
 * freed afterwards. Returns 0 or CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_dtls_new(struct cepa_dtls **ret_dtls, struct cepa_dtls_context *context,
                                const struct cepa_certificate *certificate, int is_client);

/* cepa_dtls_free gives it back without a word to the peer; NULL is allowed. */
void cepa_dtls_free(struct cepa_dtls *dtls);

/* cepa_dtls_start lets a client send its first flight; a server has nothing to say yet. What is to
 * be sent goes to `queue`, here and in all calls that take one. */
void cepa_dtls_start(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue);

/* cepa_dtls_receive takes one datagram, and gives what it holds for the layer above: up to
 * `capacity` bytes to `ret_plain`, and their number, 0 if there is nothing. Call it again with
 * `data` NULL as long as it gives something. Errors of the peer show in the state. */
size_t cepa_dtls_receive(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue,
                         uint8_t *ret_plain, size_t capacity, const uint8_t *data, size_t data_len);

/* cepa_dtls_send makes one record of 1 to CEPA_DTLS_PLAIN_MAX bytes. Returns 0, CEPA_ERR_STATE
 * unless the association is open, CEPA_ERR_LENGTH, or CEPA_ERR_FULL if the queue has no room for
 * it. */
CEPA_MUST_USE int cepa_dtls_send(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue,
                                 const uint8_t *data, size_t data_len);

/* cepa_dtls_left_ns gives in how many ns cepa_dtls_on_timeout is due; UINT64_MAX if no timer runs.
 */
uint64_t cepa_dtls_left_ns(struct cepa_dtls *dtls);

/* cepa_dtls_on_timeout retransmits what is due, and gives up after too many. */
void cepa_dtls_on_timeout(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue);

/* cepa_dtls_rest gives back the memory that only records under way need, if none are. */
void cepa_dtls_rest(struct cepa_dtls *dtls);

/* cepa_dtls_close says goodbye, if the handshake had come to an end. */
void cepa_dtls_close(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue);

/* cepa_dtls_state_of gives the state. */
enum cepa_dtls_state cepa_dtls_state_of(const struct cepa_dtls *dtls);

/* cepa_dtls_peer gives the hash of the peer's certificate. Returns 0, or CEPA_ERR_STATE before the
 * handshake has shown one. */
CEPA_MUST_USE int cepa_dtls_peer(const struct cepa_dtls *dtls,
                                 struct cepa_certificate_hash *ret_hash);

#endif
