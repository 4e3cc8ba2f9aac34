/* Text from others: whether it is UTF-8, and whether a line that it is put into stays as it is. */
#ifndef CEPA_BASE_PLAIN_TEXT_H
#define CEPA_BASE_PLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* cepa_text_is_utf8 tells whether `text_len` bytes are UTF-8: no character cut, none longer than it
 * must be, no surrogate, nothing beyond U+10FFFF. `text` may be NULL if `text_len` is 0. */
bool cepa_text_is_utf8(const char *text, size_t text_len);

/* cepa_text_is_plain tells whether `text_len` bytes are UTF-8 of characters that can be seen and
 * leave the text around them as it is. @[SPEC 14.2] */
bool cepa_text_is_plain(const char *text, size_t text_len);

#endif
