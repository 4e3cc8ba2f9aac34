/* Names and addresses on the command line. */
#define _GNU_SOURCE
#include "cli/recipient.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/plain_text.h"
#include "cli/commands.h"
#include "cli/daemon_options.h"

static bool begins(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

bool cepa_cli_is_address(const char *text)
{
    return begins(text, "cepa1") || begins(text, "cepa:");
}

int cepa_cli_read_name(struct cepa_name *ret_name, const char *command, const char *text)
{
    return cepa_name_read(ret_name, text, strlen(text)) == 0
               ? CEPA_CLI_OK
               : cepa_cli_daemon_fail(command,
                                      "this cannot be a name: it has 1 to 64 bytes, nothing "
                                      "that cannot be seen, and is not like an address");
}

/* Prints the text with a mark below each slip. */
static void point_at(const char *text, const struct cepa_address_slips *slips)
{
    fprintf(stderr, "  %s\n  ", text);
    for (size_t i = 0, at = 0; i < slips->len; i++) {
        for (; at < slips->positions[i]; at++) {
            fputc(' ', stderr);
        }
        fputc('^', stderr);
        at++;
    }
    fputc('\n', stderr);
}

static int refuse(const char *command, const char *text, int status,
                  const struct cepa_address_slips *slips)
{
    size_t len = strlen(text);
    fprintf(stderr, "cepa %s: ", command);
    if (status == CEPA_ERR_MALFORMED && begins(text, "cepa:") && !begins(text, "cepa:cepa1")) {
        fprintf(stderr, "this is an invitation, not an address; 'cepa join' takes it\n");
    } else if (status == CEPA_ERR_MALFORMED && slips->len == 0 && cepa_cli_is_address(text)) {
        fprintf(stderr, "what stands behind the address is no name of a card\n");
    } else if (status == CEPA_ERR_MALFORMED && slips->len == 0) {
        fprintf(stderr, "this is no address; addresses begin with 'cepa1'\n");
    } else if (status == CEPA_ERR_LENGTH) {
        size_t wanted = CEPA_ADDRESS_TEXT_LEN + (begins(text, "cepa:") ? CEPA_CARD_PREFIX_LEN : 0);
        len = strcspn(text, "?");
        fprintf(stderr, "this address has %zu characters %s\n",
                len < wanted ? wanted - len : len - wanted,
                len < wanted ? "too few; copy all of it" : "too many");
    } else if (status == CEPA_ERR_VERSION) {
        fprintf(stderr, "this address is of a newer version of cepa; use that one\n");
    } else if (slips->len == 0 || !cepa_text_is_plain(text, len)) {
        fprintf(stderr, "this address is mistyped in several places; copy it again\n");
    } else {
        fprintf(stderr, "this address is mistyped, probably here:\n");
        point_at(text, slips);
    }
    return CEPA_CLI_FAILED;
}

int cepa_cli_read_card(struct cepa_card *ret_card, const char *command, const char *text)
{
    struct cepa_card card;
    struct cepa_address_slips slips;
    memset(&card, 0, sizeof card);
    int status = begins(text, "cepa:")
                     ? cepa_card_read(&card, &slips, text, strlen(text))
                     : cepa_address_read(&card.address, &slips, text, strlen(text));
    if (status != 0) {
        return refuse(command, text, status, &slips);
    }
    *ret_card = card;
    return CEPA_CLI_OK;
}

int cepa_cli_recipient(struct cepa_contact *ret_contact, const char *command,
                       struct cepa_contacts *contacts, const char *text)
{
    struct cepa_contact contact;
    struct cepa_card card;
    int status;
    memset(&contact, 0, sizeof contact);
    if (cepa_cli_is_address(text)) {
        int said = cepa_cli_read_card(&card, command, text);
        if (said != CEPA_CLI_OK) {
            return said;
        }
        contact.address = card.address;
        status = cepa_contacts_get(contacts, &contact, &card.address);
        status = status == CEPA_ERR_NOT_FOUND ? 0 : status;
    } else {
        status = cepa_contacts_find(contacts, &contact, text);
    }
    if (status != 0) {
        return cepa_cli_daemon_fail(command, cepa_contacts_reason(contacts));
    }
    *ret_contact = contact;
    return CEPA_CLI_OK;
}
