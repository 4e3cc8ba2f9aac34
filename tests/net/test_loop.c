/* The event loop waits as long as it should, and no descriptor comes after it was removed. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "native/net/loop.h"
#include "support/loopback.h"
#include "support/test.h"

enum { PAIRS = 3 };

static struct cepa_loop *loop;
static int pairs[PAIRS][2];

static void open_all(void)
{
    CHECK_INT(cepa_loop_open(&loop), 0);
    for (int i = 0; i < PAIRS; i++) {
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]), 0);
        CHECK_INT(cepa_loop_add(loop, pairs[i][0], (uint64_t)i + 10, CEPA_LOOP_READ), 0);
    }
}

static void close_all(void)
{
    cepa_loop_close(loop);
    for (int i = 0; i < PAIRS; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
}

static void make_readable(int pair)
{
    CHECK_INT(write(pairs[pair][1], "x", 1), 1);
}

static struct cepa_time in_us(uint64_t us)
{
    return cepa_time_add(cepa_clock_now(), us * CEPA_MICROSECOND_NS);
}

static const struct cepa_time past = {0};

TEST(what_is_ready_is_told_till_it_is_taken)
{
    struct cepa_loop_ready ready;
    unsigned seen = 0;
    char byte;
    open_all();
    CHECK_INT(cepa_loop_wait(loop, past), 0);
    CHECK(!cepa_loop_next(loop, &ready));
    make_readable(0);
    make_readable(2);
    for (int i = 0; i < 2; i++) {
        seen = 0;
        CHECK_INT(cepa_loop_wait(loop, cepa_time_never()), 2);
        while (cepa_loop_next(loop, &ready)) {
            CHECK_INT(ready.what, CEPA_LOOP_READ);
            seen += (unsigned)ready.number;
        }
        CHECK_INT(seen, 22);
    }
    CHECK_INT(read(pairs[0][0], &byte, 1), 1);
    CHECK_INT(cepa_loop_wait(loop, cepa_time_never()), 1);
    CHECK(cepa_loop_next(loop, &ready));
    CHECK_INT(ready.number, 12);
    close_all();
}

TEST(what_is_watched_for_can_change)
{
    struct cepa_loop_ready ready;
    open_all();
    CHECK_INT(cepa_loop_change(loop, pairs[1][0], 99, CEPA_LOOP_WRITE), 0);
    make_readable(1);
    CHECK_INT(cepa_loop_wait(loop, past), 1);
    CHECK(cepa_loop_next(loop, &ready));
    CHECK_INT(ready.number, 99);
    CHECK_INT(ready.what, CEPA_LOOP_WRITE);
    CHECK_INT(cepa_loop_change(loop, pairs[1][0], 99, CEPA_LOOP_READ | CEPA_LOOP_WRITE), 0);
    CHECK_INT(cepa_loop_wait(loop, past), 1);
    CHECK(cepa_loop_next(loop, &ready));
    CHECK_INT(ready.what, CEPA_LOOP_READ | CEPA_LOOP_WRITE);
    CHECK_INT(cepa_loop_change(loop, pairs[1][0], 99, 0), 0);
    CHECK_INT(cepa_loop_wait(loop, past), 0);
    /* The end of a stream is readable, and broken when it is the end of both directions. */
    close(pairs[1][1]);
    CHECK_INT(cepa_loop_wait(loop, past), 1);
    CHECK(cepa_loop_next(loop, &ready));
    CHECK((ready.what & CEPA_LOOP_BROKEN) != 0);
    CHECK_INT(cepa_loop_add(loop, pairs[0][0], 5, CEPA_LOOP_READ), CEPA_ERR_SYSTEM);
    CHECK_INT(cepa_loop_change(loop, pairs[0][1], 5, CEPA_LOOP_READ), CEPA_ERR_SYSTEM);
    CHECK_INT(cepa_loop_add(loop, -1, 5, CEPA_LOOP_READ), CEPA_ERR_SYSTEM);
    pairs[1][1] = dup(pairs[1][0]);
    close_all();
}

