/* Encoding of day descriptors and credentials. @[SPEC 10.3] */
#include "wire/descriptor.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/reach.h"

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum |= bytes[i];
    }
    return sum == 0;
}

/* What must hold of a relay that is reached by its introducers only. */
static bool is_introduced_well(const struct cepa_descriptor *descriptor)
{
    return descriptor->reaches_len == 0 && (descriptor->flags & CEPA_RELAY_FLAG_GUARD) == 0 &&
           is_zero(descriptor->dtls.bytes, sizeof descriptor->dtls) &&
           is_zero(descriptor->dtls_previous.bytes, sizeof descriptor->dtls_previous) &&
           is_zero(descriptor->secret.bytes, sizeof descriptor->secret);
}

/* Introducers stand in ascending order, so that none stands twice and there is one encoding. */
static bool is_ascending(const struct cepa_descriptor *descriptor)
{
    for (size_t i = 1; i < descriptor->introducers_len; i++) {
        const struct cepa_node_id *ids = descriptor->introducers;
        if (memcmp(ids[i - 1].bytes, ids[i].bytes, sizeof ids[i].bytes) >= 0) {
            return false;
        }
    }
    return true;
}

/* What the rest of a descriptor must be like, whoever wrote it. */
static bool is_well_formed(const struct cepa_descriptor *descriptor)
{
    unsigned known = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_INTRODUCED | CEPA_RELAY_FLAG_GUARD;
    if ((descriptor->flags & ~known) != 0 || descriptor->capacity >= CEPA_RELAY_CLASSES ||
        !is_ascending(descriptor)) {
        return false;
    }
    if (descriptor->flags & CEPA_RELAY_FLAG_INTRODUCED) {
        return is_introduced_well(descriptor);
    }
    return descriptor->reaches_len > 0 && descriptor->introducers_len == 0;
}

static bool is_encodable(const struct cepa_descriptor *descriptor)
{
    if (descriptor->reaches_len > CEPA_DESCRIPTOR_REACHES_MAX ||
        descriptor->introducers_len > CEPA_DESCRIPTOR_INTRODUCERS_MAX ||
        descriptor->receipts_len > CEPA_DESCRIPTOR_RECEIPTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < descriptor->reaches_len; i++) {
        if (!cepa_reach_is_valid(&descriptor->reaches[i])) {
            return false;
        }
    }
    return is_well_formed(descriptor);
}

static void write_or_zeros(struct cepa_writer *writer, const uint8_t *bytes, size_t len)
{
    if (bytes != NULL) {
        cepa_writer_bytes(writer, bytes, len);
    } else {
        cepa_writer_zeros(writer, len);
    }
}

