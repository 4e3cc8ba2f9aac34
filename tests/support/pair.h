/* Two people on clients, some relays between them: Bob can be reached, Alice opens sessions with
 * him. What both ends said is kept for scenarios to look at. */
#ifndef CEPA_TESTS_SUPPORT_PAIR_H
#define CEPA_TESTS_SUPPORT_PAIR_H

#include "end/end_parts.h"
#include "sim/watch.h"

/* A pair, and what their ends have said. */
struct sim_pair {
    struct sim *sim;
    uint32_t alice, bob; /* their hosts; relays are the numbers below */
    struct cepa_end_identity bobs;
    bool accepts_anonymous, wants_work;           /* his policy */
    bool has_mailbox;                             /* likewise */
    uint32_t published, hidden;                   /* how often */
    uint32_t ready, failed, closed, cuts, mended; /* at Alice */
    uint32_t incoming, closed_at_bob;
    int error;                                /* of what failed or closed last */
    bool has_address;                         /* of who came last */
    struct cepa_address address;              /* likewise */
    struct cepa_end_session at_alice, at_bob; /* the last session of each */
    void (*on_stream)(struct sim_pair *pair, uint32_t host,
                      const struct cepa_end_effect *effect); /* or NULL */
    void (*on_mail)(struct sim_pair *pair, uint32_t host,
                    const struct cepa_end_effect *effect); /* LEFT and the like; or NULL */
};

/* sim_pair_address gives the address of the identity with a number: Alice has 1, Bob 2. */
struct cepa_address sim_pair_address(uint8_t number);

/* sim_pair_identity adds an identity to a host's end; Bob's one listens. */
struct cepa_end_identity sim_pair_identity(struct sim_pair *pair, uint32_t host, uint8_t number,
                                           const struct cepa_end_policy *policy);

/* sim_pair_listen adds Bob's, and waits until he can be reached. */
void sim_pair_listen(struct sim_pair *pair);

/* sim_pair_begin makes a network in which Bob can be reached; `pair` is overwritten but for
 * wants_work and has_mailbox. Its `sim` is freed by sim_free. */
void sim_pair_begin(struct sim_pair *pair, uint64_t seed, uint32_t relays, bool accepts_anonymous);

/* sim_pair_talk gives what a host's end has of a session in the given place; NULL: none.
 * sim_pair_talks counts them. */
struct cepa_end_talk *sim_pair_talk(const struct sim_pair *pair, uint32_t host, uint32_t place);
uint32_t sim_pair_talks(const struct sim_pair *pair, uint32_t host);

/* sim_pair_connect lets Alice ask for a session. */
void sim_pair_connect(struct sim_pair *pair, struct cepa_end_identity as);

/* sim_pair_knock writes a knock at Bob, CEPA_KNOCK_SIZE bytes, as somebody makes it who has a
 * descriptor of his with this prekey. */
void sim_pair_knock(const struct sim_pair *pair, uint8_t *ret_message,
                    const struct cepa_prekey *prekey);

/* sim_pair_bob gives Bob's identity as his end has it. */
struct cepa_end_person *sim_pair_bob(const struct sim_pair *pair);

/* sim_pair_dial lets Alice ask for a session and waits until it is there at both, or has failed. */
void sim_pair_dial(struct sim_pair *pair, struct cepa_end_identity as);

#endif
