/* What a stranger, a hostile peer or a broken machine can do to an ICE agent. */
#include <string.h>

#include "support/ice_net.h"
#include "support/test.h"

static struct ice_net net;
static struct cepa_ice before;

/* Brings the network to one of four situations; peer 1 is the one that is attacked. */
static void reach(unsigned situation)
{
    ice_net_init(&net, 3, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_PORT, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, situation == 3, false);
    if (situation >= 1) {
        ice_net_tell(&net, 1);
    }
    if (situation >= 2) {
        ice_net_tell(&net, 0);
    }
    ice_net_run(&net, situation == 1 ? 10 : 1000);
}

static bool is_same(const void *a, const void *b, size_t len)
{
    return memcmp(a, b, len) == 0;
}

/* Says whether the datagram is ignored: no reply, not a byte changed. */
static bool is_ignored(const struct cepa_path *path, const uint8_t *data, size_t len)
{
    struct ice_peer *peer = &net.peers[1];
    before = peer->ice;
    int result = cepa_ice_receive(&peer->ice, path, data, len, net.now);
    return result == 0 && is_same(&before, &peer->ice, sizeof before);
}

TEST(what_does_not_verify_changes_nothing)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    for (unsigned situation = 0; situation < 4; situation++) {
        reach(situation);
        struct cepa_path path = ice_net_path(&net, 1);
        size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, true);
        for (size_t i = 0; i < len; i++) {
            CHECK(is_ignored(&path, data, i));
            for (unsigned bit = 0; bit < 8; bit++) {
                data[i] ^= (uint8_t)(1u << bit);
                CHECK(is_ignored(&path, data, len));
                data[i] ^= (uint8_t)(1u << bit);
            }
        }
        for (size_t i = 0; i < 1000; i++) {
            uint8_t garbage[CEPA_ICE_MESSAGE_SIZE];
            size_t garbage_len = test_random_below(&net.random, sizeof garbage);
            test_random_bytes(&net.random, garbage, garbage_len);
            memcpy(garbage, data, i % 2 == 0 ? 8 : 0);
            CHECK(is_ignored(&path, garbage, garbage_len));
        }
        CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &path, data, len, net.now), 1);
    }
}

/* Indications are for those who keep NATs open without consent; we have no use for them. */
TEST(indications_are_ignored)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_stun_writer writer;
    struct cepa_stun_transaction transaction = {{1}};
    size_t len = 0;
    reach(2);
    struct cepa_path path = ice_net_path(&net, 1);
    const char *password = net.peers[1].credentials.pwd;
    cepa_stun_begin(&writer, data, sizeof data, CEPA_STUN_INDICATION, &transaction);
    cepa_stun_add_username(&writer, "onefrag:zero", 12);
    CHECK_INT(cepa_stun_end(&writer, &len, password, strlen(password)), 0);
    CHECK(is_ignored(&path, data, len));
}

TEST(wrong_names_and_passwords_are_ignored)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    for (unsigned situation = 0; situation < 4; situation++) {
        reach(situation);
        struct cepa_path path = ice_net_path(&net, 1);
        struct cepa_ice_credentials *ours = &net.peers[1].credentials;
        struct cepa_ice_credentials *theirs = &net.peers[0].credentials;
        char *const wrong[] = {&ours->ufrag[0], &ours->ufrag[6],   &ours->pwd[0],
                               &ours->pwd[21],  &theirs->ufrag[0], &theirs->ufrag[3]};
        bool knows_peer = situation == 1 || situation == 2;
        for (size_t i = 0; i < (knows_peer ? 6u : 4u); i++) {
            char right = *wrong[i];
            *wrong[i] = '+';
            size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, true);
            CHECK(is_ignored(&path, data, len));
            *wrong[i] = 0;
            len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, true);
            CHECK(is_ignored(&path, data, len));
            *wrong[i] = right;
        }
    }
}

enum { REQUEST_OF_PEER_1, NOBODYS_REQUEST };

