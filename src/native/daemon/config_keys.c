/* Every key of the configuration, and what it allows. */
#include "native/daemon/config_keys.h"

#include <stdio.h>
#include <string.h>

/* Reads a decimal number from `min` to `max`. */
static bool read_number(uint64_t *ret_number, const char *text, uint64_t min, uint64_t max)
{
    uint64_t number = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 19) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    if (number < min || number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_port(uint16_t *ret_port, const char *text, uint64_t min)
{
    uint64_t number;
    if (!read_number(&number, text, min, UINT16_MAX)) {
        return false;
    }
    *ret_port = (uint16_t)number;
    return true;
}

/* Reads "none", or a number with k, M or G behind it. */
static bool read_bytes(uint64_t *ret_bytes, const char *text)
{
    static const struct {
        char letter;
        uint64_t times;
    } units[] = {{'k', 1000}, {'M', 1000000}, {'G', 1000000000}};
    char digits[16];
    size_t len = strlen(text);
    uint64_t times = 1;
    uint64_t number;
    if (strcmp(text, "none") == 0) {
        *ret_bytes = 0;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0] && len > 0; i++) {
        if (text[len - 1] == units[i].letter) {
            times = units[i].times;
            len--;
            break;
        }
    }
    if (len == 0 || len > 12) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)len, text);
    if (!read_number(&number, digits, 1, UINT64_MAX / times)) {
        return false;
    }
    *ret_bytes = number * times;
    return true;
}

static bool read_switch(bool *ret_is_on, const char *text)
{
    bool is_on = strcmp(text, "on") == 0;
    if (!is_on && strcmp(text, "off") != 0) {
        return false;
    }
    *ret_is_on = is_on;
    return true;
}

