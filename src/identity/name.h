/* Names that people give: to identities of theirs, to others, to themselves on a card. They are
 * shown in lists and lines, so nothing is in them that would change the text around them.
 * @[SPEC 14.2] */
#ifndef CEPA_IDENTITY_NAME_H
#define CEPA_IDENTITY_NAME_H

#include <stddef.h>

#include "base/error.h"
#include "base/plain_text.h"

enum { CEPA_NAME_MAX = 64 };

/* A name: UTF-8 with a final zero. Empty stands for no name where its user says so. */
struct cepa_name {
    char text[CEPA_NAME_MAX + 1];
};

/* cepa_name_read checks the `text_len` bytes at `text` and copies them. Returns 0;
 * CEPA_ERR_TOO_LONG beyond CEPA_NAME_MAX bytes; or CEPA_ERR_MALFORMED for no bytes, for what is no
 * UTF-8, and for the characters and beginnings that section 14.2 forbids. */
CEPA_MUST_USE int cepa_name_read(struct cepa_name *ret_name, const char *text, size_t text_len);

#endif
