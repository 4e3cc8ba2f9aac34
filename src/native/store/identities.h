/* Who this user is towards others: the file `identities` of the state directory, mode 0600.
 *
 *     "cepa identities\n" 16   version 1   count 1   default 1
 *     for each: secret 32, length 1, name      BLAKE2b-256 of all that 32
 *
 * The file is the truth: commands change it under cepa_folder_hold and write it whole or not at
 * all, and a daemon reads it when it starts and when it is told. It never leaves the machine; names
 * in it are for its user's eyes. A backup holds one identity and nothing of another. */
#ifndef CEPA_NATIVE_STORE_IDENTITIES_H
#define CEPA_NATIVE_STORE_IDENTITIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "identity/address.h"
#include "identity/identity.h"
#include "identity/name.h"
#include "native/reason.h"

enum {
    CEPA_IDENTITIES_VERSION = 1,
    CEPA_IDENTITIES_MAX = 64,
    CEPA_IDENTITIES_SIZE_MAX =
        16 + 3 + CEPA_IDENTITIES_MAX * (CEPA_IDENTITY_SECRET_SIZE + 1 + CEPA_NAME_MAX) + 32
};

/* An identity with the name that its owner calls it by. */
struct cepa_named_identity {
    struct cepa_identity_secret secret;
    struct cepa_name name;
};

/* All identities; 6 KB. Secret: its owner wipes it with cepa_identities_wipe. */
struct cepa_identities {
    struct cepa_named_identity entries[CEPA_IDENTITIES_MAX]; /* in the order of their making */
    size_t len;
    size_t chosen; /* the default; 0 if there is none */
};

/* cepa_identities_encode writes the file's bytes. */
void cepa_identities_encode(uint8_t ret_bytes[CEPA_IDENTITIES_SIZE_MAX], size_t *ret_len,
                            const struct cepa_identities *identities);

/* cepa_identities_decode reads them. Returns 0; CEPA_ERR_MALFORMED for what is no such file, or has
 * a name that is none or one twice; CEPA_ERR_VERSION for that of a newer program; CEPA_ERR_LENGTH
 * or CEPA_ERR_AUTHENTICATION for a damaged one. */
CEPA_MUST_USE int cepa_identities_decode(struct cepa_identities *ret_identities,
                                         const uint8_t *bytes, size_t bytes_len);

/* cepa_identities_load reads the file in an open directory; where there is none, there are no
 * identities. Returns 0, or what cepa_file_read or cepa_identities_decode give, with a reason. */
CEPA_MUST_USE int cepa_identities_load(struct cepa_identities *ret_identities,
                                       struct cepa_reason *ret_reason, int folder_fd);

/* cepa_identities_save writes it. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_identities_save(const struct cepa_identities *identities,
                                       struct cepa_reason *ret_reason, int folder_fd);

/* cepa_identities_wipe overwrites them with zeros. */
void cepa_identities_wipe(struct cepa_identities *identities);

/* cepa_identities_find gives the place of the one called `name`, or of the default for NULL.
 * Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_identities_find(size_t *ret_at, struct cepa_reason *ret_reason,
                                       const struct cepa_identities *identities, const char *name);

/* cepa_identities_add puts one behind the others; the first is the default. Returns 0;
 * CEPA_ERR_IN_USE if the name is another's or the identity is there under some name; or
 * CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_identities_add(struct cepa_identities *identities,
                                      struct cepa_reason *ret_reason,
                                      const struct cepa_named_identity *identity);

/* cepa_identities_make adds a new one with a name. Returns likewise, or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_identities_make(struct cepa_identities *identities,
                                       struct cepa_reason *ret_reason, const struct cepa_name *name,
                                       const struct cepa_random *random);

/* cepa_identities_rename gives the one at `at` another name. Returns 0 or CEPA_ERR_IN_USE. */
CEPA_MUST_USE int cepa_identities_rename(struct cepa_identities *identities,
                                         struct cepa_reason *ret_reason, size_t at,
                                         const struct cepa_name *name);

/* cepa_identities_delete removes the one at `at`. Returns 0, or CEPA_ERR_STATE for the default
 * while there are others: its owner says first which shall be. */
CEPA_MUST_USE int cepa_identities_delete(struct cepa_identities *identities,
                                         struct cepa_reason *ret_reason, size_t at);

/* cepa_identities_address gives the address of a secret. Returns 0, or CEPA_ERR_EXHAUSTED for lack
 * of memory. About 0.1 ms. */
CEPA_MUST_USE int cepa_identities_address(struct cepa_address *ret_address,
                                          const struct cepa_identity_secret *secret, uint32_t cpu);

#endif
