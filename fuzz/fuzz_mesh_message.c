/* Items that neighbours send: what decodes encodes to the same bytes. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/mesh_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static uint8_t again[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_mesh_item item;
    struct cepa_reader reader;
    int result = 1;
    cepa_reader_init(&reader, data, data_len);
    while (result == 1 || result == CEPA_ERR_UNSUPPORTED) {
        const uint8_t *start = reader.data;
        result = cepa_mesh_item_decode(&item, &reader);
        size_t len = (size_t)(reader.data - start);
        if (result == 1 && len <= sizeof again) {
            struct cepa_writer writer;
            size_t written = 0;
            cepa_writer_init(&writer, again, sizeof again);
            cepa_mesh_item_encode(&writer, &item);
            CEPA_ASSERT(cepa_writer_end(&writer, &written) == 0);
            CEPA_ASSERT(written == len && memcmp(again, start, len) == 0);
        }
    }
    return 0;
}
