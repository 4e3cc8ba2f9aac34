/* The library's door: handles, and what is asked of a node. */
#define _GNU_SOURCE
#include <cepa/node.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library/handle.h"
#include "native/host.h"

uint32_t cepa_api_version(void)
{
    return CEPA_API_VERSION;
}

const char *cepa_failure_text(int failure)
{
    static const char *const texts[] = {
        "all is well",
        "nothing has come within the time that was given",
        "an argument makes no sense",
        "this is no address, or a mistyped one",
        "no node is running there, or it has ended",
        "there is no such thing, or nobody at the address",
        "somebody else has it",
        "the other end does not answer",
        "no way leads to the other end now",
        "the other end does not want it, or does not offer it",
        "there is no room",
        "what arrived is not what was sent, or breaks the rules",
        "the program has stopped it",
        "this cannot be done now",
        "there is not enough memory",
        "the system refused or failed",
    };
    _Static_assert(sizeof texts / sizeof texts[0] == 1 - CEPA_FAIL_SYSTEM, "one for each");
    return failure <= 0 && failure >= CEPA_FAIL_SYSTEM ? texts[-failure] : "an unknown failure";
}

static struct cepa *make(void)
{
    struct cepa *cepa = calloc(1, sizeof *cepa);
    if (cepa != NULL) {
        cepa_config_init(&cepa->config);
    }
    return cepa;
}

/* Makes the state directory and the control socket known. */
static int locate(struct cepa *cepa, const char *state_directory)
{
    int status = cepa_native_init();
    if (status != 0) {
        return cepa_library_fail(cepa, CEPA_FAIL_SYSTEM, "%s", cepa_error_text(status));
    }
    if (state_directory != NULL) {
        status = cepa_config_set(&cepa->config, &cepa->reason, "state_directory", "state-directory",
                                 state_directory, true);
        cepa->config.control[0] = '\0';
    }
    if (status == 0) {
        status = cepa_config_finish(&cepa->config, &cepa->reason);
    }
    return cepa_library_result(status);
}

int cepa_attach(struct cepa **ret_cepa, const char *state_directory)
{
    *ret_cepa = make();
    return *ret_cepa == NULL ? CEPA_FAIL_MEMORY : locate(*ret_cepa, state_directory);
}

static int set(struct cepa *cepa, const char *setting)
{
    char key[64];
    const char *equals = strchr(setting, '=');
    if (equals == NULL || (size_t)(equals - setting) >= sizeof key) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT,
                                 "a setting is a key of cepa.conf, =, and a value; this is not: %s",
                                 setting);
    }
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - setting), setting);
    return cepa_config_set(&cepa->config, &cepa->reason, "a setting", key, equals + 1, true) == 0
               ? 0
               : CEPA_FAIL_ARGUMENT;
}

int cepa_open(struct cepa **ret_cepa, const struct cepa_open_options *options)
{
    struct cepa_open_options wanted;
    struct cepa *cepa = make();
    int result = 0;
    *ret_cepa = cepa;
    if (cepa == NULL) {
        return CEPA_FAIL_MEMORY;
    }
    cepa_library_take(&wanted, sizeof wanted, options);
    if (wanted.state_directory == NULL) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT, "there is no state directory");
    }
    for (size_t i = 0; wanted.settings != NULL && wanted.settings[i] != NULL && result == 0; i++) {
        result = set(cepa, wanted.settings[i]);
    }
    if (result == 0) {
        result = locate(cepa, wanted.state_directory);
    }
    if (result != 0) {
        return result;
    }
    /* What would serve others than this program, or start processes from it. */
    cepa->config.has_dashboard = false;
    cepa->config.has_port_mapping = false;
    cepa->config.metrics = CEPA_CONFIG_METRICS_OFF;
    return cepa_library_result(
        cepa_inside_open(&cepa->inside, &cepa->reason, &cepa->config, wanted.log_fd));
}

void cepa_close(struct cepa *cepa)
{
    if (cepa != NULL) {
        cepa_library_forget(cepa);
        cepa_inbox_close(cepa->inbox);
        cepa_inside_close(cepa->inside);
        free(cepa);
    }
}

const char *cepa_reason(const struct cepa *cepa)
{
    return cepa != NULL ? cepa->reason.text : cepa_failure_text(CEPA_FAIL_MEMORY);
}

void cepa_free(void *memory)
{
    free(memory);
}

/* A text of the program's. */
static int give_text(struct cepa *cepa, char **ret_text, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (copy == NULL) {
        return cepa_library_fail(cepa, CEPA_FAIL_MEMORY, "there is not enough memory");
    }
    *ret_text = copy;
    return 0;
}

int cepa_status(struct cepa *cepa, char **ret_json)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    cJSON *answer = NULL;
    int result = cepa_library_ask(cepa, &answer, &request);
    if (result == 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(answer, "ok");
        char *text = cJSON_PrintUnformatted(answer);
        result = give_text(cepa, ret_json, text);
        cJSON_free(text);
    }
    cJSON_Delete(answer);
    return result;
}

int cepa_invite(struct cepa *cepa, char **ret_invitation)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_INVITE};
    cJSON *answer = NULL;
    int result = cepa_library_ask(cepa, &answer, &request);
    if (result == 0) {
        result = give_text(cepa, ret_invitation, cepa_library_text(answer, "invitation"));
    }
    cJSON_Delete(answer);
    return result;
}

int cepa_join(struct cepa *cepa, const char *invitation)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_JOIN};
    cJSON *answer = NULL;
    if (invitation == NULL || strlen(invitation) >= sizeof request.invitation) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT, "this is no invitation");
    }
    memcpy(request.invitation, invitation, strlen(invitation) + 1);
    int result = cepa_library_ask(cepa, &answer, &request);
    cJSON_Delete(answer);
    return result;
}
