/* Lines of the log. */
#define _GNU_SOURCE
#include "native/daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "native/net/address.h"
#include "native/net/clock.h"

enum { ADDRESS_TEXT_MAX = 64, TOKEN_MS = 1000 / CEPA_LOG_LINES_A_SECOND };

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int priorities[] = {3, 4, 6, 7};

/* A line that is being written. */
struct line {
    char *text;
    size_t len;
    size_t capacity;
    bool is_cut; /* something did not fit, and was dropped */
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = line->capacity - line->len;
    int len = vsnprintf(line->text + line->len, room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= room) {
        line->is_cut = true;
    } else {
        line->len += (size_t)len;
    }
}

static bool is_of_address(char letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') ||
           (letter >= 'A' && letter <= 'F') || letter == ':' || letter == '.' || letter == '[' ||
           letter == ']';
}

/* Gives the length of the address, with or without port, that `text` begins with; 0 if none. */
static size_t address_len(const char *text)
{
    struct cepa_net_address address;
    size_t len = 0;
    while (is_of_address(text[len])) {
        len++;
    }
    for (size_t end = len < ADDRESS_TEXT_MAX ? len : ADDRESS_TEXT_MAX; end > 1; end--) {
        if (cepa_net_address_decode(&address, text, end) == 0 ||
            cepa_net_address_ip_decode(&address, text, end) == 0) {
            return end;
        }
    }
    return 0;
}

/* Text that may come from anywhere: no addresses, no control characters, ASCII only. */
static void add_text(struct line *line, const char *text)
{
    bool is_in_word = false;
    add(line, "\"");
    for (; *text != '\0'; text++) {
        size_t skipped = is_in_word ? 0 : address_len(text);
        unsigned char letter = (unsigned char)*text;
        is_in_word = is_of_address(*text) || (letter >= 'g' && letter <= 'z');
        if (skipped > 0) {
            add(line, "(address)");
            text += skipped - 1;
        } else if (letter == '"' || letter == '\\') {
            add(line, "\\%c", letter);
        } else {
            add(line, "%c", letter < 0x20 || letter > 0x7e ? '?' : letter);
        }
    }
    add(line, "\"");
}

static void add_field(struct line *line, const struct cepa_log_field *field, bool has_json)
{
    add(line, has_json ? ",\"%s\":" : " %s=", field->name);
    switch (field->kind) {
    case CEPA_LOG_NUMBER:
        add(line, "%lld", (long long)field->number);
        break;
    case CEPA_LOG_PEER:
        add(line, has_json ? "\"peer#%llu\"" : "peer#%llu", (unsigned long long)field->number);
        break;
    case CEPA_LOG_TEXT:
        add_text(line, field->text);
        break;
    }
}

static void add_time(struct line *line, struct cepa_wall wall)
{
    time_t seconds = (time_t)(wall.unix_ms / 1000);
    struct tm parts;
    char text[32] = "";
    if (gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    add(line, "%s.%03uZ", text, (unsigned)(wall.unix_ms % 1000));
}

size_t cepa_log_format(char ret_line[CEPA_LOG_LINE_SIZE], const struct cepa_log *log,
                       enum cepa_config_level level, struct cepa_wall wall, const char *message,
                       const struct cepa_log_field *fields, size_t fields_len)
{
    struct line line = {ret_line, 0, CEPA_LOG_LINE_SIZE - 3, false};
    if (log->has_priorities) {
        add(&line, "<%d>", priorities[level]);
    }
    if (log->has_json) {
        add(&line, "{\"time\":\"");
        add_time(&line, wall);
        add(&line, "\",\"level\":\"%s\",\"message\":\"%s\"", level_names[level], message);
    } else {
        if (!log->has_priorities) {
            add_time(&line, wall);
            add(&line, " %s ", level_names[level]);
        }
        add(&line, "%s", message);
    }
    for (size_t i = 0; i < fields_len; i++) {
        /* A field is written whole or not at all, so that the line still parses. */
        struct line before = line;
        add_field(&line, &fields[i], log->has_json);
        if (line.is_cut) {
            line = before;
        }
    }
    line.capacity += 3;
    add(&line, log->has_json ? "}\n" : "\n");
    return line.len;
}

/* The journal reads what we write if our standard error is the stream that it made for us. */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat facts;
    char own[64];
    if (stream == NULL || fstat(fd, &facts) != 0) {
        return false;
    }
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)facts.st_dev,
             (unsigned long long)facts.st_ino);
    return strcmp(own, stream) == 0;
}

void cepa_log_init(struct cepa_log *ret_log, int fd, const struct cepa_config *config)
{
    memset(ret_log, 0, sizeof *ret_log);
    ret_log->fd = fd;
    ret_log->level = config->log_level;
    ret_log->has_json = config->has_json_log;
    ret_log->has_priorities = is_journal(fd);
    ret_log->tokens_ms = (uint64_t)CEPA_LOG_BURST * TOKEN_MS;
    ret_log->filled = cepa_clock_now();
}

/* Takes what one line costs, if there is enough. */
static bool is_allowed(struct cepa_log *log)
{
    const uint64_t full_ms = (uint64_t)CEPA_LOG_BURST * TOKEN_MS;
    struct cepa_time now = cepa_clock_now();
    uint64_t passed_ms = cepa_time_since(now, log->filled) / CEPA_MILLISECOND_NS;
    log->filled = cepa_time_add(log->filled, passed_ms * CEPA_MILLISECOND_NS);
    log->tokens_ms = passed_ms >= full_ms - log->tokens_ms ? full_ms : log->tokens_ms + passed_ms;
    if (log->tokens_ms < TOKEN_MS) {
        log->left_out++;
        return false;
    }
    log->tokens_ms -= TOKEN_MS;
    return true;
}

void cepa_log_write(struct cepa_log *log, enum cepa_config_level level, const char *message,
                    const struct cepa_log_field *fields, size_t fields_len)
{
    char line[CEPA_LOG_LINE_SIZE];
    if (level > log->level || !is_allowed(log)) {
        return;
    }
    struct cepa_wall wall = cepa_clock_wall();
    if (log->left_out > 0) {
        struct cepa_log_field left_out = cepa_log_number("lines", (int64_t)log->left_out);
        size_t len = cepa_log_format(line, log, CEPA_CONFIG_LEVEL_WARNING, wall,
                                     "there was too much to write down", &left_out, 1);
        log->left_out = write(log->fd, line, len) < 0 ? log->left_out : 0;
    }
    size_t len = cepa_log_format(line, log, level, wall, message, fields, fields_len);
    if (write(log->fd, line, len) < 0) {
        log->left_out++;
    }
}

void cepa_log_say(struct cepa_log *log, enum cepa_config_level level, const char *message)
{
    cepa_log_write(log, level, message, NULL, 0);
}
