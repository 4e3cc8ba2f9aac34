/* One line on a terminal that says how far something long is. */
#ifndef CEPA_CLI_PROGRESS_H
#define CEPA_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { CEPA_CLI_AMOUNT_SIZE = 24 };

/* How far something is. */
struct cepa_cli_progress {
    const char *what; /* lent */
    uint64_t size;    /* bytes in all; UINT64_MAX if not known */
    bool is_shown;
    bool has_line;          /* a line stands on the terminal */
    struct cepa_time shown; /* when it was written last */
    uint64_t bytes;         /* how far it was then */
    double rate;            /* bytes in a second, lately */
};

/* cepa_cli_amount writes a number of bytes for people: "64.0 MB", with powers of ten. */
void cepa_cli_amount(char ret_text[CEPA_CLI_AMOUNT_SIZE], uint64_t bytes);

/* cepa_cli_progress_begin begins. */
void cepa_cli_progress_begin(struct cepa_cli_progress *ret_progress, const char *what,
                             uint64_t size, bool is_shown);

/* cepa_cli_progress_show writes the line anew, some times a second at most; `word` says what is
 * being done if that is not moving bytes, or "". */
void cepa_cli_progress_show(struct cepa_cli_progress *progress, uint64_t bytes, const char *word);

/* cepa_cli_progress_end takes the line away. */
void cepa_cli_progress_end(struct cepa_cli_progress *progress);

#endif
