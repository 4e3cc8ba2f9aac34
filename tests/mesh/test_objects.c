/* Credentials and key records are kept when they are wanted and true. */
#include "mesh/objects.h"

#include <stdlib.h>
#include <string.h>

#include "support/mesh_relays.h"
#include "support/test.h"

static struct cepa_index index;
static struct cepa_objects objects;
static struct mesh_relay *relays;

static void make(uint32_t credentials_max, uint32_t key_records_max)
{
    static void *memory[2];
    struct cepa_index_limits index_limits = {1024, 512, {1000, 10, 1000}};
    struct cepa_objects_limits limits = {credentials_max, key_records_max};
    struct cepa_record_rules rules = mesh_rules();
    size_t sizes[2] = {cepa_index_size(&index_limits), cepa_objects_size(&limits)};
    struct cepa_onion_epoch oldest = {MESH_TODAY * 24 + 4};
    for (size_t i = 0; i < 2; i++) {
        free(memory[i]);
        memory[i] = aligned_alloc(16, (sizes[i] + 15) / 16 * 16);
        CHECK(memory[i] != NULL);
    }
    cepa_index_init(&index, memory[0], sizes[0], &index_limits, &rules, mesh_day(0),
                    &mesh_siphash_key);
    cepa_objects_init(&objects, memory[1], sizes[1], &limits, &index, &mesh_siphash_key);
    cepa_objects_begin_epoch(&objects, oldest);
    relays = mesh_relays();
}

static void merge(const struct mesh_relay *relay)
{
    CHECK(cepa_index_merge(&index, relay->record_bytes, CEPA_INDEX_RECORD_SIZE) > 0);
}

static void merge_all(void)
{
    for (size_t i = 0; i < MESH_RELAYS_MAX; i++) {
        merge(&relays[i]);
    }
}

static int put(const struct mesh_relay *relay)
{
    return cepa_objects_put_credentials(&objects, relay->credentials, relay->credentials_len,
                                        &mesh_workspace, 0);
}

static int put_key(const struct mesh_relay *relay, uint32_t epoch, uint32_t leaf)
{
    uint8_t bytes[CEPA_KEY_RECORD_SIZE];
    mesh_key_record(relay, bytes, MESH_TODAY * 24 + epoch, leaf);
    return cepa_objects_put_key_record(&objects, bytes, sizeof bytes);
}

static const uint8_t *find_key(const struct mesh_relay *relay, uint32_t epoch)
{
    struct cepa_onion_epoch number = {MESH_TODAY * 24 + epoch};
    return cepa_objects_key_record(&objects, &relay->identity.node, number);
}

TEST(credentials_are_kept_as_they_came)
{
    struct cepa_credentials credentials;
    size_t len = 0;
    make(8, 16);
    merge_all();
    CHECK_INT(put(&relays[0]), 0);
    CHECK_INT(put(&relays[0]), 0);
    const uint8_t *bytes = cepa_objects_credentials(&objects, &len, &relays[0].record.commitment);
    CHECK(bytes != NULL);
    CHECK_INT(len, relays[0].credentials_len);
    CHECK_BYTES(bytes, relays[0].credentials, len);
    CHECK_INT(cepa_objects_decode(&objects, &credentials, &relays[0].identity.node), 0);
    CHECK_INT(credentials.descriptor.reaches[0].port, 443);
    CHECK(cepa_index_find_node(&index, &relays[0].identity.node) != NULL);
    CHECK_INT(cepa_objects_decode(&objects, &credentials, &relays[1].identity.node),
              CEPA_ERR_NOT_FOUND);
}

TEST(what_the_index_does_not_name_is_not_kept)
{
    uint8_t *bytes = relays != NULL ? relays[0].credentials : mesh_relays()[0].credentials;
    make(8, 16);
    CHECK_INT(put(&relays[0]), CEPA_ERR_NOT_FOUND);
    merge(&relays[0]);
    CHECK_INT(put(&relays[0]), CEPA_ERR_NOT_FOUND); /* its probers are strangers */
    merge(&relays[1]);
    CHECK_INT(put(&relays[0]), CEPA_ERR_NOT_FOUND);
    merge(&relays[2]);
    bytes[relays[0].credentials_len - 1000] ^= 1;
    CHECK_INT(put(&relays[0]), CEPA_ERR_NOT_FOUND); /* another commitment */
    bytes[relays[0].credentials_len - 1000] ^= 1;
    CHECK_INT(put(&relays[0]), 0);
}

/* Makes the index record commit to credentials whose ML-DSA signature is wrong. */
static void forge(struct mesh_relay *relay, uint32_t sequence)
{
    struct cepa_record_rules rules = mesh_rules();
    relay->fields.sequence = sequence;
    mesh_publish(relay);
    relay->credentials[relay->credentials_len - 1000] ^= 1;
    cepa_commitment_of(&relay->record.commitment, &relay->halves);
    cepa_index_record_sign(&relay->record, &relay->identity.signing_key, &rules.network);
    cepa_index_record_encode(relay->record_bytes, &relay->record);
    merge(relay);
}

