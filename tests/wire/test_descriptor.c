/* Descriptors and credentials: one encoding, and what is refused. */
#include "wire/descriptor.h"

#include <string.h>

#include "support/test.h"
#include "support/wire_records.h"

static uint8_t bytes[CEPA_DESCRIPTOR_SIZE_MAX];
static uint8_t again[CEPA_DESCRIPTOR_SIZE_MAX];

static void check_round(const struct cepa_descriptor *descriptor)
{
    struct cepa_descriptor got;
    size_t len = 0;
    size_t again_len = 0;
    CHECK_INT(cepa_descriptor_encode(bytes, &len, descriptor), 0);
    CHECK_INT(cepa_descriptor_decode(&got, bytes, len), 0);
    CHECK(got.flags == descriptor->flags && got.sequence == descriptor->sequence);
    CHECK_INT(cepa_descriptor_encode(again, &again_len, &got), 0);
    CHECK_INT(again_len, len);
    CHECK_BYTES(again, bytes, len);
    for (size_t cut = 0; cut < len; cut++) {
        CHECK(cepa_descriptor_decode(&got, bytes, cut) != 0);
    }
}

TEST(descriptors_come_back)
{
    struct cepa_descriptor descriptor = wire_descriptor();
    check_round(&descriptor);
    descriptor.receipts_len = 0;
    descriptor.reaches_len = 1;
    check_round(&descriptor);
    descriptor = wire_introduced_descriptor();
    check_round(&descriptor);
}

TEST(the_largest_descriptor_is_as_large_as_it_says)
{
    struct cepa_descriptor descriptor = wire_descriptor();
    size_t len = 0;
    for (uint8_t i = 0; i < 4; i++) {
        descriptor.reaches[i] = wire_ipv6(i);
        descriptor.receipts[i] = wire_receipt(i);
    }
    descriptor.reaches_len = 4;
    descriptor.receipts_len = 4;
    check_round(&descriptor);
    CHECK_INT(cepa_descriptor_encode(bytes, &len, &descriptor), 0);
    CHECK_INT(len, CEPA_DESCRIPTOR_SIZE_MAX - 3 * CEPA_NODE_ID_SIZE);
}

/* The ways in which a descriptor can be wrong, each a change to a good one. */
static void spoil(struct cepa_descriptor *descriptor, unsigned way)
{
    switch (way) {
    case 0:
        descriptor->flags |= 8;
        break;
    case 1:
        descriptor->capacity = CEPA_RELAY_CLASSES;
        break;
    case 2:
        descriptor->reaches_len = 0;
        break;
    case 3:
        descriptor->introducers_len = 1;
        break;
    case 4:
        descriptor->reaches[1].port = 0;
        break;
    case 5:
        descriptor->flags |= CEPA_RELAY_FLAG_INTRODUCED;
        break;
    case 6:
        *descriptor = wire_introduced_descriptor();
        descriptor->introducers_len = CEPA_DESCRIPTOR_INTRODUCERS_MAX + 1;
        break;
    case 7:
        *descriptor = wire_introduced_descriptor();
        descriptor->introducers[1] = descriptor->introducers[0];
        break;
    case 8:
        *descriptor = wire_introduced_descriptor();
        descriptor->secret.bytes[3] = 1;
        break;
    case 9:
        *descriptor = wire_introduced_descriptor();
        descriptor->dtls.bytes[3] = 1;
        break;
    case 10:
        *descriptor = wire_introduced_descriptor();
        descriptor->flags |= CEPA_RELAY_FLAG_GUARD;
        break;
    case 11:
        descriptor->receipts_len = 5;
        break;
    default:
        descriptor->reaches_len = 5;
        break;
    }
}

TEST(what_would_not_decode_is_not_encoded)
{
    for (unsigned way = 0; way < 13; way++) {
        struct cepa_descriptor descriptor = wire_descriptor();
        size_t len = 4711;
        spoil(&descriptor, way);
        test_note("way %u", way);
        CHECK_INT(cepa_descriptor_encode(bytes, &len, &descriptor), CEPA_ERR_ARGUMENT);
        CHECK_INT(len, 4711);
    }
}

TEST(reserved_bytes_versions_and_counts_are_checked)
{
    struct cepa_descriptor descriptor = wire_descriptor();
    struct cepa_descriptor got;
    size_t counts = CEPA_DESCRIPTOR_SIZE_MIN - CEPA_SIGNATURES_SIZE - 4;
    const struct {
        size_t at;
        uint8_t change;
        int want;
    } cases[] = {
        {0, 1, CEPA_ERR_VERSION},
        {1, 0x10, CEPA_ERR_MALFORMED},
        {2, 4, CEPA_ERR_MALFORMED},
        {3, 1, CEPA_ERR_MALFORMED},
        {counts, 1, CEPA_ERR_MALFORMED},
        {counts, 8, CEPA_ERR_MALFORMED},
        {counts + 1, 1, CEPA_ERR_MALFORMED},
        {counts + 2, 1, CEPA_ERR_MALFORMED},
        {counts + 2, 16, CEPA_ERR_MALFORMED},
        {counts + 3, 1, CEPA_ERR_MALFORMED},
        {counts + 4, 1, CEPA_ERR_MALFORMED},
    };
    size_t len = 0;
    CHECK_INT(cepa_descriptor_encode(bytes, &len, &descriptor), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bytes[cases[i].at] ^= cases[i].change;
        test_note("case %zu", i);
        CHECK_INT(cepa_descriptor_decode(&got, bytes, len), cases[i].want);
        bytes[cases[i].at] ^= cases[i].change;
    }
    CHECK_INT(cepa_descriptor_decode(&got, bytes, len), 0);
}

TEST(credentials_are_joined_and_split)
{
    static uint8_t certificate[CEPA_CERTIFICATE_SIZE];
    static uint8_t joined[CEPA_CREDENTIALS_SIZE_MAX + 1];
    struct cepa_node_certificate fields = wire_certificate();
    struct cepa_descriptor descriptor = wire_descriptor();
    struct cepa_credentials_bytes halves = {certificate, sizeof certificate, bytes, 0};
    struct cepa_credentials_bytes got;
    size_t len = 0;
    cepa_node_certificate_encode(certificate, &fields);
    CHECK_INT(cepa_descriptor_encode(bytes, &halves.descriptor_len, &descriptor), 0);
    cepa_credentials_join(joined, &len, &halves);
    CHECK_INT(cepa_credentials_split(&got, joined, len), 0);
    CHECK_INT(got.descriptor_len, halves.descriptor_len);
    CHECK_BYTES(got.certificate, certificate, sizeof certificate);
    CHECK_BYTES(got.descriptor, bytes, halves.descriptor_len);
    for (size_t cut = 0; cut < len; cut++) {
        CHECK_INT(cepa_credentials_split(&got, joined, cut), CEPA_ERR_LENGTH);
    }
    CHECK_INT(cepa_credentials_split(&got, joined, len + 1), CEPA_ERR_LENGTH);
    joined[1] ^= 1;
    CHECK_INT(cepa_credentials_split(&got, joined, len), CEPA_ERR_LENGTH);
}

TEST_MAIN(RUN(descriptors_come_back), RUN(the_largest_descriptor_is_as_large_as_it_says),
          RUN(what_would_not_decode_is_not_encoded),
          RUN(reserved_bytes_versions_and_counts_are_checked),
          RUN(credentials_are_joined_and_split))
