/* Dial-backs: asking for them, and doing them for others. @[SPEC 10.13] */
#include "mesh/dialback.h"

#include <string.h>

#include "base/assert.h"
#include "mesh/dial.h"
#include "mesh/founders.h"
#include "wire/reach.h"

enum {
    ANSWER_S = 15,   /* until a receipt must be here */
    AGAIN_MS = 1000, /* between two requests */
    DIALLED_S = 4,   /* an answer that comes sooner is a refusal, a later one a dial in vain */
    FOR_OTHERS_S = 12,
    BUSY_MS = 1000, /* and up to twice as long: a relay that had no time is left alone */
    ELSEWHERE_MS = 100,
    TRIAL_FIRST_S = 60, /* until addresses that are withheld are tried again, doubled each time */
    TRIALS_MAX = 6,     /* so often */
    LISTED_S = 3,       /* until a prober must be listed */
    DIALS_PER_S = 2,    /* that this node does for all others together */
    DIALS_BURST = 6
};

static void answer(struct cepa_mesh *mesh, uint64_t link, uint64_t nonce,
                   const struct cepa_receipt *receipt_or_null)
{
    struct cepa_mesh_item item;
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    if (peer == NULL) {
        return;
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_RECEIPT;
    item.as.receipt.nonce = nonce;
    if (receipt_or_null != NULL) {
        item.as.receipt.was_reached = true;
        item.as.receipt.receipt = *receipt_or_null;
    }
    (void)cepa_mesh_send(mesh, peer, &item);
}

static struct cepa_mesh_dialback_state *find(struct cepa_mesh *mesh, uint64_t ticket)
{
    for (uint32_t i = 0; i < CEPA_MESH_DIALBACKS; i++) {
        if (mesh->dialbacks[i].asker != 0 && mesh->dialbacks[i].ticket == ticket) {
            return &mesh->dialbacks[i];
        }
    }
    return NULL;
}

/* Whether a request is one that this relay does; its costs are paid then. */
static bool is_served(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                      const struct cepa_mesh_dialback *item)
{
    if (!mesh->config.is_relay || mesh->addresses_len == 0 || !peer->facts.is_relay) {
        return false;
    }
    if (item->how == CEPA_RECEIPT_DIALLED &&
        memcmp(&item->address.node, &peer->facts.node, sizeof peer->facts.node) != 0) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
        return false;
    }
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_DIALBACKS, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return false;
    }
    return cepa_token_bucket_take(&mesh->dialback_tokens, 1, DIALS_PER_S, DIALS_BURST, mesh->now);
}

/* Begins the dial; false if there is no way. */
static bool begin(struct cepa_mesh *mesh, struct cepa_mesh_dialback_state *dialback,
                  const struct cepa_mesh_dialback *item)
{
    if (item->how == CEPA_RECEIPT_DIALLED) {
        struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_DIALBACK)->effect;
        dialback->ticket = cepa_mesh_number(mesh);
        effect->ticket = dialback->ticket;
        effect->address = item->address;
        effect->node = item->address.node;
        effect->has_node = true;
        return true;
    }
    struct cepa_node_id others[CEPA_DESCRIPTOR_INTRODUCERS_MAX];
    size_t others_len = 0;
    for (size_t i = 0; i < item->introducers_len; i++) {
        if (!cepa_mesh_is_self(mesh, &item->introducers[i])) {
            others[others_len++] = item->introducers[i];
        }
    }
    struct cepa_mesh_attempt *attempt =
        cepa_dial_through(mesh, &dialback->node, others, others_len, CEPA_MESH_FOR_CHANNEL);
    if (attempt == NULL) {
        return false;
    }
    dialback->ticket = attempt->ticket;
    attempt->dialback = attempt->ticket;
    return true;
}

