/* What a relay is to others: certificate, descriptor of the day, link keys, onion keys of the
 * epoch, and their publication. Everything goes on in small steps, the same at the start, when a
 * day or an epoch begins, and when receipts come. */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "node/node_parts.h"

enum { WORK_TRIES = 20000, LEAVES_PER_STEP = 4, PREPARE_EPOCHS = 3 };

/* Receipts come one after the other: the descriptor waits for the next one a little. */
#define REMAKE_NS (300 * CEPA_MILLISECOND_NS)

static struct cepa_directory_day today_of(const struct cepa_node *node, struct cepa_time now)
{
    return cepa_calendar_day(&node->config.profile.calendar, cepa_node_wall_now(node, now));
}

int cepa_node_identity_start(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_node_own *own = &node->own;
    (void)now;
    if (!node->config.is_relay) {
        node->is_ready = true;
        return 0;
    }
    if (!own->has_nonce) {
        uint8_t start[CEPA_WORK_NONCE_SIZE];
        int error = cepa_random_fill(node->config.random, start, sizeof start);
        if (error != 0) {
            return error;
        }
        cepa_work_init(&own->work, &node->rules, own->identity.signing_key.public_key.bytes, start);
    }
    own->is_busy = true;
    return 0;
}

static int make_certificate(struct cepa_node *node, struct cepa_directory_day today)
{
    uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    int error = cepa_random_fill(node->config.random, randomness, sizeof randomness);
    if (error != 0) {
        return error;
    }
    struct cepa_directory_day last = {today.number + node->config.profile.certificate_days - 1};
    error = cepa_node_certificate_make(node->own.certificate, &node->own.identity, &node->network,
                                       today, last, randomness, &node->workspace->mldsa,
                                       node->config.cpu);
    if (error == 0) {
        node->own.has_certificate = true;
        node->own.certificate_last = last;
        node->dirty |= CEPA_NODE_DIRTY_CERTIFICATE;
    }
    return error;
}

/* Makes a day's onion keys, some per call. Returns 1 when they are all there, 0, or an error. */
static int make_day(struct cepa_node *node, struct cepa_directory_day number)
{
    size_t place = number.number % CEPA_NODE_ONION_DAYS;
    struct cepa_onion_day *day = &node->own.days[place];
    if (!node->own.has_day[place] || day->day.number != number.number) {
        uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN];
        int error = cepa_random_fill(node->config.random, root, sizeof root);
        if (error != 0) {
            return error;
        }
        cepa_onion_day_begin(day, number, root);
        cepa_wipe(root, sizeof root);
        node->own.has_day[place] = true;
    }
    if (cepa_onion_day_is_ready(day)) {
        return 1;
    }
    for (size_t i = 0; i < LEAVES_PER_STEP; i++) {
        if (cepa_onion_day_step(day, &node->workspace->onion_day, node->config.cpu)) {
            node->dirty |= (uint32_t)CEPA_NODE_DIRTY_ONION_DAY << place;
            return 1;
        }
    }
    return 0;
}

void cepa_node_link_keys_lend(struct cepa_node *node, struct cepa_directory_day today)
{
    for (uint32_t back = 0; back < CEPA_NODE_LINK_KEY_DAYS; back++) {
        const struct cepa_node_link_key *key =
            &node->own.link_keys[(today.number - back) % CEPA_NODE_LINK_KEY_DAYS];
        bool is_here = key->is_taken && key->day.number == today.number - back;
        node->link_identity.link_keys[back] = is_here ? &key->key : NULL;
    }
}

static int make_link_key(struct cepa_node *node, struct cepa_directory_day today)
{
    size_t place = today.number % CEPA_NODE_LINK_KEY_DAYS;
    struct cepa_node_link_key *key = &node->own.link_keys[place];
    if (!key->is_taken || key->day.number != today.number) {
        struct cepa_xwing_seed seed;
        int error = cepa_random_fill(node->config.random, seed.bytes, sizeof seed.bytes);
        if (error != 0) {
            return error;
        }
        key->is_taken = true;
        key->day = today;
        key->seed = seed;
        cepa_xwing_key_expand(&key->key, &seed, &node->workspace->onion_day.xwing,
                              node->config.cpu);
        cepa_wipe(&seed, sizeof seed);
        node->dirty |= (uint32_t)CEPA_NODE_DIRTY_LINK_KEY << place;
    }
    cepa_node_link_keys_lend(node, today);
    return 0;
}

