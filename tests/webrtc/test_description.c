/* Descriptions: candidates in order and bounded, and everything out of range found. */
#include <stdio.h>
#include <string.h>

#include "native/webrtc/description.h"
#include "support/descriptions.h"
#include "support/test.h"

static const char ufrag[] = "abcd";
static const char pwd[] = "0123456789012345678901";

static struct cepa_description good(void)
{
    struct cepa_description description;
    cepa_description_init(&description);
    description.setup = CEPA_SETUP_PASSIVE;
    CHECK_INT(cepa_description_set_credentials(&description, ufrag, 4, pwd, 22), 0);
    return description;
}

static struct cepa_candidate host(uint32_t priority, const char *place)
{
    return descriptions_candidate(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_UDP, priority, place);
}

TEST(candidates_are_kept_in_order)
{
    static const uint32_t priorities[] = {50, 90, 10, 90, 70};
    static const uint32_t order[] = {90, 90, 70, 50, 10};
    struct cepa_description description = good();
    for (unsigned i = 0; i < 5; i++) {
        char place[32];
        (void)snprintf(place, sizeof place, "192.0.2.1:%u", 1000 + i);
        const struct cepa_candidate candidate = host(priorities[i], place);
        cepa_description_add(&description, &candidate);
    }
    CHECK_INT(description.candidates_len, 5);
    CHECK_INT(description.skipped_len, 0);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_INT(description.candidates[i].priority, order[i]);
    }
    /* who came first stands first */
    CHECK_INT(description.candidates[0].address.port, 1001);
    CHECK_INT(description.candidates[1].address.port, 1003);
    CHECK_INT(cepa_description_check(&description), 0);
}

TEST(of_two_for_one_place_the_better_stays)
{
    struct cepa_description description = good();
    const struct cepa_candidate worse = host(5, "192.0.2.1:9");
    const struct cepa_candidate better = host(6, "192.0.2.1:9");
    const struct cepa_candidate tcp =
        descriptions_candidate(CEPA_CANDIDATE_HOST, CEPA_CANDIDATE_TCP_PASSIVE, 5, "192.0.2.1:9");
    cepa_description_add(&description, &worse);
    cepa_description_add(&description, &better);
    cepa_description_add(&description, &worse);
    CHECK_INT(description.candidates_len, 1);
    CHECK_INT(description.skipped_len, 2);
    CHECK(candidates_same(&description.candidates[0], &better));
    cepa_description_add(&description, &tcp);
    CHECK_INT(description.candidates_len, 2);
}

TEST(the_ten_best_are_kept)
{
    struct cepa_description description = good();
    for (unsigned i = 0; i < 30; i++) {
        char place[32];
        (void)snprintf(place, sizeof place, "192.0.2.%u:9", 1 + i);
        const struct cepa_candidate candidate = host(1 + i * 7 % 30, place);
        cepa_description_add(&description, &candidate);
    }
    CHECK_INT(description.candidates_len, CEPA_DESCRIPTION_CANDIDATES_MAX);
    CHECK_INT(description.skipped_len, 20);
    for (unsigned i = 0; i < CEPA_DESCRIPTION_CANDIDATES_MAX; i++) {
        CHECK_INT(description.candidates[i].priority, 30 - i);
    }
    CHECK_INT(cepa_description_check(&description), 0);
}

