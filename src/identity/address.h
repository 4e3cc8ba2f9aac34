/* The address of an identity: what one person gives another, 48 bytes. @[SPEC 14.1]
 *
 *     Ed25519 public key 32 | hash of the other public keys 16
 *
 * As text it is Bech32m, 89 characters, whose checksum finds every slip of up to four characters
 * and says where up to two of them are. As a host name, for programs that know nothing but those,
 * its characters behind the prefix stand in two labels below `cepa`. @[BIP350] @[SPEC 14.2] */
#ifndef CEPA_IDENTITY_ADDRESS_H
#define CEPA_IDENTITY_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CEPA_ADDRESS_KEY_SIZE = 32,  /* the Ed25519 public key */
    CEPA_ADDRESS_HASH_SIZE = 16, /* BLAKE2b-128 of the ML-DSA and the X-Wing public key */
    CEPA_ADDRESS_SIZE = CEPA_ADDRESS_KEY_SIZE + CEPA_ADDRESS_HASH_SIZE,
    CEPA_ADDRESS_VERSION = 0,
    CEPA_ADDRESS_PREFIX_LEN = 5,                                    /* "cepa1" */
    CEPA_ADDRESS_SYMBOLS = 1 + (CEPA_ADDRESS_SIZE * 8 + 4) / 5 + 6, /* version, bytes, checksum */
    CEPA_ADDRESS_TEXT_LEN = CEPA_ADDRESS_PREFIX_LEN + CEPA_ADDRESS_SYMBOLS,
    CEPA_ADDRESS_TEXT_SIZE = CEPA_ADDRESS_TEXT_LEN + 1,   /* with the final zero */
    CEPA_ADDRESS_HOST_LABEL = 63,                         /* symbols in the first label */
    CEPA_ADDRESS_HOST_LEN = CEPA_ADDRESS_SYMBOLS + 1 + 5, /* a dot, ".cepa" */
    CEPA_ADDRESS_HOST_SIZE = CEPA_ADDRESS_HOST_LEN + 1,
    CEPA_ADDRESS_SLIPS_MAX = 2, /* how many slips have a known place */
};

_Static_assert(CEPA_ADDRESS_SYMBOLS == 84, "1 + 77 + 6");
_Static_assert(CEPA_ADDRESS_TEXT_LEN == 89, "within Bech32m's 90 characters");
_Static_assert(CEPA_ADDRESS_HOST_LEN == 90, "below the 253 of a host name");

/* An address. Public, but whoever has it can look up when its owner is there. */
struct cepa_address {
    uint8_t bytes[CEPA_ADDRESS_SIZE];
};

/* Where a text that is no address is wrong. */
struct cepa_address_slips {
    size_t positions[CEPA_ADDRESS_SLIPS_MAX]; /* in the text, from 0, in rising order */
    size_t len;                               /* how many are known; 0: nobody can tell */
};

/* cepa_address_write writes the text of an address, in lower case, and a final zero. */
void cepa_address_write(char ret_text[CEPA_ADDRESS_TEXT_SIZE], const struct cepa_address *address);

/* cepa_address_read reads the `text_len` characters at `text`, all in lower or all in upper case,
 * without white space around them. Returns 0, or
 *   CEPA_ERR_MALFORMED      it does not begin with "cepa1", mixes the cases, or has a bit beyond
 *                           the address;
 *   CEPA_ERR_LENGTH         characters are missing, or there are too many;
 *   CEPA_ERR_AUTHENTICATION it is mistyped: the checksum or a character is wrong;
 *   CEPA_ERR_VERSION        it is an address of a later version.
 * `ret_slips`, which may be NULL, is written in every case. It tells up to two places: where there
 * are characters that no address has; and all that were replaced by others, if that are two at
 * most. Places are good for showing, not for correcting: three slips may look like two others.
 * Variable time; up to 0.5 ms for a text with slips. That the key in it is one,
 * cepa_identity_public_check and blinding find. */
CEPA_MUST_USE int cepa_address_read(struct cepa_address *ret_address,
                                    struct cepa_address_slips *ret_slips, const char *text,
                                    size_t text_len);

/* cepa_address_write_host writes the host name of an address, in lower case, and a final zero. */
void cepa_address_write_host(char ret_host[CEPA_ADDRESS_HOST_SIZE],
                             const struct cepa_address *address);

/* cepa_address_read_host reads a host name in whatever case, with or without a final dot. Returns
 * what cepa_address_read gives, and CEPA_ERR_MALFORMED for a name that does not end with ".cepa" or
 * has its dots in other places; `ret_slips` likewise. A label before the address is none of it: its
 * reader hands over the last CEPA_ADDRESS_HOST_LEN characters. */
CEPA_MUST_USE int cepa_address_read_host(struct cepa_address *ret_address,
                                         struct cepa_address_slips *ret_slips, const char *host,
                                         size_t host_len);

#endif
