/* Integers as bytes, in either order, at any alignment. Both compilers turn each function into one
 * instruction. Wire formats are big-endian (@[SPEC 1.3]); most cryptography is little-endian. */
#ifndef CEPA_BASE_ENDIAN_H
#define CEPA_BASE_ENDIAN_H

#include <stdint.h>

/* cepa_le16_load gives the 2 bytes at `bytes` as a little-endian number. */
static inline uint16_t cepa_le16_load(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (bytes[1] << 8));
}

/* cepa_le32_load gives the 4 bytes at `bytes` as a little-endian number. */
static inline uint32_t cepa_le32_load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | ((uint32_t)bytes[1] << 8) | ((uint32_t)bytes[2] << 16) |
           ((uint32_t)bytes[3] << 24);
}

/* cepa_le64_load gives the 8 bytes at `bytes` as a little-endian number. */
static inline uint64_t cepa_le64_load(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] | ((uint64_t)bytes[1] << 8) | ((uint64_t)bytes[2] << 16) |
           ((uint64_t)bytes[3] << 24) | ((uint64_t)bytes[4] << 32) | ((uint64_t)bytes[5] << 40) |
           ((uint64_t)bytes[6] << 48) | ((uint64_t)bytes[7] << 56);
}

/* cepa_be16_load gives the 2 bytes at `bytes` as a big-endian number. */
static inline uint16_t cepa_be16_load(const uint8_t *bytes)
{
    return (uint16_t)((bytes[0] << 8) | bytes[1]);
}

/* cepa_be32_load gives the 4 bytes at `bytes` as a big-endian number. */
static inline uint32_t cepa_be32_load(const uint8_t *bytes)
{
    return ((uint32_t)bytes[0] << 24) | ((uint32_t)bytes[1] << 16) | ((uint32_t)bytes[2] << 8) |
           (uint32_t)bytes[3];
}

/* cepa_be64_load gives the 8 bytes at `bytes` as a big-endian number. */
static inline uint64_t cepa_be64_load(const uint8_t *bytes)
{
    return ((uint64_t)bytes[0] << 56) | ((uint64_t)bytes[1] << 48) | ((uint64_t)bytes[2] << 40) |
           ((uint64_t)bytes[3] << 32) | ((uint64_t)bytes[4] << 24) | ((uint64_t)bytes[5] << 16) |
           ((uint64_t)bytes[6] << 8) | (uint64_t)bytes[7];
}

/* cepa_le16_store writes `value` to the 2 bytes at `ret_bytes`, little-endian. */
static inline void cepa_le16_store(uint8_t *ret_bytes, uint16_t value)
{
    ret_bytes[0] = (uint8_t)value;
    ret_bytes[1] = (uint8_t)(value >> 8);
}

/* cepa_le32_store writes `value` to the 4 bytes at `ret_bytes`, little-endian. */
static inline void cepa_le32_store(uint8_t *ret_bytes, uint32_t value)
{
    ret_bytes[0] = (uint8_t)value;
    ret_bytes[1] = (uint8_t)(value >> 8);
    ret_bytes[2] = (uint8_t)(value >> 16);
    ret_bytes[3] = (uint8_t)(value >> 24);
}

/* cepa_le64_store writes `value` to the 8 bytes at `ret_bytes`, little-endian. */
static inline void cepa_le64_store(uint8_t *ret_bytes, uint64_t value)
{
    ret_bytes[0] = (uint8_t)value;
    ret_bytes[1] = (uint8_t)(value >> 8);
    ret_bytes[2] = (uint8_t)(value >> 16);
    ret_bytes[3] = (uint8_t)(value >> 24);
    ret_bytes[4] = (uint8_t)(value >> 32);
    ret_bytes[5] = (uint8_t)(value >> 40);
    ret_bytes[6] = (uint8_t)(value >> 48);
    ret_bytes[7] = (uint8_t)(value >> 56);
}

/* cepa_be16_store writes `value` to the 2 bytes at `ret_bytes`, big-endian. */
static inline void cepa_be16_store(uint8_t *ret_bytes, uint16_t value)
{
    ret_bytes[0] = (uint8_t)(value >> 8);
    ret_bytes[1] = (uint8_t)value;
}

/* cepa_be32_store writes `value` to the 4 bytes at `ret_bytes`, big-endian. */
static inline void cepa_be32_store(uint8_t *ret_bytes, uint32_t value)
{
    ret_bytes[0] = (uint8_t)(value >> 24);
    ret_bytes[1] = (uint8_t)(value >> 16);
    ret_bytes[2] = (uint8_t)(value >> 8);
    ret_bytes[3] = (uint8_t)value;
}

/* cepa_be64_store writes `value` to the 8 bytes at `ret_bytes`, big-endian. */
static inline void cepa_be64_store(uint8_t *ret_bytes, uint64_t value)
{
    ret_bytes[0] = (uint8_t)(value >> 56);
    ret_bytes[1] = (uint8_t)(value >> 48);
    ret_bytes[2] = (uint8_t)(value >> 40);
    ret_bytes[3] = (uint8_t)(value >> 32);
    ret_bytes[4] = (uint8_t)(value >> 24);
    ret_bytes[5] = (uint8_t)(value >> 16);
    ret_bytes[6] = (uint8_t)(value >> 8);
    ret_bytes[7] = (uint8_t)value;
}

#endif