/* The wall clock was ahead by more than an epoch. Leaves were spent for epochs to come, and days
 * were made in the places of this one and the next: all of them begin anew, with fresh roots, so
 * that no key can be made twice. Others may have a key record of this epoch: only a spare takes its
 * place. False while that has to wait. */
static bool set_back(struct cepa_node *node, struct cepa_directory_day today,
                     struct cepa_onion_epoch epoch)
{
    struct cepa_node_own *own = &node->own;
    uint32_t unsaved = 3 * (uint32_t)CEPA_NODE_DIRTY_ONION_DAY;
    if (!own->is_rotated || own->rotated.number <= epoch.number + 1) {
        return true;
    }
    if ((node->dirty & unsaved) != 0) {
        return false; /* what was spent is stored as such before it is forgotten here */
    }
    cepa_onion_keys_retire(&node->onion_keys, (struct cepa_onion_epoch){UINT32_MAX});
    for (size_t i = 0; i < CEPA_NODE_ONION_DAYS; i++) {
        cepa_onion_day_wipe(&own->days[i]);
        own->has_day[i] = false;
    }
    own->is_rotated = false;
    own->is_spare_next = true;
    own->has_key_record = false;
    own->described.number = 0;
    if (own->certificate_last.number >=
        (uint64_t)today.number + node->config.profile.certificate_days) {
        own->has_certificate = false; /* it begins on a day to come */
    }
    return true;
}

/* Brings the key of an epoch to life. What the disk holds is stored before the key opens a packet:
 * the driver keeps it before it pulls anything. */
static int rotate(struct cepa_node *node, struct cepa_directory_day today,
                  struct cepa_onion_epoch epoch)
{
    struct cepa_node_own *own = &node->own;
    size_t place = today.number % CEPA_NODE_ONION_DAYS;
    struct cepa_onion_seed seed;
    own->is_rotated = true; /* without a spare there is no key till the next epoch */
    own->rotated = epoch;
    if (own->is_spare_next) {
        cepa_onion_day_pass(&own->days[place], epoch);
        own->is_spare_next = false;
    }
    int error = cepa_onion_day_take(&own->days[place], &seed, epoch);
    if (error != 0) {
        return error;
    }
    node->dirty |= (uint32_t)CEPA_NODE_DIRTY_ONION_DAY << place;
    error = cepa_onion_keys_rotate(&node->onion_keys, epoch, &seed.seed,
                                   &node->workspace->onion_day.xwing, node->config.cpu);
    if (error == 0) {
        const struct cepa_onion_key *key =
            cepa_onion_keys_find(&node->onion_keys, (uint8_t)(epoch.number & 0xff));
        CEPA_ASSERT(key != NULL);
        error = cepa_onion_day_key_record(&own->days[place], own->key_record, &own->identity.node,
                                          epoch, seed.leaf, &key->key.public_key);
        own->has_key_record = error == 0;
        own->is_key_told = false;
    }
    cepa_wipe(&seed, sizeof seed);
    return error;
}

/* Introducers stand in ascending order in a descriptor. */
static void sort_nodes(struct cepa_node_id *nodes, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        for (size_t j = i; j > 0 && memcmp(&nodes[j], &nodes[j - 1], sizeof nodes[j]) < 0; j--) {
            struct cepa_node_id other = nodes[j];
            nodes[j] = nodes[j - 1];
            nodes[j - 1] = other;
        }
    }
}

