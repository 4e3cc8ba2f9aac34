/* A line editor with as much as a chat needs: what is typed goes to the end of the line, and can be
 * taken away from there. */
#define _GNU_SOURCE
#include "cli/chat_screen.h"

#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/shown_text.h"

enum {
    KEY_LEAVE = 0x03, /* Ctrl-C */
    KEY_END = 0x04,   /* Ctrl-D */
    KEY_BACK = 0x08,
    KEY_ALL = 0x15,  /* Ctrl-U */
    KEY_WORD = 0x17, /* Ctrl-W */
    KEY_ESCAPE = 0x1b,
    KEY_DELETE = 0x7f,
    COLUMNS = 80 /* of a terminal that does not say */
};

/* Within the bytes of a key such as an arrow: after the first, and within its parameters. */
enum { ESCAPE_BEGUN = 1, ESCAPE_PARAMETERS = 2 };

void cepa_cli_screen_open(struct cepa_cli_screen *ret_screen, bool is_plain)
{
    struct termios raw;
    memset(ret_screen, 0, sizeof *ret_screen);
    if (is_plain || isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 ||
        tcgetattr(STDIN_FILENO, &ret_screen->saved) != 0) {
        return;
    }
    /* For the width of characters; nothing else asks. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    raw = ret_screen->saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ret_screen->is_terminal = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void cepa_cli_screen_close(struct cepa_cli_screen *screen)
{
    if (screen->is_terminal) {
        cepa_cli_screen_clear(screen);
        (void)fflush(stdout);
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->saved);
        screen->is_terminal = false;
    }
}

/* --- what is seen ----------------------------------------------------------------------------- */

/* The character that ends before `end`: where it begins. */
static size_t before(const char *text, size_t end)
{
    size_t at = end - 1;
    while (at > 0 && end - at < 4 && ((unsigned char)text[at] & 0xc0) == 0x80) {
        at--;
    }
    return at;
}

/* How many columns a character of UTF-8 takes. */
static size_t width_of(const char *text, size_t len)
{
    uint32_t character = (unsigned char)text[0];
    if (len > 1) {
        character &= 0xffU >> (len + 1);
    }
    for (size_t i = 1; i < len; i++) {
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    }
    int width = wcwidth((wchar_t)character);
    return width >= 0 ? (size_t)width : 1;
}

void cepa_cli_screen_clear(const struct cepa_cli_screen *screen)
{
    if (screen->is_terminal) {
        (void)fputs("\r\033[K", stdout);
    }
}

void cepa_cli_screen_draw(const struct cepa_cli_screen *screen)
{
    if (screen->is_terminal) {
        struct winsize size = {0, 0, 0, 0};
        bool has_size = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 3;
        size_t room = (has_size ? size.ws_col : COLUMNS) - 3U;
        size_t len = screen->is_given ? 0 : screen->line_len;
        size_t from = len;
        /* One row: of a longer line its end. */
        while (from > 0) {
            size_t at = before(screen->line, from);
            size_t width = width_of(screen->line + at, from - at);
            if (width > room) {
                break;
            }
            room -= width;
            from = at;
        }
        (void)fputs("\r\033[K> ", stdout);
        cepa_cli_show_text(stdout, screen->line + from, len - from, NULL);
    }
    (void)fflush(stdout);
}

/* --- what is typed ---------------------------------------------------------------------------- */

void cepa_cli_screen_read(struct cepa_cli_screen *screen)
{
    ssize_t got = read(STDIN_FILENO, screen->input, sizeof screen->input);
    if (got > 0) {
        screen->input_at = 0;
        screen->input_len = (size_t)got;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        screen->is_over = true;
    }
}

static void add(struct cepa_cli_screen *screen, char byte)
{
    if (screen->line_len < CEPA_MESSAGE_TEXT_MAX) {
        screen->line[screen->line_len] = byte;
        screen->line_len++;
    } else {
        screen->is_too_long = true;
    }
}

static enum cepa_cli_screen_event give(struct cepa_cli_screen *screen)
{
    screen->is_given = true;
    screen->line[screen->line_len] = '\0';
    return screen->is_too_long ? CEPA_CLI_SCREEN_TOO_LONG : CEPA_CLI_SCREEN_LINE;
}

static void take_back(struct cepa_cli_screen *screen)
{
    if (screen->line_len > 0) {
        screen->line_len = before(screen->line, screen->line_len);
    }
}

static void take_back_word(struct cepa_cli_screen *screen)
{
    while (screen->line_len > 0 && screen->line[screen->line_len - 1] == ' ') {
        take_back(screen);
    }
    while (screen->line_len > 0 && screen->line[screen->line_len - 1] != ' ') {
        take_back(screen);
    }
}

/* Follows the bytes of a key that means nothing here; true if this was one. */
static bool skip_escape(struct cepa_cli_screen *screen, unsigned char byte)
{
    if (screen->escape == ESCAPE_BEGUN) {
        screen->escape = byte == '[' || byte == 'O' ? ESCAPE_PARAMETERS : 0;
        return true;
    }
    if (screen->escape == ESCAPE_PARAMETERS) {
        screen->escape = byte >= 0x40 && byte <= 0x7e ? 0 : ESCAPE_PARAMETERS;
        return true;
    }
    screen->escape = byte == KEY_ESCAPE ? ESCAPE_BEGUN : 0;
    return byte == KEY_ESCAPE;
}

/* Takes a byte from a terminal. */
static enum cepa_cli_screen_event take_key(struct cepa_cli_screen *screen, unsigned char byte)
{
    if (skip_escape(screen, byte)) {
        return CEPA_CLI_SCREEN_NOTHING;
    }
    switch (byte) {
    case KEY_LEAVE:
        return CEPA_CLI_SCREEN_LEAVE;
    case KEY_END:
        return screen->line_len == 0 ? CEPA_CLI_SCREEN_END : CEPA_CLI_SCREEN_NOTHING;
    case '\r':
    case '\n':
        return give(screen);
    case KEY_BACK:
    case KEY_DELETE:
        take_back(screen);
        break;
    case KEY_WORD:
        take_back_word(screen);
        break;
    case KEY_ALL:
        screen->line_len = 0;
        screen->is_too_long = false;
        break;
    default:
        if (byte == '\t') {
            add(screen, ' ');
        } else if (byte >= ' ') {
            add(screen, (char)byte);
        }
        break;
    }
    return CEPA_CLI_SCREEN_NOTHING;
}

enum cepa_cli_screen_event cepa_cli_screen_next(struct cepa_cli_screen *screen)
{
    if (screen->is_given) {
        screen->is_given = false;
        screen->is_too_long = false;
        screen->line_len = 0;
    }
    while (screen->input_at < screen->input_len) {
        unsigned char byte = (unsigned char)screen->input[screen->input_at];
        enum cepa_cli_screen_event event = CEPA_CLI_SCREEN_NOTHING;
        screen->input_at++;
        if (screen->is_terminal) {
            event = take_key(screen, byte);
            screen->is_over = screen->is_over || event == CEPA_CLI_SCREEN_END;
        } else if (byte == '\n') {
            event = give(screen);
        } else {
            add(screen, (char)byte);
        }
        if (event != CEPA_CLI_SCREEN_NOTHING) {
            return event;
        }
    }
    if (screen->is_over && screen->line_len > 0) {
        return give(screen);
    }
    return screen->is_over ? CEPA_CLI_SCREEN_END : CEPA_CLI_SCREEN_NOTHING;
}
