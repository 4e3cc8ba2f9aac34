/* Certificates and descriptors with real signatures: what holds, and every way in which it does
 * not. */
#include "mesh/credentials.h"

#include <string.h>

#include "support/mesh_relays.h"
#include "support/test.h"

static uint8_t bytes[CEPA_CREDENTIALS_SIZE_MAX];

static int verify(const uint8_t *data, size_t len, int days)
{
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_credentials credentials;
    return cepa_credentials_verify(&credentials, data, len, &rules, mesh_day(days), &mesh_workspace,
                                   0);
}

TEST(credentials_verify)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_credentials credentials;
    CHECK_INT(cepa_credentials_verify(&credentials, relay->credentials, relay->credentials_len,
                                      &rules, mesh_day(0), &mesh_workspace, 0),
              0);
    CHECK_BYTES(&credentials.descriptor.node, &relay->identity.node, 32);
    CHECK_BYTES(credentials.descriptor.link_key, relay->link_key, sizeof relay->link_key);
    CHECK_INT(credentials.certificate.last.number, MESH_TODAY + 20);
    CHECK_INT(cepa_index_record_check(&relay->record, &relay->halves, &credentials), 0);
}

/* One changed byte in each part of the credentials is found. */
TEST(any_change_is_found)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    unsigned held = 0;
    for (size_t i = 0; i < relay->credentials_len; i += i % 97 == 0 ? 13 : 41) {
        memcpy(bytes, relay->credentials, relay->credentials_len);
        bytes[i] ^= 4;
        held += verify(bytes, relay->credentials_len, 0) == 0 ? 1 : 0;
    }
    CHECK_INT(held, 0);
}

TEST(a_descriptor_counts_for_its_days_only)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    CHECK_INT(verify(relay->credentials, relay->credentials_len, -2), CEPA_ERR_EPOCH);
    CHECK_INT(verify(relay->credentials, relay->credentials_len, -1), 0);
    CHECK_INT(verify(relay->credentials, relay->credentials_len, 0), 0);
    CHECK_INT(verify(relay->credentials, relay->credentials_len, 1), 0);
    CHECK_INT(verify(relay->credentials, relay->credentials_len, 2), CEPA_ERR_EPOCH);
    relay->fields.day = mesh_day(21);
    mesh_publish(relay);
    CHECK_INT(verify(relay->credentials, relay->credentials_len, 21), CEPA_ERR_EPOCH);
    relay->fields.day = mesh_day(20);
    mesh_publish(relay);
    CHECK_INT(verify(relay->credentials, relay->credentials_len, 20), 0);
}

TEST(a_certificate_lives_only_so_long)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_credentials credentials;
    rules.certificate_days_max = 40;
    CHECK_INT(cepa_credentials_decode(&credentials, relay->credentials, relay->credentials_len,
                                      &rules, mesh_day(0)),
              CEPA_ERR_EPOCH);
    rules.certificate_days_max = 41;
    CHECK_INT(cepa_credentials_decode(&credentials, relay->credentials, relay->credentials_len,
                                      &rules, mesh_day(0)),
              0);
}

TEST(another_network_is_refused)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_credentials credentials;
    rules.network.bytes[31] ^= 1;
    CHECK_INT(cepa_credentials_decode(&credentials, relay->credentials, relay->credentials_len,
                                      &rules, mesh_day(0)),
              CEPA_ERR_UNSUPPORTED);
}

/* A descriptor that another relay signed, though it names this one. */
TEST(a_descriptor_by_another_key_is_refused)
{
    static uint8_t descriptor[CEPA_DESCRIPTOR_SIZE_MAX];
    static const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    struct mesh_relay *relays = mesh_relays();
    struct cepa_relay_identity *thief = &relays[1].identity;
    struct cepa_node_id own = thief->node;
    struct cepa_credentials_bytes halves = relays[0].halves;
    size_t len = 0;
    halves.descriptor = descriptor;
    CHECK_INT(cepa_descriptor_make(descriptor, &halves.descriptor_len, thief, &relays[0].fields,
                                   randomness, &mesh_workspace, 0),
              0);
    cepa_credentials_join(bytes, &len, &halves);
    CHECK_INT(verify(bytes, len, 0), CEPA_ERR_AUTHENTICATION);
    thief->node = relays[0].identity.node;
    CHECK_INT(cepa_descriptor_make(descriptor, &halves.descriptor_len, thief, &relays[0].fields,
                                   randomness, &mesh_workspace, 0),
              0);
    thief->node = own;
    cepa_credentials_join(bytes, &len, &halves);
    CHECK_INT(verify(bytes, len, 0), CEPA_ERR_AUTHENTICATION);
}

/* Who has broken Ed25519 only cannot make credentials, and who has broken ML-DSA only neither. */
TEST(both_signatures_are_needed)
{
    struct mesh_relay *relay = &mesh_relays()[0];
    size_t ends[] = {2 + CEPA_CERTIFICATE_SIZE, relay->credentials_len};
    for (size_t i = 0; i < 2; i++) {
        memcpy(bytes, relay->credentials, relay->credentials_len);
        bytes[ends[i] - CEPA_PQ_SIGNATURE_SIZE + 1000] ^= 1;
        CHECK_INT(verify(bytes, relay->credentials_len, 0), CEPA_ERR_AUTHENTICATION);
        memcpy(bytes, relay->credentials, relay->credentials_len);
        bytes[ends[i] - CEPA_SIGNATURES_SIZE + 3] ^= 1;
        CHECK_INT(verify(bytes, relay->credentials_len, 0), CEPA_ERR_AUTHENTICATION);
    }
}

TEST(names_are_distinct)
{
    struct mesh_relay *relays = mesh_relays();
    uint8_t position[2][32];
    for (size_t i = 0; i < 2; i++) {
        cepa_position_of(position[i], relays[i].identity.signing_key.public_key.bytes);
        CHECK(memcmp(position[i], relays[i].identity.node.bytes, 32) != 0);
    }
    CHECK(memcmp(position[0], position[1], 32) != 0);
    CHECK(memcmp(&relays[0].identity.node, &relays[1].identity.node, 32) != 0);
    CHECK(memcmp(&relays[0].record.commitment, &relays[1].record.commitment, 32) != 0);
    cepa_relay_identity_wipe(&relays[7].identity);
    CHECK_INT(relays[7].identity.signing_key.seed.bytes[0], 0);
}

TEST_MAIN(RUN(credentials_verify), RUN(any_change_is_found),
          RUN(a_descriptor_counts_for_its_days_only), RUN(a_certificate_lives_only_so_long),
          RUN(another_network_is_refused), RUN(a_descriptor_by_another_key_is_refused),
          RUN(both_signatures_are_needed), RUN(names_are_distinct))
