/* Vectors of letters, and of the keys of mailboxes. CEPA_WRITE_VECTORS=1 writes
 * docs/spec/vectors/letter.txt anew instead of comparing. */
#include <string.h>

#include "rendezvous/places.h"
#include "session/letter.h"
#include "support/test.h"
#include "support/vector_lines.h"

static struct cepa_letter_workspace workspace;
static struct cepa_network_id network;
static struct cepa_address address;
static struct cepa_identity sender;
static struct cepa_xwing_key identity;
static struct cepa_xwing_key prekey;
static uint8_t box[CEPA_LETTER_SIZE];
static unsigned series; /* what all bytes depend on */
static unsigned draws;

static void given(const char *name, void *ret_bytes, size_t len)
{
    uint8_t *bytes = ret_bytes;
    series++;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(37 * series + 11 * i + (i >> 4));
    }
    vector_lines_bytes(name, -1, bytes, len);
}

/* Randomness that is used up, and a line for it. */
static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    given(draws++ == 0 ? "seal_randomness" : "sign_randomness", ret_bytes, len);
    return 0;
}

static void given_key(const char *name, struct cepa_xwing_key *ret_key)
{
    struct cepa_xwing_seed seed;
    given(name, seed.bytes, sizeof seed.bytes);
    cepa_xwing_key_expand(ret_key, &seed, &workspace.session.xwing, 0);
}

static void given_sender(bool is_signed)
{
    static struct cepa_identity_workspace identities;
    struct cepa_identity_secret secret;
    given("sender_secret", secret.bytes, is_signed ? sizeof secret.bytes : 0);
    if (is_signed) {
        cepa_identity_expand(&sender, &secret, &identities, 0);
    }
}

static void write_letter(unsigned block)
{
    static const struct cepa_random random = {draw, NULL};
    static uint8_t body[CEPA_LETTER_BODY_MAX];
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    uint8_t id[CEPA_LETTER_ID_SIZE];
    struct cepa_session_schedule schedule;
    struct cepa_letter_opened opened;
    bool is_signed = block > 0;
    given("network", network.bytes, sizeof network.bytes);
    given("address", address.bytes, sizeof address.bytes);
    given_key("identity_seed", &identity);
    given_key("prekey_seed", &prekey);
    given("prekey_id", prekey_id, sizeof prekey_id);
    given_sender(is_signed);
    given("letter_id", id, sizeof id);
    given("body", body, (size_t)block * 100);
    const struct cepa_letter_draft draft = {.id = id,
                                            .body = body,
                                            .body_len = (size_t)block * 100,
                                            .sender = is_signed ? &sender : NULL,
                                            .day = {20000 + block}};
    const struct cepa_session_addressee addressee = {&network, &address, &identity.public_key,
                                                     &prekey.public_key, prekey_id};
    const struct cepa_session_self self = {&network, &address, &identity};
    vector_lines_number("day", -1, draft.day.number, 4);
    draws = 0;
    CHECK_INT(cepa_letter_seal(box, &draft, &addressee, &random, &workspace, 0), 0);
    vector_lines_digest("letter_digest", -1, box, sizeof box);
    CHECK_INT(cepa_letter_open(&schedule, prekey_id, box, &self, &workspace, 0), 0);
    CHECK_INT(cepa_letter_consume(&schedule, &opened, box, &network, &prekey, &workspace, 0), 0);
    CHECK_INT(opened.has_sender, is_signed);
    vector_lines_bytes("pq_signature", -1, opened.body - CEPA_PQ_SIGNATURE_SIZE,
                       is_signed ? CEPA_PQ_SIGNATURE_SIZE : 0);
}

static void write_place(void)
{
    struct cepa_place place;
    struct cepa_identity_mailbox secret;
    struct cepa_ed25519_key owner;
    struct cepa_ed25519_key writing;
    given("mailbox_secret", secret.bytes, sizeof secret.bytes);
    given("relay", place.relay.bytes, sizeof place.relay.bytes);
    given("nonce", place.nonce, sizeof place.nonce);
    cepa_place_keys(&owner, &writing, &place, &secret, &network);
    vector_lines_bytes("mailbox", -1, owner.public_key.bytes, sizeof owner.public_key.bytes);
    vector_lines_bytes("write_seed", -1, writing.seed.bytes, sizeof writing.seed.bytes);
}

TEST(letters)
{
    vector_lines_open("letter.txt");
    vector_lines_text("# Letters, with all that is drawn for them; the first one does not say who");
    vector_lines_text("# has sealed it. Of a letter stands the BLAKE2b-256. Then the keys of a");
    vector_lines_text("# mailbox. @[SPEC 16.9] @[SPEC 14.10]");
    for (unsigned block = 0; block < 3; block++) {
        vector_lines_text("");
        series = 40 * block;
        write_letter(block);
        write_place();
    }
    vector_lines_close();
}

TEST_MAIN(RUN(letters))
