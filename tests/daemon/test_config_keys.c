/* The table of keys as a whole: each can be said, changes something of its own, and leaves
 * everything as it was when the value is refused. */
#include "native/daemon/config_keys.h"

#include <string.h>

#include "support/test.h"

/* A value of each key that is not what is built in, in the order of the table. */
static const char *const other[] = {
    "test", "/x",   "127.0.0.1", "4041",  "client", "constant 7", "5k",
    "6M",   "on",   "9",         "debug", "json",   "/y",         "off",
    "8080", "9100", "off",       "on",    "anyone", "5M",         "cepa:a",
};

static size_t len;
static const struct cepa_config_entry *entries;

static void begin(void)
{
    entries = cepa_config_entries(&len);
    CHECK_INT(len, sizeof other / sizeof other[0]);
}

/* A check that says of which key and value it speaks. */
static void must(bool is_so, const char *name, const char *value)
{
    if (!is_so) {
        test_note("%s '%s'", name, value);
    }
    CHECK(is_so);
}

/* Whether two are the same, byte for byte; copies are made by memcpy, so that gaps are too. */
static bool is_same(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct cepa_config)) == 0;
}

TEST(names_can_be_options_and_variables)
{
    begin();
    CHECK(len <= CEPA_CONFIG_KEYS_MAX);
    for (size_t i = 0; i < len; i++) {
        const struct cepa_config_key *key = &entries[i].key;
        size_t name_len = strspn(key->name, "abcdefghijklmnopqrstuvwxyz-");
        must(name_len == strlen(key->name) && key->name[0] != '-', key->name, "");
        must(strlen(key->help) < 80, key->name, key->help);
        must(strlen(key->allowed) > 0, key->name, key->allowed);
        must(strspn(key->value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(key->value) ||
                 strcmp(key->value, "on|off") == 0,
             key->name, key->value);
        must(entries[i].is_list == (entries[i].clear != NULL), key->name, "");
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(key->name, entries[k].key.name) != 0);
        }
    }
}

/* Each key has a place of its own: what one sets no other sets again. */
TEST(each_key_changes_something_of_its_own)
{
    struct cepa_config all;
    struct cepa_config before;
    struct cepa_config one;
    begin();
    cepa_config_init(&all);
    for (size_t i = 0; i < len; i++) {
        cepa_config_init(&one);
        memcpy(&before, &one, sizeof before);
        if (entries[i].clear != NULL) {
            entries[i].clear(&one);
        }
        must(entries[i].take(&one, other[i]), entries[i].key.name, other[i]);
        must(!is_same(&one, &before), entries[i].key.name, other[i]);
        CHECK(entries[i].take(&all, other[i]));
    }
    /* All of them together say what each of them says. */
    for (size_t i = 0; i < len; i++) {
        memcpy(&before, &all, sizeof before);
        if (entries[i].clear == NULL) {
            CHECK(entries[i].take(&all, other[i]));
            must(is_same(&all, &before), entries[i].key.name, other[i]);
        }
    }
}

TEST(a_value_that_is_refused_changes_nothing)
{
    static const char *const wrong[] = {
        "", " ", "\xff", "constant 100001", "99999999999999999999", "-", "0x", "1 2"};
    struct cepa_config config;
    struct cepa_config before;
    begin();
    cepa_config_init(&config);
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            memcpy(&before, &config, sizeof before);
            must(!entries[i].take(&config, wrong[k]), entries[i].key.name, wrong[k]);
            must(is_same(&config, &before), entries[i].key.name, wrong[k]);
        }
    }
}

TEST(numbers_of_bytes_do_not_run_over)
{
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } cases[] = {{"1", 1},
                 {"999999999999", UINT64_C(999999999999)},
                 {"1000000000000", 0},
                 {"18446744073G", UINT64_C(18446744073000000000)},
                 {"18446744074G", 0},
                 {"999999999999M", UINT64_C(999999999999000000)},
                 {"999999999999G", 0},
                 {"1kk", 0},
                 {"k1", 0},
                 {"1K", 0},
                 {"+1", 0}};
    struct cepa_config config;
    size_t at = 0;
    begin();
    while (strcmp(entries[at].key.name, "budget-day") != 0) {
        at++;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cepa_config_init(&config);
        must(entries[at].take(&config, cases[i].text) == (cases[i].bytes != 0), "budget-day",
             cases[i].text);
        must(config.budget_day == cases[i].bytes, "budget-day", cases[i].text);
    }
}

/* Lists are taken value by value: what is there stays when one more is too much. */
TEST(lists_have_an_end)
{
    struct cepa_config config;
    begin();
    cepa_config_init(&config);
    for (size_t i = 0; i < len; i++) {
        if (entries[i].clear == NULL) {
            continue;
        }
        bool is_listen = strcmp(entries[i].key.name, "listen") == 0;
        size_t most = is_listen ? 2 : CEPA_CONFIG_INVITATIONS_MAX;
        entries[i].clear(&config);
        for (size_t k = 0; k <= most; k++) {
            const char *value = !is_listen ? "cepa:x" : k % 2 == 0 ? "::1" : "127.0.0.1";
            CHECK_INT(entries[i].take(&config, value), k < most);
        }
        CHECK_INT(is_listen ? config.listen_len : config.invitations_len, most);
        entries[i].clear(&config);
        CHECK_INT(is_listen ? config.listen_len : config.invitations_len, 0);
    }
}

TEST_MAIN(RUN(names_can_be_options_and_variables), RUN(each_key_changes_something_of_its_own),
          RUN(a_value_that_is_refused_changes_nothing), RUN(numbers_of_bytes_do_not_run_over),
          RUN(lists_have_an_end))
