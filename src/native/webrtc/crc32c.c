/* CRC32C, polynomial 0x1edc6f41 with reflected bits. */
#include "native/webrtc/crc32c.h"

#include "base/endian.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

uint32_t cepa_crc32c_portable(uint32_t crc, const uint8_t *data, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                       0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                       0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *data,
                                                                 size_t len)
{
    uint64_t state = ~crc;
    for (; len >= 8; data += 8, len -= 8) {
        state = _mm_crc32_u64(state, cepa_le64_load(data));
    }
    for (; len > 0; data++, len--) {
        state = _mm_crc32_u8((uint32_t)state, *data);
    }
    return ~(uint32_t)state;
}

uint32_t cepa_crc32c(uint32_t crc, const uint8_t *data, size_t len)
{
    return __builtin_cpu_supports("sse4.2") ? by_instruction(crc, data, len)
                                            : cepa_crc32c_portable(crc, data, len);
}
#else
uint32_t cepa_crc32c(uint32_t crc, const uint8_t *data, size_t len)
{
    return cepa_crc32c_portable(crc, data, len);
}
#endif
