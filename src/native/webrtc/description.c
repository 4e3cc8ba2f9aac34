/* Descriptions as values. */
#include "native/webrtc/description.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "native/webrtc/ice_chars.h"
#include "native/webrtc/text.h"

void cepa_description_init(struct cepa_description *ret_description)
{
    memset(ret_description, 0, sizeof *ret_description);
    ret_description->sctp_port = CEPA_SCTP_PORT_DEFAULT;
    ret_description->max_message_size = CEPA_MESSAGE_SIZE_DEFAULT;
    ret_description->mid[0] = '0';
}

static bool is_ice_text(struct cepa_text text, size_t least, size_t most)
{
    return text.len >= least && text.len <= most && cepa_ice_chars_are(text.at, text.len);
}

int cepa_description_set_credentials(struct cepa_description *description, const char *ufrag,
                                     size_t ufrag_len, const char *pwd, size_t pwd_len)
{
    struct cepa_ice_credentials *credentials = &description->credentials;
    const struct cepa_text texts[2] = {{ufrag, ufrag_len}, {pwd, pwd_len}};
    if (!is_ice_text(texts[0], CEPA_UFRAG_MIN, CEPA_UFRAG_MAX) ||
        !is_ice_text(texts[1], CEPA_PWD_MIN, CEPA_PWD_MAX)) {
        return CEPA_ERR_MALFORMED;
    }
    memset(credentials, 0, sizeof *credentials);
    memcpy(credentials->ufrag, ufrag, ufrag_len);
    memcpy(credentials->pwd, pwd, pwd_len);
    return 0;
}

/* Finds a candidate for the same place; the number of candidates if there is none. */
static size_t find_same(const struct cepa_description *description,
                        const struct cepa_candidate *candidate)
{
    size_t i = 0;
    while (i < description->candidates_len &&
           !cepa_candidate_is_same_place(&description->candidates[i], candidate)) {
        i++;
    }
    return i;
}

/* Takes one out and closes the gap. */
static void take_out(struct cepa_description *description, size_t index)
{
    struct cepa_candidate *candidates = description->candidates;
    description->candidates_len--;
    description->skipped_len++;
    memmove(&candidates[index], &candidates[index + 1],
            (description->candidates_len - index) * sizeof candidates[0]);
}

void cepa_description_add(struct cepa_description *description,
                          const struct cepa_candidate *candidate)
{
    struct cepa_candidate *candidates = description->candidates;
    CEPA_ASSERT(cepa_candidate_is_valid(candidate));
    CEPA_ASSERT(description->candidates_len <= CEPA_DESCRIPTION_CANDIDATES_MAX);
    size_t worst = find_same(description, candidate);
    if (worst == description->candidates_len && worst == CEPA_DESCRIPTION_CANDIDATES_MAX) {
        worst--;
    }
    if (worst < description->candidates_len) {
        if (candidates[worst].priority >= candidate->priority) {
            description->skipped_len++;
            return;
        }
        take_out(description, worst);
    }
    size_t at = description->candidates_len;
    for (; at > 0 && candidates[at - 1].priority < candidate->priority; at--) {
        candidates[at] = candidates[at - 1];
    }
    candidates[at] = *candidate;
    description->candidates_len++;
}

/* A token of SDP: visible characters but for a few that have a meaning. @[RFC8866 9] */
static bool is_token(struct cepa_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~' ||
            strchr("\"(),/:;<=>?[\\]@", text.at[i]) != NULL) {
            return false;
        }
    }
    return text.len > 0;
}

static bool are_candidates_valid(const struct cepa_description *description)
{
    if (description->candidates_len > CEPA_DESCRIPTION_CANDIDATES_MAX) {
        return false;
    }
    for (size_t i = 0; i < description->candidates_len; i++) {
        const struct cepa_candidate *candidate = &description->candidates[i];
        if (!cepa_candidate_is_valid(candidate) || find_same(description, candidate) != i ||
            (i > 0 && candidate->priority > candidate[-1].priority)) {
            return false;
        }
    }
    return true;
}

static bool are_credentials_valid(const struct cepa_ice_credentials *credentials)
{
    return is_ice_text(cepa_text_in(credentials->ufrag, sizeof credentials->ufrag), CEPA_UFRAG_MIN,
                       CEPA_UFRAG_MAX) &&
           is_ice_text(cepa_text_in(credentials->pwd, sizeof credentials->pwd), CEPA_PWD_MIN,
                       CEPA_PWD_MAX);
}

static bool is_mid_valid(const struct cepa_description *description)
{
    struct cepa_text mid = cepa_text_in(description->mid, sizeof description->mid);
    return mid.len <= CEPA_MID_MAX && is_token(mid);
}

int cepa_description_check(const struct cepa_description *description)
{
    bool is_setup_valid = description->setup == CEPA_SETUP_ACTIVE ||
                          description->setup == CEPA_SETUP_PASSIVE ||
                          (description->setup == CEPA_SETUP_ACTPASS && description->is_offer);
    return is_setup_valid && description->sctp_port != 0 && is_mid_valid(description) &&
                   are_credentials_valid(&description->credentials) &&
                   are_candidates_valid(description)
               ? 0
               : CEPA_ERR_MALFORMED;
}

int cepa_description_check_fragment(const struct cepa_description *description)
{
    const struct cepa_ice_credentials *credentials = &description->credentials;
    bool has_none = credentials->ufrag[0] == '\0' && credentials->pwd[0] == '\0';
    return (has_none || are_credentials_valid(credentials)) && is_mid_valid(description) &&
                   are_candidates_valid(description)
               ? 0
               : CEPA_ERR_MALFORMED;
}

void cepa_description_wipe(struct cepa_description *description)
{
    cepa_wipe(description, sizeof *description);
}
