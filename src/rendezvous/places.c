/* Mailboxes of an identity. @[SPEC 14.10] */
#include "rendezvous/places.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/kdf.h"

enum { STATE_OPEN = 1 << 0, STATE_FORMER = 1 << 1 };

void cepa_place_keys(struct cepa_ed25519_key *ret_owner, struct cepa_ed25519_key *ret_writing,
                     const struct cepa_place *place, const struct cepa_identity_mailbox *secret,
                     const struct cepa_network_id *network)
{
    struct cepa_ed25519_seed seeds[2];
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "mailbox");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, network->bytes, sizeof network->bytes);
    cepa_kdf_input(&kdf, place->relay.bytes, sizeof place->relay.bytes);
    cepa_kdf_input(&kdf, place->nonce, sizeof place->nonce);
    cepa_kdf_output(&kdf, seeds[0].bytes, sizeof seeds[0].bytes);
    cepa_kdf_output(&kdf, seeds[1].bytes, sizeof seeds[1].bytes);
    cepa_kdf_wipe(&kdf);
    cepa_ed25519_key_init(ret_owner, &seeds[0]);
    cepa_ed25519_key_init(ret_writing, &seeds[1]);
    cepa_wipe(seeds, sizeof seeds);
}

void cepa_places_encode(uint8_t *ret_bytes, size_t *ret_bytes_len, const struct cepa_place *places,
                        size_t len)
{
    struct cepa_writer writer;
    CEPA_ASSERT(len <= CEPA_PLACES_MAX);
    cepa_writer_init(&writer, ret_bytes, CEPA_PLACES_SIZE_MAX);
    cepa_writer_u8(&writer, CEPA_PLACES_VERSION);
    cepa_writer_u8(&writer, (uint8_t)len);
    cepa_writer_zeros(&writer, 2);
    for (size_t i = 0; i < len; i++) {
        const struct cepa_place *place = &places[i];
        cepa_writer_bytes(&writer, place->relay.bytes, sizeof place->relay.bytes);
        cepa_writer_bytes(&writer, place->nonce, sizeof place->nonce);
        cepa_writer_u32(&writer, place->day.number);
        cepa_writer_u8(&writer, (uint8_t)((place->is_open ? STATE_OPEN : 0) |
                                          (place->is_former ? STATE_FORMER : 0)));
        cepa_writer_zeros(&writer, 3);
    }
    *ret_bytes_len = writer.len;
}

int cepa_places_decode(struct cepa_place *ret_places, size_t *ret_len, const uint8_t *bytes,
                       size_t bytes_len)
{
    struct cepa_place places[CEPA_PLACES_MAX];
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, bytes_len);
    uint8_t version = cepa_reader_u8(&reader);
    size_t len = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, 2);
    if (bytes_len > 0 && version != CEPA_PLACES_VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (len > CEPA_PLACES_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    if (bytes_len != 4 + len * CEPA_PLACE_STORED_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    memset(places, 0, sizeof places);
    uint8_t states = 0;
    for (size_t i = 0; i < len; i++) {
        cepa_reader_bytes(&reader, places[i].relay.bytes, sizeof places[i].relay.bytes);
        cepa_reader_bytes(&reader, places[i].nonce, sizeof places[i].nonce);
        places[i].day.number = cepa_reader_u32(&reader);
        uint8_t state = cepa_reader_u8(&reader);
        places[i].is_open = (state & STATE_OPEN) != 0;
        places[i].is_former = (state & STATE_FORMER) != 0;
        states |= state;
        cepa_reader_zeros(&reader, 3);
    }
    if (cepa_reader_end(&reader) != 0 || (states & ~(STATE_OPEN | STATE_FORMER)) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    memcpy(ret_places, places, sizeof places);
    *ret_len = len;
    return 0;
}
