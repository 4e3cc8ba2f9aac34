/* What a node of a network in virtual time says of itself, as JSON and as figures: the same, whole,
 * and nobody's address. */
#include "native/daemon/status.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/net/address.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 8, HOST = 5 };

static struct sim *sim;
static struct cepa_node_status status;
static cJSON *object;
static struct cepa_metrics metrics;

static void begin(void)
{
    struct sim_config config = sim_config_default(9);
    const struct cepa_wall wall = {UINT64_C(1800000000000)};
    sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    cepa_node_status_get(sim_node(sim, HOST), &status, sim_now(sim), wall);
    object = cJSON_CreateObject();
    CHECK_INT(cepa_status_json(object, &status, sim_node(sim, HOST), sim_now(sim)), 0);
    cepa_metrics_init(&metrics);
    cepa_status_metrics(&metrics, sim_node(sim, HOST), sim_now(sim), wall);
}

static void end(void)
{
    cJSON_Delete(object);
    sim_free(sim);
}

static double number(const char *part, const char *name)
{
    const cJSON *field = cJSON_GetObjectItem(cJSON_GetObjectItem(object, part), name);
    if (!cJSON_IsNumber(field)) {
        test_note("%s.%s", part, name);
    }
    CHECK(cJSON_IsNumber(field));
    return field->valuedouble;
}

TEST(the_numbers_are_the_nodes)
{
    begin();
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"links", status.links},
        {"neighbours", status.neighbours},
        {"relays_known", status.relays_known},
        {"relays_usable", status.relays_usable},
        {"guards", status.guards},
        {"circuits_own", status.circuits_own},
        {"circuits_relayed", status.circuits_relayed},
        {"bytes_in", status.bytes_in},
        {"bytes_out", status.bytes_out},
        {"dials", status.dials},
        {"day", status.day},
        {"epoch", status.epoch},
        {"receipts", status.receipts},
    };
    CHECK(status.links > 0 && status.relays_known == RELAYS && status.bytes_in > 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(number("network", rows[i].name), rows[i].value);
    }
    CHECK(cJSON_IsTrue(cJSON_GetObjectItem(object, "relay")));
    CHECK(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(object, "network"), "joined")));
    CHECK_INT(number("anonymity", "relays"), status.anonymity.relays);
    CHECK_INT(number("budget", "used"), status.budget.used);
    const cJSON *withheld = cJSON_GetObjectItem(cJSON_GetObjectItem(object, "budget"), "withheld");
    CHECK(cJSON_IsString(withheld) && strcmp(withheld->valuestring, "nothing") == 0);
    CHECK_INT(cJSON_GetArraySize(cJSON_GetObjectItem(object, "links")),
              status.links + status.links_opening);
    CHECK_INT(cJSON_GetArraySize(cJSON_GetObjectItem(object, "relays")), RELAYS);
    CHECK_INT(cJSON_GetArraySize(cJSON_GetObjectItem(object, "guards")), status.guards);
    end();
}

/* The whole text has no IP of another host: prefixes end behind two numbers. */
TEST(nobodys_address_is_in_it)
{
    begin();
    char *text = cJSON_PrintUnformatted(object);
    CHECK(text != NULL);
    unsigned prefixes = 0;
    for (const char *at = text; *at != '\0'; at++) {
        size_t len = strspn(at, "0123456789.");
        struct cepa_net_address address;
        if ((at == text || at[-1] == '"') && memchr(at, '.', len) != NULL &&
            cepa_net_address_ip_decode(&address, at, len) == 0) {
            CHECK(address.ip[2] == 0 && address.ip[3] == 0);
            CHECK(strncmp(at + len, "/16\"", 4) == 0);
            prefixes++;
        }
    }
    CHECK(prefixes > 0);
    cJSON_free(text);
    end();
}

TEST(figures_are_of_a_form_that_can_be_read)
{
    char seen[64][64];
    size_t seen_len = 0;
    char line[512];
    begin();
    CHECK(!metrics.is_cut && metrics.len == strlen(metrics.text));
    const char *at = metrics.text;
    while (*at != '\0') {
        char help[64];
        char kind_name[64];
        char kind[16];
        char name[64];
        size_t len = strcspn(at, "\n");
        CHECK(len < sizeof line);
        CHECK_INT(sscanf(at, "# HELP cepa_%63s", help), 1);
        at += len + 1;
        CHECK_INT(sscanf(at, "# TYPE cepa_%63s %15s", kind_name, kind), 2);
        at += strcspn(at, "\n") + 1;
        CHECK_INT(sscanf(at, "cepa_%63s", name), 1);
        uint64_t value = strtoull(strchr(at, ' '), NULL, 10);
        at += strcspn(at, "\n") + 1;
        CHECK(strcmp(help, name) == 0 && strcmp(kind_name, name) == 0);
        bool is_total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
        CHECK(strcmp(kind, is_total ? "counter" : "gauge") == 0);
        for (size_t i = 0; i < seen_len; i++) {
            CHECK(strcmp(seen[i], name) != 0);
        }
        CHECK(seen_len < 64);
        memcpy(seen[seen_len++], name, sizeof name);
        if (strcmp(name, "bytes_in_total") == 0) {
            CHECK_INT(value, status.bytes_in);
        }
    }
    CHECK(seen_len >= 25);
    end();
}

TEST_MAIN(RUN(the_numbers_are_the_nodes), RUN(nobodys_address_is_in_it),
          RUN(figures_are_of_a_form_that_can_be_read))
