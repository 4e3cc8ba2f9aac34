/* Prefix, command, slot and final block: whatever decodes encodes to the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void same(const uint8_t *a, const uint8_t *b, size_t len)
{
    if (memcmp(a, b, len) != 0) {
        abort();
    }
}

static void try_prefix(const uint8_t *data, size_t data_len)
{
    uint8_t epoch;
    if (data_len >= CEPA_PACKET_PREFIX_SIZE && cepa_packet_prefix_decode(&epoch, data) == 0) {
        uint8_t again[CEPA_PACKET_PREFIX_SIZE];
        cepa_packet_prefix_encode(again, epoch);
        same(again, data, sizeof again);
    }
}

static void try_slot(const uint8_t *data, size_t data_len)
{
    struct cepa_packet_slot slot;
    if (data_len >= CEPA_PACKET_SLOT_SIZE && cepa_packet_slot_decode(&slot, data) == 0) {
        uint8_t again[CEPA_PACKET_SLOT_SIZE];
        cepa_packet_slot_encode(again, &slot);
        same(again, data, sizeof again);
    }
}

static void try_final(const uint8_t *data, size_t data_len)
{
    struct cepa_packet_final final;
    if (data_len >= CEPA_PACKET_FINAL_SIZE && cepa_packet_final_decode(&final, data) == 0) {
        uint8_t again[CEPA_PACKET_FINAL_SIZE];
        cepa_packet_final_encode(again, &final);
        same(again, data, sizeof again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    try_prefix(data, data_len);
    try_slot(data, data_len);
    try_final(data, data_len);
    return 0;
}
