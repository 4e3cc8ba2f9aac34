/* Strings of JSON. */
#include "cli/json.h"

#include <stddef.h>
#include <stdio.h>

/* Gives the length of the UTF-8 character at `text`, or 0 if there is none: a stray or missing
 * continuation, a longer form than needed, a surrogate, or a value above U+10FFFF. */
static size_t utf8_len(const unsigned char *text)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        size_t len;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (text[0] < forms[i].first_min || text[0] > forms[i].first_max) {
            continue;
        }
        if (forms[i].len == 1) {
            return 1;
        }
        size_t len = 1;
        if (text[1] >= forms[i].second_min && text[1] <= forms[i].second_max) {
            len = 2;
        }
        while (len >= 2 && len < forms[i].len && (text[len] & 0xc0) == 0x80) {
            len++;
        }
        return len == forms[i].len ? len : 0;
    }
    return 0;
}

void cepa_cli_json_string(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    putchar('"');
    while (*at != '\0') {
        size_t len = utf8_len(at);
        if (len == 0) {
            fputs("\\ufffd", stdout);
            len = 1;
        } else if (*at < 0x20 || *at == 0x7f) {
            printf("\\u%04x", *at);
        } else {
            if (*at == '"' || *at == '\\') {
                putchar('\\');
            }
            fwrite(at, 1, len, stdout);
        }
        at += len;
    }
    putchar('"');
}
