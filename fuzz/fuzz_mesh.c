/* A running mesh that hears anything: links come and go, time passes, messages are what the input
 * says; it keeps to its bounds. Every step of the input: what happens 1, link 1, length 2, bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "mesh/mesh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { LINKS = 6, STEPS_MAX = 400, RELAYS_LARGE = 6 };

static struct {
    struct cepa_index index;
    struct cepa_objects objects;
    struct cepa_mesh *mesh;
    struct cepa_relay_identity identity;
    struct cepa_mldsa_workspace workspace;
    void *memory[3];
    uint64_t links[LINKS];
    uint64_t last_link;
    uint8_t count;
    struct cepa_time now;
    struct cepa_wall wall;
} all;

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    memset(ret_bytes, ++all.count, len);
    return 0;
}

static const struct cepa_random source = {fill, NULL};

static void *memory_of(int which, size_t size)
{
    if (all.memory[which] == NULL) {
        all.memory[which] = aligned_alloc(16, (size + 15) / 16 * 16);
    }
    CEPA_ASSERT(all.memory[which] != NULL);
    return all.memory[which];
}

static void begin(void)
{
    static const struct cepa_siphash_key key = {{4}};
    static const struct cepa_record_rules rules = {{{0}}, 90, 2, 1, 7, 2, 0};
    static const struct cepa_calendar calendar = {3600000, 150000};
    struct cepa_index_limits index_limits = {24, 6, {2, 10, 1}};
    struct cepa_objects_limits objects_limits = {4, 8};
    struct cepa_mesh_config config;
    all.count = 0;
    all.last_link = 0;
    memset(all.links, 0, sizeof all.links);
    all.now.ns = CEPA_SECOND_NS;
    all.wall.unix_ms = UINT64_C(20000) * 3600000;
    struct cepa_directory_day today = {20000};
    size_t size = cepa_index_size(&index_limits);
    cepa_index_init(&all.index, memory_of(0, size), size, &index_limits, &rules, today, &key);
    size = cepa_objects_size(&objects_limits);
    cepa_objects_init(&all.objects, memory_of(1, size), size, &objects_limits, &all.index, &key);
    memset(&config, 0, sizeof config);
    cepa_mesh_limits_tab(&config.limits);
    config.limits.links_max = LINKS;
    config.limits.custody_relays = 4;
    config.calendar = calendar;
    config.index = &all.index;
    config.objects = &all.objects;
    config.is_relay = true;
    config.node = all.identity.node;
    config.signing_key = &all.identity.signing_key;
    config.mldsa_workspace = &all.workspace;
    config.random = &source;
    size = cepa_mesh_size(&config.limits);
    CEPA_ASSERT(cepa_mesh_init(&all.mesh, memory_of(2, size), size, &config, all.now, all.wall) ==
                0);
    struct cepa_relay_address address;
    memset(&address, 0, sizeof address);
    address.reach.family = CEPA_FAMILY_IPV4;
    address.reach.ip[0] = 9;
    address.reach.port = 1;
    cepa_mesh_set_addresses(all.mesh, &address, 1, all.now);
}

static void link_up(unsigned which, uint8_t kind)
{
    struct cepa_mesh_link_facts facts;
    if (all.links[which] != 0) {
        return;
    }
    memset(&facts, 0, sizeof facts);
    facts.is_relay = (kind & 1) != 0;
    facts.is_initiator = (kind & 2) != 0;
    facts.is_relayed = (kind & 4) != 0;
    facts.ticket = kind >> 4;
    memset(facts.node.bytes, (int)which + 1, sizeof facts.node);
    memset(facts.public_key, (int)which + 1, sizeof facts.public_key);
    facts.prefix.family = CEPA_FAMILY_IPV4;
    facts.prefix.bytes[0] = (uint8_t)which;
    all.links[which] = ++all.last_link;
    cepa_mesh_on_link_up(all.mesh, all.links[which], &facts, all.now);
}

static void link_down(uint64_t link, int error)
{
    for (unsigned i = 0; i < LINKS; i++) {
        if (all.links[i] == link && link != 0) {
            all.links[i] = 0;
            cepa_mesh_on_link_down(all.mesh, link, error, all.now);
        }
    }
}

static void drain(void)
{
    struct cepa_mesh_effect effect;
    while (cepa_mesh_next(all.mesh, &effect, all.now) == 0) {
        CEPA_ASSERT(effect.data_len <= CEPA_MESH_MESSAGE_MAX);
        if (effect.kind == CEPA_MESH_UNLINK && effect.error != 0) {
            link_down(effect.link, effect.error);
        }
    }
}

/* Makes the network a large one: relays of whom only their records are here. */
static void grow(void)
{
    for (uint32_t i = cepa_index_count(&all.index); i < RELAYS_LARGE; i++) {
        struct cepa_index_record record;
        memset(&record, 0, sizeof record);
        memset(record.public_key, 0x11 * (int)(i + 1), sizeof record.public_key);
        record.sequence = 1;
        record.day = all.index.today;
        record.flags = CEPA_RELAY_FLAG_RELAY;
        record.prefix.family = CEPA_FAMILY_IPV4;
        record.prefix.bytes[0] = (uint8_t)(i + 1);
        int status = cepa_index_merge_verified(&all.index, &record);
        (void)status; /* what does not fit is not there */
    }
}

