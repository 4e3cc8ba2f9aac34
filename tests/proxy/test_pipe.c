/* Pipes over real sockets, Unix's and TCP's, and a stream of the test's own that takes and gives as
 * much as it is told: bytes and ends come through, back-pressure does too, and nothing spins. */
#define _GNU_SOURCE
#include "native/proxy/pipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "support/test.h"

enum { NUMBER = 7, FAKE_SIZE = 1 << 20, WAIT_MS = 5000, QUIET_MS = 30 };

/* The stream. Bytes both ways are those of pattern(). */
struct fake {
    size_t takes;      /* how many bytes it still takes */
    size_t taken;      /* how many it has taken */
    bool is_wrong;     /* some of them were not those of the pattern */
    bool has_end;      /* and the end */
    int write_error;   /* from now on */
    size_t gives;      /* how many it still gives */
    size_t given;      /* how many it has given */
    bool gives_end;    /* behind the last of them */
    size_t piece;      /* at most so many at once; 0: any number */
    int read_error;    /* from now on, behind what it gives */
    int resets, stops; /* how often it was told to give up */
};

static struct fake fake;
static struct cepa_loop *loop;
static struct cepa_pipe *pipe_;
static int far; /* the program's end of the socket */
static size_t far_sent;
static size_t far_got;

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16));
}

static int fake_write(void *context, size_t *ret_taken, const uint8_t *data, size_t len,
                      bool is_end)
{
    struct fake *to = context;
    size_t count = len < to->takes ? len : to->takes;
    CHECK(!to->has_end && to->resets == 0);
    if (to->write_error != 0) {
        return to->write_error;
    }
    for (size_t i = 0; i < count; i++) {
        to->is_wrong = to->is_wrong || data[i] != pattern(to->taken + i);
    }
    to->takes -= count;
    to->taken += count;
    to->has_end = is_end && count == len;
    *ret_taken = count;
    return 0;
}

static int fake_read(void *context, uint8_t *ret_data, size_t *ret_len, bool *ret_is_end,
                     size_t size)
{
    struct fake *from = context;
    size_t count = size < from->gives ? size : from->gives;
    count = from->piece != 0 && from->piece < count ? from->piece : count;
    if (count == 0 && from->read_error != 0) {
        return from->read_error;
    }
    for (size_t i = 0; i < count; i++) {
        ret_data[i] = pattern(from->given + i);
    }
    from->gives -= count;
    from->given += count;
    *ret_len = count;
    *ret_is_end = from->gives == 0 && from->gives_end;
    return 0;
}

static void fake_reset(void *context)
{
    ((struct fake *)context)->resets++;
}

static void fake_stop(void *context)
{
    ((struct fake *)context)->stops++;
}

static void open_pipe(int fd)
{
    const struct cepa_pipe_stream stream = {&fake, fake_write, fake_read, fake_reset, fake_stop};
    memset(&fake, 0, sizeof fake);
    far_sent = far_got = 0;
    CHECK_INT(cepa_loop_open(&loop), 0);
    CHECK_INT(cepa_pipe_open(&pipe_, loop, NUMBER, fd, &stream), 0);
}

static void open_unix(void)
{
    int fds[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    far = fds[1];
    open_pipe(fds[0]);
}

static void open_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    far = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(listener, 1), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    CHECK_INT(connect(far, (struct sockaddr *)&address, len), 0);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    CHECK(fd >= 0);
    close(listener);
    open_pipe(fd);
}

static void close_all(void)
{
    cepa_pipe_close(pipe_);
    cepa_loop_close(loop);
    if (far >= 0) {
        close(far);
    }
}

/* Lets the pipe do what it is told to do within `wait_ms`; gives whether it was told anything. */
static bool turn(unsigned wait_ms)
{
    struct cepa_loop_ready ready;
    struct cepa_time until = cepa_time_add(cepa_clock_now(), wait_ms * CEPA_MILLISECOND_NS);
    bool was_ready = cepa_loop_wait(loop, until) > 0;
    while (cepa_loop_next(loop, &ready)) {
        CHECK_INT(ready.number, NUMBER);
        cepa_pipe_on_ready(pipe_, ready.what);
    }
    return was_ready;
}

