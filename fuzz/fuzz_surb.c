/* Reply blocks and payloads as they travel: whatever decodes encodes to the same bytes, and any
 * block that decodes can be used. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "onion/surb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void demand(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static void try_surb(const uint8_t *data, size_t data_len)
{
    static uint8_t again[CEPA_SURB_SIZE];
    static uint8_t packet[CEPA_PACKET_SIZE];
    struct cepa_packet_content content = {data, data_len < 100 ? data_len : 100};
    struct cepa_node_id first;
    struct cepa_surb surb;
    int status = cepa_surb_decode(&surb, data, data_len);
    demand(status == cepa_surb_use(packet, &first, data, data_len, &content, 0));
    if (status == 0) {
        cepa_surb_encode(again, &surb);
        demand(memcmp(again, data, sizeof again) == 0);
        demand(memcmp(packet, surb.header, CEPA_PACKET_HEADER_SIZE) == 0);
        demand(memcmp(&first, data, sizeof first) == 0);
    }
}

static void try_payload(const uint8_t *data, size_t data_len)
{
    static uint8_t again[CEPA_PACKET_PAYLOAD_SIZE];
    struct cepa_packet_content content;
    if (data_len >= CEPA_PACKET_PAYLOAD_SIZE && cepa_packet_payload_decode(&content, data) == 0) {
        demand(cepa_packet_payload_encode(again, &content) == 0);
        demand(memcmp(again, data, sizeof again) == 0);
    }
}

/* Any bytes as the reply to a block with any keys: they hardly ever open, and then decode. */
static void try_open(const uint8_t *data, size_t data_len)
{
    static uint8_t delta[CEPA_PACKET_PAYLOAD_SIZE];
    struct cepa_surb_secret secret;
    struct cepa_packet_content content;
    if (data_len < sizeof secret.key) {
        return;
    }
    memset(&secret, 0, sizeof secret);
    memcpy(secret.key, data, sizeof secret.key);
    secret.hops_len = 1 + data[0] % CEPA_PACKET_HOPS_MAX;
    memset(delta, 0, sizeof delta);
    memcpy(delta, data, data_len < sizeof delta ? data_len : sizeof delta);
    if (cepa_surb_open(&content, delta, sizeof delta, &secret, 0) == 0) {
        demand(content.data >= delta && content.data_len <= CEPA_PACKET_CONTENT_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    try_surb(data, data_len);
    try_payload(data, data_len);
    try_open(data, data_len);
    return 0;
}
