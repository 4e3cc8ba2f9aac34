/* STUN encoding and decoding. */
#include "native/webrtc/stun.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/endian.h"

enum {
    COOKIE = 0x2112a442,
    BINDING = 0x0001,
    ATTRIBUTE_HEADER = 4,
    INTEGRITY_SIZE = 20,
    FINGERPRINT_SIZE = 4
};
static const uint32_t FINGERPRINT_MASK = 0x5354554e;

enum attribute {
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FIRST_OPTIONAL = 0x8000,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
    ICE_CONTROLLING = 0x802a
};

/* CRC-32 of ISO 3309, four bits at a time. @[RFC8489 14.7] */
static uint32_t crc32(const uint8_t *data, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* The type field mixes the class into the method's bits. @[RFC8489 5] */
static uint16_t type_of(enum cepa_stun_class class)
{
    return (uint16_t)(BINDING | ((unsigned)class & 1) << 4 | ((unsigned)class & 2) << 7);
}

bool cepa_stun_is(const uint8_t *data, size_t data_len)
{
    return data_len >= CEPA_STUN_HEADER_SIZE && data[0] < 4 && cepa_be32_load(data + 4) == COOKIE;
}

/* Addresses are covered with the cookie and the transaction. @[RFC8489 14.2] */
static void cover(uint8_t *ip, size_t ip_len, const struct cepa_stun_transaction *transaction)
{
    uint8_t mask[16];
    cepa_be32_store(mask, COOKIE);
    memcpy(mask + 4, transaction->bytes, sizeof transaction->bytes);
    for (size_t i = 0; i < ip_len; i++) {
        ip[i] = (uint8_t)(ip[i] ^ mask[i]);
    }
}

static int decode_mapped(struct cepa_stun_message *message, struct cepa_reader *value)
{
    struct cepa_net_address address = {.family = CEPA_NET_ADDRESS_NONE};
    cepa_reader_skip(value, 1);
    unsigned family = cepa_reader_u8(value);
    address.family = family == 1 ? CEPA_NET_ADDRESS_IPV4 : CEPA_NET_ADDRESS_IPV6;
    address.port = cepa_reader_u16(value) ^ (uint16_t)(COOKIE >> 16);
    size_t ip_len = cepa_net_address_ip_len(&address);
    cepa_reader_bytes(value, address.ip, ip_len);
    if ((family != 1 && family != 2) || message->mapped.family != CEPA_NET_ADDRESS_NONE) {
        return CEPA_ERR_MALFORMED;
    }
    cover(address.ip, ip_len, &message->transaction);
    message->mapped = address;
    return 0;
}

static int decode_error(struct cepa_stun_message *message, struct cepa_reader *value)
{
    cepa_reader_skip(value, 2);
    unsigned hundreds = cepa_reader_u8(value) & 7u;
    unsigned rest = cepa_reader_u8(value);
    cepa_reader_skip(value, cepa_reader_left(value));
    if (hundreds < 3 || hundreds > 6 || rest > 99) {
        return CEPA_ERR_MALFORMED;
    }
    message->error_code = hundreds * 100 + rest;
    return 0;
}

static int decode_role(struct cepa_stun_message *message, struct cepa_reader *value,
                       enum cepa_stun_role role)
{
    if (message->role != CEPA_STUN_ROLE_NONE) {
        return CEPA_ERR_MALFORMED;
    }
    message->role = role;
    message->tie_breaker = cepa_reader_u64(value);
    return 0;
}

/* Notes an attribute that we do not know; only those below 0x8000 must be understood. */
static void note_unknown(struct cepa_stun_message *message, struct cepa_reader *value,
                         uint16_t type)
{
    cepa_reader_skip(value, cepa_reader_left(value));
    if (type < FIRST_OPTIONAL && message->unknown_len < CEPA_STUN_UNKNOWN_MAX) {
        message->unknown[message->unknown_len] = type;
        message->unknown_len++;
    }
}

static int decode_attribute(struct cepa_stun_message *message, uint16_t type,
                            struct cepa_reader *value)
{
    switch (type) {
    case USERNAME:
        message->username_len = cepa_reader_left(value);
        message->username = cepa_reader_view(value, message->username_len);
        return message->username_len <= CEPA_STUN_USERNAME_MAX ? 0 : CEPA_ERR_MALFORMED;
    case PRIORITY:
        message->priority = cepa_reader_u32(value);
        return 0;
    case USE_CANDIDATE:
        message->use_candidate = true;
        return 0;
    case ICE_CONTROLLING:
        return decode_role(message, value, CEPA_STUN_CONTROLLING);
    case ICE_CONTROLLED:
        return decode_role(message, value, CEPA_STUN_CONTROLLED);
    case XOR_MAPPED_ADDRESS:
        return decode_mapped(message, value);
    case ERROR_CODE:
        return decode_error(message, value);
    case UNKNOWN_ATTRIBUTES:
        cepa_reader_skip(value, cepa_reader_left(value));
        return 0;
    default:
        note_unknown(message, value, type);
        return 0;
    }
}

/* FINGERPRINT is the last attribute and covers all before it. */
static int check_fingerprint(struct cepa_stun_message *message, const uint8_t *data, size_t offset,
                             struct cepa_reader *value, const struct cepa_reader *rest)
{
    if (cepa_reader_u32(value) != (crc32(data, offset) ^ FINGERPRINT_MASK) ||
        cepa_reader_left(rest) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    message->has_fingerprint = true;
    return 0;
}

/* Reads the attribute at the reader's place, which is `offset` in the datagram. */
static int take_attribute(struct cepa_stun_message *message, struct cepa_reader *reader,
                          const uint8_t *data, size_t offset)
{
    struct cepa_reader value;
    int error = 0;
    uint16_t type = cepa_reader_u16(reader);
    size_t len = cepa_reader_u16(reader);
    const uint8_t *bytes = cepa_reader_view(reader, len);
    cepa_reader_skip(reader, (4 - len % 4) % 4);
    if (bytes == NULL) {
        return CEPA_ERR_LENGTH;
    }
    cepa_reader_init(&value, bytes, len);
    if (type == FINGERPRINT) {
        error = check_fingerprint(message, data, offset, &value, reader);
    } else if (type == MESSAGE_INTEGRITY && message->integrity_offset == 0) {
        message->integrity_offset = offset;
        cepa_reader_skip(&value, INTEGRITY_SIZE);
    } else if (message->integrity_offset != 0) {
        return 0; /* not covered by the integrity, so not said */
    } else {
        error = decode_attribute(message, type, &value);
    }
    return error != 0 ? error : cepa_reader_end(&value) != 0 ? CEPA_ERR_MALFORMED : 0;
}

int cepa_stun_decode(struct cepa_stun_message *ret_message, const uint8_t *data, size_t data_len)
{
    struct cepa_stun_message message;
    struct cepa_reader reader;
    memset(&message, 0, sizeof message);
    if (!cepa_stun_is(data, data_len)) {
        return CEPA_ERR_VERSION;
    }
    cepa_reader_init(&reader, data, data_len);
    uint16_t type = cepa_reader_u16(&reader);
    size_t len = cepa_reader_u16(&reader);
    cepa_reader_skip(&reader, 4);
    cepa_reader_bytes(&reader, message.transaction.bytes, sizeof message.transaction.bytes);
    message.class = (enum cepa_stun_class)((type >> 4 & 1) | (type >> 7 & 2));
    if ((type & ~type_of(CEPA_STUN_FAILURE)) != 0 || (type & BINDING) == 0) {
        return CEPA_ERR_VERSION;
    }
    if (len != data_len - CEPA_STUN_HEADER_SIZE || len % 4 != 0) {
        return CEPA_ERR_LENGTH;
    }
    while (cepa_reader_left(&reader) > 0) {
        int error = take_attribute(&message, &reader, data, data_len - cepa_reader_left(&reader));
        if (error != 0) {
            return error;
        }
    }
    int error = cepa_reader_end(&reader);
    if (error == 0) {
        *ret_message = message;
    }
    return error;
}

/* HMAC-SHA1 over a message whose length field says that it ends with the integrity attribute. */
static int integrity_of(uint8_t ret_mac[INTEGRITY_SIZE], const uint8_t *data, size_t offset,
                        const char *password, size_t password_len)
{
    uint8_t copy[CEPA_STUN_MESSAGE_MAX * 4];
    unsigned mac_len = INTEGRITY_SIZE;
    if (offset > sizeof copy || password_len > INT32_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    memcpy(copy, data, offset);
    cepa_be16_store(copy + 2,
                    (uint16_t)(offset + ATTRIBUTE_HEADER + INTEGRITY_SIZE - CEPA_STUN_HEADER_SIZE));
    if (HMAC(EVP_sha1(), password, (int)password_len, copy, offset, ret_mac, &mac_len) == NULL) {
        return CEPA_ERR_STATE;
    }
    return 0;
}

int cepa_stun_verify(const struct cepa_stun_message *message, const uint8_t *data,
                     const char *password, size_t password_len)
{
    uint8_t mac[INTEGRITY_SIZE];
    size_t offset = message->integrity_offset;
    if (offset == 0 || integrity_of(mac, data, offset, password, password_len) != 0 ||
        !cepa_ct_compare(mac, data + offset + ATTRIBUTE_HEADER, sizeof mac)) {
        return CEPA_ERR_AUTHENTICATION;
    }
    return 0;
}

void cepa_stun_begin(struct cepa_stun_writer *writer, uint8_t *buffer, size_t capacity,
                     enum cepa_stun_class class, const struct cepa_stun_transaction *transaction)
{
    cepa_writer_init(&writer->writer, buffer, capacity);
    cepa_writer_u16(&writer->writer, type_of(class));
    cepa_writer_u16(&writer->writer, 0);
    cepa_writer_u32(&writer->writer, COOKIE);
    cepa_writer_bytes(&writer->writer, transaction->bytes, sizeof transaction->bytes);
}

static void add(struct cepa_stun_writer *writer, enum attribute type, const void *value, size_t len)
{
    cepa_writer_u16(&writer->writer, (uint16_t)type);
    cepa_writer_u16(&writer->writer, (uint16_t)len);
    cepa_writer_bytes(&writer->writer, value, len);
    cepa_writer_zeros(&writer->writer, (4 - len % 4) % 4);
}

void cepa_stun_add_username(struct cepa_stun_writer *writer, const char *username, size_t len)
{
    add(writer, USERNAME, username, len);
}

void cepa_stun_add_priority(struct cepa_stun_writer *writer, uint32_t priority)
{
    uint8_t value[4];
    cepa_be32_store(value, priority);
    add(writer, PRIORITY, value, sizeof value);
}

void cepa_stun_add_use_candidate(struct cepa_stun_writer *writer)
{
    add(writer, USE_CANDIDATE, "", 0);
}

void cepa_stun_add_role(struct cepa_stun_writer *writer, enum cepa_stun_role role,
                        uint64_t tie_breaker)
{
    uint8_t value[8];
    CEPA_ASSERT(role != CEPA_STUN_ROLE_NONE);
    cepa_be64_store(value, tie_breaker);
    add(writer, role == CEPA_STUN_CONTROLLING ? ICE_CONTROLLING : ICE_CONTROLLED, value,
        sizeof value);
}

void cepa_stun_add_mapped(struct cepa_stun_writer *writer, const struct cepa_net_address *address)
{
    struct cepa_stun_transaction transaction;
    uint8_t value[4 + 16] = {0};
    size_t ip_len = cepa_net_address_ip_len(address);
    CEPA_ASSERT(ip_len > 0);
    memcpy(transaction.bytes, writer->writer.data + 8, sizeof transaction.bytes);
    value[1] = address->family == CEPA_NET_ADDRESS_IPV4 ? 1 : 2;
    cepa_be16_store(value + 2, address->port ^ (uint16_t)(COOKIE >> 16));
    memcpy(value + 4, address->ip, ip_len);
    cover(value + 4, ip_len, &transaction);
    add(writer, XOR_MAPPED_ADDRESS, value, 4 + ip_len);
}

void cepa_stun_add_error(struct cepa_stun_writer *writer, unsigned code, const char *reason)
{
    uint8_t value[4 + 64] = {0};
    size_t reason_len = strlen(reason);
    CEPA_ASSERT(code >= 300 && code < 700 && reason_len <= sizeof value - 4);
    value[2] = (uint8_t)(code / 100);
    value[3] = (uint8_t)(code % 100);
    for (size_t i = 0; i < reason_len; i++) {
        value[4 + i] = (uint8_t)reason[i];
    }
    add(writer, ERROR_CODE, value, 4 + reason_len);
}

void cepa_stun_add_unknown(struct cepa_stun_writer *writer, const uint16_t *types, size_t types_len)
{
    uint8_t value[2 * CEPA_STUN_UNKNOWN_MAX];
    CEPA_ASSERT(types_len <= CEPA_STUN_UNKNOWN_MAX);
    for (size_t i = 0; i < types_len; i++) {
        cepa_be16_store(value + 2 * i, types[i]);
    }
    add(writer, UNKNOWN_ATTRIBUTES, value, 2 * types_len);
}

/* Corrects the length field to what is there and `more` bytes. */
static void set_length(struct cepa_stun_writer *writer, size_t more)
{
    if (!writer->writer.failed) {
        cepa_be16_store(writer->writer.data + 2,
                        (uint16_t)(writer->writer.len + more - CEPA_STUN_HEADER_SIZE));
    }
}

int cepa_stun_end(struct cepa_stun_writer *writer, size_t *ret_len, const char *password,
                  size_t password_len)
{
    uint8_t mac[INTEGRITY_SIZE];
    uint8_t crc[FINGERPRINT_SIZE];
    if (writer->writer.failed) {
        return CEPA_ERR_TOO_LONG;
    }
    if (password != NULL) {
        int error =
            integrity_of(mac, writer->writer.data, writer->writer.len, password, password_len);
        if (error != 0) {
            return error;
        }
        add(writer, MESSAGE_INTEGRITY, mac, sizeof mac);
    }
    set_length(writer, ATTRIBUTE_HEADER + FINGERPRINT_SIZE);
    cepa_be32_store(crc, crc32(writer->writer.data, writer->writer.len) ^ FINGERPRINT_MASK);
    add(writer, FINGERPRINT, crc, sizeof crc);
    return cepa_writer_end(&writer->writer, ret_len);
}
