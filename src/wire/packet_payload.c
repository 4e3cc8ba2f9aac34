/* Zeros, length, content, zeros. */
#include "wire/packet_payload.h"

#include <stdbool.h>
#include <string.h>

#include "base/ct.h"
#include "base/endian.h"

static const uint8_t zero_prefix[CEPA_ZERO_PREFIX_SIZE] = {0};

static bool is_all_zeros(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

int cepa_packet_payload_encode(uint8_t *ret_payload, const struct cepa_packet_content *content)
{
    if (content->data_len > CEPA_PACKET_CONTENT_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    memset(ret_payload, 0, CEPA_PACKET_PAYLOAD_SIZE);
    cepa_be16_store(ret_payload + CEPA_ZERO_PREFIX_SIZE, (uint16_t)content->data_len);
    if (content->data_len > 0) {
        memcpy(ret_payload + CEPA_PACKET_CONTENT_OFFSET, content->data, content->data_len);
    }
    return 0;
}

int cepa_packet_payload_decode(struct cepa_packet_content *ret_content, const uint8_t *payload)
{
    if (cepa_ct_compare(payload, zero_prefix, sizeof zero_prefix) == 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    size_t content_len = cepa_be16_load(payload + CEPA_ZERO_PREFIX_SIZE);
    const uint8_t *data = payload + CEPA_PACKET_CONTENT_OFFSET;
    if (content_len > CEPA_PACKET_CONTENT_MAX ||
        !is_all_zeros(data + content_len, CEPA_PACKET_CONTENT_MAX - content_len)) {
        return CEPA_ERR_MALFORMED;
    }
    ret_content->data = data;
    ret_content->data_len = content_len;
    return 0;
}
