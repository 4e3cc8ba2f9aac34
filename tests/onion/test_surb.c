/* Single-use reply blocks: there and back over every path length, what tampering does, what a bad
 * plan, a bad block and failing randomness give. */
#include "onion/surb.h"

#include <string.h>

#include "support/relays.h"
#include "support/test.h"

static struct test_relays *relays;
static uint8_t surb[CEPA_SURB_SIZE];
static struct cepa_surb_secret secret;

static void setup(void)
{
    if (relays == NULL) {
        relays = test_relays_new(64, 3);
    }
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        test_relay_restart(relays, i, TEST_EPOCH);
    }
    relays->random = test_source_init(&relays->source, 5);
    memset(surb, 0xd7, sizeof surb);
    memset(&secret, 0xd7, sizeof secret);
}

static struct cepa_surb_plan plan_of(size_t hops_len)
{
    struct cepa_packet_plan forward = test_relays_plan(relays, hops_len, CEPA_PACKET_DELIVER, 0);
    struct cepa_surb_plan plan;
    memset(&plan, 0, sizeof plan);
    memcpy(plan.hops, forward.hops, sizeof plan.hops);
    plan.hops_len = hops_len;
    plan.epoch = forward.epoch;
    plan.recipient = forward.recipient;
    for (size_t i = 0; i + 1 < hops_len; i++) {
        plan.hops[i].delay_ms = (uint16_t)(10 * i);
    }
    return plan;
}

static int create(const struct cepa_surb_plan *plan)
{
    return cepa_surb_create(surb, &secret, plan, &relays->random, &relays->surb, relays->cpu);
}

/* Makes a SURB and the packet that answers with `content_len` bytes. */
static struct cepa_surb_plan reply(size_t hops_len, size_t content_len)
{
    struct cepa_surb_plan plan = plan_of(hops_len);
    struct cepa_packet_content content = {relays->content, content_len};
    struct cepa_node_id first;
    CHECK_INT(create(&plan), 0);
    CHECK_INT(cepa_surb_use(relays->packet, &first, surb, sizeof surb, &content, relays->cpu), 0);
    CHECK_BYTES(&first, &relays->relay[0].node, sizeof first);
    return plan;
}

/* Lets hop `i` peel a reply. */
static void check_hop(const struct cepa_surb_plan *plan, size_t i,
                      struct cepa_packet_peeled *ret_peeled)
{
    static const struct cepa_circuit_seed no_seed;
    bool is_last = i + 1 == plan->hops_len;
    CHECK_INT(test_relays_peel(relays, i, ret_peeled), 0);
    CHECK_INT(ret_peeled->type, is_last ? CEPA_PACKET_REPLY_LAST : CEPA_PACKET_REPLY);
    CHECK_INT(ret_peeled->delay_ms, plan->hops[i].delay_ms);
    CHECK_BYTES(&ret_peeled->circuit, &no_seed, sizeof no_seed);
    if (is_last) {
        CHECK_BYTES(&ret_peeled->recipient, &plan->recipient, sizeof plan->recipient);
        CHECK(ret_peeled->content.data == relays->packet + CEPA_PACKET_HEADER_SIZE);
        CHECK_INT(ret_peeled->content.data_len, CEPA_PACKET_PAYLOAD_SIZE);
    } else {
        CHECK_BYTES(&ret_peeled->next, &relays->relay[i + 1].node, sizeof ret_peeled->next);
        CHECK(ret_peeled->content.data == NULL);
    }
}

static int open_reply(struct cepa_packet_content *ret_content)
{
    return cepa_surb_open(ret_content, relays->packet + CEPA_PACKET_HEADER_SIZE,
                          CEPA_PACKET_PAYLOAD_SIZE, &secret, relays->cpu);
}