/* Gives the place of `text` among `words`, or -1. */
static int read_word(const char *text, const char *const *words, size_t words_len)
{
    for (size_t i = 0; i < words_len; i++) {
        if (strcmp(text, words[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool read_path(char *ret_path, size_t capacity, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len >= capacity || text[0] != '/') {
        return false;
    }
    memcpy(ret_path, text, len + 1);
    return true;
}

static bool take_profile(struct cepa_config *config, const char *value)
{
    if (strcmp(value, "main") != 0 && strcmp(value, "test") != 0) {
        return false;
    }
    snprintf(config->profile, sizeof config->profile, "%s", value);
    return true;
}

static bool take_state_directory(struct cepa_config *config, const char *value)
{
    /* Room is left for the names of the files in it. */
    return read_path(config->state_directory, sizeof config->state_directory - 32, value);
}

static bool take_listen(struct cepa_config *config, const char *value)
{
    struct cepa_net_address address;
    if (cepa_net_address_ip_decode(&address, value, strlen(value)) != 0) {
        return false;
    }
    for (size_t i = 0; i < config->listen_len; i++) {
        if (config->listen[i].family == address.family) {
            return false;
        }
    }
    config->listen[config->listen_len] = address;
    config->listen_len++;
    return true;
}

static void clear_listen(struct cepa_config *config)
{
    config->listen_len = 0;
}

static bool take_port(struct cepa_config *config, const char *value)
{
    return read_port(&config->port, value, 0);
}

static bool take_role(struct cepa_config *config, const char *value)
{
    static const char *const words[] = {"auto", "relay", "client"};
    int place = read_word(value, words, 3);
    if (place >= 0) {
        config->role = (enum cepa_config_role)place;
    }
    return place >= 0;
}

static bool take_shaper(struct cepa_config *config, const char *value)
{
    static const char *const words[] = {"off", "stepped", "poisson", "constant"};
    char word[16];
    const char *space = strchr(value, ' ');
    size_t len = space != NULL ? (size_t)(space - value) : strlen(value);
    uint64_t rate = 0;
    if (len >= sizeof word) {
        return false;
    }
    snprintf(word, sizeof word, "%.*s", (int)len, value);
    int place = read_word(word, words, 4);
    bool has_rate = place == CEPA_CONFIG_SHAPER_POISSON || place == CEPA_CONFIG_SHAPER_CONSTANT;
    if (place < 0 || has_rate != (space != NULL) ||
        (has_rate && !read_number(&rate, space + strspn(space, " "), 1, 100000))) {
        return false;
    }
    config->shaper = (enum cepa_config_shaper)place;
    config->shaper_rate = (uint32_t)rate;
    return true;
}

static bool take_budget_rate(struct cepa_config *config, const char *value)
{
    return read_bytes(&config->budget_rate, value);
}

static bool take_budget_day(struct cepa_config *config, const char *value)
{
    return read_bytes(&config->budget_day, value);
}

static bool take_metered(struct cepa_config *config, const char *value)
{
    return read_switch(&config->is_metered, value);
}

static bool take_neighbours(struct cepa_config *config, const char *value)
{
    uint64_t number;
    if (!read_number(&number, value, 2, 50)) {
        return false;
    }
    config->neighbours = (uint32_t)number;
    return true;
}

static bool take_log_level(struct cepa_config *config, const char *value)
{
    static const char *const words[] = {"error", "warning", "info", "debug"};
    int place = read_word(value, words, 4);
    if (place >= 0) {
        config->log_level = (enum cepa_config_level)place;
    }
    return place >= 0;
}

static bool take_log_format(struct cepa_config *config, const char *value)
{
    static const char *const words[] = {"text", "json"};
    int place = read_word(value, words, 2);
    if (place >= 0) {
        config->has_json_log = place == 1;
    }
    return place >= 0;
}

static bool take_control(struct cepa_config *config, const char *value)
{
    return read_path(config->control, sizeof config->control, value);
}

static bool take_dashboard(struct cepa_config *config, const char *value)
{
    return read_switch(&config->has_dashboard, value);
}

static bool take_dashboard_port(struct cepa_config *config, const char *value)
{
    return read_port(&config->dashboard_port, value, 0);
}

static bool take_metrics(struct cepa_config *config, const char *value)
{
    static const char *const words[] = {"off", "socket"};
    int place = read_word(value, words, 2);
    if (place < 0 && !read_port(&config->metrics_port, value, 1)) {
        return false;
    }
    config->metrics = place < 0 ? CEPA_CONFIG_METRICS_PORT : (enum cepa_config_metrics)place;
    return true;
}

static bool take_port_mapping(struct cepa_config *config, const char *value)
{
    return read_switch(&config->has_port_mapping, value);
}

static bool take_lan_discovery(struct cepa_config *config, const char *value)
{
    return read_switch(&config->has_lan_discovery, value);
}

static bool take_inbox_accept(struct cepa_config *config, const char *value)
{
    static const char *const words[] = {"contacts", "anyone", "nobody"};
    int place = read_word(value, words, 3);
    if (place >= 0) {
        config->inbox_accept = (enum cepa_config_accept)place;
    }
    return place >= 0;
}

static bool take_inbox_quota(struct cepa_config *config, const char *value)
{
    return read_bytes(&config->inbox_quota, value);
}

static bool take_invitation(struct cepa_config *config, const char *value)
{
    size_t len = strlen(value);
    if (config->invitations_len == CEPA_CONFIG_INVITATIONS_MAX ||
        len >= CEPA_CONFIG_INVITATION_SIZE || strncmp(value, "cepa:", 5) != 0) {
        return false;
    }
    memcpy(config->invitations[config->invitations_len], value, len + 1);
    config->invitations_len++;
    return true;
}

static void clear_invitations(struct cepa_config *config)
{
    config->invitations_len = 0;
}

static const char on_off[] = "on or off";
static const char bytes[] = "none, or a number of bytes with k, M or G behind it, such as 500k";
static const struct cepa_config_entry entries[] = {
    {{"profile", "NAME", "the network to take part in: main or test", "main or test"},
     false,
     take_profile,
     NULL},
    {{"state-directory", "PATH", "where identity and state are kept",
      "an absolute path of at most 479 characters"},
     false,
     take_state_directory,
     NULL},
    {{"listen", "IP", "the addresses to listen at: one of IPv4, one of IPv6",
      "an IP address without port such as 192.0.2.1 or ::, one of each family at most"},
     true,
     take_listen,
     clear_listen},
    {{"port", "PORT", "the port of links, UDP and TCP: 4040; 0 takes a free one",
      "a number from 0 to 65535"},
     false,
     take_port,
     NULL},
    {{"role", "ROLE", "carry others' traffic: auto, relay or client", "auto, relay or client"},
     false,
     take_role,
     NULL},
    {{"shaper", "KIND", "how links hide traffic: stepped, off, poisson RATE, constant RATE",
      "off, stepped, poisson RATE or constant RATE, with 1 to 100000 frames a second"},
     false,
     take_shaper,
     NULL},
    {{"budget-rate", "BYTES", "bytes a second to relay and to pad, in all", bytes},
     false,
     take_budget_rate,
     NULL},
    {{"budget-day", "BYTES", "bytes a day, both ways: others are held off first", bytes},
     false,
     take_budget_day,
     NULL},
    {{"metered", "on|off", "paid by the byte: no relaying, no padding", on_off},
     false,
     take_metered,
     NULL},
    {{"neighbours", "COUNT", "how many neighbours to have", "a number from 2 to 50"},
     false,
     take_neighbours,
     NULL},
    {{"log-level", "LEVEL", "what to write down: error, warning, info or debug",
      "error, warning, info or debug"},
     false,
     take_log_level,
     NULL},
    {{"log-format", "FORMAT", "how to write it down: text or json", "text or json"},
     false,
     take_log_format,
     NULL},
    {{"control", "PATH", "the socket that commands speak to",
      "an absolute path of at most 107 characters"},
     false,
     take_control,
     NULL},
    {{"dashboard", "on|off", "a page about this node, on 127.0.0.1", on_off},
     false,
     take_dashboard,
     NULL},
    {{"dashboard-port", "PORT", "its port; 0 takes a free one", "a number from 0 to 65535"},
     false,
     take_dashboard_port,
     NULL},
    {{"metrics", "WHERE", "figures for Prometheus: off, socket or a port on 127.0.0.1",
      "off, socket, or a port from 1 to 65535"},
     false,
     take_metrics,
     NULL},
    {{"port-mapping", "on|off", "ask the router to let others reach this node", on_off},
     false,
     take_port_mapping,
     NULL},
    {{"lan-discovery", "on|off", "look for nodes in the local network, and be seen there", on_off},
     false,
     take_lan_discovery,
     NULL},
    {{"inbox-accept", "WHOM", "whose messages and files come unasked: contacts, anyone or nobody",
      "contacts, anyone or nobody"},
     false,
     take_inbox_accept,
     NULL},
    {{"inbox-quota", "BYTES", "how much what comes may take on the disk", bytes},
     false,
     take_inbox_quota,
     NULL},
    {{"invitation", "LINK", "whom to join by when nobody else is known",
      "up to 4 invitations, each begins with 'cepa:'"},
     true,
     take_invitation,
     clear_invitations},
};

const struct cepa_config_entry *cepa_config_entries(size_t *ret_len)
{
    *ret_len = sizeof entries / sizeof entries[0];
    return entries;
}