TEST(credentials_have_their_lengths_and_characters)
{
    static char chars[300];
    static const struct {
        size_t ufrag_len;
        size_t pwd_len;
        int result;
    } cases[] = {{4, 22, 0},
                 {256, 256, 0},
                 {3, 22, CEPA_ERR_MALFORMED},
                 {257, 22, CEPA_ERR_MALFORMED},
                 {4, 21, CEPA_ERR_MALFORMED},
                 {4, 257, CEPA_ERR_MALFORMED},
                 {0, 0, CEPA_ERR_MALFORMED}};
    memset(chars, 'x', sizeof chars);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_description description = good();
        int result = cepa_description_set_credentials(&description, chars, cases[i].ufrag_len,
                                                      chars, cases[i].pwd_len);
        CHECK_INT(result, cases[i].result);
        CHECK_INT(strlen(description.credentials.ufrag), result == 0 ? cases[i].ufrag_len : 4);
        CHECK_INT(strlen(description.credentials.pwd), result == 0 ? cases[i].pwd_len : 22);
        CHECK_INT(cepa_description_check(&description), 0);
    }
    struct cepa_description description = good();
    CHECK_INT(cepa_description_set_credentials(&description, "ab:d", 4, pwd, 22),
              CEPA_ERR_MALFORMED);
    CHECK_INT(
        cepa_description_set_credentials(&description, "abcd", 4, "a\nb4567890123456789012", 22),
        CEPA_ERR_MALFORMED);
}

TEST(what_is_out_of_range_is_found)
{
    struct cepa_description bad[14];
    for (size_t i = 0; i < 14; i++) {
        const struct cepa_candidate first = host(6, "192.0.2.1:9");
        const struct cepa_candidate second = host(5, "192.0.2.1:10");
        bad[i] = good();
        cepa_description_add(&bad[i], &first);
        cepa_description_add(&bad[i], &second);
        CHECK_INT(cepa_description_check(&bad[i]), 0);
        CHECK_INT(cepa_description_check_fragment(&bad[i]), 0);
    }
    bad[0].candidates[0].priority = 4;
    bad[1].candidates[1].address.port = 9;
    bad[2].candidates[1].address.port = 0;
    bad[3].candidates_len = CEPA_DESCRIPTION_CANDIDATES_MAX + 1;
    bad[4].credentials.ufrag[3] = '\0';
    bad[5].credentials.pwd[21] = ' ';
    bad[6].mid[0] = '\0';
    bad[7].mid[0] = ' ';
    memset(bad[8].mid, 'x', sizeof bad[8].mid);
    bad[9].mid[0] = (char)0xc3;
    memset(bad[10].credentials.pwd, 'x', sizeof bad[10].credentials.pwd);
    for (size_t i = 0; i < 11; i++) {
        CHECK_INT(cepa_description_check(&bad[i]), CEPA_ERR_MALFORMED);
        CHECK_INT(cepa_description_check_fragment(&bad[i]), CEPA_ERR_MALFORMED);
    }
    bad[11].setup = CEPA_SETUP_ACTPASS;
    bad[12].setup = (enum cepa_setup)3;
    bad[13].sctp_port = 0;
    for (size_t i = 11; i < 14; i++) {
        CHECK_INT(cepa_description_check(&bad[i]), CEPA_ERR_MALFORMED);
        CHECK_INT(cepa_description_check_fragment(&bad[i]), 0);
    }
    bad[11].is_offer = true;
    CHECK_INT(cepa_description_check(&bad[11]), 0);
}

TEST(fragments_may_go_without_credentials)
{
    struct cepa_description fragment;
    cepa_description_init(&fragment);
    CHECK_INT(cepa_description_check_fragment(&fragment), 0);
    CHECK_INT(cepa_description_check(&fragment), CEPA_ERR_MALFORMED);
    memcpy(fragment.credentials.ufrag, "abcd", 5);
    CHECK_INT(cepa_description_check_fragment(&fragment), CEPA_ERR_MALFORMED);
}

TEST(wiping_leaves_nothing)
{
    struct cepa_description description = good();
    cepa_description_wipe(&description);
    for (size_t i = 0; i < sizeof description; i++) {
        CHECK_INT(((const uint8_t *)&description)[i], 0);
    }
}

TEST_MAIN(RUN(candidates_are_kept_in_order), RUN(of_two_for_one_place_the_better_stays),
          RUN(the_ten_best_are_kept), RUN(credentials_have_their_lengths_and_characters),
          RUN(what_is_out_of_range_is_found), RUN(fragments_may_go_without_credentials),
          RUN(wiping_leaves_nothing))