TEST(a_reply_comes_back_over_every_path_length)
{
    static const size_t lengths[] = {0, 1, 77, CEPA_PACKET_CONTENT_MAX - 1,
                                     CEPA_PACKET_CONTENT_MAX};
    setup();
    for (size_t hops_len = 1; hops_len <= 5; hops_len++) {
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            struct cepa_packet_peeled peeled;
            struct cepa_packet_content content;
            struct cepa_surb_plan plan = reply(hops_len, lengths[l]);
            for (size_t i = 0; i < hops_len; i++) {
                check_hop(&plan, i, &peeled);
            }
            CHECK_INT(open_reply(&content), 0);
            CHECK_INT(content.data_len, lengths[l]);
            CHECK_BYTES(content.data, relays->content, lengths[l]);
        }
    }
}

/* Somebody on the way changes the payload: the reply still arrives, and its creator sees that. */
TEST(a_tampered_reply_does_not_open)
{
    static const uint8_t zeros[CEPA_PACKET_PAYLOAD_SIZE];
    for (size_t at = 0; at < 5; at++) {
        for (size_t byte = 0; byte < CEPA_PACKET_PAYLOAD_SIZE; byte += 2610) {
            struct cepa_packet_peeled peeled;
            struct cepa_packet_content content = {NULL, 77};
            setup();
            struct cepa_surb_plan plan = reply(5, 100);
            for (size_t i = 0; i < 5; i++) {
                if (i == at) {
                    relays->packet[CEPA_PACKET_HEADER_SIZE + byte] ^= 1;
                }
                check_hop(&plan, i, &peeled);
            }
            CHECK_INT(open_reply(&content), CEPA_ERR_AUTHENTICATION);
            CHECK(content.data == NULL && content.data_len == 77);
            CHECK_BYTES(relays->packet + CEPA_PACKET_HEADER_SIZE, zeros, sizeof zeros);
        }
    }
}

TEST(a_tampered_header_of_a_reply_is_dropped_at_the_next_hop)
{
    struct cepa_packet_peeled peeled;
    setup();
    for (size_t byte = CEPA_PACKET_PREFIX_SIZE; byte < CEPA_PACKET_HEADER_SIZE; byte += 97) {
        struct cepa_surb_plan plan = reply(2, 100);
        check_hop(&plan, 0, &peeled);
        relays->packet[byte] ^= 1;
        CHECK_INT(test_relays_peel(relays, 1, &peeled), CEPA_ERR_DROPPED);
        if (byte % 60 == 0) {
            setup();
        }
    }
}

TEST(a_reply_opens_with_its_own_secret_only)
{
    struct cepa_packet_peeled peeled;
    struct cepa_packet_content content;
    static uint8_t delta[CEPA_PACKET_PAYLOAD_SIZE];
    setup();
    struct cepa_surb_plan plan = reply(3, 100);
    struct cepa_surb_secret right = secret;
    for (size_t i = 0; i < 3; i++) {
        check_hop(&plan, i, &peeled);
    }
    memcpy(delta, peeled.content.data, sizeof delta);
    CHECK_INT(create(&plan), 0); /* another SURB over the same path */
    CHECK_INT(open_reply(&content), CEPA_ERR_AUTHENTICATION);
    for (size_t hops_len = 1; hops_len <= 5; hops_len++) {
        secret = right;
        secret.hops_len = hops_len;
        memcpy(relays->packet + CEPA_PACKET_HEADER_SIZE, delta, sizeof delta);
        CHECK_INT(open_reply(&content), hops_len == 3 ? 0 : CEPA_ERR_AUTHENTICATION);
    }
    cepa_surb_secret_wipe(&secret);
    static const struct cepa_surb_secret nothing;
    CHECK_BYTES(&secret, &nothing, sizeof nothing);
}