static void write_fixed(struct cepa_writer *writer, const struct cepa_descriptor *descriptor)
{
    cepa_writer_u8(writer, CEPA_DESCRIPTOR_VERSION);
    cepa_writer_u8(writer, descriptor->flags);
    cepa_writer_u8(writer, descriptor->capacity);
    cepa_writer_u8(writer, 0);
    cepa_writer_bytes(writer, descriptor->network.bytes, CEPA_NETWORK_ID_SIZE);
    cepa_writer_bytes(writer, descriptor->node.bytes, CEPA_NODE_ID_SIZE);
    cepa_writer_u32(writer, descriptor->day.number);
    cepa_writer_u32(writer, descriptor->sequence);
    cepa_writer_bytes(writer, descriptor->link_key, CEPA_KEM_PUBLIC_KEY_SIZE);
    cepa_writer_bytes(writer, descriptor->onion_root, CEPA_ONION_ROOT_SIZE);
    cepa_writer_bytes(writer, descriptor->dtls.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_writer_bytes(writer, descriptor->dtls_previous.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_writer_bytes(writer, descriptor->secret.bytes, CEPA_REACH_SECRET_SIZE);
    cepa_writer_bytes(writer, descriptor->family.bytes, CEPA_RELAY_FAMILY_SIZE);
    cepa_writer_u8(writer, (uint8_t)descriptor->reaches_len);
    cepa_writer_u8(writer, (uint8_t)descriptor->introducers_len);
    cepa_writer_u8(writer, (uint8_t)descriptor->receipts_len);
    cepa_writer_u8(writer, 0);
}

int cepa_descriptor_encode(uint8_t *ret_bytes, size_t *ret_len,
                           const struct cepa_descriptor *descriptor)
{
    struct cepa_writer writer;
    if (!is_encodable(descriptor)) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_writer_init(&writer, ret_bytes, CEPA_DESCRIPTOR_SIZE_MAX);
    write_fixed(&writer, descriptor);
    for (size_t i = 0; i < descriptor->reaches_len; i++) {
        cepa_reach_encode(&writer, &descriptor->reaches[i]);
    }
    for (size_t i = 0; i < descriptor->introducers_len; i++) {
        cepa_writer_bytes(&writer, descriptor->introducers[i].bytes, CEPA_NODE_ID_SIZE);
    }
    for (size_t i = 0; i < descriptor->receipts_len; i++) {
        cepa_receipt_encode(&writer, &descriptor->receipts[i]);
    }
    write_or_zeros(&writer, descriptor->signature, CEPA_SIGNATURE_SIZE);
    write_or_zeros(&writer, descriptor->pq_signature, CEPA_PQ_SIGNATURE_SIZE);
    CEPA_ASSERT(cepa_writer_end(&writer, ret_len) == 0);
    return 0;
}

static void read_fixed(struct cepa_reader *reader, struct cepa_descriptor *ret_descriptor)
{
    ret_descriptor->flags = cepa_reader_u8(reader);
    ret_descriptor->capacity = cepa_reader_u8(reader);
    cepa_reader_zeros(reader, 1);
    cepa_reader_bytes(reader, ret_descriptor->network.bytes, CEPA_NETWORK_ID_SIZE);
    cepa_reader_bytes(reader, ret_descriptor->node.bytes, CEPA_NODE_ID_SIZE);
    ret_descriptor->day.number = cepa_reader_u32(reader);
    ret_descriptor->sequence = cepa_reader_u32(reader);
    ret_descriptor->link_key = cepa_reader_view(reader, CEPA_KEM_PUBLIC_KEY_SIZE);
    cepa_reader_bytes(reader, ret_descriptor->onion_root, CEPA_ONION_ROOT_SIZE);
    cepa_reader_bytes(reader, ret_descriptor->dtls.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_reader_bytes(reader, ret_descriptor->dtls_previous.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_reader_bytes(reader, ret_descriptor->secret.bytes, CEPA_REACH_SECRET_SIZE);
    cepa_reader_bytes(reader, ret_descriptor->family.bytes, CEPA_RELAY_FAMILY_SIZE);
    ret_descriptor->reaches_len = cepa_reader_u8(reader);
    ret_descriptor->introducers_len = cepa_reader_u8(reader);
    ret_descriptor->receipts_len = cepa_reader_u8(reader);
    cepa_reader_zeros(reader, 1);
}

static int read_lists(struct cepa_reader *reader, struct cepa_descriptor *ret_descriptor)
{
    int error = 0;
    if (ret_descriptor->reaches_len > CEPA_DESCRIPTOR_REACHES_MAX ||
        ret_descriptor->introducers_len > CEPA_DESCRIPTOR_INTRODUCERS_MAX ||
        ret_descriptor->receipts_len > CEPA_DESCRIPTOR_RECEIPTS_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    for (size_t i = 0; i < ret_descriptor->reaches_len && error == 0; i++) {
        error = cepa_reach_decode(&ret_descriptor->reaches[i], reader);
    }
    for (size_t i = 0; i < ret_descriptor->introducers_len; i++) {
        cepa_reader_bytes(reader, ret_descriptor->introducers[i].bytes, CEPA_NODE_ID_SIZE);
    }
    for (size_t i = 0; i < ret_descriptor->receipts_len && error == 0; i++) {
        error = cepa_receipt_decode(&ret_descriptor->receipts[i], reader);
    }
    return error;
}

int cepa_descriptor_decode(struct cepa_descriptor *ret_descriptor, const uint8_t *bytes,
                           size_t bytes_len)
{
    struct cepa_descriptor descriptor;
    struct cepa_reader reader;
    if (bytes_len < CEPA_DESCRIPTOR_SIZE_MIN || bytes_len > CEPA_DESCRIPTOR_SIZE_MAX) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_DESCRIPTOR_VERSION) {
        return CEPA_ERR_VERSION;
    }
    memset(&descriptor, 0, sizeof descriptor);
    cepa_reader_init(&reader, bytes + 1, bytes_len - 1);
    read_fixed(&reader, &descriptor);
    int error = read_lists(&reader, &descriptor);
    descriptor.signature = cepa_reader_view(&reader, CEPA_SIGNATURE_SIZE);
    descriptor.pq_signature = cepa_reader_view(&reader, CEPA_PQ_SIGNATURE_SIZE);
    if (error != 0 || cepa_reader_end(&reader) != 0 || !is_well_formed(&descriptor)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_descriptor = descriptor;
    return 0;
}

void cepa_credentials_join(uint8_t *ret_bytes, size_t *ret_len,
                           const struct cepa_credentials_bytes *halves)
{
    struct cepa_writer writer;
    CEPA_ASSERT(halves->certificate_len <= CEPA_CERTIFICATE_SIZE);
    CEPA_ASSERT(halves->descriptor_len <= CEPA_DESCRIPTOR_SIZE_MAX);
    cepa_writer_init(&writer, ret_bytes, CEPA_CREDENTIALS_SIZE_MAX);
    cepa_writer_u16(&writer, (uint16_t)halves->certificate_len);
    cepa_writer_bytes(&writer, halves->certificate, halves->certificate_len);
    cepa_writer_u16(&writer, (uint16_t)halves->descriptor_len);
    cepa_writer_bytes(&writer, halves->descriptor, halves->descriptor_len);
    CEPA_ASSERT(cepa_writer_end(&writer, ret_len) == 0);
}

int cepa_credentials_split(struct cepa_credentials_bytes *ret_halves, const uint8_t *bytes,
                           size_t bytes_len)
{
    struct cepa_credentials_bytes halves;
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, bytes_len);
    halves.certificate_len = cepa_reader_u16(&reader);
    halves.certificate = cepa_reader_view(&reader, halves.certificate_len);
    halves.descriptor_len = cepa_reader_u16(&reader);
    halves.descriptor = cepa_reader_view(&reader, halves.descriptor_len);
    if (cepa_reader_end(&reader) != 0 || halves.certificate_len != CEPA_CERTIFICATE_SIZE ||
        halves.descriptor_len < CEPA_DESCRIPTOR_SIZE_MIN ||
        halves.descriptor_len > CEPA_DESCRIPTOR_SIZE_MAX) {
        return CEPA_ERR_LENGTH;
    }
    *ret_halves = halves;
    return 0;
}
