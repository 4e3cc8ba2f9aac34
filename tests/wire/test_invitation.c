/* Invitations: the line of text, and what is said about a wrong one. */
#include "wire/invitation.h"

#include <string.h>

#include "support/test.h"
#include "support/wire_records.h"

static struct cepa_invitation make(size_t count)
{
    struct cepa_invitation invitation;
    memset(&invitation, 0, sizeof invitation);
    memcpy(invitation.network, "networks", 8);
    for (uint8_t i = 0; i < count && i < CEPA_INVITATION_ADDRESSES_MAX; i++) {
        invitation.addresses[i] = wire_address(i);
    }
    invitation.addresses_len = count;
    return invitation;
}

static int decode(struct cepa_invitation *ret_invitation, const char *text)
{
    return cepa_invitation_decode(ret_invitation, text, strlen(text), NULL);
}

TEST(invitations_come_back)
{
    for (size_t count = 1; count <= CEPA_INVITATION_ADDRESSES_MAX; count++) {
        char text[CEPA_INVITATION_TEXT_SIZE];
        char again[CEPA_INVITATION_TEXT_SIZE];
        struct cepa_invitation invitation = make(count);
        struct cepa_invitation got;
        CHECK_INT(cepa_invitation_encode(text, &invitation), 0);
        CHECK(strncmp(text, "cepa:AQ", 5) == 0);
        CHECK_INT(decode(&got, text), 0);
        CHECK_INT(got.addresses_len, count);
        CHECK_BYTES(&got.addresses[count - 1].node, &invitation.addresses[count - 1].node, 32);
        CHECK_INT(cepa_invitation_encode(again, &got), 0);
        CHECK(strcmp(again, text) == 0);
    }
}

TEST(the_longest_one_fits)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    struct cepa_invitation invitation = make(CEPA_INVITATION_ADDRESSES_MAX);
    for (size_t i = 0; i < CEPA_INVITATION_ADDRESSES_MAX; i++) {
        invitation.addresses[i].reach = wire_ipv6(1);
    }
    CHECK_INT(cepa_invitation_encode(text, &invitation), 0);
    CHECK_INT(strlen(text), CEPA_INVITATION_TEXT_SIZE - 1);
}

TEST(what_is_no_invitation_is_not_made)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    struct cepa_invitation invitation = make(0);
    CHECK_INT(cepa_invitation_encode(text, &invitation), CEPA_ERR_ARGUMENT);
    invitation = make(CEPA_INVITATION_ADDRESSES_MAX + 1);
    CHECK_INT(cepa_invitation_encode(text, &invitation), CEPA_ERR_ARGUMENT);
    invitation = make(1);
    invitation.addresses[0].reach.port = 0;
    CHECK_INT(cepa_invitation_encode(text, &invitation), CEPA_ERR_ARGUMENT);
}

/* Every slip of one character, and every cut, is found and called what it is. */
TEST(slips_are_found)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    struct cepa_invitation invitation = make(2);
    struct cepa_invitation got;
    CHECK_INT(cepa_invitation_encode(text, &invitation), 0);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char good = text[i];
        text[i] = good == 'x' ? 'y' : 'x';
        CHECK_INT(decode(&got, text), i < 5 ? CEPA_ERR_MALFORMED : CEPA_ERR_AUTHENTICATION);
        text[i] = '!';
        CHECK_INT(decode(&got, text), i < 5 ? CEPA_ERR_MALFORMED : CEPA_ERR_AUTHENTICATION);
        text[i] = good;
        CHECK_INT(cepa_invitation_decode(&got, text, i, NULL),
                  i <= 5 ? CEPA_ERR_MALFORMED : CEPA_ERR_AUTHENTICATION);
    }
    CHECK_INT(decode(&got, ""), CEPA_ERR_MALFORMED);
    CHECK_INT(decode(&got, "https://example.org/"), CEPA_ERR_MALFORMED);
    CHECK_INT(decode(&got, "cepa:"), CEPA_ERR_MALFORMED);
    CHECK_INT(decode(&got, "cepa:AQ"), CEPA_ERR_AUTHENTICATION);
}

TEST(other_networks_and_versions_are_named)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    struct cepa_invitation invitation = make(1);
    struct cepa_invitation got;
    struct cepa_network_id network = {{0}};
    memcpy(network.bytes, "networks and more", 17);
    CHECK_INT(cepa_invitation_encode(text, &invitation), 0);
    CHECK_INT(cepa_invitation_decode(&got, text, strlen(text), &network), 0);
    network.bytes[0] ^= 1;
    CHECK_INT(cepa_invitation_decode(&got, text, strlen(text), &network), CEPA_ERR_UNSUPPORTED);
    /* Version 2 and nine zeros; the last four bytes are the CRC-32 of these. */
    CHECK_INT(decode(&got, "cepa:AgAAAAAAAAAAAOd_uEs"), CEPA_ERR_VERSION);
}

TEST_MAIN(RUN(invitations_come_back), RUN(the_longest_one_fits),
          RUN(what_is_no_invitation_is_not_made), RUN(slips_are_found),
          RUN(other_networks_and_versions_are_named))
