/* What a chat prints. */
#define _GNU_SOURCE
#include "cli/chat_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/shown_text.h"
#include "native/net/clock.h"

enum { NOTE_SIZE = 512, WHEN_SIZE = 32 };

static const char indent[] = "      ";

/* The time of a line; the day too if that is another one. */
static void write_when(char ret_text[WHEN_SIZE], struct cepa_wall when)
{
    struct tm parts;
    struct tm today;
    time_t seconds = (time_t)(when.unix_ms / 1000);
    time_t now = (time_t)(cepa_clock_wall().unix_ms / 1000);
    bool is_known = localtime_r(&seconds, &parts) != NULL && localtime_r(&now, &today) != NULL;
    bool is_today = is_known && parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday;
    if (!is_known ||
        strftime(ret_text, WHEN_SIZE, is_today ? "%H:%M" : "%Y-%m-%d %H:%M", &parts) == 0) {
        snprintf(ret_text, WHEN_SIZE, "?");
    }
}

void cepa_cli_words_note(const struct cepa_cli_words *words, const char *event, const char *format,
                         ...)
{
    char note[NOTE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    if (words->is_json) {
        printf("{\"event\": \"%s\", \"note\": ", event);
        cepa_cli_json_string(note);
        printf("}\n");
        (void)fflush(stdout);
    } else if (words->screen->is_terminal) {
        cepa_cli_screen_clear(words->screen);
        printf("-- %s\n", note);
        cepa_cli_screen_draw(words->screen);
    } else {
        fprintf(stderr, "cepa %s: %s\n", words->command, note);
    }
}

/* A line of a conversation on a terminal. */
static void print_talk(const struct cepa_cli_words *words, struct cepa_wall when, const char *who,
                       const char *text, size_t text_len)
{
    char time[WHEN_SIZE];
    while (text_len > 0 && text[text_len - 1] == '\n') {
        text_len--;
    }
    write_when(time, when);
    cepa_cli_screen_clear(words->screen);
    printf("%s %s: ", time, who);
    cepa_cli_show_text(stdout, text, text_len, indent);
    printf("\n");
    cepa_cli_screen_draw(words->screen);
}

void cepa_cli_words_came(const struct cepa_cli_words *words, const struct cepa_inbox_entry *entry,
                         char *text, size_t text_len)
{
    if (words->is_json) {
        /* A zero would end the string; this comes out as a character that is none. */
        for (size_t i = 0; i < text_len; i++) {
            text[i] = (char)(text[i] == '\0' ? '\xff' : text[i]);
        }
        text[text_len] = '\0';
        printf("{\"event\": \"came\", \"id\": \"%s\", \"came_ms\": %llu, \"written_ms\": %llu, "
               "\"text\": ",
               entry->id.text, (unsigned long long)entry->came.unix_ms,
               (unsigned long long)entry->modified.unix_ms);
        cepa_cli_json_string(text);
        printf("}\n");
    } else if (words->screen->is_terminal) {
        print_talk(words, entry->came, words->peer, text, text_len);
    } else {
        cepa_cli_show_text(stdout, text, text_len, NULL);
        printf("\n");
    }
    (void)fflush(stdout);
}

void cepa_cli_words_offered(const struct cepa_cli_words *words,
                            const struct cepa_inbox_entry *entry)
{
    char size[CEPA_CLI_AMOUNT_SIZE] = "?";
    if (entry->size != CEPA_FILE_SIZE_UNKNOWN) {
        cepa_cli_amount(size, entry->size);
    }
    cepa_cli_words_note(words, "file", "%s sends the file '%s', %s%s%.8s", words->peer, entry->name,
                        size,
                        entry->state == CEPA_INBOX_WAITING ? "; it waits for: cepa inbox accept "
                                                           : ": cepa inbox save ",
                        entry->id.text);
}

void cepa_cli_words_typed(const struct cepa_cli_words *words, const char *text, size_t text_len)
{
    if (!words->is_json && words->screen->is_terminal) {
        print_talk(words, cepa_clock_wall(), words->own, text, text_len);
    }
}

void cepa_cli_words_line(const struct cepa_cli_words *words, const char *event, uint64_t number,
                         const char *reason)
{
    if (words->is_json) {
        printf("{\"event\": \"%s\", \"line\": %llu", event, (unsigned long long)number);
        if (reason[0] != '\0') {
            printf(", \"reason\": ");
            cepa_cli_json_string(reason);
        }
        printf("}\n");
        (void)fflush(stdout);
    }
}

void cepa_cli_words_lost(const struct cepa_cli_words *words, uint64_t number, const char *text,
                         size_t text_len, const char *reason)
{
    FILE *file = words->screen->is_terminal ? stdout : stderr;
    cepa_cli_words_line(words, "lost", number, reason);
    if (!words->is_json) {
        cepa_cli_screen_clear(words->screen);
        fprintf(file,
                "%sline %llu was not delivered%s%s: ", words->screen->is_terminal ? "-- " : "",
                (unsigned long long)number, reason[0] != '\0' ? ", " : "", reason);
        cepa_cli_show_text(file, text, text_len, NULL);
        fprintf(file, "\n");
        cepa_cli_screen_draw(words->screen);
    }
}
