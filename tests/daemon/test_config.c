/* Every key takes what it should, and everything else is refused with its place and the reason. */
#define _GNU_SOURCE
#include "native/daemon/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/scratch.h"
#include "support/test.h"

static struct cepa_reason reason;

static int read_text(struct cepa_config *config, const char *text)
{
    cepa_config_init(config);
    return cepa_config_read(config, &reason, "cepa.conf", text, strlen(text));
}

TEST(values_are_taken_or_refused)
{
    static const struct {
        const char *key;
        const char *good; /* values, between bars */
        const char *bad;
    } rows[] = {
        {"profile", "main|test", "Main||tests"},
        {"state-directory", "/x|/var/lib/cepa", "x|./x||~/x"},
        {"listen", "127.0.0.1|::|192.0.2.1, 2001:db8::1",
         "localhost|1.2.3.4:5|1.2.3.4,5.6.7.8||1.2.3"},
        {"port", "0|1|65535", "65536|-1|4o40||99999999999999999999"},
        {"role", "auto|relay|client", "guard|"},
        {"shaper", "off|stepped|poisson 8|constant 100000|constant  5",
         "poisson|stepped 3|constant 0|constant 100001|envelope||constant x"},
        {"budget-rate", "none|1|500k|2M|3G", "0|k|5m|1.5M||-1|99999999999G|12345678901234567890"},
        {"budget-day", "none|20G", "0|lots"},
        {"metered", "on|off", "yes|1|ON|"},
        {"neighbours", "2|50", "1|51|many"},
        {"log-level", "error|warning|info|debug", "trace|"},
        {"log-format", "text|json", "xml"},
        {"control", "/run/cepa.sock", "control|"},
        {"dashboard", "on|off", "true"},
        {"dashboard-port", "0|8080", "70000"},
        {"metrics", "off|socket|9100", "0|on|70000"},
        {"port-mapping", "on|off", ""},
        {"lan-discovery", "on|off", "maybe"},
        {"inbox-accept", "contacts|anyone|nobody", "everybody||on"},
        {"inbox-quota", "none|1G|500M", "0|lots"},
        {"invitation", "cepa:abc|cepa:a, cepa:b",
         "abc|cepa:a,,cepa:b|cepa:1,cepa:2,cepa:3,cepa:4,cepa:5"},
    };
    struct cepa_config config;
    size_t keys = 0;
    while (cepa_config_key(keys) != NULL) {
        keys++;
    }
    CHECK_INT(keys, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < keys; i++) {
        const char *const both[] = {rows[i].good, rows[i].bad};
        CHECK(strcmp(cepa_config_key(i)->name, rows[i].key) == 0);
        for (size_t k = 0; k < 2; k++) {
            const char *at = both[k];
            for (;;) {
                char value[80];
                size_t len = strcspn(at, "|");
                snprintf(value, sizeof value, "%.*s", (int)len, at);
                cepa_config_init(&config);
                int status = cepa_config_set(&config, &reason, "--x", rows[i].key, value, true);
                if ((status == 0) != (k == 0)) {
                    test_note("%s = '%s' gives %d", rows[i].key, value, status);
                }
                CHECK_INT(status, k == 0 ? 0 : CEPA_ERR_ARGUMENT);
                CHECK(k == 0 || strstr(reason.text, cepa_config_key(i)->allowed) != NULL);
                CHECK(k == 0 || strncmp(reason.text, "--x: ", 5) == 0);
                if (at[len] == '\0') {
                    break;
                }
                at += len + 1;
            }
        }
    }
}