/* The index record commits to forged credentials: its maker has the Ed25519 key only. */
TEST(a_commitment_does_not_make_forgeries_true)
{
    make(8, 16);
    struct mesh_relay *relay = &relays[0];
    struct cepa_record_rules rules = mesh_rules();
    merge_all();
    relay->credentials[relay->credentials_len - 1000] ^= 1;
    relay->record.sequence = 1;
    cepa_commitment_of(&relay->record.commitment, &relay->halves);
    relay->record.sequence++;
    cepa_index_record_sign(&relay->record, &relay->identity.signing_key, &rules.network);
    cepa_index_record_encode(relay->record_bytes, &relay->record);
    merge(relay);
    CHECK_INT(put(relay), CEPA_ERR_AUTHENTICATION); /* the sequence differs */
    forge(relay, 3);
    CHECK_INT(put(relay), CEPA_ERR_AUTHENTICATION);
    CHECK(cepa_index_find_node(&index, &relay->identity.node) == NULL);
}

TEST(who_cannot_be_reached_is_not_kept)
{
    make(8, 16);
    relays[0].fields.sequence = 2;
    relays[0].fields.receipts_len = 1;
    mesh_publish(&relays[0]);
    merge_all();
    CHECK_INT(put(&relays[0]), CEPA_ERR_MISSING);
    relays[0].fields.sequence = 3;
    relays[0].fields.flags = 0; /* but may say that it has withdrawn */
    mesh_publish(&relays[0]);
    merge(&relays[0]);
    CHECK_INT(put(&relays[0]), 0);
}

TEST(later_credentials_take_the_place_of_earlier)
{
    size_t len = 0;
    make(8, 16);
    merge_all();
    CHECK_INT(put(&relays[0]), 0);
    struct cepa_commitment before = relays[0].record.commitment;
    relays[0].fields.sequence = 2;
    mesh_publish(&relays[0]);
    merge(&relays[0]);
    CHECK(cepa_objects_credentials(&objects, &len, &before) != NULL);
    CHECK_INT(put(&relays[0]), 0);
    CHECK(cepa_objects_credentials(&objects, &len, &before) == NULL);
    CHECK(cepa_objects_credentials(&objects, &len, &relays[0].record.commitment) != NULL);
}

TEST(a_full_store_gives_up_only_what_the_index_has_lost)
{
    struct cepa_credentials credentials;
    make(2, 2);
    merge_all();
    CHECK_INT(put(&relays[0]), 0);
    CHECK_INT(put(&relays[1]), 0);
    CHECK_INT(put(&relays[2]), CEPA_ERR_FULL);
    CHECK_INT(put_key(&relays[0], 5, 5), 0);
    CHECK_INT(put_key(&relays[1], 5, 5), 0);
    CHECK_INT(put_key(&relays[1], 6, 6), CEPA_ERR_FULL);
    /* All but relay 3 and its probers go on to the next day; the others expire. */
    for (size_t i = 3; i < 6; i++) {
        relays[i].fields.day = mesh_day(1);
        relays[i].fields.sequence = 2;
        mesh_publish(&relays[i]);
        merge(&relays[i]);
    }
    cepa_index_begin_day(&index, mesh_day(2));
    CHECK_INT(put(&relays[3]), 0);
    CHECK_INT(cepa_objects_decode(&objects, &credentials, &relays[3].identity.node), 0);
}

/* Who finds no place is refused before the work, so forgeries and truth get the same answer; who
 * has one is verified before it is given up. */
TEST(a_full_store_verifies_nobody_new)
{
    size_t len = 0;
    make(2, 2);
    merge_all();
    CHECK_INT(put(&relays[0]), 0);
    CHECK_INT(put(&relays[1]), 0);
    struct cepa_commitment before = relays[0].record.commitment;
    forge(&relays[2], 2);
    CHECK_INT(put(&relays[2]), CEPA_ERR_FULL);
    forge(&relays[0], 2);
    CHECK_INT(put(&relays[0]), CEPA_ERR_AUTHENTICATION);
    CHECK(cepa_objects_credentials(&objects, &len, &before) != NULL);
    cepa_objects_drop(&objects, 1);
    CHECK_INT(put(&relays[2]), CEPA_ERR_AUTHENTICATION);
}

static uint32_t changes(uint8_t ret_key[CEPA_SIGNING_KEY_SIZE])
{
    uint32_t count = 0;
    size_t len = 0;
    while (cepa_objects_next_change(&objects, ret_key, &len) != NULL) {
        count++;
    }
    return count;
}

