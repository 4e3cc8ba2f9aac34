/* What strangers say before and around the keys of a session: contents of knocks, terms, parts,
 * messages of the control stream however it is cut, records of resumption. What is read is written
 * the same. Then whole knocks, answers, resumptions and packets that nobody made: none opens. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "session/keys.h"
#include "session/knock_work.h"
#include "session/resumption.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

/* The first `size` bytes of the input, zeros behind it. */
static const uint8_t *take(uint8_t *ret_bytes, size_t size, const uint8_t *data, size_t data_len)
{
    memset(ret_bytes, 0, size);
    if (data_len > 0) {
        memcpy(ret_bytes, data, data_len < size ? data_len : size);
    }
    return ret_bytes;
}

static void try_knock(const uint8_t *data, size_t data_len)
{
    static uint8_t bytes[CEPA_KNOCK_INNER_SIZE];
    static uint8_t again[CEPA_KNOCK_INNER_SIZE];
    struct cepa_knock knock;
    const uint8_t *fresh;
    take(bytes + CEPA_KEM_PUBLIC_KEY_SIZE, sizeof bytes - CEPA_KEM_PUBLIC_KEY_SIZE, data, data_len);
    if (cepa_knock_decode(&knock, &fresh, bytes) == 0) {
        cepa_knock_encode(again, &knock, fresh);
        CEPA_ASSERT(memcmp(again, bytes, sizeof again) == 0);
    }
}

static void try_terms(const uint8_t *data, size_t data_len)
{
    uint8_t bytes[8];
    uint8_t again[8];
    struct cepa_session_terms terms;
    if (cepa_session_terms_decode(&terms, take(bytes, sizeof bytes, data, data_len),
                                  sizeof bytes) == 0) {
        cepa_session_terms_encode(again, sizeof again, &terms);
        CEPA_ASSERT(memcmp(again, bytes, sizeof again) == 0);
    }
}

/* Each two bytes begin a part. */
static void try_parts(const uint8_t *data, size_t data_len)
{
    static uint8_t part[CEPA_CELL_DATA_MAX];
    static uint8_t message[CEPA_START_SIZE];
    struct cepa_start_whole whole = {0, 0};
    bool is_whole = false;
    for (; data_len >= 2; data += 2, data_len -= 2) {
        take(part, sizeof part, data, 2);
        int error = cepa_start_whole_add(&whole, message, &is_whole, part);
        CEPA_ASSERT(error == CEPA_ERR_MALFORMED || cepa_start_is_part(part));
        CEPA_ASSERT(error != 0 || (whole.got & 1u << part[1]) != 0);
    }
}

/* The control stream, read in pieces of the length that the first byte says. */
static void try_control(const uint8_t *data, size_t data_len)
{
    static struct cepa_control_reader reader;
    static uint8_t again[CEPA_CONTROL_SIZE_MAX];
    size_t piece = data_len == 0 ? 1 : (size_t)data[0] + 1;
    memset(&reader, 0, sizeof reader);
    for (size_t at = data_len == 0 ? 0 : 1; at < data_len;) {
        struct cepa_control control;
        size_t room = cepa_control_room(&reader);
        size_t len = room < piece ? room : piece;
        len = len < data_len - at ? len : data_len - at;
        CEPA_ASSERT(reader.len + len <= sizeof reader.bytes);
        memcpy(reader.bytes + reader.len, data + at, len);
        reader.len += len;
        at += len;
        int error = cepa_control_decode(&reader, &control);
        if (error == CEPA_ERR_MALFORMED) {
            return;
        }
        CEPA_ASSERT(error == 0 || cepa_control_room(&reader) > 0);
        if (error == 0) {
            size_t size = cepa_control_encode(again, &control);
            CEPA_ASSERT(memcmp(again, reader.bytes, size) == 0);
        }
    }
}

static void try_record(const uint8_t *data, size_t data_len)
{
    uint8_t bytes[CEPA_RESUMPTION_SIZE];
    uint8_t again[CEPA_RESUMPTION_SIZE];
    struct cepa_resumption record;
    CEPA_ASSERT(data_len == sizeof bytes || cepa_resumption_decode(&record, data, data_len) != 0);
    if (cepa_resumption_decode(&record, take(bytes, sizeof bytes, data, data_len), sizeof bytes) ==
        0) {
        cepa_resumption_encode(again, &record);
        CEPA_ASSERT(memcmp(again, bytes, sizeof again) == 0);
    }
}

/* Nothing here was made by who has the keys. */
static void try_sealed(const uint8_t *data, size_t data_len)
{
    static struct cepa_session_workspace workspace;
    static struct cepa_xwing_key identity;
    static const struct cepa_xwing_seed seed = {{1}};
    static const struct cepa_network_id network;
    static const struct cepa_address address;
    static const struct cepa_resumption_secret secret;
    static const uint8_t root[CEPA_SESSION_SECRET_SIZE];
    static uint8_t bytes[CEPA_KNOCK_SIZE];
    static bool is_ready;
    struct cepa_session_responder responder;
    struct cepa_session_initiator initiator = {.fresh = seed};
    struct cepa_session_terms terms;
    struct cepa_session_secrets secrets;
    struct cepa_session_keys keys;
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    uint64_t number;
    const struct cepa_time now = {CEPA_SECOND_NS};
    if (!is_ready) {
        cepa_xwing_key_expand(&identity, &seed, &workspace.xwing, 0);
        is_ready = true;
    }
    const struct cepa_session_self self = {&network, &address, &identity};
    take(bytes, sizeof bytes, data, data_len);
    CEPA_ASSERT(cepa_knock_open(&responder, prekey_id, bytes, sizeof bytes, &self, &workspace, 0) !=
                0);
    (void)cepa_knock_has_work(bytes);
    CEPA_ASSERT(cepa_answer_consume(&initiator, &terms, &secrets, bytes, &workspace, 0) != 0);
    CEPA_ASSERT(cepa_resume_consume(&responder, &terms, bytes, &secret, &network, 0) != 0);
    cepa_session_keys_init(&keys, root, true, now);
    CEPA_ASSERT(cepa_session_keys_path_open(&keys, 0) == 0);
    CEPA_ASSERT(cepa_session_keys_open(&keys, &number, bytes, 0, now, 0) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    try_knock(data, data_len);
    try_terms(data, data_len);
    try_parts(data, data_len);
    try_control(data, data_len);
    try_record(data, data_len);
    try_sealed(data, data_len);
    return 0;
}
