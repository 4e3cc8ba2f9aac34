#include "support/wire_records.h"

#include <string.h>

#include "support/random.h"
#include "wire/reach.h"

const uint8_t *wire_bytes(void)
{
    static uint8_t bytes[8192];
    struct test_random random = {20261122};
    test_random_bytes(&random, bytes, sizeof bytes);
    return bytes;
}

struct cepa_reach wire_ipv4(uint8_t network)
{
    struct cepa_reach reach = {CEPA_FAMILY_IPV4, {198, 18, 0, 1}, 4433};
    reach.ip[1] = network;
    return reach;
}

struct cepa_reach wire_ipv6(uint8_t network)
{
    struct cepa_reach reach = {CEPA_FAMILY_IPV6, {0x20, 0x01, 0x0d, 0xb8}, 4434};
    reach.ip[3] = network;
    reach.ip[15] = 1;
    return reach;
}

struct cepa_node_certificate wire_certificate(void)
{
    const uint8_t *bytes = wire_bytes();
    struct cepa_node_certificate certificate;
    memset(&certificate, 0, sizeof certificate);
    memcpy(certificate.network.bytes, bytes + 7000, sizeof certificate.network);
    certificate.signing_key = bytes;
    certificate.pq_signing_key = bytes + 32;
    certificate.first.number = 20000;
    certificate.last.number = 20059;
    certificate.signature = bytes + 3000;
    certificate.pq_signature = bytes + 3064;
    return certificate;
}

struct cepa_receipt wire_receipt(uint8_t number)
{
    struct cepa_receipt receipt;
    struct cepa_reach prober = wire_ipv6(number);
    struct cepa_reach reached = wire_ipv4(7);
    memset(&receipt, 0, sizeof receipt);
    memcpy(receipt.prober, wire_bytes() + 100 + number, sizeof receipt.prober);
    memcpy(receipt.signature, wire_bytes() + 500 + number, sizeof receipt.signature);
    cepa_prefix_of(&receipt.prober_prefix, &prober);
    cepa_prefix_of(&receipt.reached, &reached);
    receipt.day.number = 20001;
    receipt.how = CEPA_RECEIPT_DIALLED;
    return receipt;
}

struct cepa_descriptor wire_descriptor(void)
{
    const uint8_t *bytes = wire_bytes();
    struct cepa_descriptor descriptor;
    memset(&descriptor, 0, sizeof descriptor);
    descriptor.flags = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_GUARD;
    descriptor.capacity = 2;
    memcpy(descriptor.network.bytes, bytes + 7000, sizeof descriptor.network);
    memcpy(descriptor.node.bytes, bytes + 7032, sizeof descriptor.node);
    descriptor.day.number = 20002;
    descriptor.sequence = 17;
    descriptor.link_key = bytes + 100;
    memcpy(descriptor.onion_root, bytes + 7064, sizeof descriptor.onion_root);
    memcpy(descriptor.dtls.bytes, bytes + 7096, sizeof descriptor.dtls);
    memcpy(descriptor.secret.bytes, bytes + 7128, sizeof descriptor.secret);
    memcpy(descriptor.family.bytes, bytes + 7144, sizeof descriptor.family);
    descriptor.reaches[0] = wire_ipv4(7);
    descriptor.reaches[1] = wire_ipv6(8);
    descriptor.reaches_len = 2;
    descriptor.receipts[0] = wire_receipt(1);
    descriptor.receipts[1] = wire_receipt(2);
    descriptor.receipts_len = 2;
    descriptor.signature = bytes + 4000;
    descriptor.pq_signature = bytes + 4064;
    return descriptor;
}

struct cepa_descriptor wire_introduced_descriptor(void)
{
    struct cepa_descriptor descriptor = wire_descriptor();
    descriptor.flags = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_INTRODUCED;
    memset(&descriptor.dtls, 0, sizeof descriptor.dtls);
    memset(&descriptor.secret, 0, sizeof descriptor.secret);
    memset(descriptor.reaches, 0, sizeof descriptor.reaches);
    descriptor.reaches_len = 0;
    memset(&descriptor.introducers[0], 0x11, sizeof descriptor.introducers[0]);
    memset(&descriptor.introducers[1], 0x22, sizeof descriptor.introducers[1]);
    descriptor.introducers_len = 2;
    descriptor.receipts_len = 1;
    descriptor.receipts[0].how = CEPA_RECEIPT_INTRODUCED;
    memset(&descriptor.receipts[0].reached, 0, sizeof descriptor.receipts[0].reached);
    return descriptor;
}

struct cepa_key_record wire_key_record(uint8_t leaf, uint32_t epoch)
{
    struct cepa_key_record record;
    memset(&record, 0, sizeof record);
    record.leaf = leaf;
    memcpy(record.node.bytes, wire_bytes() + 7032, sizeof record.node);
    record.day.number = epoch / CEPA_DAY_EPOCHS;
    record.epoch.number = epoch;
    record.public_key = wire_bytes() + 200;
    record.path = wire_bytes() + 1500;
    return record;
}

struct cepa_index_record wire_index_record(void)
{
    const uint8_t *bytes = wire_bytes();
    struct cepa_reach reach = wire_ipv4(7);
    struct cepa_index_record record;
    memset(&record, 0, sizeof record);
    memcpy(record.public_key, bytes, sizeof record.public_key);
    memcpy(record.commitment.bytes, bytes + 40, sizeof record.commitment);
    memcpy(record.signature, bytes + 80, sizeof record.signature);
    memcpy(record.nonce, bytes + 160, sizeof record.nonce);
    record.sequence = 17;
    record.day.number = 20002;
    record.flags = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_GUARD;
    record.capacity = 3;
    cepa_prefix_of(&record.prefix, &reach);
    return record;
}

struct cepa_relay_address wire_address(uint8_t number)
{
    struct cepa_relay_address address;
    memset(&address, 0, sizeof address);
    address.reach = number % 2 == 0 ? wire_ipv4(number) : wire_ipv6(number);
    memcpy(address.dtls.bytes, wire_bytes() + 300 + number, sizeof address.dtls);
    memcpy(address.node.bytes, wire_bytes() + 400 + number, sizeof address.node);
    memcpy(address.secret.bytes, wire_bytes() + 600 + number, sizeof address.secret);
    return address;
}
