/* Receipts, index records and key records with real signatures. */
#include <string.h>

#include "mesh/credentials.h"
#include "support/mesh_relays.h"
#include "support/test.h"

static int check_receipts(struct mesh_relay *relay, uint32_t *ret_good)
{
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_credentials credentials;
    mesh_publish(relay);
    CHECK_INT(cepa_credentials_decode(&credentials, relay->credentials, relay->credentials_len,
                                      &rules, mesh_day(0)),
              0);
    return cepa_receipts_check(ret_good, &credentials, &rules);
}

TEST(two_receipts_of_different_networks_are_enough)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    uint32_t good = 0;
    CHECK_INT(check_receipts(relay, &good), 0);
    CHECK_INT(good, 3);
    relay->fields.receipts_len = 1;
    CHECK_INT(check_receipts(relay, &good), CEPA_ERR_MISSING);
}

/* Ways in which the second receipt is worth nothing. */
static void spoil(struct mesh_relay *relays, unsigned way)
{
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_receipt *receipt = &relays[0].fields.receipts[1];
    switch (way) {
    case 0: /* the same twice */
        *receipt = relays[0].fields.receipts[0];
        break;
    case 1: /* another prober in the same prefix */
        receipt->prober_prefix = relays[0].fields.receipts[0].prober_prefix;
        cepa_receipt_sign(receipt, &relays[2].identity.signing_key, &rules.network,
                          &relays[0].identity.node);
        break;
    case 2: /* about somebody else */
        *receipt = mesh_receipt(&relays[2], &relays[3]);
        break;
    case 3: /* by itself */
        *receipt = mesh_receipt(&relays[0], &relays[0]);
        break;
    case 4: /* of an address that the relay does not have */
        receipt->reached.bytes[1] ^= 1;
        cepa_receipt_sign(receipt, &relays[2].identity.signing_key, &rules.network,
                          &relays[0].identity.node);
        break;
    case 5: /* too old */
        receipt->day = mesh_day(-8);
        cepa_receipt_sign(receipt, &relays[2].identity.signing_key, &rules.network,
                          &relays[0].identity.node);
        break;
    case 6: /* of a day to come */
        receipt->day = mesh_day(2);
        cepa_receipt_sign(receipt, &relays[2].identity.signing_key, &rules.network,
                          &relays[0].identity.node);
        break;
    case 7: /* introduced, while the relay says that it can be dialled */
        receipt->how = CEPA_RECEIPT_INTRODUCED;
        memset(&receipt->reached, 0, sizeof receipt->reached);
        cepa_receipt_sign(receipt, &relays[2].identity.signing_key, &rules.network,
                          &relays[0].identity.node);
        break;
    default: /* of another network */
        rules.network.bytes[0] ^= 1;
        cepa_receipt_sign(receipt, &relays[2].identity.signing_key, &rules.network,
                          &relays[0].identity.node);
        break;
    }
}

TEST(receipts_that_are_worth_nothing)
{
    for (unsigned way = 0; way < 9; way++) {
        struct mesh_relay *relays = mesh_relays();
        uint32_t good = 4711;
        spoil(relays, way);
        CHECK_INT(check_receipts(&relays[0], &good), CEPA_ERR_MISSING);
        CHECK_INT(good, 4711);
    }
}

TEST(index_records_verify_and_changes_are_found)
{
    struct cepa_record_rules rules = mesh_rules();
    struct mesh_relay *relay = &mesh_relays()[0];
    unsigned held = 0;
    CHECK_INT(cepa_index_record_verify(&relay->record, &rules), 0);
    for (size_t i = 0; i < CEPA_INDEX_RECORD_SIZE; i++) {
        uint8_t bytes[CEPA_INDEX_RECORD_SIZE];
        struct cepa_index_record record;
        memcpy(bytes, relay->record_bytes, sizeof bytes);
        bytes[i] ^= 1;
        if (cepa_index_record_decode(&record, bytes, sizeof bytes) == 0) {
            held += cepa_index_record_verify(&record, &rules) == 0 ? 1 : 0;
        }
    }
    CHECK_INT(held, 0);
    rules.network.bytes[5] ^= 1;
    CHECK_INT(cepa_index_record_verify(&relay->record, &rules), CEPA_ERR_AUTHENTICATION);
}

TEST(index_records_say_what_credentials_say)
{
    struct cepa_record_rules rules = mesh_rules();
    struct mesh_relay *relays = mesh_relays();
    struct cepa_credentials credentials;
    CHECK_INT(cepa_credentials_decode(&credentials, relays[0].credentials,
                                      relays[0].credentials_len, &rules, mesh_day(0)),
              0);
    for (unsigned way = 0; way < 8; way++) {
        struct cepa_index_record record = relays[way == 7 ? 1 : 0].record;
        record.sequence += way == 1;
        record.day.number += way == 2;
        record.flags ^= way == 3 ? CEPA_RELAY_FLAG_GUARD : 0;
        record.capacity = (uint8_t)(record.capacity + (way == 4 ? 1 : 0));
        record.prefix.bytes[0] ^= way == 5 ? 1 : 0;
        record.commitment.bytes[0] ^= way == 6 ? 1 : 0;
        CHECK_INT(cepa_index_record_check(&record, &relays[0].halves, &credentials),
                  way == 0 ? 0 : CEPA_ERR_AUTHENTICATION);
    }
}

TEST(key_records_are_of_their_relay_and_day)
{
    struct mesh_relay *relays = mesh_relays();
    struct cepa_descriptor descriptor = relays[0].fields;
    struct cepa_key_record record;
    uint8_t bytes[CEPA_KEY_RECORD_SIZE];
    uint32_t epoch = MESH_TODAY * 24 + 5;
    descriptor.node = relays[0].identity.node;
    mesh_key_record(&relays[0], bytes, epoch, 5);
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor), 0);
    CHECK_INT(record.epoch.number, epoch);
    mesh_key_record(&relays[0], bytes, epoch, 26);
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor), 0);
    bytes[1] = 27;
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor),
              CEPA_ERR_AUTHENTICATION);
    bytes[1] = 26;
    bytes[CEPA_KEY_RECORD_SIZE - 1] ^= 1;
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor),
              CEPA_ERR_AUTHENTICATION);
    bytes[CEPA_KEY_RECORD_SIZE - 1] ^= 1;
    bytes[100] ^= 1;
    CHECK(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor) != 0);
    bytes[100] ^= 1;
    /* Another day's descriptor, and another day's tree under this day's name. */
    descriptor.day = mesh_day(1);
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor), CEPA_ERR_EPOCH);
    descriptor.day = mesh_day(0);
    memcpy(descriptor.onion_root, relays[1].day.root.bytes, 32);
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor),
              CEPA_ERR_AUTHENTICATION);
    descriptor.node = relays[1].identity.node;
    CHECK_INT(cepa_key_record_verify(&record, bytes, sizeof bytes, &descriptor),
              CEPA_ERR_AUTHENTICATION);
}

TEST_MAIN(RUN(two_receipts_of_different_networks_are_enough), RUN(receipts_that_are_worth_nothing),
          RUN(index_records_verify_and_changes_are_found),
          RUN(index_records_say_what_credentials_say), RUN(key_records_are_of_their_relay_and_day))
