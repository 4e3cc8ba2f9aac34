/* Mailboxes of identities, and letters that are being left, for the files of this room only. */
#ifndef CEPA_END_MAIL_STATE_H
#define CEPA_END_MAIL_STATE_H

#include "end/end.h"
#include "rendezvous/places.h"
#include "rendezvous/prekeys.h"
#include "service/mailbox.h"
#include "session/letter.h"

enum {
    CEPA_END_COPIES = 3, /* of a letter: mailboxes that are to have it */
    CEPA_END_SEEN = 64,  /* letters of an identity that are remembered */
    CEPA_END_SEEN_SIZE = 16,
    CEPA_END_STORED_MAX = CEPA_PLACES_SIZE_MAX /* bytes of what is stored of an identity */
};

_Static_assert((int)CEPA_LETTER_SIZE == (int)CEPA_MAILBOX_BOX_SIZE, "a letter is a box");
_Static_assert((int)CEPA_END_STORED_MAX >= (int)CEPA_PREKEYS_SIZE_MAX, "prekeys fit too");

/* A relay with a mailbox. */
struct cepa_end_place {
    struct cepa_place place;
    struct cepa_ed25519_key owner;
    struct cepa_ed25519_key writing;
    struct cepa_time look; /* when it is visited next */
    uint32_t failures;     /* in a row */
    uint64_t after;        /* of this visit: the last box that came */
    uint64_t delete_to;    /* likewise: up to here all are dealt with; 0: none */
};

/* mail.c: the mailboxes of an identity. */
struct cepa_end_mail {
    size_t places_len;
    struct cepa_end_place places[CEPA_PLACES_MAX];
    bool is_changed;          /* they are to be stored */
    struct cepa_time make_at; /* when another relay may be tried */
    uint32_t refusals;        /* relays in a row that keep no mailboxes */
    bool is_visiting;         /* the relay `at`; and then: */
    size_t at;
    bool is_asking;  /* an answer is awaited */
    uint64_t asks;   /* questions so far; the number of the last */
    uint8_t service; /* of that */
    uint32_t boxes;  /* that came */
    bool is_emptied; /* no more are asked for */
    bool is_held;    /* one was left there: nothing behind it is deleted */
    bool has_letter; /* one waits for its owner: */
    bool is_told;
    bool has_sender;
    struct cepa_address sender;
    uint8_t tag[CEPA_END_SEEN_SIZE];
    size_t body_len;
    uint8_t body[CEPA_LETTER_BODY_MAX];
    uint32_t seen_next;
    uint8_t seen[CEPA_END_SEEN][CEPA_END_SEEN_SIZE]; /* tags of those that came */
};

/* --- letters.c: a letter that is being left -----------------------------------------------------
 */

struct cepa_end_leaving {
    struct cepa_end_letter self;
    struct cepa_address address;
    struct cepa_end_identity as;
    uint64_t lookup;
    bool is_looked_up_again;
    bool is_found;          /* the descriptor is here */
    bool is_sealed;         /* a copy stands in `put` */
    uint32_t first;         /* where it begins among the descriptor's places */
    uint32_t tried;         /* of these */
    uint32_t asked;         /* relays that have not answered yet */
    uint32_t left;          /* that have taken it */
    uint64_t nonce;         /* of the work for the copy */
    struct cepa_time again; /* when to go on */
    uint8_t id[CEPA_LETTER_ID_SIZE];
    size_t body_len;
    uint8_t body[CEPA_LETTER_BODY_MAX];
    uint8_t put[CEPA_MAILBOX_PUT_SIZE];
};

#endif
