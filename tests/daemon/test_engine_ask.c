/* What an engine answers: a status that is whole though there is nobody, invitations good and bad,
 * one measurement at a time. */
#include "native/daemon/engine.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "native/daemon/engine_state.h"
#include "node/profile.h"
#include "support/lone_daemon.h"
#include "support/test.h"
#include "support/wire_records.h"
#include "wire/invitation.h"

static struct lone_daemon one;

static void begin(void)
{
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    lone_daemon_turn(&one);
}

static double number(const cJSON *object, const char *part, const char *name)
{
    const cJSON *in = part[0] != '\0' ? cJSON_GetObjectItem(object, part) : object;
    const cJSON *item = cJSON_GetObjectItem(in, name);
    if (!cJSON_IsNumber(item)) {
        test_note("no number: %s %s", part, name);
    }
    CHECK(cJSON_IsNumber(item));
    return item->valuedouble;
}

TEST(the_status_of_who_is_alone_is_whole)
{
    static const char *const name = "bob";
    begin();
    CHECK_INT(lone_daemon_add(&one, &name, 1), 0);
    cJSON *object = cJSON_CreateObject();
    CHECK_INT(cepa_engine_status(one.engine, object), 0);
    CHECK_INT(number(object, "", "connections"), 0);
    CHECK_INT(number(object, "", "addresses"), 1);
    CHECK_INT(number(object, "identities", "here"), 1);
    CHECK_INT(number(object, "identities", "reachable"), 0);
    CHECK_INT(number(object, "sessions", "open"), 0);
    CHECK_INT(number(object, "lan", "heard"), 0);
    const cJSON *reach = cJSON_GetObjectItem(object, "reachability");
    CHECK(cJSON_IsFalse(cJSON_GetObjectItem(reach, "direct")));
    CHECK(strlen(cJSON_GetStringValue(cJSON_GetObjectItem(reach, "why"))) > 0);
    CHECK(strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(reach, "port_mapping")), "off") == 0);
    cJSON_Delete(object);
    lone_daemon_end(&one);
}

/* Counts the names that the manual does not have, and says which. */
static size_t unknown(const cJSON *object, const char *manual)
{
    size_t count = 0;
    const cJSON *at = object->child;
    const cJSON *above[8];
    size_t depth = 0;
    while (at != NULL || depth > 0) {
        if (at == NULL) {
            at = above[--depth]->next;
            continue;
        }
        if (at->string != NULL && strstr(manual, at->string) == NULL) {
            test_note("not in the manual: %s", at->string);
            count++;
        }
        if (at->child != NULL) {
            CHECK(depth < sizeof above / sizeof above[0]);
            above[depth++] = at;
            at = at->child;
        } else {
            at = at->next;
        }
    }
    return count;
}

TEST(the_manual_has_every_name_of_the_status)
{
    static char manual[1 << 16];
    size_t len = scratch_read(CEPA_SOURCE_DIR "/docs/man/cepa-status.5", manual, sizeof manual - 1);
    CHECK(len > 0 && len < sizeof manual - 1);
    begin();
    cJSON *object = cJSON_CreateObject();
    CHECK_INT(cepa_engine_status(one.engine, object), 0);
    CHECK_INT(unknown(object, manual), 0);
    cJSON_Delete(object);
    lone_daemon_end(&one);
}

/* The invitation for a network, with an address of nobody. */
static void invitation(char ret_text[CEPA_INVITATION_TEXT_SIZE], const char *profile_name)
{
    struct cepa_invitation fields;
    struct cepa_profile profile;
    struct cepa_network_id network;
    memset(&fields, 0, sizeof fields);
    CHECK_INT(cepa_profile_find(&profile, profile_name), 0);
    cepa_profile_network(&network, &profile);
    memcpy(fields.network, network.bytes, sizeof fields.network);
    fields.addresses_len = 1;
    fields.addresses[0] = wire_address(0);
    CHECK_INT(cepa_invitation_encode(ret_text, &fields), 0);
}