void cepa_dialback_on_request(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                              const struct cepa_mesh_dialback *item)
{
    struct cepa_mesh_dialback_state *dialback = NULL;
    for (uint32_t i = 0; i < CEPA_MESH_DIALBACKS && dialback == NULL; i++) {
        dialback = mesh->dialbacks[i].asker == 0 ? &mesh->dialbacks[i] : NULL;
    }
    cepa_founders_tell(mesh, peer); /* before the answer: then it still waits for it */
    if (dialback == NULL || !is_served(mesh, peer, item)) {
        answer(mesh, peer->link, item->nonce, NULL);
        return;
    }
    memset(dialback, 0, sizeof *dialback);
    dialback->nonce = item->nonce;
    dialback->node = peer->facts.node;
    dialback->how = item->how;
    if (item->how == CEPA_RECEIPT_DIALLED) {
        cepa_prefix_of(&dialback->reached, &item->address.reach);
    }
    dialback->until = cepa_time_add(mesh->now, FOR_OTHERS_S * CEPA_SECOND_NS);
    if (!begin(mesh, dialback, item)) {
        answer(mesh, peer->link, item->nonce, NULL);
        return;
    }
    dialback->asker = peer->link;
}

void cepa_dialback_done(struct cepa_mesh *mesh, uint64_t ticket, bool was_reached)
{
    struct cepa_receipt receipt;
    struct cepa_mesh_dialback_state *dialback = find(mesh, ticket);
    if (dialback == NULL) {
        return;
    }
    uint64_t asker = dialback->asker;
    dialback->asker = 0;
    if (!was_reached || mesh->addresses_len == 0) {
        answer(mesh, asker, dialback->nonce, NULL);
        return;
    }
    memset(&receipt, 0, sizeof receipt);
    cepa_mesh_self_prefix(mesh, &receipt.prober_prefix);
    receipt.day = mesh->today;
    receipt.how = dialback->how;
    receipt.reached = dialback->reached;
    cepa_receipt_sign(&receipt, mesh->config.signing_key, &mesh->config.index->rules.network,
                      &dialback->node);
    answer(mesh, asker, dialback->nonce, &receipt);
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, asker);
    if (peer != NULL && dialback->how == CEPA_RECEIPT_DIALLED) {
        cepa_founders_on_reached(mesh, peer);
    }
}

/* Whether a receipt counts for a descriptor of `days` after today. */
static bool counts(const struct cepa_mesh *mesh, const struct cepa_receipt *receipt, uint32_t days)
{
    return receipt->day.number + mesh->config.index->rules.receipt_days >=
           mesh->today.number + days;
}

/* Receipts that count tomorrow as well, where they live for longer than a day. */
static size_t fresh_count(const struct cepa_mesh *mesh)
{
    uint32_t days = mesh->config.index->rules.receipt_days > 0 ? 1 : 0;
    size_t count = 0;
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        count += counts(mesh, &mesh->receipts[i], days) ? 1 : 0;
    }
    return count;
}

/* Whether others can believe a receipt: its prober is listed. */
static bool is_believable(const struct cepa_mesh *mesh, const struct cepa_receipt *receipt)
{
    return cepa_index_find(mesh->config.index, receipt->prober) != NULL;
}

/* Of the fresh ones, those that others can believe. A prober may never be listed. */
static size_t believable_count(const struct cepa_mesh *mesh)
{
    uint32_t days = mesh->config.index->rules.receipt_days > 0 ? 1 : 0;
    size_t count = 0;
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        const struct cepa_receipt *receipt = &mesh->receipts[i];
        count += counts(mesh, receipt, days) && is_believable(mesh, receipt) ? 1 : 0;
    }
    return count;
}

static void drop_old(struct cepa_mesh *mesh)
{
    size_t kept = 0;
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        if (counts(mesh, &mesh->receipts[i], 0)) {
            mesh->receipts[kept++] = mesh->receipts[i];
        }
    }
    mesh->receipts_len = kept;
}

bool cepa_mesh_receipts(const struct cepa_mesh *mesh, struct cepa_receipt *ret_receipts,
                        size_t *ret_len)
{
    memcpy(ret_receipts, mesh->receipts, mesh->receipts_len * sizeof *ret_receipts);
    *ret_len = mesh->receipts_len;
    return mesh->receipts_len >= mesh->config.index->rules.receipts_min;
}

void cepa_mesh_set_receipts(struct cepa_mesh *mesh, const struct cepa_receipt *receipts,
                            size_t receipts_len)
{
    CEPA_ASSERT(receipts_len <= CEPA_DESCRIPTOR_RECEIPTS_MAX);
    memcpy(mesh->receipts, receipts, receipts_len * sizeof *receipts);
    mesh->receipts_len = receipts_len;
    drop_old(mesh);
}

