/* What the daemon writes down, one line each: a time, a level, a sentence, and fields.
 *
 *     2026-11-22T17:51:01.120Z info a link is up peer=peer#7 milliseconds=12
 *     {"time":"2026-11-22T17:51:01.120Z","level":"info","message":"a link is
 * up","peer":"peer#7",...}
 *
 * Under systemd each line begins with its priority (<6>) instead of a time, which the journal has
 * itself. Nobody's address is written: peers are numbers, for which there is a type, and what looks
 * like an address in a text that came from elsewhere is left out. Lines beyond a rate are counted
 * instead, so that no peer can fill a disk. */
#ifndef CEPA_NATIVE_DAEMON_LOG_H
#define CEPA_NATIVE_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "native/daemon/config.h"

enum {
    CEPA_LOG_LINE_SIZE = 1024,   /* longer ones are cut */
    CEPA_LOG_BURST = 200,        /* lines at once, */
    CEPA_LOG_LINES_A_SECOND = 20 /* and after that */
};

/* A log. */
struct cepa_log {
    int fd;                       /* where lines go */
    enum cepa_config_level level; /* the least important that is written */
    bool has_json;                /* JSON lines */
    bool has_priorities;          /* the journal reads them */
    uint64_t tokens_ms;           /* what may be written still, a line is 1000 / lines a second */
    struct cepa_time filled;      /* up to when that was counted */
    uint64_t left_out;            /* lines since the last that was written */
};

/* Somebody else's node, as a log may name it: by the number of its link. */
struct cepa_log_peer {
    uint64_t number;
};

enum cepa_log_kind { CEPA_LOG_NUMBER, CEPA_LOG_TEXT, CEPA_LOG_PEER };

/* A field of a line. */
struct cepa_log_field {
    const char *name;
    enum cepa_log_kind kind;
    int64_t number;   /* NUMBER, PEER */
    const char *text; /* TEXT */
};

/* cepa_log_init begins a log on `fd`. */
void cepa_log_init(struct cepa_log *ret_log, int fd, const struct cepa_config *config);

/* cepa_log_number, cepa_log_text and cepa_log_peer make fields; the text is lent. */
static inline struct cepa_log_field cepa_log_number(const char *name, int64_t number)
{
    struct cepa_log_field field = {name, CEPA_LOG_NUMBER, number, NULL};
    return field;
}

static inline struct cepa_log_field cepa_log_text(const char *name, const char *text)
{
    struct cepa_log_field field = {name, CEPA_LOG_TEXT, 0, text};
    return field;
}

static inline struct cepa_log_field cepa_log_peer(const char *name, struct cepa_log_peer peer)
{
    struct cepa_log_field field = {name, CEPA_LOG_PEER, (int64_t)peer.number, NULL};
    return field;
}

/* cepa_log_format writes a line with its final newline and a final zero, and gives its length;
 * `message` is a sentence of ours. */
size_t cepa_log_format(char ret_line[CEPA_LOG_LINE_SIZE], const struct cepa_log *log,
                       enum cepa_config_level level, struct cepa_wall wall, const char *message,
                       const struct cepa_log_field *fields, size_t fields_len);

/* cepa_log_write writes a line, if its level is wanted and the rate allows it. A log that cannot be
 * written is nobody's reason to stop. */
void cepa_log_write(struct cepa_log *log, enum cepa_config_level level, const char *message,
                    const struct cepa_log_field *fields, size_t fields_len);

/* cepa_log_say writes a line without fields. */
void cepa_log_say(struct cepa_log *log, enum cepa_config_level level, const char *message);

#endif
