/* The configuration: its file, the environment, and what must fit together. */
#include "native/daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "native/daemon/config_keys.h"
#include "native/near.h"

enum { VALUE_SIZE = 4608 };

const struct cepa_config_key *cepa_config_key(size_t place)
{
    size_t len;
    const struct cepa_config_entry *entries = cepa_config_entries(&len);
    CEPA_ASSERT(len <= CEPA_CONFIG_KEYS_MAX);
    return place < len ? &entries[place].key : NULL;
}

void cepa_config_init(struct cepa_config *ret_config)
{
    memset(ret_config, 0, sizeof *ret_config);
    snprintf(ret_config->profile, sizeof ret_config->profile, "main");
    ret_config->port = CEPA_CONFIG_PORT;
    ret_config->shaper = CEPA_CONFIG_SHAPER_STEPPED;
    ret_config->neighbours = 24;
    ret_config->log_level = CEPA_CONFIG_LEVEL_INFO;
    ret_config->metrics = CEPA_CONFIG_METRICS_SOCKET;
    ret_config->has_dashboard = true;
    ret_config->has_port_mapping = true;
    ret_config->inbox_quota = UINT64_C(1000000000);
}

static const struct cepa_config_entry *find(const char *key)
{
    size_t len;
    const struct cepa_config_entry *entries = cepa_config_entries(&len);
    for (size_t i = 0; i < len; i++) {
        if (strcmp(entries[i].key.name, key) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

static int refuse_key(struct cepa_reason *ret_reason, const char *where, const char *key)
{
    size_t len;
    const struct cepa_config_entry *entries = cepa_config_entries(&len);
    const char *nearest = NULL;
    for (size_t i = 0; i < len; i++) {
        const char *name = entries[i].key.name;
        if (cepa_near_is(key, name) &&
            (nearest == NULL || cepa_near_distance(key, name) < cepa_near_distance(key, nearest))) {
            nearest = name;
        }
    }
    return nearest != NULL
               ? cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND,
                                  "%s: there is no key '%.60s'; did you mean '%s'?", where, key,
                                  nearest)
               : cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND,
                                  "%s: there is no key '%.60s'; cepa.conf(5) has all of them",
                                  where, key);
}

static int refuse_value(struct cepa_reason *ret_reason, const char *where,
                        const struct cepa_config_entry *entry, const char *value)
{
    return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "%s: %s cannot be '%.80s'; allowed: %s",
                            where, entry->key.name, value, entry->key.allowed);
}

/* Takes the values between commas one by one. */
static int take_list(struct cepa_config *config, struct cepa_reason *ret_reason, const char *where,
                     const struct cepa_config_entry *entry, const char *value)
{
    char one[CEPA_CONFIG_INVITATION_SIZE + 1];
    for (;;) {
        value += strspn(value, " \t");
        size_t len = strcspn(value, ",");
        size_t trimmed = len;
        while (trimmed > 0 && (value[trimmed - 1] == ' ' || value[trimmed - 1] == '\t')) {
            trimmed--;
        }
        if (trimmed >= sizeof one) {
            return refuse_value(ret_reason, where, entry, value);
        }
        memcpy(one, value, trimmed);
        one[trimmed] = '\0';
        if (!entry->take(config, one)) {
            return refuse_value(ret_reason, where, entry, one);
        }
        if (value[len] == '\0') {
            return 0;
        }
        value += len + 1;
    }
}

int cepa_config_set(struct cepa_config *config, struct cepa_reason *ret_reason, const char *where,
                    const char *key, const char *value, bool is_first_here)
{
    const struct cepa_config_entry *entry = find(key);
    if (entry == NULL) {
        return refuse_key(ret_reason, where, key);
    }
    if (entry->is_list) {
        if (is_first_here) {
            entry->clear(config);
        }
        return take_list(config, ret_reason, where, entry, value);
    }
    return entry->take(config, value) ? 0 : refuse_value(ret_reason, where, entry, value);
}

/* A line without comment and outer blanks; false if it has a byte that no text has. */
static bool trim(char *ret_line, size_t capacity, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 && text[i] != '\t' && text[i] != '\r') {
            return false;
        }
        if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
            len = i;
        }
    }
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        len--;
    }
    while (len > 0 && isspace((unsigned char)*text)) {
        text++;
        len--;
    }
    if (len >= capacity) {
        return false;
    }
    memcpy(ret_line, text, len);
    ret_line[len] = '\0';
    return true;
}

/* Where each key was set, to find it twice. */
struct seen {
    unsigned lines[CEPA_CONFIG_KEYS_MAX];
};