void cepa_dialback_forget(struct cepa_mesh *mesh)
{
    mesh->receipts_len = 0;
    mesh->was_believable = false;
    if (mesh->withheld_len == 0) {
        mesh->vain_len = 0;
    }
    memset(mesh->receipt_waits, 0, sizeof mesh->receipt_waits);
    mesh->trial.link = 0;
    mesh->receipt_at = mesh->now;
}

/* Whether a receipt is about what was asked for. */
static bool is_good(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer,
                    const struct cepa_receipt *receipt)
{
    struct cepa_prefix own;
    bool is_dialled = receipt->how == CEPA_RECEIPT_DIALLED;
    cepa_mesh_self_prefix(mesh, &own);
    return memcmp(receipt->prober, peer->facts.public_key, sizeof receipt->prober) == 0 &&
           is_dialled == (mesh->addresses_len > 0) &&
           (!is_dialled || cepa_prefix_is_equal(&own, &receipt->reached)) &&
           cepa_receipt_verify(receipt, &mesh->config.index->rules.network, &mesh->config.node) ==
               0;
}

/* The receipt that makes room: one that nobody believes, else the oldest. */
static size_t place_to_free(const struct cepa_mesh *mesh)
{
    size_t place = 0;
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        if (!is_believable(mesh, &mesh->receipts[i])) {
            return i;
        }
        place = mesh->receipts[i].day.number < mesh->receipts[place].day.number ? i : place;
    }
    return place;
}

/* Keeps a receipt: in the place of one from the same prefix, of the same prober, or of that which
 * makes room. */
static void keep(struct cepa_mesh *mesh, const struct cepa_receipt *receipt)
{
    size_t place = mesh->receipts_len;
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        if (cepa_prefix_is_equal(&mesh->receipts[i].prober_prefix, &receipt->prober_prefix) ||
            memcmp(mesh->receipts[i].prober, receipt->prober, sizeof receipt->prober) == 0) {
            place = i;
        }
    }
    if (place == CEPA_DESCRIPTOR_RECEIPTS_MAX) {
        place = place_to_free(mesh);
    }
    mesh->receipts[place] = *receipt;
    mesh->receipts_len += place == mesh->receipts_len ? 1 : 0;
}

/* The prefix that a prober of ours would have in its receipt. */
static void prefix_of_peer(const struct cepa_mesh *mesh, struct cepa_prefix *ret_prefix,
                           const struct cepa_mesh_peer *peer, bool *ret_is_listed)
{
    const struct cepa_index_entry *entry =
        cepa_index_find(mesh->config.index, peer->facts.public_key);
    *ret_is_listed = entry != NULL;
    *ret_prefix = entry != NULL ? entry->record.prefix : peer->facts.prefix;
}

static bool is_in_vain(const struct cepa_mesh *mesh, const struct cepa_prefix *prefix)
{
    for (size_t i = 0; i < mesh->vain_len; i++) {
        if (cepa_prefix_is_equal(&mesh->vain[i], prefix)) {
            return true;
        }
    }
    return false;
}

static void plan_trial(struct cepa_mesh *mesh)
{
    uint64_t wait_s = (uint64_t)TRIAL_FIRST_S << mesh->trials;
    mesh->trials += mesh->trials < TRIALS_MAX ? 1 : 0;
    mesh->trial_at = cepa_time_add(mesh->now, wait_s * CEPA_SECOND_NS);
}

/* An address may look public and still be behind a filter: when relays in many more networks have
 * dialled it in vain than with success, this relay is introduced, until a trial says otherwise. */
static void note_vain(struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer,
                      const struct cepa_mesh_receipt_wait *wait)
{
    struct cepa_prefix prefix;
    bool is_listed = false;
    uint64_t took_ns = ANSWER_S * CEPA_SECOND_NS - cepa_time_since(wait->until, mesh->now);
    prefix_of_peer(mesh, &prefix, peer, &is_listed);
    if (mesh->addresses_len == 0 || mesh->health > 0 || took_ns < DIALLED_S * CEPA_SECOND_NS ||
        mesh->vain_len == CEPA_MESH_VAIN_MAX || is_in_vain(mesh, &prefix)) {
        return;
    }
    mesh->vain[mesh->vain_len++] = prefix;
    if (mesh->vain_len >= CEPA_MESH_FILTERED_MIN + mesh->receipts_len) {
        mesh->withheld_len = mesh->addresses_len;
        mesh->addresses_len = 0;
        cepa_dialback_forget(mesh);
        plan_trial(mesh);
        (void)cepa_mesh_effect_add(mesh, CEPA_MESH_FILTERED);
    }
}

