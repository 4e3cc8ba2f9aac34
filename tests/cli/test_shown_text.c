/* Texts of others do nothing to a terminal. */
#define _GNU_SOURCE
#include "cli/shown_text.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static void shows(const char *text, size_t text_len, const char *indent, const char *wanted)
{
    char *shown = NULL;
    size_t shown_len = 0;
    FILE *file = open_memstream(&shown, &shown_len);
    CHECK(file != NULL);
    cepa_cli_show_text(file, text, text_len, indent);
    CHECK(fclose(file) == 0);
    CHECK_INT(shown_len, strlen(wanted));
    CHECK(strcmp(shown, wanted) == 0);
    free(shown);
}

TEST(what_can_be_seen_stays)
{
    shows("", 0, "", "");
    shows("hello", 5, NULL, "hello");
    shows("gr\xc3\xbc\xc3\x9f dich", 11, "", "gr\xc3\xbc\xc3\x9f dich");
}

TEST(what_moves_a_terminal_comes_out_as_bytes)
{
    shows("\x1b[2J\x07", 5, "", "\\x1b[2J\\x07");
    shows("\r\x7f\0", 3, "", "\\x0d\\x7f\\x00");
    shows("\xc2\x9b", 2, "", "\\xc2\\x9b");
    /* A character that turns the text around, and bytes that are none. */
    shows("\xe2\x80\xae", 3, "", "\\xe2\\x80\\xae");
    shows("\xff\xc3", 2, "", "\\xff\\xc3");
    shows("\x80\x80", 2, NULL, "\\x80\\x80");
}

TEST(nobody_writes_a_line_of_another)
{
    shows("a\nbob: b", 8, "  ", "a\n  bob: b");
    shows("a\nb\t", 4, NULL, "a\\x0ab\\x09");
    shows("a\tb", 3, "", "a\tb");
}

TEST_MAIN(RUN(what_can_be_seen_stays), RUN(what_moves_a_terminal_comes_out_as_bytes),
          RUN(nobody_writes_a_line_of_another))
