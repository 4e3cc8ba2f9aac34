/* Node id, header, key. */
#include "wire/surb.h"

#include <string.h>

#include "wire/packet.h"

enum { HEADER_OFFSET = CEPA_NODE_ID_SIZE, KEY_OFFSET = HEADER_OFFSET + CEPA_PACKET_HEADER_SIZE };

void cepa_surb_encode(uint8_t *ret_bytes, const struct cepa_surb *surb)
{
    memcpy(ret_bytes, surb->first.bytes, sizeof surb->first.bytes);
    memmove(ret_bytes + HEADER_OFFSET, surb->header, CEPA_PACKET_HEADER_SIZE);
    memmove(ret_bytes + KEY_OFFSET, surb->key, CEPA_SURB_KEY_SIZE);
}

int cepa_surb_decode(struct cepa_surb *ret_surb, const uint8_t *bytes, size_t len)
{
    uint8_t epoch_byte;
    if (len != CEPA_SURB_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    int status = cepa_packet_prefix_decode(&epoch_byte, bytes + HEADER_OFFSET);
    if (status != 0) {
        return status;
    }
    memcpy(ret_surb->first.bytes, bytes, sizeof ret_surb->first.bytes);
    ret_surb->header = bytes + HEADER_OFFSET;
    ret_surb->key = bytes + KEY_OFFSET;
    return 0;
}