TEST(what_came_is_told_once_to_whoever_keeps_it)
{
    uint8_t key[CEPA_SIGNING_KEY_SIZE] = {0};
    size_t len = 0;
    make(8, 16);
    merge_all();
    CHECK_INT(changes(key), 0);
    CHECK_INT(put(&relays[0]), 0);
    const uint8_t *bytes = cepa_objects_next_change(&objects, key, &len);
    CHECK(bytes != NULL);
    CHECK_INT(len, relays[0].credentials_len);
    CHECK_BYTES(bytes, relays[0].credentials, len);
    CHECK_BYTES(key, relays[0].record.public_key, sizeof key);
    CHECK_INT(changes(key), 0);
    CHECK_INT(put(&relays[0]), 0); /* again */
    CHECK_INT(changes(key), 0);
    CHECK_INT(put(&relays[1]), 0);
    CHECK_INT(put(&relays[2]), 0);
    CHECK_INT(changes(key), 2);
    CHECK_INT(put(&relays[3]), 0);
    CHECK_INT(put(&relays[4]), 0);
    cepa_objects_drop(&objects, 3); /* before anybody kept it */
    CHECK_INT(changes(key), 1);
    CHECK_INT(put(&relays[3]), 0);
    cepa_objects_forget_changes(&objects);
    CHECK_INT(changes(key), 0);
}

TEST(key_records_need_credentials_and_higher_leaves_win)
{
    make(8, 16);
    merge_all();
    CHECK_INT(put_key(&relays[0], 5, 5), CEPA_ERR_NOT_FOUND);
    CHECK_INT(put(&relays[0]), 0);
    CHECK_INT(put_key(&relays[0], 5, 5), 0);
    CHECK_INT(put_key(&relays[0], 5, 5), 1);
    CHECK_INT(put_key(&relays[0], 5, 25), 0);
    CHECK_INT(find_key(&relays[0], 5)[1], 25);
    CHECK_INT(put_key(&relays[0], 5, 24), 1);
    CHECK_INT(put_key(&relays[0], 5, 5), 1);
    CHECK_INT(find_key(&relays[0], 5)[1], 25);
    CHECK(find_key(&relays[1], 5) == NULL);
    CHECK_INT(put_key(&relays[0], 3, 3), CEPA_ERR_EPOCH);
    CHECK_INT(put_key(&relays[0], 7, 7), CEPA_ERR_EPOCH);
    struct cepa_onion_epoch oldest = {MESH_TODAY * 24 + 6};
    cepa_objects_begin_epoch(&objects, oldest);
    CHECK(find_key(&relays[0], 5) == NULL);
    CHECK_INT(put_key(&relays[0], 7, 7), 0);
    CHECK_INT(objects.keys_used, 1); /* what was given back is used again first */
    CHECK_INT(objects.used, 1);
}

/* The clock was ahead: the index has lost a relay, and hears of it again. */
TEST(an_earlier_epoch_forgets_those_to_come_and_who_was_lost)
{
    struct cepa_onion_epoch oldest = {MESH_TODAY * 24 + 4};
    make(8, 16);
    merge_all();
    CHECK_INT(put(&relays[0]), 0);
    CHECK_INT(put_key(&relays[0], 5, 5), 0);
    oldest.number += 3;
    cepa_objects_begin_epoch(&objects, oldest);
    CHECK(find_key(&relays[0], 5) == NULL);
    CHECK_INT(put_key(&relays[0], 9, 9), 0);
    cepa_objects_set_back(&objects, oldest);
    CHECK(find_key(&relays[0], 9) != NULL);
    oldest.number -= 3;
    cepa_objects_set_back(&objects, oldest);
    CHECK(find_key(&relays[0], 9) == NULL);
    CHECK_INT(put_key(&relays[0], 9, 9), CEPA_ERR_EPOCH);
    CHECK_INT(put_key(&relays[0], 3, 3), CEPA_ERR_EPOCH);
    CHECK_INT(put_key(&relays[0], 5, 5), 0);
    oldest.number += 72;
    cepa_index_begin_day(&index, mesh_day(3));
    cepa_objects_begin_epoch(&objects, oldest);
    CHECK_INT(cepa_index_count(&index), 0);
    oldest.number -= 72;
    cepa_index_set_back(&index, mesh_day(0));
    cepa_objects_set_back(&objects, oldest);
    merge_all();
    CHECK_INT(put(&relays[0]), 0);
    const struct cepa_index_entry *entry = cepa_index_find(&index, relays[0].record.public_key);
    CHECK(entry != NULL && entry->has_node); /* it has its name again */
    CHECK_INT(put_key(&relays[0], 5, 5), 0);
}

TEST_MAIN(RUN(credentials_are_kept_as_they_came), RUN(what_came_is_told_once_to_whoever_keeps_it),
          RUN(what_the_index_does_not_name_is_not_kept),
          RUN(an_earlier_epoch_forgets_those_to_come_and_who_was_lost),
          RUN(a_commitment_does_not_make_forgeries_true), RUN(who_cannot_be_reached_is_not_kept),
          RUN(later_credentials_take_the_place_of_earlier),
          RUN(a_full_store_gives_up_only_what_the_index_has_lost),
          RUN(a_full_store_verifies_nobody_new),
          RUN(key_records_need_credentials_and_higher_leaves_win))
