/* A contact card: an address, and perhaps the name that goes with it, as a line of text to hand
 * over. It proves nothing: whoever hands it over has chosen both. @[SPEC 14.2]
 *
 *     cepa:cepa1q...?name=Bob
 */
#ifndef CEPA_IDENTITY_CARD_H
#define CEPA_IDENTITY_CARD_H

#include <stddef.h>

#include "base/error.h"
#include "identity/address.h"
#include "identity/name.h"

enum {
    CEPA_CARD_PREFIX_LEN = 5, /* "cepa:" */
    CEPA_CARD_TEXT_SIZE =
        CEPA_CARD_PREFIX_LEN + CEPA_ADDRESS_TEXT_LEN + 6 + 3 * CEPA_NAME_MAX + 1 /* final zero */
};

/* A card. */
struct cepa_card {
    struct cepa_address address;
    struct cepa_name name; /* empty: there is none */
};

/* cepa_card_write writes the line and a final zero. The name is one that cepa_name_read gave, or
 * empty. */
void cepa_card_write(char ret_text[CEPA_CARD_TEXT_SIZE], const struct cepa_card *card);

/* cepa_card_read reads `text_len` characters, without white space around them. Returns what
 * cepa_address_read gives for the address, and CEPA_ERR_MALFORMED for what does not begin with
 * "cepa:" or has something else than a name behind the address. `ret_slips`, which may be NULL, is
 * written in every case; its places are those in `text`. */
CEPA_MUST_USE int cepa_card_read(struct cepa_card *ret_card, struct cepa_address_slips *ret_slips,
                                 const char *text, size_t text_len);

#endif