/* Makes a response to the last check of peer 1, or to none; under a password, or none if NULL. */
static size_t respond(uint8_t data[CEPA_ICE_MESSAGE_SIZE], int to, unsigned code,
                      const char *password)
{
    struct cepa_stun_transaction transaction;
    struct cepa_stun_writer writer;
    size_t len = 0;
    memcpy(transaction.bytes, net.last[1].data + 8, sizeof transaction.bytes);
    transaction.bytes[11] ^= to == REQUEST_OF_PEER_1 ? 0 : 1;
    cepa_stun_begin(&writer, data, CEPA_ICE_MESSAGE_SIZE,
                    code == 0 ? CEPA_STUN_SUCCESS : CEPA_STUN_FAILURE, &transaction);
    if (code == 0) {
        cepa_stun_add_mapped(&writer, &net.peers[1].inside);
    } else {
        cepa_stun_add_error(&writer, code, "");
    }
    CHECK_INT(cepa_stun_end(&writer, &len, password, password == NULL ? 0 : strlen(password)), 0);
    return len;
}

/* Peer 1 has checks on their way, of which peer 0 hears nothing. */
static struct cepa_path ask(void)
{
    ice_net_init(&net, 3, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    net.peers[0].is_dead = true;
    ice_net_tell(&net, 1);
    ice_net_run(&net, 10);
    CHECK_INT(net.peers[1].sent, 1);
    return ice_net_path(&net, 1);
}

TEST(responses_count_if_everything_fits)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_path path = ask();
    struct cepa_path wrong[5] = {path, path, path, path, path};
    const char *password = net.peers[0].credentials.pwd;
    wrong[0].remote.port++;
    wrong[1].remote.ip[3]++;
    wrong[2].local.port++;
    wrong[3].local.ip[3]++;
    wrong[4].stream = 1;
    size_t len = respond(data, REQUEST_OF_PEER_1, 0, password);
    for (size_t i = 0; i < 5; i++) {
        CHECK(is_ignored(&wrong[i], data, len));
    }
    len = respond(data, NOBODYS_REQUEST, 0, password);
    CHECK(is_ignored(&path, data, len));
    len = respond(data, REQUEST_OF_PEER_1, 0, net.peers[1].credentials.pwd);
    CHECK(is_ignored(&path, data, len));
    len = respond(data, REQUEST_OF_PEER_1, 0, NULL);
    CHECK(is_ignored(&path, data, len));
    len = respond(data, REQUEST_OF_PEER_1, CEPA_STUN_ERROR_UNAUTHENTICATED, NULL);
    CHECK(is_ignored(&path, data, len));
    len = respond(data, REQUEST_OF_PEER_1, CEPA_STUN_ERROR_ROLE_CONFLICT, NULL);
    CHECK(is_ignored(&path, data, len));
    len = respond(data, REQUEST_OF_PEER_1, 0, password);
    CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &path, data, len, net.now), 1);
    CHECK(cepa_ice_path(&net.peers[1].ice, &path));
    CHECK(is_ignored(&path, data, len)); /* the second time */
}

TEST(authentic_errors_do_what_they_say)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_path path = ask();
    const char *password = net.peers[0].credentials.pwd;
    /* Role conflict: the same pair again, at once, in the other role. */
    size_t len = respond(data, REQUEST_OF_PEER_1, CEPA_STUN_ERROR_ROLE_CONFLICT, password);
    CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &path, data, len, net.now), 1);
    CHECK(cepa_ice_is_controlling(&net.peers[1].ice));
    ice_net_run(&net, 0);
    CHECK_INT(net.peers[1].sent, 2);
    /* Anything else: the pair is not tried again. */
    len = respond(data, REQUEST_OF_PEER_1, CEPA_STUN_ERROR_BAD_REQUEST, password);
    CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &path, data, len, net.now), 1);
    ice_net_run(&net, 4000);
    CHECK_INT(net.peers[1].sent, 2);
    ice_net_run(&net, 1000);
    CHECK_INT(net.peers[1].failed, 1);
}

TEST(a_peer_may_end_its_consent)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    reach(2);
    CHECK_INT(net.peers[1].selected, 1);
    net.peers[0].is_dead = true;
    unsigned sent = net.peers[1].sent;
    while (net.peers[1].sent == sent) {
        ice_net_run(&net, 100);
    }
    struct cepa_path path = net.peers[1].path;
    size_t len = respond(data, REQUEST_OF_PEER_1, 403, net.peers[0].credentials.pwd);
    CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &path, data, len, net.now), 1);
    ice_net_run(&net, 0);
    CHECK_INT(net.peers[1].failed, 1);
    CHECK_INT(net.peers[1].last_failure.failure, CEPA_ICE_CONSENT_ENDED);
    len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, true);
    CHECK(is_ignored(&path, data, len));
}