TEST(a_surb_serves_once)
{
    static uint8_t again[CEPA_PACKET_SIZE];
    struct cepa_packet_peeled peeled;
    struct cepa_node_id first;
    struct cepa_packet_content other = {relays->content + 5, 55};
    setup();
    struct cepa_surb_plan plan = reply(2, 100);
    CHECK_INT(cepa_surb_use(again, &first, surb, sizeof surb, &other, relays->cpu), 0);
    check_hop(&plan, 0, &peeled);
    memcpy(relays->packet, again, sizeof again);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
}

TEST(bad_plans_are_refused_before_anything_is_drawn)
{
    static const uint8_t before[CEPA_SURB_SIZE];
    setup();
    memset(surb, 0, sizeof surb);
    memset(&secret, 0, sizeof secret);
    for (int i = 0; i < 6; i++) {
        struct cepa_surb_plan plan = plan_of(3);
        switch (i) {
        case 0:
            plan.hops_len = 0;
            break;
        case 1:
            plan.hops_len = 6;
            break;
        case 2:
            plan.hops_len = SIZE_MAX;
            break;
        case 3:
            plan.hops[0].delay_ms = 10001;
            break;
        case 4:
            plan.hops[1].delay_ms = 65535;
            break;
        default:
            plan.hops[2].delay_ms = 1;
            break;
        }
        CHECK_INT(create(&plan), CEPA_ERR_ARGUMENT);
        CHECK_INT(relays->source.draws, 0);
        CHECK_BYTES(surb, before, sizeof surb);
        CHECK_BYTES(&secret, before, sizeof secret);
    }
}

TEST(randomness_that_fails_at_any_draw_gives_its_error)
{
    for (int at = 1; at <= 3; at++) {
        setup();
        static uint8_t surb_before[CEPA_SURB_SIZE];
        memset(surb_before, 0xd7, sizeof surb_before);
        struct cepa_surb_plan plan = plan_of(4);
        relays->source.fail_at = at;
        CHECK_INT(create(&plan), CEPA_ERR_RANDOM);
        CHECK_INT(relays->source.draws, at);
        CHECK_BYTES(surb, surb_before, sizeof surb);
        CHECK_BYTES(&secret, surb_before, sizeof secret);
    }
    setup();
    struct cepa_surb_plan plan = plan_of(4);
    CHECK_INT(create(&plan), 0);
    CHECK_INT(relays->source.draws, 3);
}

/* Neither keys nor the hops' names, whether the SURB was made or not. */
TEST(the_workspace_holds_nothing_afterwards)
{
    static const struct cepa_surb_workspace nothing;
    for (int variant = 0; variant <= 4; variant++) {
        setup();
        struct cepa_surb_plan plan = plan_of(5);
        memset(&relays->surb, 0xc7, sizeof relays->surb);
        relays->source.fail_at = variant <= 3 ? variant : 0;
        plan.hops[4].delay_ms = variant == 4;
        CHECK_INT(create(&plan), variant == 0   ? 0
                                 : variant == 4 ? CEPA_ERR_ARGUMENT
                                                : CEPA_ERR_RANDOM);
        CHECK(memcmp(&relays->surb, &nothing, sizeof nothing) == 0);
    }
    /* Nor does the secret of a short way hold what was in its memory before. */
    setup();
    struct cepa_surb_plan plan = plan_of(1);
    CHECK_INT(create(&plan), 0);
    for (size_t i = 1; i < CEPA_PACKET_HOPS_MAX; i++) {
        CHECK_BYTES(secret.payload[i], &nothing, sizeof secret.payload[i]);
    }
}

TEST(a_bad_key_of_any_hop_gives_its_error)
{
    static struct cepa_xwing_public_key not_reduced;
    for (size_t at = 0; at < 5; at++) {
        setup();
        struct cepa_surb_plan plan = plan_of(5);
        not_reduced = relays->relay[at].public_key;
        memset(not_reduced.bytes, 0xff, 3);
        plan.hops[at].key = &not_reduced;
        CHECK_INT(create(&plan), CEPA_ERR_INVALID_KEY);
        CHECK(surb[0] == 0xd7 && secret.key[0] == 0xd7);
    }
}

