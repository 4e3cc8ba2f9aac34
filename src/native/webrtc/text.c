/* Reading text word by word. */
#include "native/webrtc/text.h"

#include <string.h>

enum { DIGITS_MAX = 20 };

struct cepa_text cepa_text_in(const char *array, size_t size)
{
    const char *end = memchr(array, '\0', size);
    return (struct cepa_text){array, end != NULL ? (size_t)(end - array) : size};
}

struct cepa_text cepa_text_take(struct cepa_text *text, char separator)
{
    struct cepa_text taken = *text;
    const char *end = text->len > 0 ? memchr(text->at, separator, text->len) : NULL;
    if (end == NULL) {
        text->at += text->len;
        text->len = 0;
        return taken;
    }
    taken.len = (size_t)(end - text->at);
    text->at = end + 1;
    text->len -= taken.len + 1;
    return taken;
}

bool cepa_text_is(struct cepa_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

bool cepa_text_is_any_case(struct cepa_text text, const char *word)
{
    if (text.len != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (lower(text.at[i]) != lower(word[i])) {
            return false;
        }
    }
    return true;
}

bool cepa_text_skip(struct cepa_text *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->at, prefix, len) != 0) {
        return false;
    }
    text->at += len;
    text->len -= len;
    return true;
}

int cepa_text_number(uint32_t *ret_number, struct cepa_text text, uint32_t most)
{
    uint64_t number = 0;
    if (text.len == 0 || text.len > DIGITS_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return CEPA_ERR_MALFORMED;
        }
        number = number * 10 + (uint64_t)(text.at[i] - '0');
        number = number < most ? number : most;
    }
    *ret_number = (uint32_t)number;
    return 0;
}

/* What a hexadecimal digit stands for; -1 if it is none. */
static int digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    char small = lower(character);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

int cepa_text_hex(uint8_t *ret_byte, const char pair[2])
{
    int high = digit(pair[0]);
    int low = digit(pair[1]);
    if (high < 0 || low < 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_byte = (uint8_t)(high << 4 | low);
    return 0;
}
