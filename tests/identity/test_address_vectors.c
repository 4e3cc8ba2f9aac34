/* Vectors of chapter 14: identities of secrets, their addresses as text, host name and slips.
 * CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/address.txt anew instead of comparing. */
#include <string.h>

#include "identity/identity.h"
#include "support/test.h"
#include "support/vector_lines.h"

static struct cepa_identity identity;
static struct cepa_identity_public keys;
static struct cepa_identity_workspace workspace;

static void line_text(const char *name, const char *text)
{
    vector_lines_bytes(name, -1, text, strlen(text));
}

static void write_keys(const struct cepa_identity_secret *secret)
{
    static uint8_t bytes[CEPA_IDENTITY_PUBLIC_SIZE];
    cepa_identity_expand(&identity, secret, &workspace, 0);
    cepa_identity_publish(&keys, &identity);
    cepa_identity_public_encode(bytes, &keys);
    vector_lines_bytes("secret", -1, secret->bytes, sizeof secret->bytes);
    vector_lines_bytes("ed25519", -1, keys.ed25519.bytes, sizeof keys.ed25519.bytes);
    vector_lines_digest("mldsa_digest", -1, keys.mldsa.bytes, sizeof keys.mldsa.bytes);
    vector_lines_digest("xwing_digest", -1, keys.xwing.bytes, sizeof keys.xwing.bytes);
    vector_lines_digest("public_digest", -1, bytes, sizeof bytes);
    vector_lines_bytes("mailbox", -1, identity.mailbox.bytes, sizeof identity.mailbox.bytes);
    vector_lines_bytes("address", -1, identity.address.bytes, sizeof identity.address.bytes);
}

/* Two characters of a text replaced, and where a reader points at. */
static void write_slips(const char *text, size_t first, size_t second)
{
    struct cepa_address address;
    struct cepa_address_slips slips;
    char mistyped[CEPA_ADDRESS_TEXT_SIZE];
    memcpy(mistyped, text, sizeof mistyped);
    mistyped[first] = mistyped[first] == 'q' ? 'p' : 'q';
    mistyped[second] = mistyped[second] == 'l' ? '7' : 'l';
    CHECK_INT(cepa_address_read(&address, &slips, mistyped, strlen(mistyped)),
              CEPA_ERR_AUTHENTICATION);
    CHECK_INT(slips.len, 2);
    line_text("mistyped", mistyped);
    vector_lines_number("slip", 0, slips.positions[0], 1);
    vector_lines_number("slip", 1, slips.positions[1], 1);
}

TEST(addresses)
{
    vector_lines_open("address.txt");
    vector_lines_text(
        "# Identities of secrets, and their addresses as text (ASCII), as a host name");
    vector_lines_text("# and with two slips. Of long keys stands the BLAKE2b-256. @[SPEC 14]");
    for (unsigned i = 0; i < 3; i++) {
        struct cepa_identity_secret secret;
        char text[CEPA_ADDRESS_TEXT_SIZE];
        char host[CEPA_ADDRESS_HOST_SIZE];
        for (size_t k = 0; k < sizeof secret.bytes; k++) {
            secret.bytes[k] = (uint8_t)(17 * i + 5 * k);
        }
        vector_lines_text("");
        write_keys(&secret);
        cepa_address_write(text, &identity.address);
        cepa_address_write_host(host, &identity.address);
        line_text("text", text);
        line_text("host", host);
        write_slips(text, 7 + 11 * i, 50 + 13 * i);
    }
    vector_lines_close();
}

TEST_MAIN(RUN(addresses))
