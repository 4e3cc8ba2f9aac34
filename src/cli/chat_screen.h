/* Where one types, and what is printed meanwhile. On a terminal what comes stands above the line
 * that is being typed, which stays whole; elsewhere lines come in and go out. */
#ifndef CEPA_CLI_CHAT_SCREEN_H
#define CEPA_CLI_CHAT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "application/stream_header.h"
#include "base/error.h"

enum { CEPA_CLI_SCREEN_READ = 4096 };

/* What was typed. */
enum cepa_cli_screen_event {
    CEPA_CLI_SCREEN_NOTHING, /* no more for now */
    CEPA_CLI_SCREEN_LINE,
    CEPA_CLI_SCREEN_TOO_LONG, /* a line that is longer than a message may be; it is dropped */
    CEPA_CLI_SCREEN_END,      /* the end of the input */
    CEPA_CLI_SCREEN_LEAVE     /* Ctrl-C */
};

/* Standard input and output; about 70 KiB. */
struct cepa_cli_screen {
    bool is_terminal;                     /* both are one, and it is set up */
    bool is_over;                         /* the input has ended */
    struct termios saved;                 /* how it was, if so */
    char line[CEPA_MESSAGE_TEXT_MAX + 1]; /* what is being typed; a final zero where it is given */
    size_t line_len;                      /* how much of it */
    bool is_too_long;                     /* and more */
    bool is_given;                        /* `line` is the caller's; it begins anew after that */
    int escape;                           /* bytes of a key that means nothing here: 0, or where */
    char input[CEPA_CLI_SCREEN_READ];     /* what was read */
    size_t input_at;                      /* and how much of it is in `line` */
    size_t input_len;
};

/* cepa_cli_screen_open begins; `is_plain` leaves a terminal as it is. */
void cepa_cli_screen_open(struct cepa_cli_screen *ret_screen, bool is_plain);

/* cepa_cli_screen_close lets the terminal be as it was. */
void cepa_cli_screen_close(struct cepa_cli_screen *screen);

/* cepa_cli_screen_read takes what there is on standard input: when it can be read, and
 * cepa_cli_screen_next has nothing more. */
void cepa_cli_screen_read(struct cepa_cli_screen *screen);

/* cepa_cli_screen_next gives what was typed next. A line is in `line`, `line_len` bytes long, lent
 * until the next call. */
enum cepa_cli_screen_event cepa_cli_screen_next(struct cepa_cli_screen *screen);

/* cepa_cli_screen_clear takes what is being typed off the screen, and cepa_cli_screen_draw puts it
 * there again: what is printed to standard output comes between. Nothing off a terminal, but that
 * what was printed is written out. */
void cepa_cli_screen_clear(const struct cepa_cli_screen *screen);
void cepa_cli_screen_draw(const struct cepa_cli_screen *screen);

#endif
