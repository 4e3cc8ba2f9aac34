/* Whom this user knows: the SQLite file `contacts.db` of the state directory, mode 0600. It is
 * apart from `state.db`, which may be thrown away: nobody can learn contacts anew. Names and notes
 * are local; they leave the machine only on a card that the user makes.
 *
 * Commands and the daemon have it open side by side (native/store/database.h). */
#ifndef CEPA_NATIVE_STORE_CONTACTS_H
#define CEPA_NATIVE_STORE_CONTACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "identity/address.h"
#include "identity/name.h"
#include "native/reason.h"

enum { CEPA_CONTACT_NOTE_MAX = 256 };

/* A contact. */
struct cepa_contact {
    struct cepa_address address;
    struct cepa_name name;                /* local; empty for a stranger who is blocked */
    char note[CEPA_CONTACT_NOTE_MAX + 1]; /* what the user wants to remember; plain UTF-8 */
    bool is_accepted;                     /* may send and open sessions without being asked about */
    bool is_blocked;                      /* is refused, whatever else stands here */
};

/* An open file; opaque. */
struct cepa_contacts;

/* cepa_contacts_open opens the file in the state directory `path`, or makes it. Returns 0;
 * CEPA_ERR_VERSION if it is newer than this program; CEPA_ERR_MALFORMED if it is damaged;
 * CEPA_ERR_ARGUMENT for a wrong owner or mode; CEPA_ERR_EXHAUSTED; or CEPA_ERR_SYSTEM. Where
 * CEPA_ERR_SYSTEM may come here and below, so may CEPA_ERR_FULL: the disk is. */
CEPA_MUST_USE int cepa_contacts_open(struct cepa_contacts **ret_contacts,
                                     struct cepa_reason *ret_reason, const char *path);

/* cepa_contacts_close closes it; NULL is allowed. */
void cepa_contacts_close(struct cepa_contacts *contacts);

/* cepa_contacts_reason says why the last call failed; lent until the next call. */
const char *cepa_contacts_reason(const struct cepa_contacts *contacts);

/* cepa_contacts_put writes a contact, in place of the one with its address. Returns 0;
 * CEPA_ERR_IN_USE if another has its name; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_contacts_put(struct cepa_contacts *contacts,
                                    const struct cepa_contact *contact);

/* cepa_contacts_get finds the contact with an address, cepa_contacts_find the one with a name.
 * Both return 0, CEPA_ERR_NOT_FOUND or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_contacts_get(struct cepa_contacts *contacts,
                                    struct cepa_contact *ret_contact,
                                    const struct cepa_address *address);
CEPA_MUST_USE int cepa_contacts_find(struct cepa_contacts *contacts,
                                     struct cepa_contact *ret_contact, const char *name);

/* cepa_contacts_remove forgets the one with an address. Returns 0, CEPA_ERR_NOT_FOUND or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_contacts_remove(struct cepa_contacts *contacts,
                                       const struct cepa_address *address);

/* cepa_contacts_each begins with all contacts by name, those without one at the end;
 * cepa_contacts_next gives one after another, false at the end or when the file cannot be read:
 * cepa_contacts_end tells the difference, 0 or CEPA_ERR_SYSTEM. Nothing else may be called
 * meanwhile. */
void cepa_contacts_each(struct cepa_contacts *contacts);
bool cepa_contacts_next(struct cepa_contacts *contacts, struct cepa_contact *ret_contact);
CEPA_MUST_USE int cepa_contacts_end(struct cepa_contacts *contacts);

#endif