/* Turns until there is nothing to do; fails if that is endless. */
static void settle(void)
{
    for (int i = 0; turn(QUIET_MS); i++) {
        CHECK(i < 2000);
    }
}

/* The program sends what is taken of the next `len` bytes. */
static void far_send(size_t len)
{
    static uint8_t bytes[4096];
    while (len > 0) {
        size_t count = len < sizeof bytes ? len : sizeof bytes;
        for (size_t i = 0; i < count; i++) {
            bytes[i] = pattern(far_sent + i);
        }
        ssize_t sent = send(far, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            CHECK_INT(errno, EAGAIN);
            return;
        }
        far_sent += (size_t)sent;
        len -= (size_t)sent;
    }
}

/* The program reads all that is there: 1, or 0 at the end, or the negative errno. */
static int far_read(void)
{
    static uint8_t bytes[4096];
    for (;;) {
        ssize_t got = recv(far, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got <= 0) {
            return got == 0 ? 0 : errno == EAGAIN ? 1 : -errno;
        }
        for (ssize_t i = 0; i < got; i++) {
            CHECK_INT(bytes[i], pattern(far_got + (size_t)i));
        }
        far_got += (size_t)got;
    }
}

static void move_both(void)
{
    struct cepa_pipe_status status;
    int said = 1;
    fake.gives = fake.takes = FAKE_SIZE;
    fake.gives_end = true;
    fake.piece = 1000;
    cepa_pipe_on_stream(pipe_);
    while (far_sent < FAKE_SIZE || said == 1) {
        far_send(FAKE_SIZE - far_sent);
        said = said == 1 ? far_read() : said;
        (void)turn(0);
    }
    CHECK_INT(said, 0);
    CHECK(!cepa_pipe_is_done(pipe_));
    CHECK_INT(shutdown(far, SHUT_WR), 0);
    while (!cepa_pipe_is_done(pipe_)) {
        CHECK(turn(WAIT_MS));
    }
    CHECK(fake.has_end && !fake.is_wrong);
    CHECK_INT(fake.taken, FAKE_SIZE);
    CHECK_INT(far_got, FAKE_SIZE);
    cepa_pipe_status_get(&status, pipe_);
    CHECK(status.bytes_in == FAKE_SIZE && status.bytes_out == FAKE_SIZE);
    close_all();
    CHECK_INT(fake.resets + fake.stops, 0);
}

TEST(moves_bytes_both_ways_over_unix)
{
    open_unix();
    move_both();
}

TEST(moves_bytes_both_ways_over_tcp)
{
    open_tcp();
    move_both();
}

static void half_close(void)
{
    fake.takes = FAKE_SIZE;
    far_send(10);
    CHECK_INT(shutdown(far, SHUT_WR), 0);
    settle();
    CHECK(fake.has_end && fake.taken == 10);
    CHECK(!cepa_pipe_is_done(pipe_));
    fake.gives = 20;
    cepa_pipe_on_stream(pipe_);
    settle();
    CHECK_INT(far_read(), 1);
    CHECK_INT(far_got, 20);
    fake.gives_end = true;
    cepa_pipe_on_stream(pipe_);
    CHECK(cepa_pipe_is_done(pipe_));
    CHECK_INT(far_read(), 0);
    close_all();
    CHECK_INT(fake.resets + fake.stops, 0);
}

TEST(one_way_ends_while_the_other_goes_on)
{
    open_unix();
    half_close();
    open_tcp();
    half_close();
}

