/* Vectors of chapter 10: credentials, receipts, key records, index records, invitations.
 * CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/mesh.txt anew instead of comparing. */
#include <string.h>

#include "mesh/credentials.h"
#include "support/mesh_relays.h"
#include "support/test.h"
#include "support/vector_lines.h"
#include "support/wire_records.h"
#include "wire/invitation.h"
#include "wire/reach.h"

static void prefix_line(const char *name, const struct cepa_prefix *prefix)
{
    uint8_t bytes[CEPA_PREFIX_SIZE];
    struct cepa_writer writer;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_prefix_encode(&writer, prefix);
    vector_lines_bytes(name, -1, bytes, sizeof bytes);
}

/* What a descriptor says, but for keys and receipts, which follow. */
static void descriptor_lines(const struct cepa_descriptor *fields)
{
    uint8_t bytes[CEPA_DESCRIPTOR_REACHES_MAX * CEPA_REACH_SIZE_MAX];
    struct cepa_writer writer;
    size_t len = 0;
    vector_lines_number("flags", -1, fields->flags, 1);
    vector_lines_number("class", -1, fields->capacity, 1);
    vector_lines_number("day", -1, fields->day.number, 4);
    vector_lines_number("sequence", -1, fields->sequence, 4);
    vector_lines_bytes("link_key", -1, fields->link_key, CEPA_KEM_PUBLIC_KEY_SIZE);
    vector_lines_bytes("onion_root", -1, fields->onion_root, sizeof fields->onion_root);
    vector_lines_bytes("dtls", -1, fields->dtls.bytes, sizeof fields->dtls);
    vector_lines_bytes("dtls_previous", -1, fields->dtls_previous.bytes, sizeof fields->dtls);
    vector_lines_bytes("dial_secret", -1, fields->secret.bytes, sizeof fields->secret);
    vector_lines_bytes("family", -1, fields->family.bytes, sizeof fields->family);
    cepa_writer_init(&writer, bytes, sizeof bytes);
    for (size_t i = 0; i < fields->reaches_len; i++) {
        cepa_reach_encode(&writer, &fields->reaches[i]);
    }
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    vector_lines_number("places_count", -1, fields->reaches_len, 1);
    vector_lines_bytes("places", -1, bytes, len);
    vector_lines_number("introducers_count", -1, fields->introducers_len, 1);
    vector_lines_bytes("introducers", -1, fields->introducers,
                       fields->introducers_len * CEPA_NODE_ID_SIZE);
}

static void receipts_line(const struct cepa_descriptor *fields)
{
    uint8_t bytes[CEPA_DESCRIPTOR_RECEIPTS_MAX * CEPA_RECEIPT_SIZE];
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    for (size_t i = 0; i < fields->receipts_len; i++) {
        cepa_receipt_encode(&writer, &fields->receipts[i]);
    }
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    vector_lines_number("receipts_count", -1, fields->receipts_len, 1);
    vector_lines_bytes("receipts", -1, bytes, len);
}

static void credentials_block(const char *what, const struct mesh_relay *relay)
{
    struct cepa_record_rules rules = mesh_rules();
    uint8_t position[32];
    vector_lines_text("");
    vector_lines_text(what);
    vector_lines_bytes("network", -1, rules.network.bytes, sizeof rules.network);
    vector_lines_bytes("signing_key", -1, relay->identity.signing_key.public_key.bytes, 32);
    vector_lines_bytes("pq_signing_key", -1, relay->identity.pq_signing_key.public_key.bytes,
                       CEPA_PQ_SIGNING_KEY_SIZE);
    vector_lines_number("first_day", -1, MESH_TODAY - 20, 4);
    vector_lines_number("last_day", -1, MESH_TODAY + 20, 4);
    vector_lines_bytes("certificate", -1, relay->halves.certificate, CEPA_CERTIFICATE_SIZE);
    vector_lines_bytes("node_id", -1, relay->identity.node.bytes, 32);
    cepa_position_of(position, relay->identity.signing_key.public_key.bytes);
    vector_lines_bytes("position", -1, position, sizeof position);
    descriptor_lines(&relay->fields);
    receipts_line(&relay->fields);
    vector_lines_bytes("descriptor", -1, relay->halves.descriptor, relay->halves.descriptor_len);
    vector_lines_bytes("commitment", -1, relay->record.commitment.bytes, 32);
    vector_lines_bytes("nonce", -1, relay->record.nonce, CEPA_WORK_NONCE_SIZE);
    vector_lines_number("work_bits", -1, rules.work_bits, 1);
    prefix_line("prefix", &relay->record.prefix);
    vector_lines_bytes("index_record", -1, relay->record_bytes, CEPA_INDEX_RECORD_SIZE);
}