TEST(unknown_attributes_are_named)
{
    for (unsigned situation = 0; situation < 4; situation++) {
        uint8_t data[CEPA_ICE_MESSAGE_SIZE];
        struct cepa_stun_writer writer;
        struct cepa_stun_message message;
        struct cepa_ice_effect effect;
        struct cepa_stun_transaction transaction = {{1, 2, 3}};
        static const uint8_t attribute[] = {0x7a, 0xbc, 0, 0};
        size_t len = 0;
        reach(situation);
        struct ice_peer *peer = &net.peers[1];
        struct cepa_path path = ice_net_path(&net, 1);
        cepa_stun_begin(&writer, data, sizeof data, CEPA_STUN_REQUEST, &transaction);
        cepa_stun_add_username(&writer, "onefrag:zero", 12);
        cepa_writer_bytes(&writer.writer, attribute, sizeof attribute);
        CHECK_INT(
            cepa_stun_end(&writer, &len, peer->credentials.pwd, strlen(peer->credentials.pwd)), 0);
        CHECK_INT(cepa_ice_receive(&peer->ice, &path, data, len, net.now), 1);
        CHECK_INT(cepa_ice_next(&peer->ice, &effect, net.now), CEPA_ICE_SEND);
        CHECK_INT(cepa_stun_decode(&message, effect.data, effect.data_len), 0);
        CHECK_INT(message.class, CEPA_STUN_FAILURE);
        CHECK_INT(message.error_code, CEPA_STUN_ERROR_UNKNOWN_ATTRIBUTE);
        CHECK_INT(cepa_stun_verify(&message, effect.data, peer->credentials.pwd,
                                   strlen(peer->credentials.pwd)),
                  0);
        CHECK(cepa_path_is_equal(&effect.path, &path));
    }
}

/* Whoever insists on being controlled by a lite agent is told. */
TEST(a_lite_agent_remains_controlled)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_stun_message message;
    struct cepa_ice_effect effect;
    reach(3);
    struct cepa_path path = ice_net_path(&net, 1);
    net.peers[1].ice.tie_breaker = UINT64_MAX;
    size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLED, true);
    CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &path, data, len, net.now), 1);
    CHECK_INT(cepa_ice_next(&net.peers[1].ice, &effect, net.now), CEPA_ICE_SEND);
    CHECK_INT(cepa_stun_decode(&message, effect.data, effect.data_len), 0);
    CHECK_INT(message.error_code, CEPA_STUN_ERROR_ROLE_CONFLICT);
    CHECK(!cepa_ice_is_controlling(&net.peers[1].ice));
}

static struct cepa_candidate numbered(unsigned number)
{
    struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
    candidate.address = net.peers[0].outside;
    candidate.address.port = (uint16_t)(10000 + number);
    candidate.priority -= 256 * number;
    cepa_candidate_number_foundation(&candidate, number);
    return candidate;
}

TEST(tables_fill_and_the_best_remain)
{
    ice_net_init(&net, 3, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    struct ice_peer *peer = &net.peers[1];
    for (unsigned i = 0; i < 2 * CEPA_ICE_LOCAL_MAX; i++) {
        struct cepa_candidate candidate = numbered(i);
        CHECK_INT(cepa_ice_add_local(&peer->ice, &candidate, &candidate.address, net.now),
                  i < CEPA_ICE_LOCAL_MAX - 1 ? 0 : CEPA_ERR_FULL);
    }
    /* The worst first, so that each displaces others. */
    for (unsigned i = CEPA_ICE_REMOTE_MAX; i > 1; i--) {
        struct cepa_candidate candidate = numbered(i);
        CHECK_INT(cepa_ice_add_remote(&peer->ice, &candidate, net.now), 0);
        CHECK_INT(cepa_ice_add_remote(&peer->ice, &candidate, net.now), 0);
    }
    ice_net_tell(&net, 1);
    struct cepa_candidate more = numbered(99);
    CHECK_INT(cepa_ice_add_remote(&peer->ice, &more, net.now), CEPA_ERR_FULL);
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        CHECK_INT(peer->ice.pairs[i].state, CEPA_ICE_PAIR_WAITING);
    }
    ice_net_tell(&net, 0);
    ice_net_run(&net, 3000);
    CHECK(ice_net_is_connected(&net));
}