TEST(a_removed_descriptor_does_not_come)
{
    struct cepa_loop_ready ready;
    open_all();
    for (int i = 0; i < PAIRS; i++) {
        make_readable(i);
    }
    CHECK_INT(cepa_loop_wait(loop, past), 3);
    CHECK(cepa_loop_next(loop, &ready));
    CHECK_INT(ready.number, 10);
    /* Both that are left are ready; one is removed, and its number is given to another. */
    cepa_loop_remove(loop, pairs[1][0], 11);
    CHECK_INT(cepa_loop_add(loop, pairs[1][1], 11, CEPA_LOOP_READ), 0);
    CHECK(cepa_loop_next(loop, &ready));
    CHECK_INT(ready.number, 12);
    CHECK(!cepa_loop_next(loop, &ready));
    cepa_loop_remove(loop, pairs[0][0], 10);
    cepa_loop_remove(loop, pairs[2][0], 12);
    CHECK_INT(cepa_loop_wait(loop, past), 0);
    close_all();
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Never too early; how late depends on who else is on the machine, so the better half counts. */
TEST(deadlines_are_kept)
{
    enum { ROUNDS = 51 };
    uint64_t late[ROUNDS];
    open_all();
    for (int i = 0; i < ROUNDS; i++) {
        struct cepa_time deadline = in_us(1500);
        CHECK_INT(cepa_loop_wait(loop, deadline), 0);
        struct cepa_time now = cepa_clock_now();
        CHECK(cepa_time_is_due(deadline, now));
        late[i] = cepa_time_since(now, deadline);
    }
    qsort(late, ROUNDS, sizeof late[0], compare);
    test_note("after a deadline: median %llu us, most %llu us",
              (unsigned long long)late[ROUNDS / 2] / 1000,
              (unsigned long long)late[ROUNDS - 1] / 1000);
    CHECK(late[ROUNDS / 4] < CEPA_MILLISECOND_NS / 2);
    close_all();
}

/* A timer that was set for an earlier moment does not end a later wait. */
TEST(an_earlier_deadline_does_not_disturb_a_later_one)
{
    open_all();
    make_readable(0);
    CHECK_INT(cepa_loop_wait(loop, in_us(2000)), 1);
    cepa_loop_remove(loop, pairs[0][0], 10);
    struct cepa_time deadline = in_us(6000);
    CHECK_INT(cepa_loop_wait(loop, deadline), 0);
    CHECK(cepa_time_is_due(deadline, cepa_clock_now()));
    deadline = in_us(1000);
    CHECK_INT(cepa_loop_wait(loop, deadline), 0);
    CHECK(cepa_time_is_due(deadline, cepa_clock_now()));
    CHECK(cepa_time_since(cepa_clock_now(), deadline) < 500 * CEPA_MILLISECOND_NS);
    close_all();
}

static void *wake_many_times(void *context)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    atomic_int *wakes = context;
    for (int i = 0; i < 20; i++) {
        nanosleep(&pause, NULL);
        atomic_fetch_add(wakes, 1);
        cepa_loop_wake(loop);
    }
    return NULL;
}

TEST(another_thread_wakes_it)
{
    pthread_t thread;
    atomic_int wakes = 0;
    open_all();
    /* One before the wait counts, and only once. */
    cepa_loop_wake(loop);
    cepa_loop_wake(loop);
    CHECK_INT(cepa_loop_wait(loop, cepa_time_never()), 0);
    struct cepa_time deadline = in_us(2000);
    CHECK_INT(cepa_loop_wait(loop, deadline), 0);
    CHECK(cepa_time_is_due(deadline, cepa_clock_now()));
    CHECK_INT(pthread_create(&thread, NULL, wake_many_times, &wakes), 0);
    while (atomic_load(&wakes) < 20) {
        CHECK_INT(cepa_loop_wait(loop, cepa_time_never()), 0);
    }
    CHECK_INT(pthread_join(thread, NULL), 0);
    close_all();
}

static atomic_int is_handler_to_wake; /* lock-free, so a handler may read it */

static void on_signal(int number)
{
    (void)number;
    if (is_handler_to_wake) {
        cepa_loop_wake(loop);
    }
}

