/* The table behind config.h: how each key takes its value. */
#ifndef CEPA_NATIVE_DAEMON_CONFIG_KEYS_H
#define CEPA_NATIVE_DAEMON_CONFIG_KEYS_H

#include "native/daemon/config.h"

/* How one key takes a value: true, or false if the value is not allowed. */
typedef bool cepa_config_take(struct cepa_config *config, const char *value);

/* A key with all that config.c needs. */
struct cepa_config_entry {
    struct cepa_config_key key;
    bool is_list;                              /* commas separate values; each is taken by itself */
    cepa_config_take *take;                    /* takes a value */
    void (*clear)(struct cepa_config *config); /* empties a list; else NULL */
};

/* cepa_config_entries gives the table and its length; static storage. */
const struct cepa_config_entry *cepa_config_entries(size_t *ret_len);

#endif