/* Some relay of the index is a guard of this node, is asked, and answers. */
static void hear_guard(unsigned which, const uint8_t *bytes, size_t len)
{
    uint8_t request[CEPA_MESH_GUARD_REQUEST_SIZE];
    uint8_t key[CEPA_SIGNING_KEY_SIZE];
    grow();
    uint32_t count = cepa_index_count(&all.index);
    if (count == 0) {
        return;
    }
    memcpy(key, cepa_index_at(&all.index, which % count)->record.public_key, sizeof key);
    cepa_mesh_want(all.mesh, key, all.now);
    size_t request_len = cepa_mesh_ask_guard(all.mesh, request, key, all.now);
    CEPA_ASSERT(request_len <= sizeof request);
    cepa_mesh_on_guard_message(all.mesh, bytes, len, key, all.now);
}

static void act(uint8_t what, unsigned which, const uint8_t *bytes, size_t len)
{
    uint64_t link = all.links[which];
    switch (what % 8) {
    case 0:
        link_up(which, len > 0 ? bytes[0] : 1);
        return;
    case 1:
        link_down(link, len > 0 ? CEPA_ERR_TIMEOUT : 0);
        return;
    case 2:
        cepa_mesh_on_link_stalled(all.mesh, link, all.now);
        return;
    case 3:
        all.now = cepa_time_add(all.now, (uint64_t)len * 10 * CEPA_MILLISECOND_NS);
        all.wall = cepa_wall_add(all.wall, len * 10);
        cepa_mesh_step(all.mesh, all.now, all.wall);
        return;
    case 4:
        cepa_mesh_on_dialback(all.mesh, which + 1, len > 0, all.now);
        cepa_mesh_on_link_failed(all.mesh, which + 1, all.now);
        return;
    case 7:
        hear_guard(which, bytes, len);
        return;
    default:
        cepa_mesh_on_message(all.mesh, link, bytes, len, all.now);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static int is_made;
    struct cepa_reader reader;
    if (!is_made) {
        struct cepa_ed25519_seed seed = {{1}};
        struct cepa_mldsa_seed pq_seed = {{2}};
        is_made = 1;
        cepa_relay_identity_init(&all.identity, &seed, &pq_seed, &all.workspace, 0);
    }
    begin();
    cepa_reader_init(&reader, data, data_len);
    for (int i = 0; i < STEPS_MAX && cepa_reader_left(&reader) >= 4; i++) {
        uint8_t what = cepa_reader_u8(&reader);
        unsigned which = cepa_reader_u8(&reader) % LINKS;
        size_t len = cepa_reader_u16(&reader);
        size_t left = cepa_reader_left(&reader);
        len = len > left ? left : len;
        act(what, which, cepa_reader_view(&reader, len), len);
        drain();
    }
    return 0;
}
