/* Encoding of the descriptors of addresses. @[SPEC 14.4] */
#include "wire/address_descriptor.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

_Static_assert(CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE == 64, "the head, @[SPEC 14.4]");

/* Moves what does not stand at its place yet. */
static void place(struct cepa_writer *writer, const uint8_t *bytes, size_t len)
{
    uint8_t *where = cepa_writer_reserve(writer, len);
    CEPA_ASSERT(where != NULL);
    if (where != bytes) {
        memmove(where, bytes, len);
    }
}

void cepa_address_descriptor_encode(uint8_t *ret_bytes,
                                    const struct cepa_address_descriptor *descriptor)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_ADDRESS_DESCRIPTOR_SIZE);
    cepa_writer_u8(&writer, CEPA_ADDRESS_DESCRIPTOR_VERSION);
    cepa_writer_zeros(&writer, 3);
    cepa_writer_u32(&writer, descriptor->day.number);
    cepa_writer_u64(&writer, descriptor->sequence);
    cepa_writer_bytes(&writer, descriptor->blinded_key, sizeof descriptor->blinded_key);
    cepa_writer_bytes(&writer, descriptor->salt, sizeof descriptor->salt);
    place(&writer, descriptor->sealed, CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE);
    place(&writer, descriptor->signature, CEPA_SIGNATURE_SIZE);
    CEPA_ASSERT(cepa_writer_left(&writer) == 0);
}

int cepa_address_descriptor_decode(struct cepa_address_descriptor *ret_descriptor,
                                   const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_address_descriptor descriptor;
    struct cepa_reader reader;
    if (bytes_len != CEPA_ADDRESS_DESCRIPTOR_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_ADDRESS_DESCRIPTOR_VERSION) {
        return CEPA_ERR_VERSION;
    }
    cepa_reader_init(&reader, bytes + 1, bytes_len - 1);
    cepa_reader_zeros(&reader, 3);
    descriptor.day.number = cepa_reader_u32(&reader);
    descriptor.sequence = cepa_reader_u64(&reader);
    cepa_reader_bytes(&reader, descriptor.blinded_key, sizeof descriptor.blinded_key);
    cepa_reader_bytes(&reader, descriptor.salt, sizeof descriptor.salt);
    descriptor.sealed = cepa_reader_view(&reader, CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE);
    descriptor.signature = cepa_reader_view(&reader, CEPA_SIGNATURE_SIZE);
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_descriptor = descriptor;
    return 0;
}
