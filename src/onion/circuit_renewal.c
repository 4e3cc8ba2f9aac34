/* Renewal of a hop's keys, the origin's side. @[SPEC 5.7] */
#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "onion/circuit_origin.h"

static bool is_repeat(const struct cepa_origin_renewal *renewal, size_t hop)
{
    return renewal->state == CEPA_RENEWAL_OFFERED && renewal->hop == hop;
}

/* Where the new key begins, `gap` cells after `next`. A repeated offer begins later than the one
 * before it, by which the hop tells them apart however late they come. */
static uint64_t offer_begin(const struct cepa_origin_renewal *renewal, size_t hop, uint64_t next,
                            uint32_t gap)
{
    gap = gap < CEPA_RENEWAL_GAP_MIN ? CEPA_RENEWAL_GAP_MIN : gap;
    gap = gap > CEPA_RENEWAL_GAP_MAX ? CEPA_RENEWAL_GAP_MAX : gap;
    uint64_t ahead = renewal->begin - next; /* of a repeated offer: never behind, see limit */
    return is_repeat(renewal, hop) && ahead >= gap ? renewal->begin + 1 : next + gap;
}

/* An offer is repeated with a new key; the limit of the first stays, since cells from there on
 * could meet a hop that has answered it. */
static uint64_t offer_limit(const struct cepa_origin_renewal *renewal, size_t hop, uint64_t begin)
{
    return is_repeat(renewal, hop) ? renewal->limit : begin;
}

/* The sum of what the hops before `hop` add to a forward counter. */
static uint64_t forward_offsets(const struct cepa_circuit_origin *origin, size_t hop)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < hop; i++) {
        sum += origin->hops[i].counters.forward_offset;
    }
    return sum;
}

static void encode_offer(const struct cepa_circuit_origin *origin, uint8_t *ret_offer,
                         const struct cepa_xwing_key *key)
{
    const struct cepa_origin_renewal *renewal = &origin->renewal;
    const struct cepa_renewal_offer offer = {renewal->begin + forward_offsets(origin, renewal->hop),
                                             key->public_key.bytes};
    cepa_renewal_offer_encode(ret_offer, &offer);
}

static bool may_offer(const struct cepa_circuit_origin *origin, size_t hop)
{
    const struct cepa_origin_renewal *renewal = &origin->renewal;
    bool is_confirmed = origin->state == CEPA_ORIGIN_OPEN || origin->state == CEPA_ORIGIN_SALVAGED;
    /* A repetition cannot wait for a confirmation: without an answer the cells that extend the
     * circuit could be held back for ever. */
    return (is_confirmed && renewal->state == CEPA_RENEWAL_NONE) || is_repeat(renewal, hop);
}

int cepa_circuit_origin_renew(struct cepa_circuit_origin *origin, uint8_t *ret_offer, size_t hop,
                              uint32_t gap, const struct cepa_random *random,
                              struct cepa_xwing_key *key, struct cepa_xwing_workspace *workspace,
                              uint32_t cpu)
{
    struct cepa_origin_renewal *renewal = &origin->renewal;
    struct cepa_xwing_seed seed;
    if (hop >= origin->hops_len) {
        return CEPA_ERR_ARGUMENT;
    }
    if (!may_offer(origin, hop)) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_random_fill(random, seed.bytes, sizeof seed.bytes);
    if (error != 0) {
        return error;
    }
    uint64_t next = origin->hops[0].counters.forward_start + origin->sent;
    uint64_t begin = offer_begin(renewal, hop, next, gap);
    uint64_t limit = offer_limit(renewal, hop, begin);
    cepa_wipe(renewal, sizeof *renewal);
    renewal->state = CEPA_RENEWAL_OFFERED;
    renewal->hop = hop;
    renewal->seed = seed;
    renewal->limit = limit;
    renewal->begin = begin;
    cepa_xwing_key_expand(key, &seed, workspace, cpu);
    encode_offer(origin, ret_offer, key);
    cepa_wipe(key, sizeof *key);
    cepa_wipe(&seed, sizeof seed);
    return 0;
}

/* Computes the new keys from an answer; the same public key and offer come from the seed again. */
static int agree(const struct cepa_circuit_origin *origin, struct cepa_circuit_keys *ret_keys,
                 const struct cepa_renewal_answer *answer, struct cepa_xwing_key *key,
                 struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    const struct cepa_origin_renewal *renewal = &origin->renewal;
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    memcpy(ciphertext.bytes, answer->ciphertext, sizeof ciphertext.bytes);
    cepa_xwing_key_expand(key, &renewal->seed, workspace, cpu);
    encode_offer(origin, offer, key);
    int error = cepa_xwing_decapsulate(&secret, key, &ciphertext, workspace, cpu);
    cepa_circuit_keys_renew(ret_keys, origin->hops[renewal->hop].chain, &secret, offer,
                            ciphertext.bytes);
    cepa_wipe(&secret, sizeof secret);
    cepa_wipe(key, sizeof *key);
    return error;
}

int cepa_circuit_origin_renewed(struct cepa_circuit_origin *origin, size_t hop,
                                const uint8_t *answer, size_t answer_len,
                                struct cepa_xwing_key *key, struct cepa_xwing_workspace *workspace,
                                uint32_t cpu)
{
    struct cepa_origin_renewal *renewal = &origin->renewal;
    struct cepa_renewal_answer fields;
    struct cepa_circuit_keys keys;
    if (renewal->state != CEPA_RENEWAL_OFFERED || renewal->hop != hop) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_renewal_answer_decode(&fields, answer, answer_len);
    if (error != 0) {
        return error;
    }
    error = agree(origin, &keys, &fields, key, workspace, cpu);
    uint32_t is_right = cepa_ct_compare(keys.confirm, fields.confirm, sizeof keys.confirm);
    /* Whether a renewal succeeded shows in what follows. */
    cepa_declassify(&is_right, sizeof is_right);
    if (error != 0 || !is_right) {
        error = CEPA_ERR_AUTHENTICATION;
    } else {
        renewal->keys = keys;
        renewal->state = CEPA_RENEWAL_ANSWERED;
        cepa_wipe(&renewal->seed, sizeof renewal->seed);
    }
    cepa_wipe(&keys, sizeof keys);
    return error;
}