TEST(an_invitation_that_is_refused_says_why)
{
    char good[CEPA_INVITATION_TEXT_SIZE];
    char foreign[CEPA_INVITATION_TEXT_SIZE];
    char mistyped[CEPA_INVITATION_TEXT_SIZE];
    begin();
    invitation(good, "test");
    invitation(foreign, "main");
    memcpy(mistyped, good, sizeof good);
    char *at = mistyped + strlen(mistyped) / 2;
    *at = *at == 'b' ? 'c' : 'b';
    const struct {
        const char *text;
        const char *why; /* NULL: taken */
    } cases[] = {
        {good, NULL},
        {foreign, "another network"},
        {mistyped, "mistyped"},
        {"http://x", "begins with 'cepa:'"},
        {"", "begins with 'cepa:'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = cepa_engine_join(one.engine, &one.reason, cases[i].text);
        test_note("case %zu: %d %s", i, status, status != 0 ? one.reason.text : "");
        CHECK_INT(status == 0, cases[i].why == NULL);
        CHECK(cases[i].why == NULL || strstr(one.reason.text, cases[i].why) != NULL);
    }
    lone_daemon_end(&one);
}

TEST(who_can_be_dialled_invites_if_the_text_fits)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    char small[16] = "untouched";
    begin();
    int status = cepa_engine_invite(one.engine, &one.reason, text, sizeof text);
    if (status == 0) {
        CHECK(strncmp(text, "cepa:", 5) == 0);
        CHECK_INT(cepa_engine_invite(one.engine, &one.reason, small, sizeof small),
                  CEPA_ERR_TOO_LONG);
        CHECK(strcmp(small, "untouched") == 0);
    }
    lone_daemon_end(&one);
    lone_daemon_init(&one);
    one.config.role = CEPA_CONFIG_ROLE_CLIENT;
    CHECK_INT(lone_daemon_open(&one), 0);
    CHECK_INT(cepa_engine_invite(one.engine, &one.reason, text, sizeof text), CEPA_ERR_NOT_FOUND);
    CHECK(strstr(one.reason.text, "nobody to name") != NULL);
    lone_daemon_end(&one);
}

TEST(one_measurement_at_a_time)
{
    begin();
    CHECK_INT(cepa_engine_ping(one.engine, &one.reason, 3, 3), 0);
    CHECK_INT(cepa_engine_ping(one.engine, &one.reason, 3, 3), CEPA_ERR_STATE);
    CHECK(strstr(one.reason.text, "under way") != NULL);
    cJSON *object = cepa_engine_pinged(one.engine);
    CHECK_INT(number(object, "ping", "count"), 3);
    CHECK(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(object, "ping"), "is_running")));
    cJSON_Delete(object);
    CHECK_INT(cepa_engine_speed(one.engine, &one.reason, 1, 1, true), 0);
    CHECK_INT(cepa_engine_speed(one.engine, &one.reason, 1, 1, true), CEPA_ERR_STATE);
    CHECK(strstr(one.reason.text, "under way") != NULL);
    object = cepa_engine_speed_result(one.engine);
    CHECK_INT(number(object, "speed", "bytes"), 0);
    CHECK_INT(number(cJSON_GetObjectItem(object, "speed"), "quiet", "answered"), 0);
    CHECK(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(object, "speed"), "is_download")));
    cJSON_Delete(object);
    cepa_engine_talk(one.engine, 10, 1000, 3);
    lone_daemon_turn(&one); /* nobody is there to build a circuit with */
    lone_daemon_end(&one);
}

TEST_MAIN(RUN(the_status_of_who_is_alone_is_whole), RUN(the_manual_has_every_name_of_the_status),
          RUN(an_invitation_that_is_refused_says_why),
          RUN(who_can_be_dialled_invites_if_the_text_fits), RUN(one_measurement_at_a_time))
