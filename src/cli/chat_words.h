/* What a chat prints: lines of both ends, and notes between them. For people above the line that is
 * being typed; elsewhere the other end's lines to standard output and notes to standard error; with
 * --json each as an object in a line of its own. */
#ifndef CEPA_CLI_CHAT_WORDS_H
#define CEPA_CLI_CHAT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/chat_screen.h"
#include "native/store/inbox.h"

/* How one chat prints; everything is lent. */
struct cepa_cli_words {
    const char *command;
    const struct cepa_cli_screen *screen;
    bool is_json;
    const char *peer; /* what the other end is called here */
    const char *own;  /* the identity that speaks */
};

/* cepa_cli_words_note prints a note; `event` names it in JSON. */
__attribute__((format(printf, 3, 4))) void cepa_cli_words_note(const struct cepa_cli_words *words,
                                                               const char *event,
                                                               const char *format, ...);

/* cepa_cli_words_came prints a message of the other end. `text` has room for one byte more. */
void cepa_cli_words_came(const struct cepa_cli_words *words, const struct cepa_inbox_entry *entry,
                         char *text, size_t text_len);

/* cepa_cli_words_offered prints that the other end sends a file. */
void cepa_cli_words_offered(const struct cepa_cli_words *words,
                            const struct cepa_inbox_entry *entry);

/* cepa_cli_words_typed prints a line of one's own. */
void cepa_cli_words_typed(const struct cepa_cli_words *words, const char *text, size_t text_len);

/* cepa_cli_words_line prints what became of such a line, the `number`-th, as an object; nothing
 * without --json. */
void cepa_cli_words_line(const struct cepa_cli_words *words, const char *event, uint64_t number,
                         const char *reason);

/* cepa_cli_words_lost prints a line that was not delivered. */
void cepa_cli_words_lost(const struct cepa_cli_words *words, uint64_t number, const char *text,
                         size_t text_len, const char *reason);

#endif
