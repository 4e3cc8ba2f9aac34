/* DATA_CHANNEL_OPEN and DATA_CHANNEL_ACK. */
#include "native/webrtc/dcep.h"

#include "base/bytes.h"

enum { ACK = 0x02, OPEN = 0x03, UNORDERED = 0x80 };

int cepa_dcep_open_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_dcep_open *open)
{
    struct cepa_writer writer;
    if (open->label_len > CEPA_DCEP_LABEL_MAX || open->protocol_len > CEPA_DCEP_LABEL_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    cepa_writer_init(&writer, ret_bytes, CEPA_DCEP_OPEN_MAX);
    cepa_writer_u8(&writer, OPEN);
    cepa_writer_u8(&writer,
                   (uint8_t)((unsigned)open->reliability | (open->is_unordered ? UNORDERED : 0)));
    cepa_writer_u16(&writer, open->priority);
    cepa_writer_u32(&writer, open->reliability == CEPA_RELIABLE ? 0 : open->limit);
    cepa_writer_u16(&writer, (uint16_t)open->label_len);
    cepa_writer_u16(&writer, (uint16_t)open->protocol_len);
    cepa_writer_bytes(&writer, open->label, open->label_len);
    cepa_writer_bytes(&writer, open->protocol, open->protocol_len);
    return cepa_writer_end(&writer, ret_len);
}

int cepa_dcep_open_decode(struct cepa_dcep_open *ret_open, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_dcep_open open;
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, bytes_len);
    unsigned type = cepa_reader_u8(&reader);
    unsigned channel = cepa_reader_u8(&reader);
    open.priority = cepa_reader_u16(&reader);
    open.limit = cepa_reader_u32(&reader);
    open.label_len = cepa_reader_u16(&reader);
    open.protocol_len = cepa_reader_u16(&reader);
    open.label = (const char *)cepa_reader_view(&reader, open.label_len);
    open.protocol = (const char *)cepa_reader_view(&reader, open.protocol_len);
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_LENGTH;
    }
    if (type != OPEN || (channel & ~(unsigned)UNORDERED) > CEPA_RELIABLE_LIFETIME) {
        return CEPA_ERR_MALFORMED;
    }
    if (open.label_len > CEPA_DCEP_LABEL_MAX || open.protocol_len > CEPA_DCEP_LABEL_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    open.is_unordered = (channel & UNORDERED) != 0;
    open.reliability = (enum cepa_reliability)(channel & ~(unsigned)UNORDERED);
    open.limit = open.reliability == CEPA_RELIABLE ? 0 : open.limit;
    *ret_open = open;
    return 0;
}

bool cepa_dcep_is_ack(const uint8_t *bytes, size_t bytes_len)
{
    return bytes_len == CEPA_DCEP_ACK_SIZE && bytes[0] == ACK;
}

void cepa_dcep_ack_encode(uint8_t ret_bytes[CEPA_DCEP_ACK_SIZE])
{
    ret_bytes[0] = ACK;
}
