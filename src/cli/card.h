/* Cards as commands print them. */
#ifndef CEPA_CLI_CARD_H
#define CEPA_CLI_CARD_H

#include <stdbool.h>

#include "identity/card.h"

/* cepa_cli_print_code draws a card as a QR code. Gives a cepa_cli_status, after saying on standard
 * error what is wrong. */
int cepa_cli_print_code(const char *command, const struct cepa_card *card);

/* cepa_cli_print_card prints a card of an address, with the name `shown_name` unless it is NULL, as
 * a line or as JSON, and draws it too if asked for, not in JSON. Gives likewise. */
int cepa_cli_print_card(const char *command, const struct cepa_address *address,
                        const char *shown_name, bool is_json, bool has_qr);

#endif
