/* Fixed layouts. */
#include "native/net/lan_message.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

size_t cepa_lan_message_encode(uint8_t ret_bytes[CEPA_LAN_MESSAGE_MAX],
                               const struct cepa_lan_message *message)
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_LAN_MESSAGE_MAX);
    cepa_writer_u8(&writer, CEPA_LAN_VERSION);
    cepa_writer_u8(&writer, (uint8_t)message->kind);
    cepa_writer_bytes(&writer, message->network.bytes, sizeof message->network.bytes);
    if (message->kind == CEPA_LAN_HERE) {
        CEPA_ASSERT(message->port != 0);
        cepa_writer_u16(&writer, message->port);
        cepa_writer_bytes(&writer, message->dtls.bytes, sizeof message->dtls.bytes);
        cepa_writer_bytes(&writer, message->node.bytes, sizeof message->node.bytes);
        cepa_writer_bytes(&writer, message->secret.bytes, sizeof message->secret.bytes);
    }
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0);
    return len;
}

int cepa_lan_message_decode(struct cepa_lan_message *ret_message, const void *bytes,
                            size_t bytes_len)
{
    struct cepa_lan_message message;
    struct cepa_reader reader;
    if (bytes_len != CEPA_LAN_ASK_SIZE && bytes_len != CEPA_LAN_HERE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    memset(&message, 0, sizeof message);
    cepa_reader_init(&reader, bytes, bytes_len);
    if (cepa_reader_u8(&reader) != CEPA_LAN_VERSION) {
        return CEPA_ERR_VERSION;
    }
    uint8_t kind = cepa_reader_u8(&reader);
    if (kind != CEPA_LAN_ASK && kind != CEPA_LAN_HERE) {
        return CEPA_ERR_MALFORMED;
    }
    message.kind = (enum cepa_lan_kind)kind;
    cepa_reader_bytes(&reader, message.network.bytes, sizeof message.network.bytes);
    if (message.kind == CEPA_LAN_HERE) {
        message.port = cepa_reader_u16(&reader);
        cepa_reader_bytes(&reader, message.dtls.bytes, sizeof message.dtls.bytes);
        cepa_reader_bytes(&reader, message.node.bytes, sizeof message.node.bytes);
        cepa_reader_bytes(&reader, message.secret.bytes, sizeof message.secret.bytes);
    }
    int result = cepa_reader_end(&reader);
    if (result == 0 && message.kind == CEPA_LAN_HERE && message.port == 0) {
        result = CEPA_ERR_MALFORMED;
    }
    if (result == 0) {
        *ret_message = message;
    }
    return result;
}
