/* DTLS by OpenSSL over a BIO of our own: reading takes the one datagram that is being received,
 * writing appends to the queue of the call that is running. */
#include "native/webrtc/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/assert.h"
#include "base/endian.h"
#include "native/webrtc/certificate_openssl.h"

enum {
    SEND_FRAGMENT = 2048, /* bytes; ours are shorter, and buffers grow with it */
    CHAIN_MAX = 16384,    /* bytes of the peer's certificates, and of any message of a handshake */
    EARLY_MAX = 8,        /* encrypted records of a handshake that come before the keys */
    RECORD_HEADER = 13,   /* type, version, epoch, number, length */
    RECORD_EPOCH_OFFSET = 3, /* 2 bytes */
    RECORD_LEN_OFFSET = 11,  /* 2 bytes */
    RECORD_ALERT = 21,       /* type */
    RECORD_HANDSHAKE = 22
};

struct cepa_dtls_context {
    SSL_CTX *ssl;
    BIO_METHOD *bio;
};

struct cepa_dtls {
    SSL *ssl;
    enum cepa_dtls_state state;
    const uint8_t *received; /* the datagram that is being read; NULL once it was taken */
    size_t received_len;
    struct cepa_datagram_queue *queue; /* of the call that is running */
    unsigned timeouts;                 /* of the flight that waits for its answer */
    unsigned early;                    /* how many records came too early */
    bool is_resting;                   /* OpenSSL has no buffers */
};

static int bio_write(BIO *bio, const char *data, int len)
{
    struct cepa_dtls *dtls = BIO_get_data(bio);
    /* What finds no room is lost, as datagrams are; the retransmission timer knows. */
    if (dtls->queue != NULL && len > 0) {
        int error = cepa_datagram_queue_push(dtls->queue, data, (size_t)len);
        CEPA_ASSERT(error == 0 || error == CEPA_ERR_FULL);
    }
    return len;
}

static int bio_read(BIO *bio, char *ret_data, int capacity)
{
    struct cepa_dtls *dtls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (dtls->received == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = dtls->received_len < (size_t)capacity ? dtls->received_len : (size_t)capacity;
    memcpy(ret_data, dtls->received, len);
    dtls->received = NULL;
    return (int)len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return CEPA_DTLS_MTU;
    default:
        return 0;
    }
}

/* Any certificate will do; its hash is what counts. */
static int accept_any(int is_right, X509_STORE_CTX *store)
{
    (void)is_right;
    (void)store;
    return 1;
}

static unsigned next_timeout(SSL *ssl, unsigned timeout_us)
{
    struct cepa_dtls *dtls = BIO_get_data(SSL_get_rbio(ssl));
    dtls->timeouts = timeout_us == 0 ? 0 : dtls->timeouts + 1; /* of this flight */
    return dtls->timeouts < 2 ? CEPA_DTLS_FIRST_TIMEOUT_US : timeout_us * 2;
}

static int configure(SSL_CTX *ssl)
{
    static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
                                  "ECDHE-ECDSA-AES256-GCM-SHA384";
    char groups[] = "X25519:P-256:P-384"; /* OpenSSL takes it without const */
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    SSL_CTX_set_max_cert_list(ssl, CHAIN_MAX);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_max_send_fragment(ssl, SEND_FRAGMENT);
    /* Nobody uses SRTP here, but browsers agree on it even without media, and some stacks insist.
     * This function alone returns 0 for success. @[RFC5764 4.1] */
    if (SSL_CTX_set_tlsext_use_srtp(ssl, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") != 0) {
        return CEPA_ERR_EXHAUSTED;
    }
    return SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(ssl, ciphers) == 1 &&
                   SSL_CTX_set1_groups_list(ssl, groups) == 1
               ? 0
               : CEPA_ERR_EXHAUSTED;
}

int cepa_dtls_context_new(struct cepa_dtls_context **ret_context)
{
    struct cepa_dtls_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    context->ssl = SSL_CTX_new(DTLS_method());
    context->bio = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "cepa datagrams");
    if (context->ssl == NULL || context->bio == NULL ||
        BIO_meth_set_write(context->bio, bio_write) != 1 ||
        BIO_meth_set_read(context->bio, bio_read) != 1 ||
        BIO_meth_set_ctrl(context->bio, bio_control) != 1 || configure(context->ssl) != 0) {
        cepa_dtls_context_free(context);
        ERR_clear_error();
        return CEPA_ERR_EXHAUSTED;
    }
    *ret_context = context;
    return 0;
}

