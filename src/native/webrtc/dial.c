/* What a dialler and a listening node compute alike. */
#include "native/webrtc/dial.h"

#include "base/ct.h"
#include "crypto/kdf.h"
#include "native/webrtc/ice_chars.h"

void cepa_dial_password(char ret_password[CEPA_DIAL_PASSWORD_SIZE],
                        const struct cepa_dial_secret *secret,
                        const struct cepa_certificate_hash *certificate, const char *ufrag,
                        size_t ufrag_len)
{
    uint8_t bytes[CEPA_ICE_CHARS_PACKED(CEPA_DIAL_PASSWORD_LEN)];
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "ice password");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, certificate->bytes, sizeof certificate->bytes);
    cepa_kdf_input(&kdf, ufrag, ufrag_len);
    cepa_kdf_output(&kdf, bytes, sizeof bytes);
    cepa_kdf_wipe(&kdf);
    cepa_ice_chars_unpack(ret_password, CEPA_DIAL_PASSWORD_LEN, bytes);
    cepa_wipe(bytes, sizeof bytes);
}

/* Adds the candidate number `number`. Returns 0 or CEPA_ERR_MALFORMED. */
static int add(struct cepa_description *answer, const struct cepa_net_address *address,
               enum cepa_candidate_transport transport, uint32_t number)
{
    struct cepa_candidate candidate = {
        .type = CEPA_CANDIDATE_HOST,
        .transport = transport,
        .priority = cepa_candidate_priority(CEPA_CANDIDATE_HOST, transport, UINT16_MAX),
        .address = *address,
    };
    cepa_candidate_number_foundation(&candidate, number);
    if (!cepa_candidate_is_valid(&candidate)) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_description_add(answer, &candidate);
    return 0;
}

int cepa_dial_answer(struct cepa_description *ret_answer, const struct cepa_dial_address *address,
                     const char *ufrag, size_t ufrag_len, bool has_tcp)
{
    struct cepa_description answer;
    char password[CEPA_DIAL_PASSWORD_SIZE];
    cepa_description_init(&answer);
    answer.is_lite = true;
    answer.is_complete = true;
    answer.setup = CEPA_SETUP_PASSIVE;
    answer.fingerprint = address->certificate;
    cepa_dial_password(password, &address->secret, &address->certificate, ufrag, ufrag_len);
    int result = cepa_description_set_credentials(&answer, ufrag, ufrag_len, password,
                                                  CEPA_DIAL_PASSWORD_LEN);
    cepa_wipe(password, sizeof password);
    if (result == 0) {
        result = add(&answer, &address->address, CEPA_CANDIDATE_UDP, 1);
    }
    if (result == 0 && has_tcp) {
        result = add(&answer, &address->address, CEPA_CANDIDATE_TCP_PASSIVE, 2);
    }
    if (result == 0) {
        *ret_answer = answer;
    }
    cepa_description_wipe(&answer);
    return result;
}