TEST(bad_blocks_and_contents_are_refused_and_nothing_is_written)
{
    static uint8_t before[CEPA_PACKET_SIZE];
    struct cepa_packet_content content = {relays->content, 10};
    struct cepa_node_id first;
    setup();
    (void)reply(3, 10);
    memset(&first, 0x11, sizeof first);
    memcpy(before, relays->packet, sizeof before);
    for (size_t len = 0; len < sizeof surb; len += 91) {
        CHECK_INT(cepa_surb_use(relays->packet, &first, surb, len, &content, relays->cpu),
                  CEPA_ERR_LENGTH);
    }
    for (size_t at = 0; at < 4; at++) {
        static const int want[] = {CEPA_ERR_VERSION, CEPA_ERR_VERSION, 0, CEPA_ERR_MALFORMED};
        surb[32 + at] ^= 4;
        if (want[at] != 0) {
            CHECK_INT(
                cepa_surb_use(relays->packet, &first, surb, sizeof surb, &content, relays->cpu),
                want[at]);
        }
        surb[32 + at] ^= 4;
    }
    content.data_len = CEPA_PACKET_CONTENT_MAX + 1;
    CHECK_INT(cepa_surb_use(relays->packet, &first, surb, sizeof surb, &content, relays->cpu),
              CEPA_ERR_TOO_LONG);
    CHECK_BYTES(relays->packet, before, sizeof before);
    CHECK(first.bytes[0] == 0x11);
}

TEST(a_reply_of_another_length_is_refused_untouched)
{
    static uint8_t delta[CEPA_PACKET_PAYLOAD_SIZE + 1];
    struct cepa_packet_content content;
    setup();
    (void)reply(1, 10);
    memset(delta, 0x44, sizeof delta);
    CHECK_INT(cepa_surb_open(&content, delta, sizeof delta, &secret, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_surb_open(&content, delta, sizeof delta - 2, &secret, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_surb_open(&content, delta, 0, &secret, 0), CEPA_ERR_LENGTH);
    CHECK(delta[0] == 0x44);
}

/* Whoever replies may write nonsense inside; the creator sees that too. */
TEST(a_reply_with_nonsense_inside_is_malformed)
{
    struct cepa_packet_content content = {NULL, 77};
    setup();
    struct cepa_surb_plan plan = reply(1, 10);
    (void)plan;
    uint8_t *delta = relays->packet + CEPA_PACKET_HEADER_SIZE;
    struct cepa_hpolyc_key key;
    cepa_hpolyc_key_init(&key, surb + CEPA_SURB_SIZE - 32, relays->cpu);
    memset(delta, 0, CEPA_PACKET_PAYLOAD_SIZE);
    delta[16] = 0xff;
    cepa_hpolyc_encrypt(&key, delta, CEPA_PACKET_PAYLOAD_SIZE, NULL, 0, relays->cpu);
    struct cepa_packet_peeled peeled;
    check_hop(&plan, 0, &peeled);
    CHECK_INT(open_reply(&content), CEPA_ERR_MALFORMED);
    CHECK(content.data_len == 77);
}

TEST_MAIN(RUN(a_reply_comes_back_over_every_path_length), RUN(a_tampered_reply_does_not_open),
          RUN(a_tampered_header_of_a_reply_is_dropped_at_the_next_hop),
          RUN(a_reply_opens_with_its_own_secret_only), RUN(a_surb_serves_once),
          RUN(bad_plans_are_refused_before_anything_is_drawn),
          RUN(randomness_that_fails_at_any_draw_gives_its_error),
          RUN(the_workspace_holds_nothing_afterwards), RUN(a_bad_key_of_any_hop_gives_its_error),
          RUN(bad_blocks_and_contents_are_refused_and_nothing_is_written),
          RUN(a_reply_of_another_length_is_refused_untouched),
          RUN(a_reply_with_nonsense_inside_is_malformed))