TEST(the_stream_may_end_first)
{
    open_tcp();
    fake.takes = FAKE_SIZE;
    fake.gives = 5;
    fake.gives_end = true;
    cepa_pipe_on_stream(pipe_);
    settle();
    CHECK_INT(far_read(), 0);
    far_send(100);
    settle();
    CHECK(fake.taken == 100 && !fake.has_end);
    close(far);
    far = -1;
    settle();
    CHECK(fake.has_end && cepa_pipe_is_done(pipe_));
    close_all();
    CHECK_INT(fake.resets + fake.stops, 0);
}

/* What a socket may hold is the system's affair; what the pipe holds is ours. */
static void never_reads(void)
{
    fake.gives = (size_t)1 << 30;
    struct cepa_pipe_status status;
    size_t before;
    do { /* TCP's buffers grow */
        before = fake.given;
        cepa_pipe_on_stream(pipe_);
        settle();
    } while (fake.given > before);
    cepa_pipe_status_get(&status, pipe_);
    CHECK(fake.given - status.bytes_in <= CEPA_PIPE_BUFFER);
    CHECK(fake.given < (size_t)64 << 20);
    CHECK(!turn(QUIET_MS));
    CHECK_INT(far_read(), 1);
    CHECK(turn(WAIT_MS));
    CHECK(fake.given > before);
    close_all();
    CHECK(fake.resets == 1 && fake.stops == 1);
}

TEST(a_program_that_never_reads_stops_the_stream)
{
    open_unix();
    never_reads();
    open_tcp();
    never_reads();
}

static void never_takes(void)
{
    fake.takes = 100;
    size_t before;
    do {
        before = far_sent;
        far_send((size_t)1 << 24);
        settle();
    } while (far_sent > before);
    CHECK_INT(fake.taken, 100);
    CHECK(far_sent < (size_t)64 << 20);
    CHECK(!turn(QUIET_MS));
    fake.takes = (size_t)1 << 30;
    cepa_pipe_on_stream(pipe_);
    settle();
    CHECK_INT(fake.taken, far_sent);
    CHECK(!fake.is_wrong);
    close_all();
}

TEST(a_stream_that_takes_nothing_stops_the_program)
{
    open_unix();
    never_takes();
    open_tcp();
    never_takes();
}

TEST(a_call_moves_a_bounded_part)
{
    open_tcp();
    fake.takes = (size_t)1 << 30;
    fake.gives = (size_t)1 << 30;
    for (int i = 0; i < 200; i++) {
        size_t given = fake.given;
        size_t taken = fake.taken;
        far_send((size_t)1 << 20);
        CHECK_INT(far_read(), 1);
        cepa_pipe_on_stream(pipe_);
        CHECK(fake.given - given <= CEPA_PIPE_TURN + CEPA_PIPE_BUFFER);
        CHECK(fake.taken - taken <= CEPA_PIPE_TURN + CEPA_PIPE_BUFFER);
        CHECK(turn(WAIT_MS)); /* and comes back by itself */
    }
    close_all();
}

