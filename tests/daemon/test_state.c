/* Who a node is stays; what does not belong together is refused. */
#define _GNU_SOURCE
#include "native/daemon/state.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/cpu.h"
#include "native/host.h"
#include "support/scratch.h"
#include "support/test.h"

static const struct cepa_wall wall = {UINT64_C(1795000000000)};
static char folder[SCRATCH_PATH_SIZE];
static struct cepa_reason reason;

static int open_at(struct cepa_state *ret_state, struct cepa_wall when)
{
    return cepa_state_open(ret_state, &reason, folder, when, cepa_native_random(),
                           cepa_native_cpu());
}

static void remove_file(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, folder, name);
    CHECK(unlink(path) == 0);
}

TEST(an_identity_is_made_once)
{
    struct cepa_state state;
    struct cepa_node_id node;
    struct cepa_node_id read;
    scratch_make(folder);
    CHECK_INT(cepa_state_read_identity(&read, &reason, folder, 0), CEPA_ERR_NOT_FOUND);
    CHECK(strstr(reason.text, "'cepa up' makes one") != NULL);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK(state.is_new);
    node = state.node;
    CHECK_INT(cepa_state_read_identity(&read, &reason, folder, cepa_native_cpu()), 0);
    CHECK_BYTES(read.bytes, node.bytes, sizeof node.bytes);
    CHECK_INT(cepa_state_close(&state), 0);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK(!state.is_new);
    CHECK_BYTES(state.node.bytes, node.bytes, sizeof node.bytes);
    CHECK_INT(cepa_state_close(&state), 0);
}

/* A command changes who the user is while the daemon runs. */
TEST(identities_are_read_again)
{
    struct cepa_state state;
    struct cepa_identities changed;
    const struct cepa_name name = {"me"};
    char path[SCRATCH_PATH_SIZE];
    scratch_make(folder);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK_INT(state.identities.len, 0);
    CHECK_INT(cepa_identities_load(&changed, &reason, state.folder.fd), 0);
    CHECK_INT(cepa_identities_make(&changed, &reason, &name, cepa_native_random()), 0);
    CHECK_INT(cepa_identities_save(&changed, &reason, state.folder.fd), 0);
    CHECK_INT(cepa_state_reload(&state, &reason), 0);
    CHECK(memcmp(&state.identities, &changed, sizeof changed) == 0);
    scratch_join(path, folder, "identities");
    scratch_write(path, "nonsense", 8);
    CHECK_INT(cepa_state_reload(&state, &reason), CEPA_ERR_MALFORMED);
    CHECK_INT(state.identities.len, 1);
    CHECK_INT(cepa_state_close(&state), 0);
    CHECK_INT(open_at(&state, wall), CEPA_ERR_MALFORMED);
}

TEST(a_certificate_is_followed_by_another)
{
    struct cepa_wall later = {wall.unix_ms + UINT64_C(40) * 86400000};
    struct cepa_state state;
    struct cepa_secrets_certificate before;
    scratch_make(folder);
    CHECK_INT(open_at(&state, wall), 0);
    before = state.secrets.current;
    CHECK_INT(cepa_state_close(&state), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(open_at(&state, later), 0);
        CHECK(memcmp(&state.secrets.previous, &before, sizeof before) == 0);
        CHECK_INT(cepa_state_close(&state), 0);
    }
}

TEST(state_without_identity_is_refused)
{
    struct cepa_state state;
    scratch_make(folder);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK_INT(cepa_state_close(&state), 0);
    remove_file("secrets");
    CHECK_INT(open_at(&state, wall), CEPA_ERR_MISSING);
    CHECK(strstr(reason.text, "put a copy of 'secrets' back") != NULL);
    remove_file("state.db");
    CHECK_INT(open_at(&state, wall), 0);
    CHECK(state.is_new);
    CHECK_INT(cepa_state_close(&state), 0);
}

TEST(another_nodes_state_is_refused)
{
    char first[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    static uint8_t data[1 << 16];
    struct cepa_state state;
    scratch_make(folder);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK_INT(cepa_state_close(&state), 0);
    memcpy(first, folder, sizeof first);
    scratch_make(folder);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK_INT(open_at(&state, wall), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_state_close(&state), 0);
    scratch_join(path, first, "state.db");
    size_t len = scratch_read(path, data, sizeof data);
    scratch_join(path, folder, "state.db");
    scratch_write(path, data, len);
    CHECK_INT(open_at(&state, wall), CEPA_ERR_STATE);
}

TEST(secrets_that_others_can_read_are_refused)
{
    char path[SCRATCH_PATH_SIZE];
    struct cepa_state state;
    struct cepa_node_id node;
    scratch_make(folder);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK_INT(cepa_state_close(&state), 0);
    scratch_join(path, folder, "secrets");
    CHECK(chmod(path, 0644) == 0);
    CHECK_INT(open_at(&state, wall), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_state_read_identity(&node, &reason, folder, 0), CEPA_ERR_ARGUMENT);
    CHECK(chmod(path, 0600) == 0);
    CHECK_INT(open_at(&state, wall), 0);
    CHECK_INT(cepa_state_close(&state), 0);
}

TEST_MAIN(RUN(an_identity_is_made_once), RUN(identities_are_read_again),
          RUN(a_certificate_is_followed_by_another), RUN(state_without_identity_is_refused),
          RUN(another_nodes_state_is_refused), RUN(secrets_that_others_can_read_are_refused))
