/* Printing cards. */
#include "cli/card.h"

#include <stdio.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/qr.h"
#include "cli/recipient.h"

int cepa_cli_print_code(const char *command, const struct cepa_card *card)
{
    static char drawing[CEPA_CLI_QR_SIZE];
    char text[CEPA_CARD_TEXT_SIZE];
    cepa_card_write(text, card);
    /* Without a name all of it may stand in capitals, which take fewer modules. */
    for (char *c = text; card->name.text[0] == '\0' && *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    }
    if (cepa_cli_qr(drawing, text) == 0) {
        return cepa_cli_daemon_fail(command, "there is not enough memory for a QR code");
    }
    printf("\n%s", drawing);
    return CEPA_CLI_OK;
}

int cepa_cli_print_card(const char *command, const struct cepa_address *address,
                        const char *shown_name, bool is_json, bool has_qr)
{
    struct cepa_card card = {*address, {{0}}};
    char text[CEPA_CARD_TEXT_SIZE];
    if (shown_name != NULL) {
        int status = cepa_cli_read_name(&card.name, command, shown_name);
        if (status != CEPA_CLI_OK) {
            return status;
        }
    }
    cepa_card_write(text, &card);
    printf(is_json ? "{\"card\": \"%s\"}\n" : "%s\n", text);
    return has_qr && !is_json ? cepa_cli_print_code(command, &card) : CEPA_CLI_OK;
}
