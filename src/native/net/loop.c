/* The event loop: one epoll descriptor with a timer and a counter of wakes in it. */
#define _GNU_SOURCE
#include "native/net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "native/net/clock.h"

/* Numbers of our own descriptors. */
#define NUMBER_TIMER UINT64_MAX
#define NUMBER_WAKE (UINT64_MAX - 1)

struct cepa_loop {
    int epoll_fd;
    int timer_fd; /* on the clock of cepa_clock_now, which goes on while the machine sleeps */
    int wake_fd;
    struct cepa_time armed; /* when the timer fires; never if it does not */
    size_t next;            /* of `ready` */
    size_t count;
    struct epoll_event ready[CEPA_LOOP_READY_MAX];
};

static uint32_t events_of(unsigned what)
{
    return ((what & CEPA_LOOP_READ) != 0 ? (uint32_t)EPOLLIN : 0) |
           ((what & CEPA_LOOP_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0);
}

static unsigned what_of(uint32_t events)
{
    return ((events & EPOLLIN) != 0 ? (unsigned)CEPA_LOOP_READ : 0) |
           ((events & EPOLLOUT) != 0 ? (unsigned)CEPA_LOOP_WRITE : 0) |
           ((events & (EPOLLERR | EPOLLHUP)) != 0 ? (unsigned)CEPA_LOOP_BROKEN : 0);
}

static int control(struct cepa_loop *loop, int operation, int fd, uint64_t number, unsigned what)
{
    struct epoll_event event = {.events = events_of(what), .data = {.u64 = number}};
    if (epoll_ctl(loop->epoll_fd, operation, fd, &event) == 0) {
        return 0;
    }
    return errno == ENOSPC || errno == ENOMEM ? CEPA_ERR_FULL : CEPA_ERR_SYSTEM;
}

static int open_descriptors(struct cepa_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 || loop->wake_fd < 0) {
        return CEPA_ERR_SYSTEM;
    }
    int result = control(loop, EPOLL_CTL_ADD, loop->timer_fd, NUMBER_TIMER, CEPA_LOOP_READ);
    return result != 0 ? result
                       : control(loop, EPOLL_CTL_ADD, loop->wake_fd, NUMBER_WAKE, CEPA_LOOP_READ);
}

int cepa_loop_open(struct cepa_loop **ret_loop)
{
    struct cepa_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return CEPA_ERR_FULL;
    }
    loop->armed = cepa_time_never();
    int result = open_descriptors(loop);
    if (result != 0) {
        cepa_loop_close(loop);
        return result;
    }
    *ret_loop = loop;
    return 0;
}

void cepa_loop_close(struct cepa_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    const int fds[] = {loop->wake_fd, loop->timer_fd, loop->epoll_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    free(loop);
}

int cepa_loop_descriptor(const struct cepa_loop *loop)
{
    return loop->epoll_fd;
}

int cepa_loop_add(struct cepa_loop *loop, int fd, uint64_t number, unsigned what)
{
    CEPA_ASSERT(number < NUMBER_WAKE);
    return control(loop, EPOLL_CTL_ADD, fd, number, what);
}

int cepa_loop_change(struct cepa_loop *loop, int fd, uint64_t number, unsigned what)
{
    CEPA_ASSERT(number < NUMBER_WAKE);
    return control(loop, EPOLL_CTL_MOD, fd, number, what);
}

void cepa_loop_remove(struct cepa_loop *loop, int fd, uint64_t number)
{
    struct epoll_event unused = {.events = 0};
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, &unused);
    for (size_t i = loop->next; i < loop->count; i++) {
        if (loop->ready[i].data.u64 == number) {
            loop->ready[i].events = 0;
        }
    }
}

/* The timer costs a system call, so it is moved only to come earlier; one that fires too early is
 * set anew. A timer at 0 would be off. */
static int arm(struct cepa_loop *loop, struct cepa_time deadline)
{
    if (!cepa_time_is_before(deadline, loop->armed)) {
        return 0;
    }
    uint64_t ns = deadline.ns > 0 ? deadline.ns : 1;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(ns / CEPA_SECOND_NS),
                                           .tv_nsec = (long)(ns % CEPA_SECOND_NS)}};
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    loop->armed = deadline;
    return 0;
}

int cepa_loop_set_deadline(struct cepa_loop *loop, struct cepa_time deadline)
{
    return arm(loop, deadline);
}

/* Takes the count out of one of our own descriptors, so that it is not ready any more. */
static void drain(int fd)
{
    uint64_t count;
    ssize_t unused = read(fd, &count, sizeof count);
    (void)unused;
}

/* Takes our own descriptors out of what is ready. Says whether the wait was ended by a wake. */
static bool take_own(struct cepa_loop *loop)
{
    bool is_woken = false;
    size_t kept = 0;
    for (size_t i = 0; i < loop->count; i++) {
        if (loop->ready[i].data.u64 == NUMBER_WAKE) {
            drain(loop->wake_fd);
            is_woken = true;
        } else if (loop->ready[i].data.u64 == NUMBER_TIMER) {
            drain(loop->timer_fd);
            loop->armed = cepa_time_never();
        } else {
            loop->ready[kept++] = loop->ready[i];
        }
    }
    loop->count = kept;
    return is_woken;
}

int cepa_loop_wait(struct cepa_loop *loop, struct cepa_time deadline)
{
    loop->next = 0;
    for (;;) {
        bool is_due = cepa_time_is_due(deadline, cepa_clock_now());
        loop->count = 0;
        if (!is_due && arm(loop, deadline) != 0) {
            return CEPA_ERR_SYSTEM;
        }
        int count = epoll_wait(loop->epoll_fd, loop->ready, CEPA_LOOP_READY_MAX, is_due ? 0 : -1);
        if (count < 0 && errno != EINTR) {
            return CEPA_ERR_SYSTEM;
        }
        loop->count = count > 0 ? (size_t)count : 0;
        if (take_own(loop) || loop->count > 0 || is_due) {
            return (int)loop->count;
        }
    }
}

bool cepa_loop_next(struct cepa_loop *loop, struct cepa_loop_ready *ret_ready)
{
    while (loop->next < loop->count) {
        const struct epoll_event *event = &loop->ready[loop->next++];
        if (event->events != 0) {
            ret_ready->number = event->data.u64;
            ret_ready->what = what_of(event->events);
            return true;
        }
    }
    return false;
}

void cepa_loop_wake(const struct cepa_loop *loop)
{
    int before = errno;
    const uint64_t one = 1;
    ssize_t unused = write(loop->wake_fd, &one, sizeof one);
    (void)unused; /* a full counter wakes too */
    errno = before;
}