static void fill_descriptor(struct cepa_node *node, struct cepa_descriptor *descriptor,
                            struct cepa_directory_day today)
{
    const struct cepa_node_config *config = &node->config;
    struct cepa_node_own *own = &node->own;
    *descriptor = (struct cepa_descriptor){
        .flags = CEPA_RELAY_FLAG_RELAY,
        .capacity = config->capacity,
        .network = node->network,
        .day = today,
        .sequence = own->sequence,
        .link_key = own->link_keys[today.number % CEPA_NODE_LINK_KEY_DAYS].key.public_key.bytes,
        .family = config->family,
    };
    memcpy(descriptor->onion_root, own->days[today.number % CEPA_NODE_ONION_DAYS].root.bytes,
           sizeof descriptor->onion_root);
    if (config->reaches_len > 0 && !cepa_mesh_is_filtered(node->mesh)) {
        descriptor->flags |= config->is_guard ? CEPA_RELAY_FLAG_GUARD : 0;
        descriptor->dtls = config->dtls;
        descriptor->dtls_previous = config->dtls_previous;
        descriptor->secret = config->secret;
        memcpy(descriptor->reaches, config->reaches, sizeof descriptor->reaches);
        descriptor->reaches_len = config->reaches_len;
    } else {
        descriptor->flags |= CEPA_RELAY_FLAG_INTRODUCED;
        descriptor->introducers_len = cepa_mesh_introducers(node->mesh, descriptor->introducers);
        sort_nodes(descriptor->introducers, descriptor->introducers_len);
    }
    own->is_publishing =
        cepa_mesh_receipts(node->mesh, descriptor->receipts, &descriptor->receipts_len);
    own->receipts_len = descriptor->receipts_len;
}

/* Those who dial are shown the credentials from now on. */
static void adopt(struct cepa_node *node, struct cepa_directory_day today)
{
    struct cepa_node_own *own = &node->own;
    own->described = today;
    own->is_stale = false;
    own->is_record_told = false;
    node->link_identity.credentials = own->credentials;
    node->link_identity.credentials_len = own->credentials_len;
}

/* Makes the descriptor of the day anew, and says it to those who are dialled from now on. */
static int describe(struct cepa_node *node, struct cepa_directory_day today)
{
    struct cepa_node_own *own = &node->own;
    uint8_t *bytes = node->workspace->packet; /* large enough, and free between calls */
    uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    size_t len;
    int error = cepa_random_fill(node->config.random, randomness, sizeof randomness);
    if (error != 0) {
        return error;
    }
    own->sequence++;
    struct cepa_descriptor descriptor;
    fill_descriptor(node, &descriptor, today);
    error = cepa_descriptor_make(bytes, &len, &own->identity, &descriptor, randomness,
                                 &node->workspace->mldsa, node->config.cpu);
    if (error != 0) {
        return error;
    }
    const struct cepa_credentials_bytes halves = {own->certificate, sizeof own->certificate, bytes,
                                                  len};
    cepa_credentials_join(own->credentials, &own->credentials_len, &halves);
    memcpy(own->record.nonce, own->nonce, sizeof own->nonce);
    struct cepa_credentials decoded;
    error = cepa_credentials_decode(&decoded, own->credentials, own->credentials_len, &node->rules,
                                    today);
    CEPA_ASSERT(error == 0); /* we have just made them */
    cepa_index_record_make(&own->record, &halves, &decoded.descriptor, &own->identity.signing_key);
    node->dirty |= CEPA_NODE_DIRTY_SEQUENCE;
    node->dirty |= own->is_publishing ? CEPA_NODE_DIRTY_CREDENTIALS : 0;
    adopt(node, today);
    return 0;
}

static bool has_same_reaches(const struct cepa_descriptor *descriptor,
                             const struct cepa_node_config *config)
{
    bool is_same = descriptor->reaches_len == config->reaches_len;
    for (size_t i = 0; is_same && i < config->reaches_len; i++) {
        const struct cepa_reach *one = &descriptor->reaches[i];
        const struct cepa_reach *other = &config->reaches[i];
        is_same = one->family == other->family && one->port == other->port &&
                  memcmp(one->ip, other->ip, sizeof one->ip) == 0;
    }
    return is_same;
}

/* Whether a descriptor from before a restart is still what would be made now: then nobody has to
 * dial this relay again before it counts. */
