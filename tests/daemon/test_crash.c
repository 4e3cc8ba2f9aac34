/* A daemon that is killed at any moment: its state opens again, it is who it was, and what it was
 * told to be on disk is there. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/cpu.h"
#include "native/daemon/state.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "support/scratch.h"
#include "support/test.h"

enum { CRASHES = 200, STARTS = 40, TABLE = 3, NEWS = 2, SECRET = 6 };

static char folder[SCRATCH_PATH_SIZE];
static struct cepa_reason reason;

static bool open_state(struct cepa_state *ret_state)
{
    int status = cepa_state_open(ret_state, &reason, folder, cepa_clock_wall(),
                                 cepa_native_random(), cepa_native_cpu());
    if (status != 0) {
        test_note("%s", reason.text);
    }
    return status == 0;
}

/* Reads the number under the key of the guards; 0 if there is none. */
static uint32_t guard_of(struct cepa_state *state)
{
    uint32_t number = 0;
    size_t len = 0;
    int status = cepa_store_get(state->store, &number, &len, sizeof number, TABLE, "guards", 6);
    CHECK(status == CEPA_ERR_NOT_FOUND || (status == 0 && len == sizeof number));
    return status == 0 ? number : 0;
}

/* What a daemon does all day, as fast as it can; each number that is on disk is told. */
static void work(int tell)
{
    struct cepa_state state;
    uint8_t news[200] = {0};
    if (!open_state(&state)) {
        _exit(1);
    }
    uint32_t number = guard_of(&state);
    for (uint32_t i = 0;; i++) {
        number++;
        int status = 0;
        for (uint32_t k = 0; k < 20 && status == 0; k++) {
            uint32_t key = i * 20 + k;
            status = cepa_store_put(state.store, NEWS, &key, sizeof key, news, sizeof news,
                                    CEPA_STATE_LATER);
        }
        status = status != 0 ? status
                             : cepa_store_put(state.store, TABLE, "guards", 6, &number,
                                              sizeof number, CEPA_STATE_NOW);
        if (status != 0 || write(tell, &number, sizeof number) != (ssize_t)sizeof number) {
            _exit(2);
        }
        if (i % 4 == 0) {
            status = cepa_store_put(state.store, SECRET, "chain", 5, news, sizeof news,
                                    CEPA_STATE_SECRET);
        } else if (i % 4 == 2) {
            status = cepa_secrets_save(&state.secrets, &reason, state.folder.fd);
        }
        if (status != 0) {
            _exit(3);
        }
    }
}

static pid_t start(int *ret_heard)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ends[0]);
        work(ends[1]);
    }
    close(ends[1]);
    *ret_heard = ends[0];
    return child;
}

/* Kills after a while; gives the last number that was told, or `number`. */
static uint32_t kill_after(pid_t child, int heard, uint32_t us, uint32_t number)
{
    uint32_t got;
    int ended = 0;
    usleep(us);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &ended, 0) == child);
    CHECK(WIFSIGNALED(ended));
    while (read(heard, &got, sizeof got) == (ssize_t)sizeof got) {
        number = got;
    }
    close(heard);
    return number;
}

TEST(two_hundred_crashes_change_nothing)
{
    struct cepa_node_id node;
    struct cepa_state state;
    uint32_t told = 0;
    uint32_t most = 0;
    scratch_make(folder);
    CHECK(cepa_native_init() == 0 && open_state(&state));
    node = state.node;
    CHECK_INT(cepa_state_close(&state), 0);
    srandom(4);
    for (int i = 0; i < CRASHES; i++) {
        int heard;
        pid_t child = start(&heard);
        told = kill_after(child, heard, (uint32_t)(random() % 40000), told);
        CHECK(open_state(&state));
        CHECK(!state.is_new);
        CHECK_BYTES(state.node.bytes, node.bytes, sizeof node.bytes);
        uint32_t kept = guard_of(&state);
        CHECK(kept == told || kept == told + 1);
        most = kept > most ? kept : most;
        told = kept;
        CHECK_INT(cepa_state_close(&state), 0);
    }
    test_note("%u writes of guards, none lost", most);
    CHECK(most > CRASHES);
}

TEST(a_crash_while_somebody_is_born_leaves_one_or_nobody)
{
    srandom(5);
    for (int i = 0; i < STARTS; i++) {
        struct cepa_node_id node;
        struct cepa_state state;
        char path[SCRATCH_PATH_SIZE];
        int heard;
        scratch_make(folder);
        pid_t child = start(&heard);
        (void)kill_after(child, heard, (uint32_t)(random() % 25000), 0);
        scratch_join(path, folder, "secrets");
        bool was_born = access(path, F_OK) == 0;
        if (was_born) {
            CHECK_INT(cepa_state_read_identity(&node, &reason, folder, cepa_native_cpu()), 0);
        }
        CHECK(open_state(&state));
        CHECK(state.is_new == !was_born);
        CHECK(!was_born || memcmp(&state.node, &node, sizeof node) == 0);
        CHECK_INT(cepa_state_close(&state), 0);
    }
}

TEST_MAIN(RUN(two_hundred_crashes_change_nothing),
          RUN(a_crash_while_somebody_is_born_leaves_one_or_nobody))