void cepa_dtls_context_free(struct cepa_dtls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        BIO_meth_free(context->bio);
        free(context);
    }
}

int cepa_dtls_new(struct cepa_dtls **ret_dtls, struct cepa_dtls_context *context,
                  const struct cepa_certificate *certificate, int is_client)
{
    struct cepa_dtls *dtls = calloc(1, sizeof *dtls);
    SSL *ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->bio);
    if (dtls == NULL || ssl == NULL || bio == NULL ||
        SSL_use_certificate(ssl, certificate->x509) != 1 ||
        SSL_use_PrivateKey(ssl, certificate->key) != 1) {
        BIO_free(bio);
        SSL_free(ssl);
        free(dtls);
        ERR_clear_error();
        return CEPA_ERR_EXHAUSTED;
    }
    BIO_set_data(bio, dtls);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    DTLS_set_timer_cb(ssl, next_timeout);
    (void)SSL_set_mtu(ssl, CEPA_DTLS_MTU);
    if (is_client) {
        SSL_set_connect_state(ssl);
    } else {
        SSL_set_accept_state(ssl);
    }
    dtls->ssl = ssl;
    *ret_dtls = dtls;
    return 0;
}

void cepa_dtls_free(struct cepa_dtls *dtls)
{
    if (dtls != NULL) {
        SSL_free(dtls->ssl);
        free(dtls);
    }
}

/* Forgets errors of before, which SSL_get_error would take for those of the next call. Clearing
 * goes through the whole queue, and there is hardly ever one. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* Takes the result of an OpenSSL call into the state. */
static void note(struct cepa_dtls *dtls, int result)
{
    int reason = SSL_get_error(dtls->ssl, result);
    if (reason == SSL_ERROR_ZERO_RETURN) {
        dtls->state = CEPA_DTLS_CLOSED;
    } else if (reason == SSL_ERROR_SSL || reason == SSL_ERROR_SYSCALL) {
        dtls->state = CEPA_DTLS_FAILED;
    }
    forget_errors();
}

static void shake(struct cepa_dtls *dtls)
{
    forget_errors();
    int result = SSL_do_handshake(dtls->ssl);
    if (result == 1) {
        dtls->state = CEPA_DTLS_OPEN;
    } else {
        note(dtls, result);
    }
}

void cepa_dtls_start(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue)
{
    if (dtls->state == CEPA_DTLS_HANDSHAKE && !SSL_is_server(dtls->ssl)) {
        dtls->queue = queue;
        shake(dtls);
        dtls->queue = NULL;
    }
}

/* The epoch of the records that OpenSSL can read during the handshake. */
static unsigned read_epoch(const struct cepa_dtls *dtls)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(dtls->ssl);
    return state == TLS_ST_CR_CHANGE || state == TLS_ST_SR_CHANGE;
}

/* The length of what OpenSSL may see of a datagram during the handshake. It keeps records that come
 * before their keys, a hundred of them, and its older versions each with a whole buffer of 16 KiB;
 * the peer needs to be nobody yet. So only a few of them pass. */
static size_t cut_early(struct cepa_dtls *dtls, const uint8_t *data, size_t data_len)
{
    size_t at = 0;
    while (data_len - at >= RECORD_HEADER) {
        const uint8_t *record = data + at;
        bool is_early = cepa_be16_load(record + RECORD_EPOCH_OFFSET) > read_epoch(dtls) &&
                        (record[0] == RECORD_HANDSHAKE || record[0] == RECORD_ALERT);
        size_t len = RECORD_HEADER + (size_t)cepa_be16_load(record + RECORD_LEN_OFFSET);
        if (is_early && dtls->early >= EARLY_MAX) {
            return at;
        }
        dtls->early += is_early;
        if (len >= data_len - at) {
            break;
        }
        at += len;
    }
    return data_len;
}

static void shake_with(struct cepa_dtls *dtls, const uint8_t *data, size_t data_len)
{
    size_t len = cut_early(dtls, data, data_len);
    dtls->received = len > 0 ? data : NULL;
    dtls->received_len = len;
    shake(dtls);
    if (len < data_len && (dtls->state == CEPA_DTLS_OPEN || read_epoch(dtls) > 0)) {
        dtls->received = data + len; /* what came before has brought the keys */
        dtls->received_len = data_len - len;
        if (dtls->state == CEPA_DTLS_HANDSHAKE) {
            shake(dtls);
        }
    }
}