static bool is_current(const struct cepa_node *node, const struct cepa_descriptor *descriptor,
                       struct cepa_directory_day today)
{
    const struct cepa_node_config *config = &node->config;
    const struct cepa_node_own *own = &node->own;
    const struct cepa_xwing_public_key *link_key =
        &own->link_keys[today.number % CEPA_NODE_LINK_KEY_DAYS].key.public_key;
    const struct cepa_onion_day *day = &own->days[today.number % CEPA_NODE_ONION_DAYS];
    bool is_guard = (descriptor->flags & CEPA_RELAY_FLAG_GUARD) != 0;
    return descriptor->day.number == today.number && descriptor->sequence == own->sequence &&
           descriptor->capacity == config->capacity && is_guard == config->is_guard &&
           descriptor->reaches_len > 0 && has_same_reaches(descriptor, config) &&
           memcmp(&descriptor->dtls, &config->dtls, sizeof config->dtls) == 0 &&
           memcmp(&descriptor->dtls_previous, &config->dtls_previous,
                  sizeof config->dtls_previous) == 0 &&
           memcmp(&descriptor->secret, &config->secret, sizeof config->secret) == 0 &&
           memcmp(&descriptor->family, &config->family, sizeof config->family) == 0 &&
           memcmp(descriptor->onion_root, day->root.bytes, sizeof descriptor->onion_root) == 0 &&
           memcmp(descriptor->link_key, link_key->bytes, sizeof link_key->bytes) == 0;
}

/* Takes up the credentials from before a restart, if they still hold. */
static bool revive(struct cepa_node *node, struct cepa_directory_day today)
{
    struct cepa_node_own *own = &node->own;
    struct cepa_credentials_bytes halves;
    struct cepa_credentials decoded;
    size_t len = own->restored_len;
    own->restored_len = 0;
    if (len == 0 || own->is_stale || cepa_credentials_split(&halves, own->credentials, len) != 0 ||
        cepa_credentials_verify(&decoded, own->credentials, len, &node->rules, today,
                                &node->workspace->mldsa, node->config.cpu) != 0 ||
        halves.certificate_len != sizeof own->certificate ||
        memcmp(halves.certificate, own->certificate, sizeof own->certificate) != 0 ||
        !is_current(node, &decoded.descriptor, today)) {
        return false;
    }
    own->credentials_len = len;
    own->is_publishing = true;
    own->receipts_len = decoded.descriptor.receipts_len;
    memcpy(own->record.nonce, own->nonce, sizeof own->nonce);
    cepa_index_record_make(&own->record, &halves, &decoded.descriptor, &own->identity.signing_key);
    own->revived_len = decoded.descriptor.receipts_len;
    memcpy(own->revived, decoded.descriptor.receipts, sizeof own->revived);
    adopt(node, today);
    return true;
}

/* What has been made, and may be told, is told. */
static void publish(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_node_own *own = &node->own;
    if (!own->is_publishing || node->is_clock_off) {
        return;
    }
    if (!own->is_record_told && cepa_mesh_publish(node->mesh, &own->record, own->credentials,
                                                  own->credentials_len, now) == 0) {
        own->is_record_told = true;
        own->is_key_told = false; /* whoever lacked the credentials could not take the key */
        if (!node->is_published) {
            node->is_published = true;
            cepa_node_tell(node, CEPA_EVENT_PUBLISHED, 0, 0);
        }
    }
    if (own->is_record_told && own->has_key_record && !own->is_key_told) {
        own->is_key_told = cepa_mesh_publish_key(node->mesh, own->key_record, now) == 0;
    }
}

/* Whether the next day is so near that its keys are to be made. */
static bool is_next_near(const struct cepa_node *node, struct cepa_onion_epoch epoch)
{
    const struct cepa_calendar *calendar = &node->config.profile.calendar;
    return cepa_calendar_epoch_of_day(calendar, epoch) + PREPARE_EPOCHS >=
           cepa_calendar_epochs_per_day(calendar);
}

/* Does the next thing that is to be done for this day and epoch. Returns 1 if there was one and it
 * is not the last, 0 if all is done, or an error: it is tried again at the next tick. */