bool cepa_mesh_is_filtered(const struct cepa_mesh *mesh)
{
    return mesh->withheld_len > 0;
}

/* The answer to a trial: one receipt is enough to believe in the addresses again. */
static void on_trial(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                     const struct cepa_mesh_receipt *item)
{
    mesh->trial.link = 0;
    if (!item->was_reached || mesh->withheld_len == 0) {
        return;
    }
    mesh->addresses_len = mesh->withheld_len;
    if (!is_good(mesh, peer, &item->receipt)) {
        mesh->addresses_len = 0;
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
        return;
    }
    mesh->withheld_len = 0;
    cepa_dialback_forget(mesh);
    keep(mesh, &item->receipt);
    (void)cepa_mesh_effect_add(mesh, CEPA_MESH_FILTERED);
}

void cepa_dialback_on_receipt(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                              const struct cepa_mesh_receipt *item)
{
    size_t min = mesh->config.index->rules.receipts_min;
    if (mesh->trial.link == peer->link && mesh->trial.nonce == item->nonce) {
        on_trial(mesh, peer, item);
        return;
    }
    for (size_t i = 0; i < sizeof mesh->receipt_waits / sizeof mesh->receipt_waits[0]; i++) {
        struct cepa_mesh_receipt_wait *wait = &mesh->receipt_waits[i];
        if (wait->link != peer->link || wait->nonce != item->nonce) {
            continue;
        }
        wait->link = 0;
        if (!item->was_reached) {
            uint32_t wait_ms = BUSY_MS + cepa_mesh_draw_below(mesh, BUSY_MS);
            note_vain(mesh, peer, wait);
            peer->dialback_at = cepa_time_add(mesh->now, wait_ms * CEPA_MILLISECOND_NS);
            mesh->receipt_at = cepa_time_earliest(
                mesh->receipt_at, cepa_time_add(mesh->now, ELSEWHERE_MS * CEPA_MILLISECOND_NS));
            return;
        }
        if (!is_good(mesh, peer, &item->receipt)) {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
            return;
        }
        bool was_enough = fresh_count(mesh) >= min;
        bool was_believable = mesh->was_believable;
        keep(mesh, &item->receipt);
        mesh->enough_at = was_enough ? mesh->enough_at : mesh->now;
        mesh->was_believable = believable_count(mesh) >= min;
        if (fresh_count(mesh) >= min && mesh->withheld_len == 0) {
            mesh->vain_len = 0;
            mesh->trials = 0;
        }
        if (fresh_count(mesh) >= min &&
            (!was_enough || (mesh->was_believable && !was_believable))) {
            (void)cepa_mesh_effect_add(mesh, CEPA_MESH_RECEIPTS);
        }
        return;
    }
}

static bool is_taken(const struct cepa_mesh *mesh, const struct cepa_prefix *prefix)
{
    uint32_t days = mesh->config.index->rules.receipt_days > 0 ? 1 : 0;
    struct cepa_prefix other;
    bool is_listed = false;
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        if (counts(mesh, &mesh->receipts[i], days) &&
            cepa_prefix_is_equal(&mesh->receipts[i].prober_prefix, prefix)) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof mesh->receipt_waits / sizeof mesh->receipt_waits[0]; i++) {
        const struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, mesh->receipt_waits[i].link);
        if (peer != NULL) {
            prefix_of_peer(mesh, &other, peer, &is_listed);
            if (cepa_prefix_is_equal(&other, prefix)) {
                return true;
            }
        }
    }
    return false;
}

/* Whom to ask next: any linked relay from another prefix, rather one that the index lists; in the
 * beginning of a network none is. For a trial another prefix is one that has not dialled in vain.
 */
