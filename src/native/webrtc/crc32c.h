/* The checksum of SCTP packets, CRC32C, by the processor's instruction where it has one.
 * @[RFC9260 A] */
#ifndef CEPA_NATIVE_WEBRTC_CRC32C_H
#define CEPA_NATIVE_WEBRTC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* cepa_crc32c continues a checksum over `len` bytes; the first call gives 0 as `crc`. */
uint32_t cepa_crc32c(uint32_t crc, const uint8_t *data, size_t len);

/* cepa_crc32c_portable does the same without the instruction, for tests and other processors. */
uint32_t cepa_crc32c_portable(uint32_t crc, const uint8_t *data, size_t len);

#endif