static void receipt_block(const struct mesh_relay *prober, const struct mesh_relay *subject)
{
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_receipt receipt = mesh_receipt(prober, subject);
    uint8_t bytes[CEPA_RECEIPT_SIZE];
    struct cepa_writer writer;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_receipt_encode(&writer, &receipt);
    vector_lines_text("");
    vector_lines_text("# A receipt.");
    vector_lines_bytes("network", -1, rules.network.bytes, sizeof rules.network);
    vector_lines_bytes("subject", -1, subject->identity.node.bytes, 32);
    vector_lines_bytes("prober", -1, receipt.prober, sizeof receipt.prober);
    prefix_line("prober_prefix", &receipt.prober_prefix);
    vector_lines_number("day", -1, receipt.day.number, 4);
    vector_lines_number("how", -1, receipt.how, 1);
    prefix_line("reached", &receipt.reached);
    vector_lines_bytes("receipt", -1, bytes, sizeof bytes);
}

static void key_record_block(const struct mesh_relay *relay, uint32_t epoch, uint32_t leaf)
{
    uint8_t bytes[CEPA_KEY_RECORD_SIZE];
    struct cepa_key_record record;
    mesh_key_record(relay, bytes, epoch, leaf);
    CHECK_INT(cepa_key_record_decode(&record, bytes, sizeof bytes), 0);
    vector_lines_text("");
    vector_lines_text(leaf < 24 ? "# A key record." : "# The key record of a spare.");
    vector_lines_number("leaf", -1, leaf, 1);
    vector_lines_bytes("node_id", -1, record.node.bytes, 32);
    vector_lines_number("day", -1, record.day.number, 4);
    vector_lines_number("epoch", -1, epoch, 4);
    vector_lines_bytes("onion_root", -1, relay->day.root.bytes, 32);
    vector_lines_bytes("public_key", -1, record.public_key, CEPA_KEM_PUBLIC_KEY_SIZE);
    vector_lines_bytes("path", -1, record.path, CEPA_ONION_PATH_SIZE);
    vector_lines_bytes("key_record", -1, bytes, sizeof bytes);
}

static void invitation_block(size_t count)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    uint8_t bytes[CEPA_INVITATION_BYTES_MAX];
    struct cepa_invitation invitation;
    struct cepa_writer writer;
    size_t len = 0;
    memset(&invitation, 0, sizeof invitation);
    memcpy(invitation.network, mesh_rules().network.bytes, sizeof invitation.network);
    invitation.addresses_len = count;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    for (size_t i = 0; i < count; i++) {
        invitation.addresses[i] = wire_address((uint8_t)i);
        cepa_relay_address_encode(&writer, &invitation.addresses[i]);
    }
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    CHECK_INT(cepa_invitation_encode(text, &invitation), 0);
    vector_lines_text("");
    vector_lines_text("# An invitation.");
    vector_lines_bytes("network_start", -1, invitation.network, sizeof invitation.network);
    vector_lines_number("count", -1, count, 1);
    vector_lines_bytes("addresses", -1, bytes, len);
    vector_lines_bytes("invitation", -1, text, strlen(text));
}

TEST(mesh_vectors_hold)
{
    struct mesh_relay *relays = mesh_relays();
    vector_lines_open("mesh.txt");
    vector_lines_text("# Records of the mesh. Keys and nonces are made up. @[SPEC 10.1]");
    credentials_block("# A relay that can be dialled.", &relays[0]);
    struct cepa_descriptor *fields = &relays[1].fields;
    fields->flags = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_INTRODUCED;
    fields->capacity = 2;
    memset(&fields->dtls, 0, sizeof fields->dtls);
    memset(fields->reaches, 0, sizeof fields->reaches);
    fields->reaches_len = 0;
    fields->introducers_len = 2;
    memset(&fields->introducers[0], 0x11, CEPA_NODE_ID_SIZE);
    memset(&fields->introducers[1], 0x22, CEPA_NODE_ID_SIZE);
    memset(&fields->family, 0x33, sizeof fields->family);
    fields->receipts_len = 0;
    mesh_publish(&relays[1]);
    credentials_block("# A relay that is only introduced.", &relays[1]);
    receipt_block(&relays[2], &relays[0]);
    key_record_block(&relays[0], MESH_TODAY * 24 + 5, 5);
    key_record_block(&relays[0], MESH_TODAY * 24 + 5, 24);
    invitation_block(1);
    invitation_block(5);
    vector_lines_close();
}

TEST_MAIN(RUN(mesh_vectors_hold))