static struct cepa_mesh_peer *choose(struct cepa_mesh *mesh, bool is_trial)
{
    struct cepa_mesh_peer *chosen = NULL;
    bool is_chosen_listed = false;
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        struct cepa_prefix prefix;
        bool is_listed = false;
        if (peer->link == 0 || !peer->facts.is_relay || peer->is_closing || peer->is_stalled ||
            peer->facts.is_relayed || cepa_time_is_before(mesh->now, peer->dialback_at)) {
            continue;
        }
        prefix_of_peer(mesh, &prefix, peer, &is_listed);
        if (prefix.family == CEPA_FAMILY_NONE ||
            (is_trial ? is_in_vain(mesh, &prefix) : is_taken(mesh, &prefix)) ||
            (is_chosen_listed && !is_listed)) {
            continue;
        }
        count = is_listed && !is_chosen_listed ? 0 : count;
        is_chosen_listed = is_listed;
        if (cepa_mesh_draw_below(mesh, ++count) == 0) {
            chosen = peer;
        }
    }
    return chosen;
}

static void ask(struct cepa_mesh *mesh, struct cepa_mesh_receipt_wait *wait, bool is_trial)
{
    struct cepa_mesh_item item;
    struct cepa_mesh_peer *peer = choose(mesh, is_trial);
    if (peer == NULL) {
        return;
    }
    wait->link = peer->link;
    wait->nonce = cepa_mesh_number(mesh);
    wait->until = cepa_time_add(mesh->now, ANSWER_S * CEPA_SECOND_NS);
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_DIALBACK;
    item.as.dialback.nonce = wait->nonce;
    if (is_trial || mesh->addresses_len > 0) {
        item.as.dialback.how = CEPA_RECEIPT_DIALLED;
        item.as.dialback.address = mesh->addresses[0];
        item.as.dialback.address.node = mesh->config.node;
    } else {
        item.as.dialback.how = CEPA_RECEIPT_INTRODUCED;
        memcpy(item.as.dialback.introducers, mesh->introducers, sizeof mesh->introducers);
        item.as.dialback.introducers_len = mesh->introducers_len;
    }
    (void)cepa_mesh_send(mesh, peer, &item);
}

/* Whoever says that it dialled in vain may lie, and filters are opened: what is withheld is tried
 * again, by one that has not said so if there is any. */
static void try_withheld(struct cepa_mesh *mesh)
{
    if (mesh->withheld_len == 0 || !cepa_time_is_due(mesh->trial_at, mesh->now)) {
        return;
    }
    plan_trial(mesh);
    mesh->trial.link = 0;
    ask(mesh, &mesh->trial, true);
    if (mesh->trial.link == 0) {
        mesh->vain_len = 0; /* all others have said so: any of them next time */
    }
}

/* How many receipts this relay has: when it has enough, and their probers had time to be listed,
 * those that are not do not count. */
static size_t have_count(const struct cepa_mesh *mesh)
{
    size_t fresh = fresh_count(mesh);
    bool is_early = fresh < mesh->config.index->rules.receipts_min ||
                    cepa_time_since(mesh->now, mesh->enough_at) < LISTED_S * CEPA_SECOND_NS;
    return is_early ? fresh : believable_count(mesh);
}

void cepa_dialback_step(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_DIALBACKS; i++) {
        struct cepa_mesh_dialback_state *dialback = &mesh->dialbacks[i];
        if (dialback->asker != 0 && cepa_time_is_due(dialback->until, mesh->now)) {
            cepa_dialback_done(mesh, dialback->ticket, false);
        }
    }
    drop_old(mesh);
    if (!mesh->config.is_relay || mesh->is_clock_off ||
        !cepa_time_is_due(mesh->receipt_at, mesh->now)) {
        return;
    }
    try_withheld(mesh);
    if (mesh->addresses_len == 0 && mesh->introducers_len == 0) {
        return;
    }
    size_t waiting = 0;
    size_t have = have_count(mesh);
    for (size_t i = 0; i < sizeof mesh->receipt_waits / sizeof mesh->receipt_waits[0]; i++) {
        struct cepa_mesh_receipt_wait *wait = &mesh->receipt_waits[i];
        if (wait->link != 0 && (cepa_time_is_due(wait->until, mesh->now) ||
                                cepa_mesh_peer_find(mesh, wait->link) == NULL)) {
            wait->link = 0;
        }
        if (wait->link == 0 && have + waiting < mesh->config.index->rules.receipts_min) {
            ask(mesh, wait, false);
        }
        waiting += wait->link != 0 ? 1 : 0;
    }
    mesh->receipt_at = cepa_time_add(mesh->now, AGAIN_MS * CEPA_MILLISECOND_NS);
}
