/* Objects that are lacking: who is asked for them, how much at once, and what silence and a no
 * bring about. @[SPEC 10.9] */
#include "mesh/pulls.h"

#include <string.h>

#include "base/endian.h"
#include "support/mesh_relays.h"
#include "support/strangers.h"
#include "support/test.h"

enum { RELAYS = 4, OBJECTS = 20 };

static struct cepa_mesh *mesh;
static uint64_t positions[OBJECTS];

/* A mesh whose index has relays of which nothing else is here, and that looks for nothing itself.
 */
static void begin(void)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    struct cepa_index *index = &strangers_node()->index;
    for (uint32_t i = 0; i < OBJECTS; i++) {
        const struct cepa_index_record record = mesh_fake_record(100 + i, 1);
        CHECK(cepa_index_merge_verified(index, &record) >= 0);
        positions[i] = cepa_index_find(index, record.public_key)->position;
    }
    mesh->scan_at = cepa_time_never();
    strangers_note();
}

static void want(size_t object, uint64_t hint)
{
    cepa_pulls_want(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, positions[object], hint);
}

static bool is_wanted(size_t object)
{
    return cepa_pulls_is_asked(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, positions[object]);
}

/* How many objects a stranger was asked for since the last note; SIZE_MAX: all of them. */
static size_t asked(size_t stranger)
{
    const struct cepa_mesh_item *item;
    size_t sum = 0;
    for (size_t i = 0; (item = strangers_heard(stranger, CEPA_MESH_ITEM_PULL, i, NULL)) != NULL;
         i++) {
        sum += item->as.pull.table == CEPA_MESH_TABLE_CREDENTIALS ? item->as.pull.positions_len : 0;
    }
    return sum;
}

static void say_absent(size_t stranger, size_t object)
{
    uint8_t bytes[CEPA_MESH_POSITION_SIZE];
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_ABSENT);
    cepa_be64_store(bytes, positions[object]);
    item.as.pull.table = CEPA_MESH_TABLE_CREDENTIALS;
    item.as.pull.positions = bytes;
    item.as.pull.positions_len = 1;
    strangers_say(stranger, &item);
}

TEST(who_has_spoken_of_it_is_asked_first)
{
    for (size_t i = 0; i < RELAYS; i++) {
        begin();
        want(0, strangers_link(i));
        want(0, strangers_link((i + 1) % RELAYS)); /* once is enough */
        strangers_pass(200);
        CHECK_INT(asked(i), 1);
        CHECK_INT(asked(SIZE_MAX), 1);
    }
}

TEST(a_client_is_asked_for_nothing)
{
    begin();
    want(0, strangers_link(STRANGERS_CLIENT));
    strangers_pass(200);
    CHECK_INT(asked(STRANGERS_CLIENT), 0);
    CHECK_INT(asked(SIZE_MAX), 1);
}

TEST(a_no_sends_it_on_and_only_from_who_was_asked)
{
    begin();
    want(0, strangers_link(0));
    strangers_pass(200);
    CHECK_INT(asked(0), 1);
    say_absent(1, 0);
    say_absent(STRANGERS_CLIENT, 0);
    strangers_pass(1000);
    CHECK_INT(asked(SIZE_MAX), 0);
    say_absent(0, 0);
    strangers_pass(200);
    CHECK_INT(asked(SIZE_MAX), 0); /* a quarter of a second later */
    strangers_pass(300);
    CHECK_INT(asked(SIZE_MAX), 1);
}

TEST(silence_lasts_three_seconds_and_a_lost_link_none)
{
    begin();
    want(0, strangers_link(0));
    strangers_pass(200);
    strangers_pass(2700);
    CHECK_INT(asked(SIZE_MAX), 0);
    strangers_pass(700);
    CHECK_INT(asked(SIZE_MAX), 1);
    begin();
    want(0, strangers_link(0));
    strangers_pass(200);
    cepa_mesh_on_link_down(mesh, strangers_link(0), CEPA_ERR_UNREACHABLE, strangers_now());
    strangers_pass(200);
    CHECK_INT(asked(SIZE_MAX), 1);
    CHECK_INT(asked(0), 0);
}

TEST(one_is_asked_for_six_at_a_time)
{
    begin();
    for (size_t i = 0; i < OBJECTS; i++) {
        want(i, strangers_link(0));
    }
    strangers_pass(1000);
    CHECK_INT(asked(0), 6);
    CHECK_INT(asked(SIZE_MAX), 6); /* the others wait for who has them */
    say_absent(0, 0);
    strangers_pass(600);
    CHECK_INT(asked(0), 1);
}

TEST(what_nobody_has_is_given_up)
{
    begin();
    want(0, 0);
    CHECK(is_wanted(0));
    size_t times = 0;
    for (int i = 0; i < 100 && is_wanted(0); i++) {
        strangers_pass(1000);
        times += asked(SIZE_MAX);
    }
    CHECK(!is_wanted(0));
    CHECK_INT(times, 12);
    CHECK(!cepa_pulls_is_busy(mesh));
}

TEST(what_has_come_or_is_of_no_use_is_not_asked_for_again)
{
    begin();
    want(0, strangers_link(0));
    want(1, strangers_link(1));
    strangers_pass(200);
    cepa_pulls_done(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, positions[0]);
    cepa_pulls_failed(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, positions[1]);
    CHECK(!is_wanted(0) && is_wanted(1));
    strangers_pass(600);
    CHECK_INT(asked(SIZE_MAX), 1);
    /* Nor what is in no index. */
    cepa_pulls_want(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, positions[0] + 1, strangers_link(0));
    strangers_pass(200);
    CHECK_INT(asked(SIZE_MAX), 0);
    CHECK(!cepa_pulls_is_asked(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, positions[0] + 1));
}

TEST_MAIN(RUN(who_has_spoken_of_it_is_asked_first), RUN(a_client_is_asked_for_nothing),
          RUN(a_no_sends_it_on_and_only_from_who_was_asked),
          RUN(silence_lasts_three_seconds_and_a_lost_link_none),
          RUN(one_is_asked_for_six_at_a_time), RUN(what_nobody_has_is_given_up),
          RUN(what_has_come_or_is_of_no_use_is_not_asked_for_again))
