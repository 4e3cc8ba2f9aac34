/* Coarse prefixes as text. What the lists hold is checked with real nodes, by the dashboard's stage
 * and by tests/daemon/test_status.c. */
#include "native/daemon/status_lists.h"

#include <string.h>

#include "support/test.h"

TEST(prefixes_are_text)
{
    static const struct {
        struct cepa_prefix prefix;
        const char *text;
    } rows[] = {
        {{CEPA_FAMILY_NONE, {0}}, ""},
        {{CEPA_FAMILY_IPV4, {192, 0, 0, 0}}, "192.0.0.0/16"},
        {{CEPA_FAMILY_IPV4, {127, 255, 0, 0}}, "127.255.0.0/16"},
        {{CEPA_FAMILY_IPV6, {0x20, 0x01, 0x0d, 0xb8}}, "2001:db8::/32"},
        {{CEPA_FAMILY_IPV6, {0xff, 0xff, 0xff, 0xff}}, "ffff:ffff::/32"},
        {{CEPA_FAMILY_IPV6, {0, 0, 0, 0}}, "::/32"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CEPA_STATUS_PREFIX_SIZE];
        cepa_status_prefix(text, &rows[i].prefix);
        if (strcmp(text, rows[i].text) != 0) {
            test_note("row %zu: %s", i, text);
        }
        CHECK(strcmp(text, rows[i].text) == 0);
    }
}

TEST_MAIN(RUN(prefixes_are_text))
