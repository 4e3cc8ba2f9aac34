/* STUN messages, as far as ICE uses them: binding requests, indications and responses with their
 * attributes, message integrity by short-term credentials, and fingerprint. No state, no I/O.
 * @[RFC8489 5], @[RFC8445 16] */
#ifndef CEPA_NATIVE_WEBRTC_STUN_H
#define CEPA_NATIVE_WEBRTC_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "native/net/address.h"

enum {
    CEPA_STUN_HEADER_SIZE = 20,
    CEPA_STUN_TRANSACTION_SIZE = 12,
    CEPA_STUN_MESSAGE_MAX = 548, /* what fits any path without fragments @[RFC8489 6.1] */
    CEPA_STUN_USERNAME_MAX = 513,
    CEPA_STUN_UNKNOWN_MAX = 4, /* how many unknown attributes are named in a refusal */
    CEPA_STUN_ERROR_BAD_REQUEST = 400,
    CEPA_STUN_ERROR_UNAUTHENTICATED = 401,
    CEPA_STUN_ERROR_UNKNOWN_ATTRIBUTE = 420,
    CEPA_STUN_ERROR_ROLE_CONFLICT = 487
};

enum cepa_stun_class {
    CEPA_STUN_REQUEST = 0,
    CEPA_STUN_INDICATION = 1,
    CEPA_STUN_SUCCESS = 2,
    CEPA_STUN_FAILURE = 3
};

/* Which side of ICE a check says that its sender is on. */
enum cepa_stun_role { CEPA_STUN_ROLE_NONE, CEPA_STUN_CONTROLLING, CEPA_STUN_CONTROLLED };

/* The number that names a request and its response. */
struct cepa_stun_transaction {
    uint8_t bytes[CEPA_STUN_TRANSACTION_SIZE];
};

/* A decoded binding message. What is absent is zero. */
struct cepa_stun_message {
    enum cepa_stun_class class;
    struct cepa_stun_transaction transaction;
    const uint8_t *username; /* points into the datagram; NULL if absent */
    size_t username_len;     /* bytes */
    uint32_t priority;       /* of the peer-reflexive candidate that the check would make */
    bool use_candidate;      /* the check nominates its pair */
    enum cepa_stun_role role;
    uint64_t tie_breaker;                    /* of that role */
    struct cepa_net_address mapped;          /* XOR-MAPPED-ADDRESS; family NONE if absent */
    unsigned error_code;                     /* 300 to 699 in a failure */
    size_t integrity_offset;                 /* where MESSAGE-INTEGRITY stands; 0 if absent */
    bool has_fingerprint;                    /* and it is right */
    uint16_t unknown[CEPA_STUN_UNKNOWN_MAX]; /* attributes that must be understood and are not */
    size_t unknown_len;
};

/* cepa_stun_is says whether a datagram looks like STUN (its first bits, its cookie), so that it can
 * be told from DTLS before anything is parsed. @[RFC7983 7] */
bool cepa_stun_is(const uint8_t *data, size_t data_len);

/* cepa_stun_decode reads a binding message. Attributes behind MESSAGE-INTEGRITY do not count, but
 * for FINGERPRINT. Returns 0, CEPA_ERR_LENGTH if it is cut or has bytes behind its end,
 * CEPA_ERR_MALFORMED for an attribute that is wrong in itself, twice there, or a wrong fingerprint,
 * or CEPA_ERR_VERSION if it is not a binding message. */
CEPA_MUST_USE int cepa_stun_decode(struct cepa_stun_message *ret_message, const uint8_t *data,
                                   size_t data_len);

/* cepa_stun_verify checks MESSAGE-INTEGRITY of the datagram that `message` was read from, under a
 * short-term password; the comparison is constant-time. Returns 0 or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_stun_verify(const struct cepa_stun_message *message, const uint8_t *data,
                                   const char *password, size_t password_len);

/* A message that is being written; the buffer is the caller's. */
struct cepa_stun_writer {
    struct cepa_writer writer;
};

/* cepa_stun_begin starts a message in `capacity` bytes at `buffer`. */
void cepa_stun_begin(struct cepa_stun_writer *writer, uint8_t *buffer, size_t capacity,
                     enum cepa_stun_class class, const struct cepa_stun_transaction *transaction);

/* These append one attribute each. */
void cepa_stun_add_username(struct cepa_stun_writer *writer, const char *username, size_t len);
void cepa_stun_add_priority(struct cepa_stun_writer *writer, uint32_t priority);
void cepa_stun_add_use_candidate(struct cepa_stun_writer *writer);
void cepa_stun_add_role(struct cepa_stun_writer *writer, enum cepa_stun_role role,
                        uint64_t tie_breaker);
void cepa_stun_add_mapped(struct cepa_stun_writer *writer, const struct cepa_net_address *address);
void cepa_stun_add_error(struct cepa_stun_writer *writer, unsigned code, const char *reason);
void cepa_stun_add_unknown(struct cepa_stun_writer *writer, const uint16_t *types,
                           size_t types_len);

/* cepa_stun_end appends MESSAGE-INTEGRITY under `password` (none if it is NULL) and FINGERPRINT,
 * and gives the length of the message. Returns 0 or CEPA_ERR_TOO_LONG. */
CEPA_MUST_USE int cepa_stun_end(struct cepa_stun_writer *writer, size_t *ret_len,
                                const char *password, size_t password_len);

#endif
