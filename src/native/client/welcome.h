/* Who may use what a program offers at an address. */
#ifndef CEPA_NATIVE_CLIENT_WELCOME_H
#define CEPA_NATIVE_CLIENT_WELCOME_H

#include <stdbool.h>

#include "native/store/contacts.h"

/* cepa_client_is_welcome says whether somebody may connect: `from` is an address, or empty if it is
 * not said who it is. Those whom the user has blocked may not, nor, where it is for contacts, who
 * is no accepted one. */
bool cepa_client_is_welcome(struct cepa_contacts *contacts, const char *from, bool is_for_contacts);

#endif
