/* Scenarios fail by themselves if what they need does not come about. */
#include "support/pair.h"

#include <string.h>

#include "support/test.h"

static void on_end(void *context, struct sim *sim, uint32_t host,
                   const struct cepa_end_effect *effect)
{
    struct sim_pair *pair = context;
    (void)sim;
    switch (effect->event) {
    case CEPA_END_PUBLISHED:
        pair->published++;
        break;
    case CEPA_END_HIDDEN:
        pair->hidden++;
        break;
    case CEPA_END_READY:
        pair->ready++;
        break;
    case CEPA_END_INCOMING:
        pair->incoming++;
        pair->at_bob = effect->session;
        pair->has_address = effect->has_address;
        pair->address = effect->address;
        break;
    case CEPA_END_FAILED:
    case CEPA_END_CLOSED:
        pair->failed += effect->event == CEPA_END_FAILED;
        pair->closed += effect->event == CEPA_END_CLOSED && host == pair->alice;
        pair->closed_at_bob += effect->event == CEPA_END_CLOSED && host == pair->bob;
        pair->error = effect->error;
        break;
    case CEPA_END_STREAM:
        if (pair->on_stream != NULL) {
            pair->on_stream(pair, host, effect);
        }
        break;
    case CEPA_END_CUT:
        pair->cuts += host == pair->alice;
        break;
    case CEPA_END_MENDED:
        pair->mended += host == pair->alice;
        break;
    case CEPA_END_LEFT:
    case CEPA_END_NOT_LEFT:
    case CEPA_END_LETTER:
        if (pair->on_mail != NULL) {
            pair->on_mail(pair, host, effect);
        }
        break;
    }
}

struct cepa_address sim_pair_address(uint8_t number)
{
    static struct cepa_identity identity;
    static struct cepa_identity_workspace workspace;
    const struct cepa_identity_secret secret = {{number}};
    cepa_identity_expand(&identity, &secret, &workspace, 0);
    return identity.address;
}

struct cepa_end_identity sim_pair_identity(struct sim_pair *pair, uint32_t host, uint8_t number,
                                           const struct cepa_end_policy *policy)
{
    struct cepa_end_identity identity = {0};
    const struct cepa_identity_secret secret = {{number}};
    CHECK_INT(cepa_end_identity_add(sim_end_of(pair->sim, host), &identity, &secret, policy,
                                    sim_now(pair->sim)),
              0);
    sim_poke(pair->sim, host);
    return identity;
}

static bool is_published(struct sim *sim, void *context)
{
    const struct sim_pair *pair = context;
    (void)sim;
    return pair->published > pair->hidden;
}

static bool is_settled(struct sim *sim, void *context)
{
    const struct sim_pair *pair = context;
    (void)sim;
    return (pair->ready > 0 && pair->incoming > 0) || pair->failed > 0 || pair->closed > 0;
}

void sim_pair_listen(struct sim_pair *pair)
{
    const struct cepa_end_policy policy = {.is_listening = true,
                                           .accepts_anonymous = pair->accepts_anonymous,
                                           .first_per_minute = 60,
                                           .wants_work = pair->wants_work,
                                           .has_mailbox = pair->has_mailbox};
    uint64_t began_ns = sim_now(pair->sim).ns;
    pair->published = 0;
    pair->hidden = 0;
    pair->bobs = sim_pair_identity(pair, pair->bob, 2, &policy);
    CHECK(sim_run_until(pair->sim, is_published, pair, 10 * CEPA_MILLISECOND_NS,
                        60 * CEPA_SECOND_NS));
    test_note("published after %u ms",
              (unsigned)((sim_now(pair->sim).ns - began_ns) / CEPA_MILLISECOND_NS));
}

void sim_pair_begin(struct sim_pair *pair, uint64_t seed, uint32_t relays, bool accepts_anonymous)
{
    struct sim_config config = sim_config_default(seed);
    config.on_end = on_end;
    config.context = pair;
    bool wants_work = pair->wants_work;
    bool has_mailbox = pair->has_mailbox;
    memset(pair, 0, sizeof *pair);
    pair->has_mailbox = has_mailbox;
    pair->accepts_anonymous = accepts_anonymous;
    pair->wants_work = wants_work;
    pair->alice = relays;
    pair->bob = relays + 1;
    pair->sim = sim_network(&config, relays);
    struct sim_host_config client = sim_host_config_client();
    client.has_end = true;
    for (uint32_t host = pair->alice; host <= pair->bob; host++) {
        CHECK_INT(sim_add(pair->sim, &client), host);
        sim_start(pair->sim, host);
        sim_invite(pair->sim, 0, host);
    }
    CHECK(sim_run_until(pair->sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS,
                        60 * CEPA_SECOND_NS));
    sim_pair_listen(pair);
}

struct cepa_end_talk *sim_pair_talk(const struct sim_pair *pair, uint32_t host, uint32_t place)
{
    return cepa_end_talk_at(sim_end_of(pair->sim, host), place);
}

uint32_t sim_pair_talks(const struct sim_pair *pair, uint32_t host)
{
    return sim_end_of(pair->sim, host)->talks.count;
}

struct cepa_end_person *sim_pair_bob(const struct sim_pair *pair)
{
    return cepa_end_person_at(sim_end_of(pair->sim, pair->bob), pair->bobs.handle.index);
}

void sim_pair_knock(const struct sim_pair *pair, uint8_t *ret_message,
                    const struct cepa_prekey *prekey)
{
    static struct cepa_session_initiator initiator;
    static struct cepa_session_workspace workspace;
    struct cepa_end *alice = sim_end_of(pair->sim, pair->alice);
    const struct cepa_identity *bob = &sim_pair_bob(pair)->identity;
    const struct cepa_session_addressee addressee = {.network = &alice->network,
                                                     .address = &bob->address,
                                                     .identity = &bob->xwing.public_key,
                                                     .prekey = &prekey->public_key,
                                                     .prekey_id = prekey->id.bytes};
    struct cepa_knock said = {.time = cepa_end_wall(alice, sim_now(pair->sim)),
                              .paths_max = CEPA_SESSION_PATHS_MAX};
    struct cepa_ed25519_public_key relay;
    CHECK_INT(cepa_node_nearest(alice->config.node, &relay, 1, 7), 1);
    memcpy(said.relay, relay.bytes, sizeof said.relay);
    CHECK_INT(cepa_knock_create(&initiator, ret_message, &said, &addressee, alice->config.random,
                                &workspace, 0),
              0);
}

void sim_pair_connect(struct sim_pair *pair, struct cepa_end_identity as)
{
    struct cepa_address address = sim_pair_address(2);
    pair->ready = pair->incoming = pair->failed = pair->closed = pair->closed_at_bob = 0;
    pair->error = 0;
    CHECK_INT(cepa_end_connect(sim_end_of(pair->sim, pair->alice), &pair->at_alice, &address, as,
                               sim_now(pair->sim)),
              0);
    sim_poke(pair->sim, pair->alice);
}

void sim_pair_dial(struct sim_pair *pair, struct cepa_end_identity as)
{
    uint64_t began_ns = sim_now(pair->sim).ns;
    sim_pair_connect(pair, as);
    CHECK(sim_run_until(pair->sim, is_settled, pair, CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    test_note("settled after %u ms, error %d",
              (unsigned)((sim_now(pair->sim).ns - began_ns) / CEPA_MILLISECOND_NS), pair->error);
}