static void *send_signals(void *context)
{
    const struct timespec pause = {.tv_nsec = 3000000};
    pthread_t waiter = *(pthread_t *)context;
    nanosleep(&pause, NULL);
    pthread_kill(waiter, SIGUSR1); /* is not to wake */
    nanosleep(&pause, NULL);
    is_handler_to_wake = 1;
    pthread_kill(waiter, SIGUSR1);
    return NULL;
}

TEST(a_signal_handler_wakes_it)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;
    pthread_t self = pthread_self();
    pthread_t thread;
    open_all();
    CHECK_INT(sigaction(SIGUSR1, &action, &before), 0);
    is_handler_to_wake = 0;
    CHECK_INT(pthread_create(&thread, NULL, send_signals, &self), 0);
    CHECK_INT(cepa_loop_wait(loop, in_us(10000000)), 0);
    CHECK(is_handler_to_wake);
    errno = EDOM;
    is_handler_to_wake = 1;
    CHECK_INT(raise(SIGUSR1), 0);
    CHECK_INT(errno, EDOM);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(sigaction(SIGUSR1, &before, NULL), 0);
    close_all();
}

TEST(it_stands_in_another_loop)
{
    struct cepa_loop *outer;
    struct cepa_loop_ready ready;
    open_all();
    CHECK_INT(cepa_loop_open(&outer), 0);
    CHECK_INT(cepa_loop_add(outer, cepa_loop_descriptor(loop), 1, CEPA_LOOP_READ), 0);
    CHECK_INT(cepa_loop_wait(outer, past), 0);
    make_readable(1);
    CHECK_INT(cepa_loop_wait(outer, cepa_time_never()), 1);
    CHECK(cepa_loop_next(outer, &ready));
    CHECK_INT(ready.number, 1);
    CHECK_INT(cepa_loop_wait(loop, past), 1);
    cepa_loop_remove(loop, pairs[1][0], 11);
    CHECK_INT(cepa_loop_wait(outer, past), 0);
    cepa_loop_wake(loop);
    CHECK_INT(cepa_loop_wait(outer, past), 1);
    CHECK_INT(cepa_loop_wait(loop, past), 0);
    CHECK_INT(cepa_loop_wait(outer, past), 0);
    CHECK_INT(cepa_loop_set_deadline(loop, in_us(2000)), 0);
    CHECK_INT(cepa_loop_wait(outer, in_us(5000000)), 1);
    CHECK_INT(cepa_loop_wait(loop, past), 0);
    cepa_loop_close(outer);
    close_all();
}

TEST(more_descriptors_than_fit_come_in_turn)
{
    enum { COUNT = CEPA_LOOP_READY_MAX + 20 };
    static int fds[COUNT][2];
    static unsigned seen[COUNT];
    struct cepa_loop_ready ready;
    CHECK_INT(cepa_loop_open(&loop), 0);
    for (int i = 0; i < COUNT; i++) {
        CHECK_INT(pipe(fds[i]), 0);
        CHECK_INT(cepa_loop_add(loop, fds[i][0], (uint64_t)i, CEPA_LOOP_READ), 0);
        CHECK_INT(write(fds[i][1], "x", 1), 1);
    }
    for (int round = 0; round < 2; round++) {
        CHECK_INT(cepa_loop_wait(loop, past), CEPA_LOOP_READY_MAX);
        while (cepa_loop_next(loop, &ready)) {
            seen[ready.number]++;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK(seen[i] == 1 || seen[i] == 2);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    cepa_loop_close(loop);
    cepa_loop_close(NULL);
}

TEST_MAIN(RUN(what_is_ready_is_told_till_it_is_taken), RUN(what_is_watched_for_can_change),
          RUN(a_removed_descriptor_does_not_come), RUN(deadlines_are_kept),
          RUN(an_earlier_deadline_does_not_disturb_a_later_one), RUN(another_thread_wakes_it),
          RUN(a_signal_handler_wakes_it), RUN(it_stands_in_another_loop),
          RUN(more_descriptors_than_fit_come_in_turn))
