/* Names. @[SPEC 14.2] */
#include "identity/name.h"

#include <stdbool.h>
#include <string.h>

#include "base/plain_text.h"

/* Whether a text begins with "cepa1" or "cepa:", as addresses, cards and invitations do. */
static bool is_like_address(const char *text, size_t text_len)
{
    static const char word[] = "cepa";
    size_t at = 0;
    while (at < 4 && at < text_len && (text[at] | 0x20) == word[at]) {
        at++;
    }
    return at == 4 && text_len > 4 && (text[4] == '1' || text[4] == ':');
}

int cepa_name_read(struct cepa_name *ret_name, const char *text, size_t text_len)
{
    if (text_len > CEPA_NAME_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    if (text_len == 0 || text[0] == ' ' || text[0] == '-' || text[text_len - 1] == ' ' ||
        is_like_address(text, text_len) || !cepa_text_is_plain(text, text_len)) {
        return CEPA_ERR_MALFORMED;
    }
    memset(ret_name, 0, sizeof *ret_name);
    memcpy(ret_name->text, text, text_len);
    return 0;
}
