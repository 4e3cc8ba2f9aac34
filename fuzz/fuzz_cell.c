/* Decoders of cell messages, parts and renewals: what decodes encodes to the same again, and
 * nothing is read outside its bytes. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/cell.h"
#include "wire/part.h"
#include "wire/renewal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void try_message(const uint8_t *data, size_t data_len)
{
    uint8_t body[CEPA_CELL_BODY_SIZE] = {0};
    uint8_t again[CEPA_CELL_BODY_SIZE];
    struct cepa_cell_message message;
    /* Half of the inputs get the zeros for nothing, so that the rest of the header is reached. */
    size_t at = data_len > 0 && data[0] % 2 == 0 ? CEPA_ZERO_PREFIX_SIZE : 0;
    size_t len = data_len < sizeof body - at ? data_len : sizeof body - at;
    if (len > 1) {
        memcpy(body + at, data + 1, len - 1);
    }
    if (cepa_cell_message_decode(&message, body) == 0) {
        CEPA_ASSERT(cepa_cell_message_encode(again, &message) == 0);
        CEPA_ASSERT(memcmp(again, body, CEPA_CELL_MESSAGE_HEADER_SIZE + message.data_len) == 0);
    }
}

static void try_parts(const uint8_t *data, size_t data_len)
{
    static uint8_t buffer[CEPA_PACKET_SIZE];
    struct cepa_assembly assembly;
    cepa_assembly_init(&assembly, buffer, data_len % CEPA_PACKET_SIZE + 1);
    while (data_len > 2) {
        struct cepa_part part;
        size_t len = (size_t)(data[0] | data[1] << 8) % (CEPA_CELL_DATA_MAX + 1);
        len = len < data_len - 2 ? len : data_len - 2;
        if (cepa_part_decode(&part, data + 2, len) == 0) {
            uint8_t again[CEPA_CELL_DATA_MAX];
            size_t again_len;
            cepa_part_encode(again, &again_len, &part);
            CEPA_ASSERT(again_len == len && memcmp(again, data + 2, len) == 0);
            CEPA_ASSERT(cepa_assembly_add(&assembly, &part) <= 1);
        }
        data += 2 + len;
        data_len -= 2 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    uint8_t again[CEPA_RENEWAL_OFFER_SIZE];
    struct cepa_renewal_offer offer;
    struct cepa_renewal_answer answer;
    try_message(data, data_len);
    try_parts(data, data_len);
    if (cepa_renewal_offer_decode(&offer, data, data_len) == 0) {
        cepa_renewal_offer_encode(again, &offer);
        CEPA_ASSERT(memcmp(again, data, data_len) == 0);
    }
    if (cepa_renewal_answer_decode(&answer, data, data_len) == 0) {
        cepa_renewal_answer_encode(again, &answer);
        CEPA_ASSERT(memcmp(again, data, data_len) == 0);
    }
    return 0;
}