TEST(long_values_are_refused)
{
    static char value[CEPA_CONFIG_INVITATION_SIZE + 8];
    struct cepa_config config;
    memset(value, 'x', sizeof value - 1);
    memcpy(value, "cepa:", 5);
    cepa_config_init(&config);
    CHECK(cepa_config_set(&config, &reason, "x", "invitation", value, true) != 0);
    value[CEPA_CONFIG_INVITATION_SIZE - 1] = '\0';
    CHECK_INT(cepa_config_set(&config, &reason, "x", "invitation", value, true), 0);
    value[0] = '/';
    CHECK(cepa_config_set(&config, &reason, "x", "state-directory", value, true) != 0);
    CHECK(cepa_config_set(&config, &reason, "x", "control", value, true) != 0);
    value[107] = '\0';
    CHECK_INT(cepa_config_set(&config, &reason, "x", "control", value, true), 0);
}

TEST(a_file_is_read)
{
    static const char text[] = "# a comment\n"
                               "\n"
                               "  profile=test   # behind a value\r\n"
                               "port = 5000\n"
                               "listen = 127.0.0.2\n"
                               "listen = ::1\n"
                               "shaper = constant 64\n"
                               "invitation = cepa:a#b\n"
                               "log-level = debug";
    struct cepa_config config;
    CHECK_INT(read_text(&config, text), 0);
    CHECK(strcmp(config.profile, "test") == 0 && config.port == 5000);
    CHECK_INT(config.listen_len, 2);
    CHECK(config.shaper == CEPA_CONFIG_SHAPER_CONSTANT && config.shaper_rate == 64);
    CHECK(strcmp(config.invitations[0], "cepa:a#b") == 0);
    CHECK_INT(config.log_level, CEPA_CONFIG_LEVEL_DEBUG);
    CHECK_INT(read_text(&config, ""), 0);
    CHECK(strcmp(config.profile, "main") == 0);
}

TEST(what_is_wrong_in_a_file_is_told_with_its_line)
{
    static const struct {
        const char *text;
        int status;
        const char *said;
    } rows[] = {
        {"port 5", CEPA_ERR_ARGUMENT, "cepa.conf:1: 'port 5' is not 'key = value'"},
        {"\n\nport = x\n", CEPA_ERR_ARGUMENT, "cepa.conf:3: port cannot be 'x'; allowed: a number"},
        {"prot = 5", CEPA_ERR_NOT_FOUND, "there is no key 'prot'; did you mean 'port'?"},
        {"frobnicate = 5", CEPA_ERR_NOT_FOUND, "there is no key 'frobnicate'; cepa.conf(5)"},
        {"port = 1\nrole = auto\nport = 2", CEPA_ERR_ARGUMENT,
         "cepa.conf:3: port is set in line 1 already"},
        {"= 5", CEPA_ERR_NOT_FOUND, "there is no key ''"},
        {"port =", CEPA_ERR_ARGUMENT, "port cannot be ''"},
        {"port = 5\x01", CEPA_ERR_ARGUMENT, "cepa.conf:1: this line is too long, or no text"},
        {"listen = 1.2.3.4\nlisten = 5.6.7.8", CEPA_ERR_ARGUMENT, "cepa.conf:2: listen cannot be"},
    };
    struct cepa_config config;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(read_text(&config, rows[i].text), rows[i].status);
        if (strstr(reason.text, rows[i].said) == NULL) {
            test_note("%s", reason.text);
        }
        CHECK(strstr(reason.text, rows[i].said) != NULL);
    }
}

TEST(the_nearer_source_wins)
{
    struct cepa_config config;
    CHECK_INT(read_text(&config, "port = 1\nneighbours = 5\nlisten = 1.2.3.4, ::1"), 0);
    CHECK(setenv("CEPA_PORT", "2", 1) == 0 && setenv("CEPA_LISTEN", "127.0.0.1", 1) == 0);
    CHECK(setenv("CEPA_LOG_LEVEL", "error", 1) == 0);
    CHECK_INT(cepa_config_environment(&config, &reason), 0);
    CHECK_INT(config.port, 2);
    CHECK_INT(config.listen_len, 1);
    CHECK_INT(config.neighbours, 5);
    CHECK_INT(config.log_level, CEPA_CONFIG_LEVEL_ERROR);
    CHECK_INT(cepa_config_set(&config, &reason, "--port", "port", "3", true), 0);
    CHECK_INT(config.port, 3);
    CHECK(setenv("CEPA_PORT", "x", 1) == 0);
    CHECK_INT(cepa_config_environment(&config, &reason), CEPA_ERR_ARGUMENT);
    CHECK(strncmp(reason.text, "CEPA_PORT: port cannot be 'x'", 29) == 0);
    CHECK(unsetenv("CEPA_PORT") == 0 && unsetenv("CEPA_LISTEN") == 0);
    CHECK(unsetenv("CEPA_LOG_LEVEL") == 0);
}

