/* Contact cards. @[SPEC 14.2] */
#include "identity/card.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char prefix[] = "cepa:";
static const char behind[] = "?name=";

enum { BEHIND_LEN = sizeof behind - 1 };

/* Whether a byte of a name stands in a card as it is. */
static bool is_as_it_is(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static char digit(unsigned value)
{
    return (char)(value < 10 ? '0' + value : 'A' + value - 10);
}

/* The value of a digit, upper case as it is written; 16 for what is none. */
static unsigned value_of(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                  : 16;
}

void cepa_card_write(char ret_text[CEPA_CARD_TEXT_SIZE], const struct cepa_card *card)
{
    char *at = ret_text + CEPA_CARD_PREFIX_LEN;
    memcpy(ret_text, prefix, CEPA_CARD_PREFIX_LEN);
    cepa_address_write(at, &card->address);
    at += CEPA_ADDRESS_TEXT_LEN;
    if (card->name.text[0] == '\0') {
        return;
    }
    memcpy(at, behind, BEHIND_LEN);
    at += BEHIND_LEN;
    for (const char *c = card->name.text; *c != '\0'; c++) {
        if (is_as_it_is(*c)) {
            *at++ = *c;
        } else {
            *at++ = '%';
            *at++ = digit((uint8_t)*c >> 4);
            *at++ = digit((uint8_t)*c & 15);
        }
    }
    *at = '\0';
}

/* Reads what stands behind "?name=". */
static int read_name(struct cepa_name *ret_name, const char *text, size_t text_len)
{
    char name[CEPA_NAME_MAX];
    size_t len = 0;
    for (size_t at = 0; at < text_len; len++) {
        if (len == sizeof name) {
            return CEPA_ERR_MALFORMED;
        }
        if (is_as_it_is(text[at])) {
            name[len] = text[at++];
            continue;
        }
        if (text[at] != '%' || text_len - at < 3) {
            return CEPA_ERR_MALFORMED;
        }
        unsigned value = 16 * value_of(text[at + 1]) + value_of(text[at + 2]);
        bool is_digits = value_of(text[at + 1]) < 16 && value_of(text[at + 2]) < 16;
        if (!is_digits || is_as_it_is((char)value)) {
            return CEPA_ERR_MALFORMED;
        }
        name[len] = (char)value;
        at += 3;
    }
    return cepa_name_read(ret_name, name, len) == 0 ? 0 : CEPA_ERR_MALFORMED;
}

static bool has_prefix(const char *text, size_t text_len)
{
    size_t at = 0;
    while (at < CEPA_CARD_PREFIX_LEN && at < text_len &&
           (text[at] == prefix[at] || (prefix[at] != ':' && (text[at] | 0x20) == prefix[at]))) {
        at++;
    }
    return at == CEPA_CARD_PREFIX_LEN;
}

int cepa_card_read(struct cepa_card *ret_card, struct cepa_address_slips *ret_slips,
                   const char *text, size_t text_len)
{
    struct cepa_card card;
    struct cepa_address_slips slips = {{0}, 0};
    int status = CEPA_ERR_MALFORMED;
    size_t end = CEPA_CARD_PREFIX_LEN;
    memset(&card, 0, sizeof card);
    if (has_prefix(text, text_len)) {
        while (end < text_len && text[end] != '?') {
            end++;
        }
        status = cepa_address_read(&card.address, &slips, text + CEPA_CARD_PREFIX_LEN,
                                   end - CEPA_CARD_PREFIX_LEN);
    }
    for (size_t i = 0; i < slips.len; i++) {
        slips.positions[i] += CEPA_CARD_PREFIX_LEN;
    }
    if (ret_slips != NULL) {
        *ret_slips = slips;
    }
    if (status == 0 && end < text_len) {
        status = text_len - end > BEHIND_LEN && memcmp(text + end, behind, BEHIND_LEN) == 0
                     ? read_name(&card.name, text + end + BEHIND_LEN, text_len - end - BEHIND_LEN)
                     : CEPA_ERR_MALFORMED;
    }
    if (status == 0) {
        *ret_card = card;
    }
    return status;
}
