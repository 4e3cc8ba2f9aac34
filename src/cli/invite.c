/* cepa invite: a link with which somebody joins. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/json.h"
#include "cli/qr.h"

static int print(const char *invitation, bool is_json, bool has_qr)
{
    static char drawing[CEPA_CLI_QR_SIZE];
    if (is_json) {
        printf("{\"invitation\": ");
        cepa_cli_json_string(invitation);
        printf("}\n");
        return CEPA_CLI_OK;
    }
    printf("%s\n", invitation);
    if (!has_qr) {
        return CEPA_CLI_OK;
    }
    if (cepa_cli_qr(drawing, invitation) == 0) {
        return cepa_cli_daemon_fail("invite", "the link is too long for a QR code");
    }
    printf("\n%s", drawing);
    return CEPA_CLI_OK;
}

int cepa_cli_invite(int argc, char **argv)
{
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 1];
    bool has_qr = false;
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] =
        (struct cepa_cli_option){'q', "qr", NULL, "draw it as a QR code too", &has_qr, NULL};
    const struct cepa_cli_syntax syntax = {
        "cepa invite [--qr] [--json]",
        "Prints an invitation: a link that lets somebody join the network of the running daemon\n"
        "with 'cepa join'. It names up to five relays, and neither who invites nor who is "
        "invited.\n"
        "Whoever has it learns where these relays are.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 1, 0};
    struct cepa_cli_arguments arguments;
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_INVITE};
    cJSON *answer = NULL;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    status = cepa_cli_daemon_ask(&answer, argv[0], &daemon, &request);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    const cJSON *invitation = cJSON_GetObjectItemCaseSensitive(answer, "invitation");
    status = cJSON_IsString(invitation)
                 ? print(invitation->valuestring, daemon.is_json, has_qr)
                 : cepa_cli_daemon_fail(argv[0], "the daemon gave no invitation");
    cJSON_Delete(answer);
    return status;
}