size_t cepa_dtls_receive(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue,
                         uint8_t *ret_plain, size_t capacity, const uint8_t *data, size_t data_len)
{
    size_t len = 0;
    if (data_len == 0 && dtls->state == CEPA_DTLS_OPEN && SSL_has_pending(dtls->ssl) == 0) {
        return 0;
    }
    dtls->queue = queue;
    dtls->is_resting = false;
    if (dtls->state == CEPA_DTLS_HANDSHAKE) {
        shake_with(dtls, data, data_len);
    } else {
        dtls->received = data_len > 0 ? data : NULL;
        dtls->received_len = data_len;
    }
    if (dtls->state == CEPA_DTLS_OPEN) {
        forget_errors();
        int result = SSL_read_ex(dtls->ssl, ret_plain, capacity, &len);
        if (result != 1) {
            len = 0;
            note(dtls, result);
        }
    }
    dtls->received = NULL;
    dtls->queue = NULL;
    return len;
}

/* Lets OpenSSL have buffers again. Over DTLS it makes those of both directions when it reads, and
 * none when it writes. There is nothing to read. */
static void wake(struct cepa_dtls *dtls)
{
    uint8_t nothing;
    size_t len;
    if (dtls->is_resting) {
        (void)SSL_read_ex(dtls->ssl, &nothing, sizeof nothing, &len);
        dtls->is_resting = false;
    }
}

int cepa_dtls_send(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue, const uint8_t *data,
                   size_t data_len)
{
    size_t written;
    if (dtls->state != CEPA_DTLS_OPEN) {
        return CEPA_ERR_STATE;
    }
    if (data_len == 0 || data_len > CEPA_DTLS_PLAIN_MAX) {
        return CEPA_ERR_LENGTH;
    }
    if (cepa_datagram_queue_room(queue) == 0) {
        return CEPA_ERR_FULL;
    }
    forget_errors();
    wake(dtls);
    dtls->queue = queue;
    int result = SSL_write_ex(dtls->ssl, data, data_len, &written);
    dtls->queue = NULL;
    if (result != 1) {
        note(dtls, result);
        return CEPA_ERR_STATE;
    }
    return 0;
}

uint64_t cepa_dtls_left_ns(struct cepa_dtls *dtls)
{
    struct timeval left;
    if (dtls->state != CEPA_DTLS_HANDSHAKE || DTLSv1_get_timeout(dtls->ssl, &left) != 1) {
        return UINT64_MAX;
    }
    return (uint64_t)left.tv_sec * 1000000000u + (uint64_t)left.tv_usec * 1000u;
}

void cepa_dtls_on_timeout(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue)
{
    if (dtls->state != CEPA_DTLS_HANDSHAKE) {
        return;
    }
    forget_errors();
    dtls->queue = queue;
    if (DTLSv1_handle_timeout(dtls->ssl) < 0) {
        dtls->state = CEPA_DTLS_FAILED;
        forget_errors();
    }
    dtls->queue = NULL;
}

void cepa_dtls_rest(struct cepa_dtls *dtls)
{
    if (dtls->state == CEPA_DTLS_OPEN && SSL_free_buffers(dtls->ssl) == 1) {
        dtls->is_resting = true;
    }
}

void cepa_dtls_close(struct cepa_dtls *dtls, struct cepa_datagram_queue *queue)
{
    if (dtls->state == CEPA_DTLS_OPEN) {
        wake(dtls);
        dtls->queue = queue;
        (void)SSL_shutdown(dtls->ssl);
        dtls->queue = NULL;
        dtls->state = CEPA_DTLS_CLOSED;
        forget_errors();
    }
}

enum cepa_dtls_state cepa_dtls_state_of(const struct cepa_dtls *dtls)
{
    return dtls->state;
}

int cepa_dtls_peer(const struct cepa_dtls *dtls, struct cepa_certificate_hash *ret_hash)
{
    X509 *peer = SSL_get0_peer_certificate(dtls->ssl);
    if (peer == NULL) {
        return CEPA_ERR_STATE;
    }
    *ret_hash = cepa_certificate_hash_of(peer);
    return 0;
}
