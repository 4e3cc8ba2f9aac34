/* Relays with real keys and signatures, for tests of the mesh's records: made once per program, the
 * same in every run. */
#ifndef CEPA_TESTS_SUPPORT_MESH_RELAYS_H
#define CEPA_TESTS_SUPPORT_MESH_RELAYS_H

#include "base/siphash.h"
#include "mesh/credentials.h"
#include "mesh/onion_day.h"
#include "support/random.h"

enum { MESH_RELAYS_MAX = 8, MESH_TODAY = 20002 };

/* One relay of today: credentials with two receipts, index record, and a day of onion keys. */
struct mesh_relay {
    struct cepa_relay_identity identity;
    struct cepa_descriptor fields; /* what the descriptor was made of */
    uint8_t link_key[CEPA_KEM_PUBLIC_KEY_SIZE];
    struct cepa_onion_day day;
    uint8_t credentials[CEPA_CREDENTIALS_SIZE_MAX];
    size_t credentials_len;
    struct cepa_credentials_bytes halves; /* of them */
    struct cepa_index_record record;
    uint8_t record_bytes[CEPA_INDEX_RECORD_SIZE];
};

extern const struct cepa_siphash_key mesh_siphash_key;
extern struct cepa_mldsa_workspace mesh_workspace;

/* mesh_rules are those of these tests: 8 bits of work, two receipts. */
struct cepa_record_rules mesh_rules(void);

/* mesh_day gives the day `days` after MESH_TODAY (or before). */
struct cepa_directory_day mesh_day(int days);

/* mesh_relays gives the relays, each with receipts of the two after it (going round). Relay n
 * listens in the network 198.n. */
struct mesh_relay *mesh_relays(void);

/* mesh_publish makes credentials and index record anew of the relay's fields. */
void mesh_publish(struct mesh_relay *relay);

/* mesh_receipt gives relay `prober`'s receipt for relay `subject`. */
struct cepa_receipt mesh_receipt(const struct mesh_relay *prober, const struct mesh_relay *subject);

/* mesh_key_record writes the record of the relay's key at `leaf`, from a copy of its day. */
void mesh_key_record(const struct mesh_relay *relay, uint8_t ret_bytes[CEPA_KEY_RECORD_SIZE],
                     uint32_t epoch, uint32_t leaf);

/* mesh_work gives a nonce for a key. */
void mesh_work(uint8_t ret_nonce[CEPA_WORK_NONCE_SIZE], const uint8_t *signing_key);

/* mesh_fake_record gives a record of a relay of that number, with work but without a signature, for
 * cepa_index_merge_verified; mesh_sign_record gives one with it. */
struct cepa_index_record mesh_fake_record(uint32_t number, uint32_t sequence);
struct cepa_index_record mesh_sign_record(uint32_t number, uint32_t sequence);

#endif
