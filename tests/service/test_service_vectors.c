/* Vectors of chapter 15: parts of requests and answers, what owners of introductions and of
 * mailboxes sign. CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/services.txt anew instead of
 * comparing. */
#include <string.h>

#include "service/introduction.h"
#include "service/mailbox.h"
#include "support/test.h"
#include "support/vector_lines.h"

static struct cepa_network_id network;
static struct cepa_ed25519_public_key relay;

static struct cepa_ed25519_key write_key(const char *name, uint8_t first)
{
    struct cepa_ed25519_seed seed;
    struct cepa_ed25519_key key;
    for (size_t i = 0; i < sizeof seed.bytes; i++) {
        seed.bytes[i] = (uint8_t)(first + 3 * i);
    }
    cepa_ed25519_key_init(&key, &seed);
    vector_lines_bytes(name, -1, seed.bytes, sizeof seed.bytes);
    return key;
}

static void write_place(uint8_t first)
{
    memset(network.bytes, first, sizeof network.bytes);
    memset(relay.bytes, first + 1, sizeof relay.bytes);
    vector_lines_text("");
    vector_lines_bytes("network", -1, network.bytes, sizeof network.bytes);
    vector_lines_bytes("relay", -1, relay.bytes, sizeof relay.bytes);
}

/* A body of `body_len` bytes, each of them `fill`; of whole parts stands the hash. */
static void write_parts(uint8_t fill, size_t body_len)
{
    static const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {0xa0, 0xb1, 0xc2, 0xd3};
    static uint8_t body[CEPA_SERVICE_BODY_MAX];
    uint8_t data[CEPA_CELL_DATA_MAX];
    uint8_t parts = cepa_service_parts(body_len);
    memset(body, fill, body_len);
    vector_lines_text("");
    vector_lines_bytes("tag", -1, tag, sizeof tag);
    vector_lines_number("service", -1, CEPA_SERVICE_DESCRIPTOR_PUT, 1);
    vector_lines_number("status", -1, CEPA_SERVICE_UNKNOWN, 1);
    vector_lines_number("fill", -1, fill, 1);
    vector_lines_number("len", -1, body_len, 2);
    vector_lines_number("parts", -1, parts, 1);
    for (uint8_t part = 0; part < parts; part++) {
        size_t len =
            cepa_service_request(data, CEPA_SERVICE_DESCRIPTOR_PUT, tag, part, body, body_len);
        vector_lines_digest("request", part, data, len);
        len = cepa_service_answer(data, CEPA_SERVICE_UNKNOWN, tag, part, body, body_len);
        vector_lines_digest("answer", part, data, len);
    }
}

static void write_introduction(uint8_t first, uint32_t day, uint16_t per_minute)
{
    uint8_t bytes[CEPA_INTRODUCTION_SIZE];
    struct cepa_introduction introduction;
    write_place(first);
    struct cepa_ed25519_key key = write_key("key_seed", first);
    cepa_introduction_make(&introduction, &key, per_minute, (struct cepa_directory_day){day},
                           &network, &relay);
    cepa_introduction_encode(bytes, &introduction);
    vector_lines_number("day", -1, day, 4);
    vector_lines_number("per_minute", -1, per_minute, 2);
    vector_lines_bytes("introduction", -1, bytes, sizeof bytes);
}

static void write_mailbox(uint8_t first, uint32_t minute, uint64_t number)
{
    static uint8_t put[CEPA_MAILBOX_PUT_SIZE];
    uint8_t get[CEPA_MAILBOX_GET_SIZE];
    uint8_t delete[CEPA_MAILBOX_DELETE_SIZE];
    write_place(first);
    struct cepa_mailbox_binding binding = {network, relay, minute};
    struct cepa_ed25519_key owner = write_key("owner_seed", first);
    struct cepa_ed25519_key writing = write_key("writing_seed", (uint8_t)(first + 100));
    memset(put, first, sizeof put);
    cepa_mailbox_put(put, &owner.public_key, &writing, put + CEPA_MAILBOX_HEAD_SIZE, &binding);
    cepa_mailbox_get(get, &owner, &writing.public_key, number, &binding);
    cepa_mailbox_delete(delete, &owner, number, &binding);
    vector_lines_number("minute", -1, minute, 4);
    vector_lines_number("number", -1, number, 8);
    vector_lines_number("fill", -1, first, 1);
    vector_lines_bytes("put_signature", -1, put + sizeof put - CEPA_ED25519_SIGNATURE_LEN,
                       CEPA_ED25519_SIGNATURE_LEN);
    vector_lines_digest("put", -1, put, sizeof put);
    vector_lines_bytes("get", -1, get, sizeof get);
    vector_lines_bytes("delete", -1, delete, sizeof delete);
}

TEST(services)
{
    vector_lines_open("services.txt");
    vector_lines_text(
        "# Parts of bodies of `len` bytes `fill`; introductions; requests to mailboxes,"
        " with");
    vector_lines_text(
        "# boxes of bytes `fill`. Of what is long stands the BLAKE2b-256. @[SPEC 15]");
    write_parts(0x11, 0);
    write_parts(0x22, CEPA_SERVICE_PART_MAX);
    write_parts(0x33, CEPA_SERVICE_PART_MAX + 1);
    write_parts(0x44, CEPA_SERVICE_BODY_MAX);
    write_introduction(0x50, 20000, 60);
    write_introduction(0x51, 1, 6000);
    write_mailbox(0x60, 29000000, 0);
    write_mailbox(0x61, 1, CEPA_MAILBOX_ALL);
    vector_lines_close();
}

TEST_MAIN(RUN(services))
