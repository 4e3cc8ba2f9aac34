/* The server's side of SOCKS 5 with one client, up to the answer to its request: which methods it
 * offers, perhaps a user name and a password, and where it wants to be connected. Sans-I/O and
 * bounded; only CONNECT is spoken. @[RFC1928], @[RFC1929]
 *
 *     receive at most cepa_socks_wanted bytes, hand them to cepa_socks_receive;
 *     send what cepa_socks_pull gives;
 *     once cepa_socks_request gives a request: cepa_socks_answer it, and pull once more.
 *
 * Exactly the bytes up to the end of the request are wanted: those behind it are the connection's,
 * and stay where they are. Names and passwords are not checked, they only keep clients apart:
 * whoever uses others than before gets sessions of their own, as with Tor's proxy. */
#ifndef CEPA_NATIVE_PROXY_SOCKS_H
#define CEPA_NATIVE_PROXY_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CEPA_SOCKS_INPUT_MAX = 513,    /* the longest message: 1 + 1 + 255 + 1 + 255, of credentials */
    CEPA_SOCKS_OUTPUT_MAX = 14,    /* all that is ever sent: 2 + 2 + 10 */
    CEPA_SOCKS_NAME_MAX = 255,     /* of a host */
    CEPA_SOCKS_ISOLATION_SIZE = 32 /* BLAKE2b-256 of the credentials, with their lengths */
};

/* What a request is answered. @[RFC1928 6] */
enum cepa_socks_reply {
    CEPA_SOCKS_GRANTED = 0,     /* the connection stands, its bytes follow */
    CEPA_SOCKS_FAILED = 1,      /* for a reason that has no number */
    CEPA_SOCKS_NOT_ALLOWED = 2, /* we do not go there */
    CEPA_SOCKS_NETWORK = 3,     /* no network */
    CEPA_SOCKS_HOST = 4,        /* nobody of that name, or nobody is there */
    CEPA_SOCKS_REFUSED = 5,     /* somebody is there, and does not want this */
    CEPA_SOCKS_EXPIRED = 6,     /* it took too long */
    CEPA_SOCKS_COMMAND = 7,     /* something else than CONNECT */
    CEPA_SOCKS_ADDRESS = 8      /* an unknown kind of host */
};

/* How a host is written; values of the wire. */
enum cepa_socks_host { CEPA_SOCKS_IPV4 = 1, CEPA_SOCKS_NAME = 3, CEPA_SOCKS_IPV6 = 4 };

/* Where a client wants to be connected. */
struct cepa_socks_request {
    enum cepa_socks_host host;
    char name[CEPA_SOCKS_NAME_MAX + 1]; /* NAME: as it came, without zeros, with a final one */
    uint8_t ip[16];                     /* IPV4: 4 bytes of it; IPV6: all */
    uint16_t port;
    uint8_t isolation[CEPA_SOCKS_ISOLATION_SIZE]; /* zeros: the client gave no credentials */
};

/* Which message comes next. */
enum cepa_socks_stage {
    CEPA_SOCKS_AT_GREETING,
    CEPA_SOCKS_AT_CREDENTIALS,
    CEPA_SOCKS_AT_REQUEST,
    CEPA_SOCKS_AT_ANSWER, /* ours */
    CEPA_SOCKS_AT_END     /* nothing more; what is to be pulled is the last */
};

/* One client. */
struct cepa_socks {
    enum cepa_socks_stage stage;
    uint8_t input[CEPA_SOCKS_INPUT_MAX]; /* of the message that comes now */
    size_t input_len;
    uint8_t output[CEPA_SOCKS_OUTPUT_MAX]; /* what was not pulled yet */
    size_t output_len;
    bool is_granted;
    struct cepa_socks_request request;
};

/* cepa_socks_init begins with a client. */
void cepa_socks_init(struct cepa_socks *ret_socks);

/* cepa_socks_wipe overwrites what it has said. */
void cepa_socks_wipe(struct cepa_socks *socks);

/* cepa_socks_wanted gives how many bytes may be received now, at most CEPA_SOCKS_INPUT_MAX; 0:
 * none, for the request is here, or it came to nothing. */
size_t cepa_socks_wanted(const struct cepa_socks *socks);

/* cepa_socks_receive takes bytes, as many as are wanted or fewer (asserted). Returns 0, or
 *   CEPA_ERR_VERSION      the client speaks something else than SOCKS 5;
 *   CEPA_ERR_UNSUPPORTED  it asks for something that is not spoken here;
 *   CEPA_ERR_MALFORMED    its message contradicts itself.
 * After these nothing more is wanted, and what cepa_socks_pull still gives tells the client. */
CEPA_MUST_USE int cepa_socks_receive(struct cepa_socks *socks, const uint8_t *data,
                                     size_t data_len);

/* cepa_socks_pull moves what is to be sent now into `capacity` bytes, and gives how many. */
size_t cepa_socks_pull(struct cepa_socks *socks, uint8_t *ret_data, size_t capacity);

/* cepa_socks_request gives the request that waits for its answer, lent until then; else NULL. */
const struct cepa_socks_request *cepa_socks_request(const struct cepa_socks *socks);

/* cepa_socks_answer answers the request (asserted: there is one). */
void cepa_socks_answer(struct cepa_socks *socks, enum cepa_socks_reply reply);

/* cepa_socks_is_granted says whether it was answered with GRANTED. */
bool cepa_socks_is_granted(const struct cepa_socks *socks);

/* cepa_socks_reply_for gives what tells a client of an error; GRANTED for 0. */
enum cepa_socks_reply cepa_socks_reply_for(int error);

#endif
