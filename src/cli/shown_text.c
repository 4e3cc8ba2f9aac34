/* Texts of others on a terminal. */
#include "cli/shown_text.h"

#include "base/plain_text.h"

void cepa_cli_show_text(FILE *file, const char *text, size_t text_len, const char *indent)
{
    for (size_t at = 0; at < text_len;) {
        size_t len = 1;
        while (at + len < text_len && ((unsigned char)text[at + len] & 0xc0) == 0x80) {
            len++;
        }
        if (cepa_text_is_plain(text + at, len) || (indent != NULL && text[at] == '\t')) {
            (void)fwrite(text + at, 1, len, file);
        } else if (indent != NULL && text[at] == '\n') {
            fprintf(file, "\n%s", indent);
        } else {
            for (size_t i = 0; i < len; i++) {
                fprintf(file, "\\x%02x", (unsigned)(unsigned char)text[at + i]);
            }
        }
        at += len;
    }
}
