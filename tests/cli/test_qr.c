/* QR codes have the right size and the three finders, and long texts are refused. */
#include "cli/qr.h"

#include <string.h>

#include "support/test.h"

static char drawing[CEPA_CLI_QR_SIZE];

/* Whether the module at a place is dark, from the drawing. */
static int is_dark_at(size_t x, size_t y)
{
    const char *at = drawing;
    for (size_t line = 0; line < y / 2; line++) {
        at = strchr(at, '\n') + 1;
    }
    at += strlen("\x1b[97;40m");
    for (size_t column = 0; column < x; column++) {
        at += *at == ' ' ? 1 : 3;
    }
    if (*at == ' ') {
        return 1;
    }
    int has_upper = (unsigned char)at[2] == 0x88 || (unsigned char)at[2] == 0x80;
    int has_lower = (unsigned char)at[2] == 0x88 || (unsigned char)at[2] == 0x84;
    return y % 2 == 0 ? !has_upper : !has_lower;
}

/* The square of 7 by 7 with a square of 3 by 3 in it that stands in three corners. */
static int is_finder(size_t left, size_t top)
{
    for (size_t y = 0; y < 7; y++) {
        for (size_t x = 0; x < 7; x++) {
            int is_ring = x == 0 || y == 0 || x == 6 || y == 6;
            int is_heart = x >= 2 && x <= 4 && y >= 2 && y <= 4;
            if (is_dark_at(left + x, top + y) != (is_ring || is_heart)) {
                return 0;
            }
        }
    }
    return 1;
}

TEST(codes_are_drawn)
{
    static const size_t lengths[] = {10, 200, 600, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char text[1001];
        memset(text, 'a', lengths[i]);
        text[lengths[i]] = '\0';
        size_t width = cepa_cli_qr(drawing, text);
        CHECK(width >= 21 && (width - 17) % 4 == 0);
        CHECK(is_finder(2, 2) && is_finder(2 + width - 7, 2) && is_finder(2, 2 + width - 7));
        CHECK(!is_finder(2 + width - 7, 2 + width - 7));
        size_t lines = 0;
        for (const char *at = drawing; *at != '\0'; at++) {
            lines += *at == '\n';
        }
        CHECK_INT(lines, (width + 4 + 1) / 2);
    }
}

TEST(long_texts_are_refused)
{
    static char text[4000];
    memset(text, 'a', sizeof text - 1);
    CHECK_INT(cepa_cli_qr(drawing, text), 0);
}

TEST_MAIN(RUN(codes_are_drawn), RUN(long_texts_are_refused))
