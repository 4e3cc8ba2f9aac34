/* A description: what one side of a connection tells the other about how to reach it and how to
 * know it. Offers and answers are descriptions; sdp.h writes them for browsers, offer.h for the
 * mesh.
 * @[SPEC 6.3] */
#ifndef CEPA_NATIVE_WEBRTC_DESCRIPTION_H
#define CEPA_NATIVE_WEBRTC_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/webrtc/candidate.h"
#include "native/webrtc/certificate.h"

enum {
    CEPA_UFRAG_MIN = 4,
    CEPA_UFRAG_MAX = 256,
    CEPA_PWD_MIN = 22,
    CEPA_PWD_MAX = 256,
    CEPA_MID_MAX = 32,
    CEPA_DESCRIPTION_CANDIDATES_MAX = 10,
    CEPA_SCTP_PORT_DEFAULT = 5000,
    CEPA_MESSAGE_SIZE_DEFAULT = 262144, /* ours and Chromium's */
    CEPA_MESSAGE_SIZE_ABSENT = 65536    /* what saying nothing means @[RFC8841 6.1] */
};

/* Who begins DTLS. An answer decides. @[RFC8842 5.2] */
enum cepa_setup {
    CEPA_SETUP_ACTPASS, /* either; in offers only */
    CEPA_SETUP_ACTIVE,  /* whoever says this is the client */
    CEPA_SETUP_PASSIVE
};

/* By what one side's connectivity checks are known: characters as in ice_chars.h, final zeros. */
struct cepa_ice_credentials {
    char ufrag[CEPA_UFRAG_MAX + 1]; /* user fragment, public */
    char pwd[CEPA_PWD_MAX + 1];     /* password; it proves only that checks come from the peer */
};

/* A description. */
struct cepa_description {
    bool is_offer;
    bool is_lite;      /* sends no checks, only answers them */
    bool does_trickle; /* takes candidates later */
    bool is_complete;  /* has no candidates but these */
    enum cepa_setup setup;
    uint16_t sctp_port;                      /* not 0 */
    uint32_t max_message_size;               /* bytes that it takes in one message; 0: any number */
    struct cepa_ice_credentials credentials; /* of whoever describes itself */
    struct cepa_certificate_hash fingerprint; /* of its certificate */
    char mid[CEPA_MID_MAX + 1];               /* what SDP calls the channel's section; final zero */
    size_t candidates_len;
    struct cepa_candidate candidates[CEPA_DESCRIPTION_CANDIDATES_MAX]; /* priority never rises */
    size_t skipped_len; /* how many more there were, of no use here or one too many */
};

/* cepa_description_init makes an empty description: SCTP port and message size of the defaults, mid
 * "0", no candidates, all else zero. */
void cepa_description_init(struct cepa_description *ret_description);

/* cepa_description_set_credentials copies user fragment and password. Returns 0 or
 * CEPA_ERR_MALFORMED if a length or a character is not allowed. */
CEPA_MUST_USE int cepa_description_set_credentials(struct cepa_description *description,
                                                   const char *ufrag, size_t ufrag_len,
                                                   const char *pwd, size_t pwd_len);

/* cepa_description_add puts a valid candidate (asserted) in its place by priority. Of two for the
 * same place, or if there is one too many, the lower goes and is counted in `skipped_len`. */
void cepa_description_add(struct cepa_description *description,
                          const struct cepa_candidate *candidate);

/* cepa_description_check says whether everything is as the fields' comments have it. Returns 0 or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_description_check(const struct cepa_description *description);

/* cepa_description_check_fragment says the same of what a trickled fragment has: credentials or
 * none, mid, candidates. */
CEPA_MUST_USE int cepa_description_check_fragment(const struct cepa_description *description);

/* cepa_description_wipe overwrites it; the password should not outlive its connection. */
void cepa_description_wipe(struct cepa_description *description);

#endif
