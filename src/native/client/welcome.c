/* Who may use what a program offers at an address. */
#include "native/client/welcome.h"

#include <string.h>

bool cepa_client_is_welcome(struct cepa_contacts *contacts, const char *from, bool is_for_contacts)
{
    struct cepa_address address;
    struct cepa_contact contact;
    if (cepa_address_read(&address, NULL, from, strlen(from)) != 0) {
        return !is_for_contacts;
    }
    int status = cepa_contacts_get(contacts, &contact, &address);
    if (status == CEPA_ERR_NOT_FOUND) {
        return !is_for_contacts;
    }
    return status == 0 && !contact.is_blocked && (contact.is_accepted || !is_for_contacts);
}
