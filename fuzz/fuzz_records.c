/* Decoders of the mesh's records: what decodes encodes to the same bytes, and nothing is read
 * outside of them. The first byte chooses the decoder. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "mesh/index.h"
#include "mesh/objects.h"
#include "mesh/onion_day.h"
#include "wire/dial_address.h"
#include "wire/invitation.h"
#include "wire/reach.h"
#include "wire/way_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static uint8_t again[CEPA_CREDENTIALS_SIZE_MAX];

/* Checks that a small part, encoded again, is what stood at the start of the data. */
static void check_part(const struct cepa_writer *writer, const uint8_t *data, size_t data_len,
                       const struct cepa_reader *reader)
{
    size_t len = 0;
    CEPA_ASSERT(cepa_writer_end(writer, &len) == 0);
    CEPA_ASSERT(len == data_len - cepa_reader_left(reader) && memcmp(again, data, len) == 0);
}

static void try_parts(const uint8_t *data, size_t data_len)
{
    struct cepa_reader reader;
    struct cepa_writer writer;
    struct cepa_relay_address address;
    struct cepa_receipt receipt;
    struct cepa_prefix prefix;
    cepa_reader_init(&reader, data, data_len);
    cepa_writer_init(&writer, again, sizeof again);
    if (cepa_relay_address_decode(&address, &reader) == 0) {
        cepa_relay_address_encode(&writer, &address);
        check_part(&writer, data, data_len, &reader);
    }
    cepa_reader_init(&reader, data, data_len);
    cepa_writer_init(&writer, again, sizeof again);
    if (cepa_receipt_decode(&receipt, &reader) == 0) {
        cepa_receipt_encode(&writer, &receipt);
        check_part(&writer, data, data_len, &reader);
    }
    cepa_reader_init(&reader, data, data_len);
    cepa_writer_init(&writer, again, sizeof again);
    if (cepa_prefix_decode(&prefix, &reader) == 0) {
        cepa_prefix_encode(&writer, &prefix);
        check_part(&writer, data, data_len, &reader);
    }
}

static void try_descriptor(const uint8_t *data, size_t data_len)
{
    struct cepa_descriptor descriptor;
    size_t len = 0;
    if (cepa_descriptor_decode(&descriptor, data, data_len) == 0) {
        CEPA_ASSERT(cepa_descriptor_encode(again, &len, &descriptor) == 0);
        CEPA_ASSERT(len == data_len && memcmp(again, data, len) == 0);
    }
}

static void try_credentials(const uint8_t *data, size_t data_len)
{
    struct cepa_credentials_bytes halves;
    struct cepa_node_certificate certificate;
    struct cepa_credentials credentials;
    struct cepa_record_rules rules = {{"a network of tests"}, 90, 2, 1, 7, 2, 0};
    struct cepa_directory_day today = {20002};
    size_t len = 0;
    uint32_t good = 0;
    if (cepa_credentials_split(&halves, data, data_len) == 0) {
        cepa_credentials_join(again, &len, &halves);
        CEPA_ASSERT(len == data_len && memcmp(again, data, len) == 0);
        try_descriptor(halves.descriptor, halves.descriptor_len);
        if (cepa_node_certificate_decode(&certificate, halves.certificate,
                                         halves.certificate_len) == 0) {
            cepa_node_certificate_encode(again, &certificate);
            CEPA_ASSERT(memcmp(again, halves.certificate, CEPA_CERTIFICATE_SIZE) == 0);
        }
    }
    if (cepa_credentials_decode(&credentials, data, data_len, &rules, today) == 0) {
        (void)!cepa_receipts_check(&good, &credentials, &rules);
    }
}

static void try_small(const uint8_t *data, size_t data_len)
{
    struct cepa_key_record key_record;
    struct cepa_index_record record;
    struct cepa_way_record way;
    if (cepa_key_record_decode(&key_record, data, data_len) == 0) {
        cepa_key_record_encode(again, &key_record);
        CEPA_ASSERT(memcmp(again, data, data_len) == 0);
    }
    if (cepa_index_record_decode(&record, data, data_len) == 0) {
        cepa_index_record_encode(again, &record);
        CEPA_ASSERT(memcmp(again, data, data_len) == 0);
    }
    if (cepa_way_record_decode(&way, data, data_len) == 0) {
        cepa_way_record_encode(again, &way);
        CEPA_ASSERT(memcmp(again, data, data_len) == 0);
    }
}

static void try_texts(const uint8_t *data, size_t data_len)
{
    static char text[CEPA_INVITATION_TEXT_SIZE];
    struct cepa_invitation invitation;
    struct cepa_onion_day day;
    uint8_t state[CEPA_ONION_DAY_STATE_SIZE];
    if (cepa_invitation_decode(&invitation, (const char *)data, data_len, NULL) == 0) {
        CEPA_ASSERT(cepa_invitation_encode(text, &invitation) == 0);
        CEPA_ASSERT(memcmp(text, data, data_len) == 0 && text[data_len] == '\0');
    }
    if (cepa_onion_day_decode(&day, data, data_len) == 0) {
        cepa_onion_day_encode(&day, state);
        CEPA_ASSERT(memcmp(state, data, data_len) == 0);
    }
}

static void try_bucket(const uint8_t *data, size_t data_len)
{
    struct cepa_reader reader;
    const uint8_t *item = NULL;
    size_t item_len = 0;
    size_t sum = 0;
    cepa_reader_init(&reader, data, data_len);
    while (cepa_objects_bucket_item(&item, &item_len, &reader)) {
        CEPA_ASSERT(item >= data && item_len <= data_len);
        sum += 2 + item_len;
    }
    CEPA_ASSERT(cepa_reader_end(&reader) != 0 || sum == data_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    if (data_len == 0) {
        return 0;
    }
    unsigned choice = data[0] % 6;
    data++;
    data_len--;
    switch (choice) {
    case 0:
        try_parts(data, data_len);
        break;
    case 1:
        try_descriptor(data, data_len);
        break;
    case 2:
        try_credentials(data, data_len);
        break;
    case 3:
        try_small(data, data_len);
        break;
    case 4:
        try_texts(data, data_len);
        break;
    default:
        try_bucket(data, data_len);
        break;
    }
    return 0;
}
