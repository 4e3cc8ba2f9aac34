/* Records of sessions that can be resumed. @[SPEC 16.8] */
#include "session/resumption.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/kdf.h"

void cepa_resumption_init(struct cepa_resumption *ret_resumption,
                          const struct cepa_session_secrets *secrets, bool is_initiator,
                          const struct cepa_address *peer_or_null, struct cepa_wall wall)
{
    memset(ret_resumption, 0, sizeof *ret_resumption);
    ret_resumption->is_initiator = is_initiator;
    ret_resumption->has_peer = peer_or_null != NULL;
    if (peer_or_null != NULL) {
        ret_resumption->peer = *peer_or_null;
    }
    memcpy(ret_resumption->id, secrets->id, sizeof ret_resumption->id);
    ret_resumption->until = cepa_wall_add(wall, CEPA_RESUMPTION_KEPT_MS);
    ret_resumption->secrets[0] = secrets->resumption;
    ret_resumption->secrets_len = 1;
}

void cepa_resumption_renew(struct cepa_resumption *resumption, size_t used,
                           const struct cepa_session_secrets *secrets, struct cepa_wall wall)
{
    CEPA_ASSERT(used < resumption->secrets_len);
    resumption->secrets[1] = resumption->secrets[used];
    resumption->secrets[0] = secrets->resumption;
    resumption->secrets_len = 2;
    resumption->until = cepa_wall_add(wall, CEPA_RESUMPTION_KEPT_MS);
}

void cepa_resumption_settle(struct cepa_resumption *resumption)
{
    cepa_wipe(&resumption->secrets[1], sizeof resumption->secrets[1]);
    resumption->secrets_len = 1;
}

void cepa_resumption_meeting(uint8_t *ret_secret, const struct cepa_resumption_secret *secret)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "session resumption");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_output(&kdf, ret_secret, CEPA_SESSION_SECRET_SIZE);
    cepa_kdf_wipe(&kdf);
}

void cepa_resumption_encode(uint8_t *ret_bytes, const struct cepa_resumption *resumption)
{
    struct cepa_writer writer;
    CEPA_ASSERT(resumption->secrets_len >= 1);
    CEPA_ASSERT(resumption->secrets_len <= CEPA_RESUMPTION_SECRETS_MAX);
    cepa_writer_init(&writer, ret_bytes, CEPA_RESUMPTION_SIZE);
    cepa_writer_u8(&writer, CEPA_RESUMPTION_VERSION);
    cepa_writer_u8(&writer, resumption->is_initiator);
    cepa_writer_u8(&writer, resumption->has_peer);
    cepa_writer_u8(&writer, (uint8_t)resumption->secrets_len);
    cepa_writer_u64(&writer, resumption->until.unix_ms);
    cepa_writer_bytes(&writer, resumption->id, sizeof resumption->id);
    cepa_writer_bytes(&writer, resumption->peer.bytes, sizeof resumption->peer.bytes);
    for (size_t i = 0; i < CEPA_RESUMPTION_SECRETS_MAX; i++) {
        cepa_writer_bytes(&writer, resumption->secrets[i].bytes,
                          sizeof resumption->secrets[i].bytes);
    }
}

int cepa_resumption_decode(struct cepa_resumption *ret_resumption, const uint8_t *bytes,
                           size_t bytes_len)
{
    struct cepa_reader reader;
    struct cepa_resumption resumption;
    memset(&resumption, 0, sizeof resumption);
    cepa_reader_init(&reader, bytes, bytes_len);
    uint8_t version = cepa_reader_u8(&reader);
    uint8_t is_initiator = cepa_reader_u8(&reader);
    uint8_t has_peer = cepa_reader_u8(&reader);
    resumption.secrets_len = cepa_reader_u8(&reader);
    resumption.until.unix_ms = cepa_reader_u64(&reader);
    cepa_reader_bytes(&reader, resumption.id, sizeof resumption.id);
    cepa_reader_bytes(&reader, resumption.peer.bytes, sizeof resumption.peer.bytes);
    for (size_t i = 0; i < CEPA_RESUMPTION_SECRETS_MAX; i++) {
        cepa_reader_bytes(&reader, resumption.secrets[i].bytes, sizeof resumption.secrets[i].bytes);
    }
    int error = cepa_reader_end(&reader);
    if (error == 0 && version != CEPA_RESUMPTION_VERSION) {
        error = CEPA_ERR_VERSION;
    }
    if (error == 0 && (is_initiator > 1 || has_peer > 1 || resumption.secrets_len < 1 ||
                       resumption.secrets_len > CEPA_RESUMPTION_SECRETS_MAX)) {
        error = CEPA_ERR_MALFORMED;
    }
    if (error == 0) {
        resumption.is_initiator = is_initiator == 1;
        resumption.has_peer = has_peer == 1;
        *ret_resumption = resumption;
    }
    cepa_wipe(&resumption, sizeof resumption);
    return error;
}
