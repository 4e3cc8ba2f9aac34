/* Data channel establishment and the framing of datagrams on TCP. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/net/framing.h"
#include "native/webrtc/dcep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void try_framing(const uint8_t *data, size_t data_len)
{
    struct cepa_framing framing;
    cepa_framing_init(&framing);
    while (data_len > 0) {
        const uint8_t *datagram;
        size_t datagram_len;
        size_t taken = 0;
        size_t len = data[0] % 64 + 1u;
        len = len < data_len ? len : data_len;
        int result = cepa_framing_push(&framing, &taken, &datagram, &datagram_len, data, len);
        if (result < 0) {
            return;
        }
        CEPA_ASSERT(taken > 0 && taken <= len);
        CEPA_ASSERT(result == 0 || (datagram_len > 0 && datagram_len <= CEPA_FRAMING_DATAGRAM_MAX));
        data += taken;
        data_len -= taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_dcep_open open;
    if (cepa_dcep_open_decode(&open, data, data_len) == 0) {
        uint8_t again[CEPA_DCEP_OPEN_MAX];
        size_t again_len;
        CEPA_ASSERT(cepa_dcep_open_encode(again, &again_len, &open) == 0);
        CEPA_ASSERT(again_len == data_len);
        CEPA_ASSERT(open.reliability == CEPA_RELIABLE || memcmp(again, data, data_len) == 0);
    }
    try_framing(data, data_len);
    return 0;
}
