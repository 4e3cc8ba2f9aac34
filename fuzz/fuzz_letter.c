/* Letters from strangers: the input as what is sealed innermost, which whoever has the address may
 * write as he likes, and as a box that nobody has sealed. What is read is written the same. The
 * same bytes as what is stored of mailboxes. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "rendezvous/places.h"
#include "session/letter.h"
#include "session/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static struct cepa_letter_workspace workspace;
static struct cepa_network_id network;
static struct cepa_address address;
static struct cepa_xwing_key identity;
static struct cepa_xwing_key prekey;
static uint8_t box[CEPA_LETTER_SIZE];
static const uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];

static void make_keys(void)
{
    static int is_made;
    const struct cepa_xwing_seed seeds[2] = {{{1}}, {{2}}};
    if (is_made == 0) {
        is_made = 1;
        cepa_xwing_key_expand(&identity, &seeds[0], &workspace.session.xwing, 0);
        cepa_xwing_key_expand(&prekey, &seeds[1], &workspace.session.xwing, 0);
    }
}

static int open_box(struct cepa_letter_opened *ret_opened)
{
    const struct cepa_session_self self = {&network, &address, &identity};
    struct cepa_session_schedule schedule;
    uint8_t named[CEPA_KNOCK_PREKEY_SIZE];
    int error = cepa_letter_open(&schedule, named, box, &self, &workspace, 0);
    return error != 0
               ? error
               : cepa_letter_consume(&schedule, ret_opened, box, &network, &prekey, &workspace, 0);
}

static void try_contents(const uint8_t *data, size_t data_len)
{
    static uint8_t contents[CEPA_LETTER_INNER_SIZE];
    static uint8_t again[CEPA_LETTER_INNER_SIZE];
    static const uint8_t randomness[2 * CEPA_XWING_RANDOMNESS_BYTES] = {3};
    const struct cepa_session_addressee addressee = {&network, &address, &identity.public_key,
                                                     &prekey.public_key, prekey_id};
    struct cepa_letter letter;
    struct cepa_letter_opened opened;
    struct cepa_sealing sealing;
    memset(contents, 0, sizeof contents);
    memcpy(contents, data, data_len < sizeof contents ? data_len : sizeof contents);
    int read = cepa_letter_decode(&letter, contents);
    if (read == 0) {
        cepa_letter_encode(again, &letter);
        CEPA_ASSERT(memcmp(again, contents, sizeof contents) == 0);
    }
    CEPA_ASSERT(cepa_sealing_begin(&sealing, box, CEPA_BEGINS_BY_LETTER, &addressee, randomness,
                                   &workspace.session, 0) == 0);
    memcpy(box + CEPA_KNOCK_INNER_OFFSET, contents, sizeof contents);
    cepa_sealing_finish(&sealing, box, sizeof box, 0);
    int error = open_box(&opened);
    CEPA_ASSERT(read == 0 || error == read);
    CEPA_ASSERT(error != 0 || !opened.has_sender); /* nobody guesses a signature */
    CEPA_ASSERT(error == 0 || read != 0 || letter.is_signed);
}

static void try_box(const uint8_t *data, size_t data_len)
{
    struct cepa_letter_opened opened;
    memset(box, 0, sizeof box);
    memcpy(box, data, data_len < sizeof box ? data_len : sizeof box);
    CEPA_ASSERT(open_box(&opened) != 0);
}

static void try_places(const uint8_t *data, size_t data_len)
{
    struct cepa_place places[CEPA_PLACES_MAX];
    uint8_t bytes[CEPA_PLACES_SIZE_MAX];
    size_t len;
    size_t bytes_len;
    if (cepa_places_decode(places, &len, data, data_len) == 0) {
        cepa_places_encode(bytes, &bytes_len, places, len);
        CEPA_ASSERT(bytes_len == data_len && memcmp(bytes, data, data_len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    make_keys();
    if (data_len == 0) {
        return 0;
    }
    if (data[0] % 3 == 0) {
        try_contents(data + 1, data_len - 1);
    } else if (data[0] % 3 == 1) {
        try_box(data + 1, data_len - 1);
    } else {
        try_places(data + 1, data_len - 1);
    }
    return 0;
}
