/* Paths: how many hops they have, and what is left of one that failed or is forgotten. */
#include "onion/packet_path.h"

#include <string.h>

#include "support/relays.h"
#include "support/test.h"

static struct test_relays *relays;
static struct cepa_packet_path path;
static struct cepa_packet_hop hops[CEPA_PACKET_HOPS_MAX + 1];

static int init(size_t hops_len, int fail_at)
{
    const struct cepa_onion_epoch epoch = {TEST_EPOCH};
    if (relays == NULL) {
        relays = test_relays_new(4, 21);
    }
    for (size_t i = 0; i < sizeof hops / sizeof hops[0]; i++) {
        hops[i].key = &relays->relay[i % CEPA_PACKET_HOPS_MAX].public_key;
        hops[i].key_id = relays->relay[i % CEPA_PACKET_HOPS_MAX].key_id;
    }
    memset(&path, 0xc7, sizeof path);
    relays->random = test_source_init(&relays->source, 22);
    relays->source.fail_at = fail_at;
    return cepa_packet_path_init(&path, hops, hops_len, epoch, &relays->random, relays->cpu);
}

static int is_wiped(void)
{
    static const struct cepa_packet_path nothing;
    return memcmp(&path, &nothing, sizeof nothing) == 0;
}

TEST(a_path_has_one_to_five_hops)
{
    for (size_t hops_len = 0; hops_len <= CEPA_PACKET_HOPS_MAX + 1; hops_len++) {
        int is_path = hops_len >= 1 && hops_len <= CEPA_PACKET_HOPS_MAX;
        CHECK_INT(init(hops_len, 0), is_path ? 0 : CEPA_ERR_ARGUMENT);
        CHECK_INT(relays->source.draws, is_path ? 2 : 0);
    }
}

TEST(a_path_that_failed_holds_nothing)
{
    for (int fail_at = 1; fail_at <= 2; fail_at++) {
        CHECK_INT(init(5, fail_at), CEPA_ERR_RANDOM);
        CHECK(is_wiped());
    }
}

TEST(a_path_that_is_forgotten_holds_nothing)
{
    CHECK_INT(init(5, 0), 0);
    CHECK(!is_wiped());
    cepa_packet_path_wipe(&path);
    CHECK(is_wiped());
}

TEST_MAIN(RUN(a_path_has_one_to_five_hops), RUN(a_path_that_failed_holds_nothing),
          RUN(a_path_that_is_forgotten_holds_nothing))
