/* What is typed off a terminal: lines, and the end. */
#define _GNU_SOURCE
#include "cli/chat_screen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

static struct cepa_cli_screen screen;

/* Gives `text` to standard input, to its end, and begins. */
static void begin(const char *text, size_t text_len)
{
    FILE *file = tmpfile();
    CHECK(file != NULL);
    CHECK_INT(fwrite(text, 1, text_len, file), text_len);
    CHECK(fflush(file) == 0 && lseek(fileno(file), 0, SEEK_SET) == 0);
    CHECK_INT(dup2(fileno(file), STDIN_FILENO), STDIN_FILENO);
    CHECK(fclose(file) == 0);
    cepa_cli_screen_open(&screen, true);
    CHECK(!screen.is_terminal);
}

static enum cepa_cli_screen_event next(void)
{
    enum cepa_cli_screen_event event = cepa_cli_screen_next(&screen);
    while (event == CEPA_CLI_SCREEN_NOTHING) {
        cepa_cli_screen_read(&screen);
        event = cepa_cli_screen_next(&screen);
    }
    return event;
}

static void wants_line(const char *text)
{
    CHECK_INT(next(), CEPA_CLI_SCREEN_LINE);
    CHECK_INT(screen.line_len, strlen(text));
    CHECK(strcmp(screen.line, text) == 0);
}

TEST(lines_and_the_end)
{
    static const char text[] = "one\n\ntwo three\nno end";
    begin(text, strlen(text));
    wants_line("one");
    wants_line("");
    wants_line("two three");
    wants_line("no end");
    CHECK_INT(next(), CEPA_CLI_SCREEN_END);
    CHECK_INT(next(), CEPA_CLI_SCREEN_END);
    cepa_cli_screen_close(&screen);
    begin("", 0);
    CHECK_INT(next(), CEPA_CLI_SCREEN_END);
}

TEST(a_line_that_is_too_long_is_dropped_whole)
{
    static char text[CEPA_MESSAGE_TEXT_MAX + 8];
    memset(text, 'a', sizeof text);
    memcpy(text + CEPA_MESSAGE_TEXT_MAX + 1, "\nshort\n", 7);
    begin(text, sizeof text);
    CHECK_INT(next(), CEPA_CLI_SCREEN_TOO_LONG);
    wants_line("short");
    CHECK_INT(next(), CEPA_CLI_SCREEN_END);
    /* As long as may be. */
    text[CEPA_MESSAGE_TEXT_MAX] = '\n';
    begin(text, CEPA_MESSAGE_TEXT_MAX + 1);
    CHECK_INT(next(), CEPA_CLI_SCREEN_LINE);
    CHECK_INT(screen.line_len, CEPA_MESSAGE_TEXT_MAX);
    CHECK_INT(next(), CEPA_CLI_SCREEN_END);
}

TEST_MAIN(RUN(lines_and_the_end), RUN(a_line_that_is_too_long_is_dropped_whole))
