/* NAT-PMP's fixed layouts. */
#include "native/net/natpmp.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

enum { VERSION = 0, RESPONSE_BIT = 0x80, REFUSAL_SIZE = 8 };

void cepa_natpmp_encode_address(uint8_t ret_message[CEPA_NATPMP_ASK_ADDRESS_SIZE])
{
    ret_message[0] = VERSION;
    ret_message[1] = CEPA_NATPMP_ADDRESS;
}

void cepa_natpmp_encode_map(uint8_t ret_message[CEPA_NATPMP_ASK_MAP_SIZE],
                            enum cepa_natpmp_operation operation, uint16_t internal_port,
                            uint16_t external_port, uint32_t lifetime_s)
{
    struct cepa_writer writer;
    size_t len = 0;
    CEPA_ASSERT(operation != CEPA_NATPMP_ADDRESS);
    cepa_writer_init(&writer, ret_message, CEPA_NATPMP_ASK_MAP_SIZE);
    cepa_writer_u8(&writer, VERSION);
    cepa_writer_u8(&writer, (uint8_t)operation);
    cepa_writer_zeros(&writer, 2);
    cepa_writer_u16(&writer, internal_port);
    cepa_writer_u16(&writer, external_port);
    cepa_writer_u32(&writer, lifetime_s);
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0 && len == CEPA_NATPMP_ASK_MAP_SIZE);
}

int cepa_natpmp_decode(struct cepa_natpmp_response *ret_response, const void *message,
                       size_t message_len)
{
    struct cepa_natpmp_response response;
    struct cepa_reader reader;
    memset(&response, 0, sizeof response);
    cepa_reader_init(&reader, message, message_len);
    uint8_t version = cepa_reader_u8(&reader);
    uint8_t operation = cepa_reader_u8(&reader);
    response.result = cepa_reader_u16(&reader);
    response.epoch_s = cepa_reader_u32(&reader);
    if (reader.failed) {
        return CEPA_ERR_LENGTH;
    }
    if (version != VERSION) {
        return CEPA_ERR_VERSION;
    }
    if ((operation & RESPONSE_BIT) == 0) {
        return CEPA_ERR_MALFORMED;
    }
    operation &= 0x7f;
    if (operation > CEPA_NATPMP_MAP_TCP) {
        return CEPA_ERR_UNSUPPORTED;
    }
    response.operation = (enum cepa_natpmp_operation)operation;
    if (response.result == 0 && operation == CEPA_NATPMP_ADDRESS) {
        response.address.family = CEPA_NET_ADDRESS_IPV4;
        cepa_reader_bytes(&reader, response.address.ip, 4);
    } else if (response.result == 0 || message_len != REFUSAL_SIZE) {
        /* Refusals come in both sizes. */
        bool is_map = operation != CEPA_NATPMP_ADDRESS;
        response.internal_port = is_map ? cepa_reader_u16(&reader) : 0;
        response.external_port = is_map ? cepa_reader_u16(&reader) : 0;
        response.lifetime_s = cepa_reader_u32(&reader);
    }
    int result = cepa_reader_end(&reader);
    if (result == 0) {
        *ret_response = response;
    }
    return result;
}
