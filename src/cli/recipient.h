/* Whom a command line means: a contact's name, an address, or a card. */
#ifndef CEPA_CLI_RECIPIENT_H
#define CEPA_CLI_RECIPIENT_H

#include <stdbool.h>

#include "identity/card.h"
#include "native/store/contacts.h"

/* cepa_cli_is_address tells whether a text means to be an address, a card or an invitation. */
bool cepa_cli_is_address(const char *text);

/* cepa_cli_read_name reads a name. Gives a cepa_cli_status, after saying on standard error what is
 * wrong. */
int cepa_cli_read_name(struct cepa_name *ret_name, const char *command, const char *text);

/* cepa_cli_read_card reads an address or a card. Gives likewise, and says where it is wrong if that
 * is known. */
int cepa_cli_read_card(struct cepa_card *ret_card, const char *command, const char *text);

/* cepa_cli_recipient finds whom `text` means: the contact with that name, or the address, with what
 * is noted about it if it is a contact's. Gives likewise. */
int cepa_cli_recipient(struct cepa_contact *ret_contact, const char *command,
                       struct cepa_contacts *contacts, const char *text);

#endif
