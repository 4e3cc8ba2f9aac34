/* What a daemon is told: by its configuration file, by the environment and by the command line. The
 * last that speaks of a key wins: command line over environment over file over what is built in.
 *
 * One table (config_keys.c) has every key with its help, and the same rules hold wherever a value
 * comes from. A value that is not allowed is refused with where it stands, what is wrong with it,
 * and what is allowed. cepa.conf(5) */
#ifndef CEPA_NATIVE_DAEMON_CONFIG_H
#define CEPA_NATIVE_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"
#include "native/reason.h"
#include "native/store/folder.h"

enum {
    CEPA_CONFIG_LISTEN_MAX = 2,      /* one address of each family */
    CEPA_CONFIG_INVITATIONS_MAX = 4, /* seeds to join by */
    CEPA_CONFIG_INVITATION_SIZE = 1024,
    CEPA_CONFIG_CONTROL_SIZE = 108,    /* what a Unix socket's address holds */
    CEPA_CONFIG_FILE_SIZE_MAX = 65536, /* bytes of a configuration file */
    CEPA_CONFIG_KEYS_MAX = 32,         /* room for the table of keys */
    CEPA_CONFIG_PORT = 4040            /* of links, unless told otherwise */
};

enum cepa_config_role { CEPA_CONFIG_ROLE_AUTO, CEPA_CONFIG_ROLE_RELAY, CEPA_CONFIG_ROLE_CLIENT };

enum cepa_config_shaper {
    CEPA_CONFIG_SHAPER_OFF,
    CEPA_CONFIG_SHAPER_STEPPED,
    CEPA_CONFIG_SHAPER_POISSON,
    CEPA_CONFIG_SHAPER_CONSTANT
};

enum cepa_config_level {
    CEPA_CONFIG_LEVEL_ERROR,
    CEPA_CONFIG_LEVEL_WARNING,
    CEPA_CONFIG_LEVEL_INFO,
    CEPA_CONFIG_LEVEL_DEBUG
};

/* From whom what comes is taken without asking (native/streams/reception.h). */
enum cepa_config_accept {
    CEPA_CONFIG_ACCEPT_CONTACTS,
    CEPA_CONFIG_ACCEPT_ANYONE,
    CEPA_CONFIG_ACCEPT_NOBODY
};

enum cepa_config_metrics {
    CEPA_CONFIG_METRICS_OFF,
    CEPA_CONFIG_METRICS_SOCKET, /* asked for by the control socket */
    CEPA_CONFIG_METRICS_PORT    /* served over HTTP on 127.0.0.1 too */
};

/* Everything that can be told. */
struct cepa_config {
    char profile[16];                                       /* "main" or "test" */
    char state_directory[CEPA_FOLDER_PATH_SIZE];            /* empty: cepa_folder_default */
    struct cepa_net_address listen[CEPA_CONFIG_LISTEN_MAX]; /* without port; none: all addresses */
    size_t listen_len;                                      /* how many */
    uint16_t port;                          /* of UDP and TCP; 0: one that is free */
    enum cepa_config_role role;             /* relay if it can be, unless told */
    enum cepa_config_shaper shaper;         /* of links */
    uint32_t shaper_rate;                   /* frames a second, of two of them */
    uint64_t budget_rate;                   /* bytes to send a second; 0: no limit */
    uint64_t budget_day;                    /* bytes a day, both ways; 0: no limit */
    bool is_metered;                        /* whoever pays by the byte relays nothing */
    uint32_t neighbours;                    /* how many to have */
    enum cepa_config_level log_level;       /* the least important that is written */
    bool has_json_log;                      /* JSON lines instead of text */
    char control[CEPA_CONFIG_CONTROL_SIZE]; /* empty: in the state directory */
    bool has_dashboard;                     /* a page on 127.0.0.1 */
    uint16_t dashboard_port;                /* 0: one that is free */
    enum cepa_config_metrics metrics;       /* where they can be had */
    uint16_t metrics_port;                  /* if by a port */
    bool has_port_mapping;                  /* ask the router for a port */
    bool has_lan_discovery;                 /* tell the local network that we are one */
    enum cepa_config_accept inbox_accept;   /* of messages and files */
    uint64_t inbox_quota;                   /* bytes of all that is in the inbox; 0: no limit */
    char invitations[CEPA_CONFIG_INVITATIONS_MAX][CEPA_CONFIG_INVITATION_SIZE]; /* to join by */
    size_t invitations_len;                                                     /* how many */
};

/* A key, for command lines and documents. */
struct cepa_config_key {
    const char *name;    /* "log-level": also the option --log-level and CEPA_LOG_LEVEL */
    const char *value;   /* what help calls the value */
    const char *help;    /* one line */
    const char *allowed; /* what may stand there, for whoever got it wrong */
};

/* cepa_config_key gives the key at a place of the table, counted from 0, or NULL behind the last;
 * static storage. */
const struct cepa_config_key *cepa_config_key(size_t place);

/* cepa_config_init gives what holds where nothing is said. */
void cepa_config_init(struct cepa_config *ret_config);

/* cepa_config_set sets one key; `where` ("cepa.conf:12", "CEPA_PORT", "--port") begins the reason
 * if it is refused. Lists are comma-separated, and replace the list that was there if
 * `is_first_here`, else add to it. Returns 0; CEPA_ERR_NOT_FOUND for an unknown key, with the
 * nearest in the reason; or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_config_set(struct cepa_config *config, struct cepa_reason *ret_reason,
                                  const char *where, const char *key, const char *value,
                                  bool is_first_here);

/* cepa_config_read takes the text of a configuration file that is called `name`. Returns 0, or
 * CEPA_ERR_NOT_FOUND or CEPA_ERR_ARGUMENT with file and line; then `config` may have changed. */
CEPA_MUST_USE int cepa_config_read(struct cepa_config *config, struct cepa_reason *ret_reason,
                                   const char *name, const char *text, size_t text_len);

/* cepa_config_load reads the file `path`; NULL is the default one ($XDG_CONFIG_HOME/cepa/cepa.conf
 * or ~/.config/cepa/cepa.conf, for root /etc/cepa/cepa.conf). That one may be missing, and so may
 * one with '-' before its path. Returns as
 * cepa_config_read, or CEPA_ERR_SYSTEM if it cannot be read. */
CEPA_MUST_USE int cepa_config_load(struct cepa_config *config, struct cepa_reason *ret_reason,
                                   const char *path);

/* cepa_config_environment takes CEPA_<KEY> of every key from the environment. Returns 0 or
 * CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_config_environment(struct cepa_config *config,
                                          struct cepa_reason *ret_reason);

/* cepa_config_finish fills in the paths that were not told and checks what must fit together.
 * Returns 0, or CEPA_ERR_ARGUMENT or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_config_finish(struct cepa_config *config, struct cepa_reason *ret_reason);

#endif