/* An authentic peer comes from everywhere. All is answered; what is remembered has its limits. */
TEST(a_flood_of_addresses_is_answered)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    for (unsigned situation = 0; situation < 4; situation++) {
        reach(situation);
        struct ice_peer *peer = &net.peers[1];
        struct cepa_path path = ice_net_path(&net, 1);
        unsigned sent = peer->sent;
        for (unsigned i = 0; i < 1000; i++) {
            path.remote.port = (uint16_t)(20000 + i);
            path.stream = i % 3 == 0 ? 1000 + i : 0;
            size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, false);
            CHECK_INT(cepa_ice_receive(&peer->ice, &path, data, len, net.now), 1);
            ice_net_run(&net, 1);
        }
        CHECK(peer->sent - sent >= 1000 && peer->sent - sent <= 2000);
        CHECK(peer->ice.remote_len <= CEPA_ICE_REMOTE_MAX);
        ice_net_run(&net, 2000);
        if (situation == 2) {
            CHECK(ice_net_is_connected(&net));
        }
    }
}

TEST(replies_that_nobody_fetches_are_few)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_ice_effect effect;
    unsigned replies = 0;
    reach(3);
    struct ice_peer *peer = &net.peers[1];
    struct cepa_path path = ice_net_path(&net, 1);
    for (unsigned i = 0; i < 100; i++) {
        size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, false);
        CHECK_INT(cepa_ice_receive(&peer->ice, &path, data, len, net.now), 1);
    }
    while (cepa_ice_next(&peer->ice, &effect, net.now) == CEPA_ICE_SEND) {
        replies++;
    }
    CHECK_INT(replies, CEPA_ICE_REPLIES_MAX);
}

TEST(without_random_numbers_nothing_goes_out)
{
    static struct cepa_ice ice;
    ice_net_init(&net, 3, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    net.peers[0].has_no_random = true;
    const struct cepa_ice_config config = {.local = net.peers[0].credentials,
                                           .random = &net.peers[0].random};
    memset(&ice, 1, sizeof ice);
    before = ice;
    CHECK_INT(cepa_ice_init(&ice, &config, net.now), CEPA_ERR_RANDOM);
    CHECK_BYTES(&ice, &before, sizeof ice);
    ice_net_tell(&net, 0);
    ice_net_run(&net, 2000);
    CHECK_INT(net.peers[0].sent, 0);
    net.peers[0].has_no_random = false;
    ice_net_tell(&net, 1);
    ice_net_run(&net, 2000);
    CHECK(ice_net_is_connected(&net));
    /* While it is connected: the peer's checks are still answered, its own consent ends. */
    net.peers[0].has_no_random = true;
    ice_net_run(&net, 29000);
    CHECK_INT(net.peers[1].failed + net.peers[1].silent, 0);
    ice_net_run(&net, 7000);
    CHECK_INT(net.peers[0].failed, 1);
}

TEST(every_draw_may_fail)
{
    for (unsigned failing = 1; failing < 12; failing++) {
        ice_net_init(&net, 3, 20, 0);
        ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
        for (unsigned i = 0; i < 12; i++) {
            net.peers[0].has_no_random = i == failing;
            net.peers[1].has_no_random = i == failing / 2;
            ice_net_run(&net, 20);
        }
        net.peers[0].has_no_random = false;
        ice_net_run(&net, 3000);
        CHECK(ice_net_is_connected(&net));
    }
}

TEST_MAIN(RUN(what_does_not_verify_changes_nothing), RUN(indications_are_ignored),
          RUN(wrong_names_and_passwords_are_ignored), RUN(responses_count_if_everything_fits),
          RUN(authentic_errors_do_what_they_say), RUN(a_peer_may_end_its_consent),
          RUN(unknown_attributes_are_named), RUN(a_lite_agent_remains_controlled),
          RUN(tables_fill_and_the_best_remain), RUN(a_flood_of_addresses_is_answered),
          RUN(replies_that_nobody_fetches_are_few), RUN(without_random_numbers_nothing_goes_out),
          RUN(every_draw_may_fail))