static int advance(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_node_own *own = &node->own;
    struct cepa_directory_day today = today_of(node, now);
    struct cepa_onion_epoch epoch =
        cepa_calendar_epoch(&node->config.profile.calendar, cepa_node_wall_now(node, now));
    if (!own->has_nonce) {
        own->has_nonce = cepa_work_step(&own->work, own->nonce, WORK_TRIES) != 0;
        node->dirty |= own->has_nonce ? CEPA_NODE_DIRTY_NONCE : 0;
        return 1;
    }
    if (!set_back(node, today, epoch)) {
        return 0;
    }
    if (!own->has_certificate || own->certificate_last.number <= today.number) {
        int error = make_certificate(node, today);
        own->is_stale = true;
        return error != 0 ? error : 1;
    }
    int made = make_day(node, today);
    if (made != 1) {
        return made < 0 ? made : 1;
    }
    if (!own->is_rotated || own->rotated.number < epoch.number) {
        int error = make_link_key(node, today);
        if (error == 0) {
            error = rotate(node, today, epoch);
        }
        return error != 0 && error != CEPA_ERR_EXHAUSTED ? error : 1;
    }
    if (own->credentials_len == 0 || own->described.number < today.number ||
        (own->is_stale && cepa_time_is_due(own->remake, now))) {
        if (revive(node, today)) {
            return 1;
        }
        int error = describe(node, today);
        return error != 0 ? error : 1;
    }
    node->is_ready = true;
    return is_next_near(node, epoch) ? make_day(node, (struct cepa_directory_day){today.number + 1})
                                     : 0;
}

void cepa_node_identity_step(struct cepa_node *node, struct cepa_time now)
{
    if (!node->config.is_relay) {
        return;
    }
    struct cepa_node_own *own = &node->own;
    bool was_ready = node->is_ready;
    int more = advance(node, now);
    if (more < 0) {
        own->remake = cepa_time_add(now, CEPA_NODE_TICK_NS);
    }
    /* Before anybody can be talked to, work goes on without a pause. */
    own->is_busy = more > 0 && !node->is_ready;
    if (!was_ready && node->is_ready) {
        cepa_node_addresses_lend(node, now);
        cepa_mesh_set_receipts(node->mesh, own->revived, own->revived_len);
    }
    for (size_t i = 0; was_ready && more == 1 && i < LEAVES_PER_STEP; i++) {
        more = advance(node, now);
    }
    if (node->is_ready) {
        publish(node, now);
    }
}

void cepa_node_identity_on_mesh(struct cepa_node *node, struct cepa_time now)
{
    if (!node->own.is_stale) {
        node->own.is_stale = true;
        node->own.remake = cepa_time_add(now, REMAKE_NS);
        node->tick = cepa_time_earliest(node->tick, node->own.remake);
    }
}

void cepa_node_addresses_lend(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_relay_address addresses[CEPA_DESCRIPTOR_REACHES_MAX];
    for (size_t i = 0; i < node->config.reaches_len; i++) {
        addresses[i] = (struct cepa_relay_address){.reach = node->config.reaches[i],
                                                   .dtls = node->config.dtls,
                                                   .node = node->own.identity.node,
                                                   .secret = node->config.secret};
    }
    cepa_mesh_set_addresses(node->mesh, addresses, node->config.reaches_len, now);
}

void cepa_node_on_addresses(struct cepa_node *node, const struct cepa_reach *reaches,
                            size_t reaches_len, struct cepa_time now)
{
    if (reaches_len > CEPA_DESCRIPTOR_REACHES_MAX || !node->config.is_relay) {
        return;
    }
    memset(node->config.reaches, 0, sizeof node->config.reaches);
    for (size_t i = 0; i < reaches_len; i++) {
        node->config.reaches[i] = reaches[i];
    }
    node->config.reaches_len = reaches_len;
    cepa_node_identity_on_mesh(node, now);
    if (node->is_ready) {
        cepa_node_addresses_lend(node, now);
    }
}

void cepa_node_on_certificates(struct cepa_node *node, const struct cepa_dtls_hash *dtls,
                               const struct cepa_dtls_hash *dtls_previous, struct cepa_time now)
{
    node->config.dtls = *dtls;
    node->config.dtls_previous = *dtls_previous;
    cepa_node_identity_on_mesh(node, now);
    if (node->is_ready && node->config.is_relay) {
        cepa_node_addresses_lend(node, now);
    }
}
