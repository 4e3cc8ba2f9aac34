/* Comparing descriptions of connections. */
#include "support/descriptions.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

bool candidates_same(const struct cepa_candidate *a, const struct cepa_candidate *b)
{
    return a->type == b->type && a->priority == b->priority && cepa_candidate_is_same_place(a, b) &&
           strcmp(a->foundation, b->foundation) == 0;
}

bool descriptions_same(const struct cepa_description *a, const struct cepa_description *b)
{
    bool is_same = a->is_offer == b->is_offer && a->is_lite == b->is_lite &&
                   a->does_trickle == b->does_trickle && a->is_complete == b->is_complete &&
                   a->setup == b->setup && a->sctp_port == b->sctp_port &&
                   a->max_message_size == b->max_message_size &&
                   strcmp(a->credentials.ufrag, b->credentials.ufrag) == 0 &&
                   strcmp(a->credentials.pwd, b->credentials.pwd) == 0 &&
                   memcmp(&a->fingerprint, &b->fingerprint, sizeof a->fingerprint) == 0 &&
                   strcmp(a->mid, b->mid) == 0 && a->candidates_len == b->candidates_len;
    for (size_t i = 0; is_same && i < a->candidates_len; i++) {
        is_same = candidates_same(&a->candidates[i], &b->candidates[i]);
    }
    return is_same;
}

struct cepa_candidate descriptions_candidate(enum cepa_candidate_type type,
                                             enum cepa_candidate_transport transport,
                                             uint32_t priority, const char *place)
{
    static const char *const types[] = {"host", "srflx", "prflx", "relay"};
    static const char *const transports[] = {"", " tcptype passive", " tcptype active"};
    struct cepa_candidate candidate;
    char text[256];
    const char *colon = strrchr(place, ':');
    CHECK(colon != NULL);
    size_t ip_len = (size_t)(colon - place);
    bool has_brackets = place[0] == '[';
    bool has_name = ip_len == 36 && place[8] == '-';
    int len = snprintf(text, sizeof text, "candidate:1 1 %s %lu %.*s%s %s typ %s%s",
                       transport == CEPA_CANDIDATE_UDP ? "UDP" : "TCP", (unsigned long)priority,
                       (int)(has_brackets ? ip_len - 2 : ip_len), has_brackets ? place + 1 : place,
                       has_name ? ".local" : "", colon + 1, types[type], transports[transport]);
    CHECK_INT(cepa_candidate_decode(&candidate, text, (size_t)len), 1);
    return candidate;
}