static void break_far(void)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    CHECK_INT(setsockopt(far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(far);
    far = -1;
}

TEST(a_broken_connection_gives_up_both_ways)
{
    open_tcp();
    fake.takes = 50;
    far_send(100000); /* the stream is full, so the socket is not read when it breaks */
    settle();
    break_far();
    CHECK(turn(WAIT_MS));
    CHECK(cepa_pipe_is_done(pipe_));
    CHECK(fake.resets == 1 && fake.stops == 1 && !fake.has_end);
    CHECK(!turn(QUIET_MS));
    close_all();
    CHECK(fake.resets == 1 && fake.stops == 1);
}

TEST(what_came_before_a_clean_end_is_kept_though_the_stream_is_slow)
{
    open_unix();
    fake.takes = 50;
    far_send(100000);
    CHECK(far_sent > CEPA_PIPE_BUFFER);
    close(far);
    far = -1;
    settle(); /* ends: the socket is ready all the time, but not asked */
    CHECK(!cepa_pipe_is_done(pipe_));
    CHECK_INT(fake.stops, 1); /* nothing can be sent there */
    for (int i = 0; i < 100 && !fake.has_end; i++) {
        fake.takes = 5000;
        cepa_pipe_on_stream(pipe_);
    }
    CHECK(fake.has_end && cepa_pipe_is_done(pipe_));
    CHECK_INT(fake.taken, far_sent);
    CHECK(!fake.is_wrong);
    close_all();
    CHECK_INT(fake.resets, 0);
}

TEST(both_ends_have_ended_while_the_stream_is_slow)
{
    open_tcp();
    fake.takes = 50;
    fake.gives_end = true;
    cepa_pipe_on_stream(pipe_);
    far_send(100000);
    CHECK_INT(shutdown(far, SHUT_WR), 0);
    settle();
    CHECK(!cepa_pipe_is_done(pipe_));
    fake.takes = FAKE_SIZE;
    cepa_pipe_on_stream(pipe_);
    settle();
    CHECK(fake.has_end && cepa_pipe_is_done(pipe_));
    CHECK_INT(fake.taken, far_sent);
    CHECK_INT(far_read(), 0);
    close_all();
    CHECK_INT(fake.resets + fake.stops, 0);
}

TEST(the_program_learns_that_the_other_end_gave_up)
{
    open_tcp();
    fake.gives = 1000;
    fake.read_error = CEPA_ERR_DROPPED;
    cepa_pipe_on_stream(pipe_);
    CHECK(cepa_pipe_is_done(pipe_));
    CHECK(fake.resets == 1 && fake.stops == 0);
    cepa_pipe_close(pipe_);
    pipe_ = NULL;
    CHECK_INT(far_read(), -ECONNRESET);
    close_all();
}

TEST(a_pipe_that_is_closed_early_breaks_the_connection)
{
    open_tcp();
    cepa_pipe_close(pipe_);
    pipe_ = NULL;
    CHECK_INT(far_read(), -ECONNRESET);
    CHECK(fake.resets == 1 && fake.stops == 1);
    close_all();
}

TEST(the_other_end_may_stop_reading_and_still_write)
{
    open_tcp();
    fake.write_error = CEPA_ERR_STATE;
    far_send(100);
    settle();
    CHECK(!cepa_pipe_is_done(pipe_));
    fake.gives = 100000;
    fake.gives_end = true;
    cepa_pipe_on_stream(pipe_);
    while (!cepa_pipe_is_done(pipe_)) {
        CHECK_INT(far_read(), 1);
        CHECK(turn(WAIT_MS));
    }
    cepa_pipe_close(pipe_);
    pipe_ = NULL;
    CHECK(far_read() <= 0);
    CHECK_INT(far_got, 100000);
    CHECK_INT(fake.resets + fake.stops, 0);
    close_all();
}

TEST(a_program_that_closes_both_ways_stops_the_stream)
{
    open_unix();
    fake.takes = FAKE_SIZE;
    close(far);
    far = -1;
    settle();
    CHECK(cepa_pipe_is_done(pipe_) && fake.has_end);
    CHECK(fake.stops == 1 && fake.resets == 0);
    close_all();
}

TEST_MAIN(RUN(moves_bytes_both_ways_over_unix), RUN(moves_bytes_both_ways_over_tcp),
          RUN(one_way_ends_while_the_other_goes_on), RUN(the_stream_may_end_first),
          RUN(a_program_that_never_reads_stops_the_stream),
          RUN(a_stream_that_takes_nothing_stops_the_program), RUN(a_call_moves_a_bounded_part),
          RUN(a_broken_connection_gives_up_both_ways),
          RUN(what_came_before_a_clean_end_is_kept_though_the_stream_is_slow),
          RUN(both_ends_have_ended_while_the_stream_is_slow),
          RUN(the_program_learns_that_the_other_end_gave_up),
          RUN(a_pipe_that_is_closed_early_breaks_the_connection),
          RUN(the_other_end_may_stop_reading_and_still_write),
          RUN(a_program_that_closes_both_ways_stops_the_stream))