TEST(files_are_found)
{
    char folder[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    static char large[CEPA_CONFIG_FILE_SIZE_MAX + 1];
    struct cepa_config config;
    scratch_make(folder);
    scratch_join(path, folder, "x.conf");
    cepa_config_init(&config);
    CHECK_INT(cepa_config_load(&config, &reason, path), CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, path) != NULL);
    CHECK_INT(cepa_config_load(&config, &reason, "-/nowhere/cepa.conf"), 0);
    scratch_write(path, "port = 7\nport = 8\n", 18);
    CHECK_INT(cepa_config_load(&config, &reason, path), CEPA_ERR_ARGUMENT);
    CHECK(strstr(reason.text, "x.conf:2: ") != NULL);
    scratch_write(path, "port = 7\n", 9);
    CHECK_INT(cepa_config_load(&config, &reason, path), 0);
    CHECK_INT(config.port, 7);
    memset(large, '\n', sizeof large);
    scratch_write(path, large, sizeof large);
    CHECK_INT(cepa_config_load(&config, &reason, path), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_config_load(&config, &reason, folder), CEPA_ERR_SYSTEM);
}

TEST(what_must_fit_together_is_checked)
{
    struct cepa_config config;
    char folder[300];
    cepa_config_init(&config);
    snprintf(config.state_directory, sizeof config.state_directory, "/x");
    CHECK_INT(cepa_config_finish(&config, &reason), 0);
    CHECK(strcmp(config.control, "/x/control") == 0);
    memset(folder, 'y', sizeof folder);
    folder[0] = '/';
    snprintf(config.state_directory, sizeof config.state_directory, "%.200s", folder);
    config.control[0] = '\0';
    CHECK_INT(cepa_config_finish(&config, &reason), CEPA_ERR_ARGUMENT);
    snprintf(config.control, sizeof config.control, "/run/x");
    CHECK_INT(cepa_config_finish(&config, &reason), 0);
    config.is_metered = true;
    CHECK_INT(cepa_config_finish(&config, &reason), 0);
    config.role = CEPA_CONFIG_ROLE_RELAY;
    CHECK_INT(cepa_config_finish(&config, &reason), CEPA_ERR_ARGUMENT);
}

TEST(the_manual_has_every_key)
{
    static char page[1 << 16];
    size_t len = scratch_read(CEPA_SOURCE_DIR "/docs/man/cepa.conf.5", page, sizeof page - 1);
    page[len] = '\0';
    for (size_t i = 0; cepa_config_key(i) != NULL; i++) {
        char entry[64] = ".B ";
        size_t at = strlen(entry);
        for (const char *letter = cepa_config_key(i)->name; *letter != '\0'; letter++) {
            at += (size_t)snprintf(entry + at, 4, *letter == '-' ? "\\-" : "%c", *letter);
        }
        snprintf(entry + at, 4, " ");
        if (strstr(page, entry) == NULL) {
            test_note("no '%s'", entry);
        }
        CHECK(strstr(page, entry) != NULL);
    }
}

TEST_MAIN(RUN(values_are_taken_or_refused), RUN(long_values_are_refused), RUN(a_file_is_read),
          RUN(what_is_wrong_in_a_file_is_told_with_its_line), RUN(the_nearer_source_wins),
          RUN(files_are_found), RUN(what_must_fit_together_is_checked),
          RUN(the_manual_has_every_key))