/* Takes "key = value", trimmed and not empty. */
static int take_line(struct cepa_config *config, struct cepa_reason *ret_reason, const char *where,
                     char *line, unsigned number, struct seen *seen)
{
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "%s: '%.60s' is not 'key = value'",
                                where, line);
    }
    size_t key_len = (size_t)(equals - line);
    while (key_len > 0 && isspace((unsigned char)line[key_len - 1])) {
        key_len--;
    }
    line[key_len] = '\0';
    const char *value = equals + 1 + strspn(equals + 1, " \t");
    size_t entries_len;
    const struct cepa_config_entry *entries = cepa_config_entries(&entries_len);
    const struct cepa_config_entry *entry = find(line);
    unsigned *before = entry != NULL ? &seen->lines[entry - entries] : NULL;
    if (before != NULL && *before != 0 && !entry->is_list) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "%s: %s is set in line %u already",
                                where, line, *before);
    }
    bool is_first = before == NULL || *before == 0;
    if (before != NULL) {
        *before = number;
    }
    return cepa_config_set(config, ret_reason, where, line, value, is_first);
}

int cepa_config_read(struct cepa_config *config, struct cepa_reason *ret_reason, const char *name,
                     const char *text, size_t text_len)
{
    struct seen seen = {{0}};
    unsigned number = 0;
    while (text_len > 0) {
        char where[160];
        char line[VALUE_SIZE];
        const char *end = memchr(text, '\n', text_len);
        size_t len = end != NULL ? (size_t)(end - text) : text_len;
        number++;
        snprintf(where, sizeof where, "%.120s:%u", name, number);
        if (!trim(line, sizeof line, text, len)) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT,
                                    "%s: this line is too long, or no text", where);
        }
        int status =
            line[0] == '\0' ? 0 : take_line(config, ret_reason, where, line, number, &seen);
        if (status != 0) {
            return status;
        }
        text += len + (end != NULL);
        text_len -= len + (end != NULL);
    }
    return 0;
}

/* Gives the place of the default file; false if there is none. */
static bool default_path(char *ret_path, size_t capacity)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int len = 0;
    if (geteuid() == 0) {
        len = snprintf(ret_path, capacity, "/etc/cepa/cepa.conf");
    } else if (config != NULL && config[0] == '/') {
        len = snprintf(ret_path, capacity, "%s/cepa/cepa.conf", config);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(ret_path, capacity, "%s/.config/cepa/cepa.conf", home);
    }
    return len > 0 && (size_t)len < capacity;
}

int cepa_config_load(struct cepa_config *config, struct cepa_reason *ret_reason, const char *path)
{
    char standard[CEPA_FOLDER_PATH_SIZE];
    bool is_standard = path == NULL;
    if (is_standard) {
        if (!default_path(standard, sizeof standard)) {
            return 0;
        }
        path = standard;
    } else if (path[0] == '-') {
        is_standard = true;
        path++;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return is_standard && (errno == ENOENT || errno == ENOTDIR)
                   ? 0
                   : cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    char *text = malloc(CEPA_CONFIG_FILE_SIZE_MAX + 1);
    size_t len = text != NULL ? fread(text, 1, CEPA_CONFIG_FILE_SIZE_MAX + 1, file) : 0;
    int status;
    if (text == NULL || ferror(file)) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be read: %s", path,
                                  strerror(errno));
    } else if (len > CEPA_CONFIG_FILE_SIZE_MAX) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "%s is longer than %d bytes", path,
                                  CEPA_CONFIG_FILE_SIZE_MAX);
    } else {
        status = cepa_config_read(config, ret_reason, path, text, len);
    }
    free(text);
    fclose(file);
    return status;
}

int cepa_config_environment(struct cepa_config *config, struct cepa_reason *ret_reason)
{
    size_t len;
    const struct cepa_config_entry *entries = cepa_config_entries(&len);
    for (size_t i = 0; i < len; i++) {
        char name[48] = "CEPA_";
        size_t at = strlen(name);
        for (const char *letter = entries[i].key.name; *letter != '\0'; letter++) {
            name[at] = *letter == '-' ? '_' : (char)toupper((unsigned char)*letter);
            at++;
        }
        name[at] = '\0';
        const char *value = getenv(name);
        int status = value == NULL ? 0
                                   : cepa_config_set(config, ret_reason, name, entries[i].key.name,
                                                     value, true);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

int cepa_config_finish(struct cepa_config *config, struct cepa_reason *ret_reason)
{
    if (config->state_directory[0] == '\0') {
        int status = cepa_folder_default(ret_reason, config->state_directory,
                                         sizeof config->state_directory - 32);
        if (status != 0) {
            return status;
        }
    }
    if (config->control[0] == '\0') {
        int len = snprintf(config->control, sizeof config->control, "%s/control",
                           config->state_directory);
        if (len >= (int)sizeof config->control) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT,
                                    "%s is too long a path for a socket in it; tell another one "
                                    "by 'control'",
                                    config->state_directory);
        }
    }
    if (config->is_metered && config->role == CEPA_CONFIG_ROLE_RELAY) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT,
                                "a metered node does not relay: set 'role' to client or auto, or "
                                "'metered' to off");
    }
    return 0;
}
