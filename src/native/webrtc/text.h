/* Reading text word by word, for the line-based formats of offers and candidates. A text is a view;
 * what it shows stays the caller's. */
#ifndef CEPA_NATIVE_WEBRTC_TEXT_H
#define CEPA_NATIVE_WEBRTC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Some characters, without a final zero. */
struct cepa_text {
    const char *at; /* lent */
    size_t len;
};

/* cepa_text_in shows what stands in an array of `size` characters before its final zero; all of it
 * if there is none. */
struct cepa_text cepa_text_in(const char *array, size_t size);

/* cepa_text_take gives what stands before the first `separator` and goes past both; without one it
 * gives all and leaves nothing. */
struct cepa_text cepa_text_take(struct cepa_text *text, char separator);

/* cepa_text_is says whether the text is `word`; cepa_text_is_any_case takes A and a for the same.
 */
bool cepa_text_is(struct cepa_text text, const char *word);
bool cepa_text_is_any_case(struct cepa_text text, const char *word);

/* cepa_text_skip goes past `prefix` if the text begins with it, and says whether it does. */
bool cepa_text_skip(struct cepa_text *text, const char *prefix);

/* cepa_text_number reads decimal digits, nothing else; a number above `most` counts as `most` if
 * it has at most 20 digits. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_text_number(uint32_t *ret_number, struct cepa_text text, uint32_t most);

/* cepa_text_hex reads two hexadecimal digits of either case. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_text_hex(uint8_t *ret_byte, const char pair[2]);

#endif
