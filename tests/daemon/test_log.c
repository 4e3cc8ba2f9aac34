/* Lines say what they should, never an address, and not too often. */
#define _GNU_SOURCE
#include "native/daemon/log.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

static const struct cepa_wall wall = {UINT64_C(1795000000123)};

static struct cepa_log make(bool has_json, int fd)
{
    struct cepa_config config;
    struct cepa_log log;
    cepa_config_init(&config);
    config.has_json_log = has_json;
    cepa_log_init(&log, fd, &config);
    return log;
}

TEST(lines_have_their_form)
{
    char line[CEPA_LOG_LINE_SIZE];
    const struct cepa_log_field fields[] = {cepa_log_peer("peer", (struct cepa_log_peer){7}),
                                            cepa_log_number("ms", -3),
                                            cepa_log_text("why", "it said \"no\"\n\\")};
    struct cepa_log log = make(false, 2);
    size_t len =
        cepa_log_format(line, &log, CEPA_CONFIG_LEVEL_INFO, wall, "a link is up", fields, 3);
    CHECK(strcmp(line, "2026-11-18T11:06:40.123Z info a link is up peer=peer#7 ms=-3 "
                       "why=\"it said \\\"no\\\"?\\\\\"\n") == 0);
    CHECK_INT(len, strlen(line));
    log.has_priorities = true;
    (void)cepa_log_format(line, &log, CEPA_CONFIG_LEVEL_WARNING, wall, "x", NULL, 0);
    CHECK(strcmp(line, "<4>x\n") == 0);
    log = make(true, 2);
    (void)cepa_log_format(line, &log, CEPA_CONFIG_LEVEL_ERROR, wall, "a link is up", fields, 3);
    cJSON *object = cJSON_Parse(line);
    CHECK(object != NULL);
    CHECK(strcmp(cJSON_GetObjectItem(object, "level")->valuestring, "error") == 0);
    CHECK(strcmp(cJSON_GetObjectItem(object, "peer")->valuestring, "peer#7") == 0);
    CHECK(strcmp(cJSON_GetObjectItem(object, "why")->valuestring, "it said \"no\"?\\") == 0);
    cJSON_Delete(object);
}

TEST(no_address_stands_in_a_line)
{
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {
        {"192.0.2.1", "(address)"},
        {"to 192.0.2.1:5000 and", "to (address) and"},
        {"[2001:db8::1]:443", "(address)"},
        {"2001:db8::1", "(address)"},
        {"at ::1.", "at (address)."},
        {"candidate:1 1 udp 2113 10.1.2.3 6000", "candidate:1 1 udp 2113 (address) 6000"},
        {"(fe80::1)", "((address))"},
        {"12:30:15", "12:30:15"},
        {"version 1.2.3", "version 1.2.3"},
        {"a cafe and 5 bees", "a cafe and 5 bees"},
        {"10.0.0.1,10.0.0.2", "(address),(address)"},
    };
    for (int i = 0; i < 2; i++) {
        struct cepa_log log = make(i == 1, 2);
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            char line[CEPA_LOG_LINE_SIZE];
            char want[128];
            struct cepa_log_field field = cepa_log_text("text", rows[k].text);
            (void)cepa_log_format(line, &log, CEPA_CONFIG_LEVEL_INFO, wall, "x", &field, 1);
            snprintf(want, sizeof want, i == 1 ? "\"text\":\"%s\"}" : "text=\"%s\"\n",
                     rows[k].written);
            if (strstr(line, want) == NULL) {
                test_note("%s", line);
            }
            CHECK(strstr(line, want) != NULL);
        }
    }
}

TEST(long_lines_still_parse)
{
    char text[2 * CEPA_LOG_LINE_SIZE];
    char line[CEPA_LOG_LINE_SIZE];
    struct cepa_log log = make(true, 2);
    for (size_t len = CEPA_LOG_LINE_SIZE - 200; len < CEPA_LOG_LINE_SIZE + 10; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        const struct cepa_log_field fields[] = {cepa_log_number("n", 1), cepa_log_text("t", text),
                                                cepa_log_number("m", 12345678)};
        size_t line_len = cepa_log_format(line, &log, CEPA_CONFIG_LEVEL_INFO, wall, "m", fields, 3);
        CHECK(line_len < sizeof line && line[line_len - 1] == '\n');
        cJSON *object = cJSON_Parse(line);
        CHECK(object != NULL);
        cJSON_Delete(object);
    }
}

TEST(a_flood_is_counted)
{
    static char data[1 << 20];
    char folder[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    scratch_make(folder);
    scratch_join(path, folder, "log");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    struct cepa_log log = make(false, fd);
    for (int i = 0; i < 2000; i++) {
        cepa_log_say(&log, CEPA_CONFIG_LEVEL_INFO, "again");
        cepa_log_say(&log, CEPA_CONFIG_LEVEL_DEBUG, "not wanted");
    }
    usleep(200 * 1000);
    cepa_log_say(&log, CEPA_CONFIG_LEVEL_INFO, "later");
    close(fd);
    size_t len = scratch_read(path, data, sizeof data - 1);
    data[len] = '\0';
    size_t lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += data[i] == '\n';
    }
    CHECK(lines >= CEPA_LOG_BURST && lines < CEPA_LOG_BURST + 50);
    CHECK(strstr(data, "there was too much to write down lines=1") != NULL);
    CHECK(strstr(data, "later") != NULL && strstr(data, "not wanted") == NULL);
}

TEST(the_journal_gets_priorities)
{
    char stream[64];
    struct stat facts;
    int ends[2];
    CHECK(pipe(ends) == 0 && fstat(ends[1], &facts) == 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)facts.st_dev,
             (unsigned long long)facts.st_ino);
    CHECK(setenv("JOURNAL_STREAM", stream, 1) == 0);
    CHECK(make(false, ends[1]).has_priorities);
    CHECK(setenv("JOURNAL_STREAM", "1:2", 1) == 0);
    CHECK(!make(false, ends[1]).has_priorities);
    CHECK(unsetenv("JOURNAL_STREAM") == 0);
    CHECK(!make(false, ends[1]).has_priorities);
}

TEST_MAIN(RUN(lines_have_their_form), RUN(no_address_stands_in_a_line), RUN(long_lines_still_parse),
          RUN(a_flood_is_counted), RUN(the_journal_gets_priorities))
