/* Streams of programs, at both ends of a simulated network: Alice asks, Bob's programs offer. The
 * network has its own time, sockets are real. */
#define _GNU_SOURCE
#include "native/streams/streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 10, ALICE = RELAYS, BOB, NUMBER = 10, TOLD_MAX = 64, GUEST = 500, HOST = 900 };

/* One side. */
struct side {
    uint32_t host;
    struct cepa_loop *loop;
    struct cepa_streams *streams;
    bool is_gone; /* its programs have left */
    struct cepa_streams_notice told[TOLD_MAX];
    char services[TOLD_MAX][64];
    size_t told_len;
    size_t seen; /* of these, by the test */
    uint32_t arrivals, moves;
    struct cepa_stream_header header; /* of the last arrival */
    uint32_t slot;                    /* likewise */
};

static struct sim *sim;
static struct side alice = {.host = ALICE};
static struct side bob = {.host = BOB};
static struct cepa_end_identity bobs;
static struct cepa_address address; /* Bob's */
static bool is_published;

static bool is_here(void *programs, uint64_t client)
{
    (void)client;
    return !((struct side *)programs)->is_gone;
}

static void tell(void *programs, const struct cepa_streams_notice *notice)
{
    struct side *side = programs;
    CHECK(side->told_len < TOLD_MAX);
    side->told[side->told_len] = *notice;
    if (notice->service != NULL) {
        strncpy(side->services[side->told_len], notice->service, 63);
    }
    side->told_len++;
}

static bool arrive(void *arrivals, const struct cepa_streams_arrival *arrival, struct cepa_time now)
{
    struct side *side = arrivals;
    (void)now;
    side->arrivals++;
    side->header = *arrival->header;
    side->slot = arrival->slot;
    return arrival->header->kind == CEPA_STREAM_MESSAGE;
}

static void move(void *arrivals, uint32_t slot, bool is_gone, struct cepa_time now)
{
    struct side *side = arrivals;
    (void)now;
    side->moves += slot == side->slot && !is_gone;
}

static void on_end(void *context, struct sim *of, uint32_t host,
                   const struct cepa_end_effect *effect)
{
    (void)context;
    is_published = is_published || effect->event == CEPA_END_PUBLISHED;
    struct side *side = host == ALICE ? &alice : host == BOB ? &bob : NULL;
    if (side != NULL && side->streams != NULL) {
        cepa_streams_on_end(side->streams, effect, sim_now(of));
    }
}

static void open_side(struct side *side)
{
    CHECK_INT(cepa_loop_open(&side->loop), 0);
    const struct cepa_streams_config config = {.end = sim_end_of(sim, side->host),
                                               .loop = side->loop,
                                               .first_number = NUMBER,
                                               .programs = side,
                                               .is_here = is_here,
                                               .tell = tell,
                                               .arrivals = side,
                                               .arrive = arrive,
                                               .move = move};
    CHECK_INT(cepa_streams_open(&side->streams, &config), 0);
}

/* Lets what is ready at a side's sockets be done. */
static void serve(struct side *side)
{
    struct cepa_loop_ready ready;
    if (cepa_loop_wait(side->loop, cepa_clock_now()) > 0) {
        while (cepa_loop_next(side->loop, &ready)) {
            CHECK(cepa_streams_on_ready(side->streams, &ready, sim_now(sim)));
        }
    }
    if (cepa_time_is_due(cepa_streams_deadline(side->streams), sim_now(sim))) {
        cepa_streams_step(side->streams, sim_now(sim));
    }
    sim_poke(sim, side->host);
}

static void pass(uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i++) {
        sim_run(sim, CEPA_MILLISECOND_NS);
        serve(&alice);
        serve(&bob);
    }
}

static bool has_come_true(struct sim *of, void *context)
{
    (void)of;
    return *(const bool *)context;
}

/* The network, with Bob in it who can be reached; the same for all tests. */
static void begin(void)
{
    static struct cepa_identity identity;
    static struct cepa_identity_workspace workspace;
    const struct cepa_identity_secret secret = {{2}};
    const struct cepa_end_policy policy = {
        .is_listening = true, .accepts_anonymous = true, .first_per_minute = 60};
    if (sim != NULL) {
        return;
    }
    struct sim_config config = sim_config_default(77);
    config.on_end = on_end;
    sim = sim_network(&config, RELAYS);
    struct sim_host_config client = sim_host_config_client();
    client.has_end = true;
    for (uint32_t host = ALICE; host <= BOB; host++) {
        CHECK_INT(sim_add(sim, &client), host);
        sim_start(sim, host);
        sim_invite(sim, 0, host);
    }
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    cepa_identity_expand(&identity, &secret, &workspace, 0);
    address = identity.address;
    CHECK_INT(cepa_end_identity_add(sim_end_of(sim, BOB), &bobs, &secret, &policy, sim_now(sim)),
              0);
    sim_poke(sim, BOB);
    CHECK(sim_run_until(sim, has_come_true, &is_published, 10 * CEPA_MILLISECOND_NS,
                        60 * CEPA_SECOND_NS));
    open_side(&alice);
    open_side(&bob);
}

/* What a side is told next but for news of paths; waits up to a minute. */
static const struct cepa_streams_notice *next(struct side *side)
{
    for (uint32_t i = 0; i < 60000; i++) {
        while (side->seen < side->told_len) {
            const struct cepa_streams_notice *notice = &side->told[side->seen++];
            if (notice->event != CEPA_STREAMS_CUT && notice->event != CEPA_STREAMS_MENDED) {
                return notice;
            }
        }
        side->told_len = side->seen = 0;
        pass(1);
    }
    test_note("nothing is told");
    CHECK(false);
    return NULL;
}

static const struct cepa_streams_notice *want(struct side *side, enum cepa_streams_event event,
                                              uint64_t stream)
{
    const struct cepa_streams_notice *notice = next(side);
    CHECK_INT(notice->event, event);
    CHECK(stream == 0 || notice->stream == stream);
    return notice;
}

/* Alice's program asks. */
static void ask(uint64_t stream, const char *service, const char *isolate, int fd)
{
    const struct cepa_streams_wish wish = {
        .client = GUEST, .stream = stream, .peer = address, .isolate = isolate, .service = service};
    CHECK_INT(cepa_streams_connect(alice.streams, &wish, fd, sim_now(sim)), 0);
    sim_poke(sim, ALICE);
    CHECK_INT(want(&alice, CEPA_STREAMS_OPENING, stream)->client, GUEST);
}

static void offer(const char *service)
{
    CHECK_INT(cepa_streams_listen(bob.streams, HOST, bobs, service), 0);
}

static void make_pair(int ret_fds[2])
{
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ret_fds), 0);
}

/* Joins a stream with a new socket; gives the program's end of it. */
static int take(struct side *side, uint64_t client, uint64_t stream)
{
    int fds[2];
    make_pair(fds);
    CHECK_INT(cepa_streams_take(side->streams, client, stream, fds[1], sim_now(sim)), 0);
    sim_poke(sim, side->host);
    return fds[0];
}

/* Reads what comes, up to `size` bytes, or to the end; gives how many. */
static size_t hear(int fd, char *ret_text, size_t size)
{
    size_t len = 0;
    for (uint32_t i = 0; i < 60000 && len < size; i++) {
        ssize_t got = recv(fd, ret_text + len, size - len, MSG_DONTWAIT);
        if (got == 0) {
            break;
        }
        CHECK(got > 0 || errno == EAGAIN);
        len += got > 0 ? (size_t)got : 0;
        pass(got > 0 ? 0 : 1);
    }
    return len;
}

static void say(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (long long)strlen(text));
}

static uint32_t sessions(const struct side *side)
{
    struct cepa_streams_status status;
    cepa_streams_status_get(&status, side->streams);
    return status.sessions;
}

static void check_idle(void)
{
    struct cepa_streams_status status;
    cepa_streams_status_get(&status, alice.streams);
    CHECK_INT(status.streams, 0);
    pass(3000); /* for what has to come to Bob */
    cepa_streams_status_get(&status, bob.streams);
    CHECK_INT(status.streams, 0);
}

TEST(a_service_is_reached)
{
    char text[64];
    begin();
    offer("web");
    CHECK_INT(cepa_streams_listen(bob.streams, HOST + 1, bobs, "web"), CEPA_ERR_IN_USE);
    ask(1, "web", "", -1);
    const struct cepa_streams_notice *incoming = want(&bob, CEPA_STREAMS_INCOMING, 0);
    CHECK(incoming->client == HOST && !incoming->has_peer);
    CHECK(strcmp(bob.services[incoming - bob.told], "web") == 0);
    uint64_t number = incoming->stream;
    CHECK_INT(cepa_streams_take(bob.streams, HOST + 1, number, -1, sim_now(sim)),
              CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_streams_take(alice.streams, GUEST, 1, -1, sim_now(sim)), CEPA_ERR_NOT_FOUND);
    int there = take(&bob, HOST, number);
    (void)want(&alice, CEPA_STREAMS_READY, 1);
    int here = take(&alice, GUEST, 1);
    say(here, "a question");
    CHECK_INT(hear(there, text, 10), 10);
    CHECK_BYTES(text, "a question", 10);
    /* One way ends, the other goes on. */
    CHECK_INT(shutdown(here, SHUT_WR), 0);
    CHECK_INT(hear(there, text, 1), 0);
    say(there, "an answer");
    close(there);
    CHECK_INT(hear(here, text, sizeof text), 9);
    CHECK_BYTES(text, "an answer", 9);
    close(here);
    const struct cepa_streams_notice *notice = next(&alice);
    notice = notice->event == CEPA_STREAMS_DELIVERED ? next(&alice) : notice;
    CHECK(notice->event == CEPA_STREAMS_ENDED && notice->error == 0);
    notice = next(&bob);
    notice = notice->event == CEPA_STREAMS_DELIVERED ? next(&bob) : notice;
    CHECK(notice->event == CEPA_STREAMS_ENDED && notice->stream == number);
    check_idle();
}

TEST(nobody_offers_it)
{
    begin();
    ask(2, "other", "", -1);
    const struct cepa_streams_notice *failed = want(&alice, CEPA_STREAMS_FAILED, 2);
    CHECK(failed->error == CEPA_ERR_DROPPED && !failed->is_silent);
    check_idle();
}

TEST(it_does_not_answer)
{
    begin();
    offer("silent");
    ask(3, "silent", "", -1);
    uint64_t number = want(&bob, CEPA_STREAMS_INCOMING, 0)->stream;
    CHECK_INT(cepa_streams_refuse(bob.streams, HOST, number, CEPA_CONNECT_FAILED), 0);
    CHECK_INT(cepa_streams_refuse(bob.streams, HOST, number, CEPA_CONNECT_FAILED),
              CEPA_ERR_NOT_FOUND);
    const struct cepa_streams_notice *failed = want(&alice, CEPA_STREAMS_FAILED, 3);
    CHECK(failed->error == CEPA_ERR_DROPPED && failed->is_silent);
    check_idle();
}

/* Who may not learn of it hears just what it would if there were none. */
TEST(it_is_not_for_everybody)
{
    begin();
    offer("secret");
    ask(14, "secret", "", -1);
    uint64_t number = want(&bob, CEPA_STREAMS_INCOMING, 0)->stream;
    CHECK_INT(cepa_streams_refuse(bob.streams, HOST, number, CEPA_CONNECT_REFUSED), 0);
    const struct cepa_streams_notice *failed = want(&alice, CEPA_STREAMS_FAILED, 14);
    CHECK(failed->error == CEPA_ERR_DROPPED && !failed->is_silent);
    check_idle();
}

TEST(a_program_that_does_nothing_keeps_nobody_waiting)
{
    begin();
    ask(4, "silent", "", -1);
    (void)want(&bob, CEPA_STREAMS_INCOMING, 0);
    struct cepa_time before = sim_now(sim);
    CHECK_INT(want(&alice, CEPA_STREAMS_FAILED, 4)->error, CEPA_ERR_DROPPED);
    uint64_t took_ns = cepa_time_since(sim_now(sim), before);
    CHECK(took_ns > (CEPA_STREAMS_TAKE_SECONDS - 1) * CEPA_SECOND_NS);
    CHECK(took_ns < (CEPA_STREAMS_TAKE_SECONDS + 2) * CEPA_SECOND_NS);
    check_idle();
}

TEST(who_asked_may_think_better_of_it)
{
    begin();
    ask(5, "silent", "", -1);
    CHECK_INT(cepa_streams_refuse(alice.streams, GUEST + 1, 5, CEPA_CONNECT_FAILED),
              CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_streams_refuse(alice.streams, GUEST, 5, CEPA_CONNECT_FAILED), 0);
    CHECK_INT(cepa_streams_refuse(alice.streams, GUEST, 5, CEPA_CONNECT_FAILED),
              CEPA_ERR_NOT_FOUND);
    sim_poke(sim, ALICE);
    pass((CEPA_STREAMS_TAKE_SECONDS + 2) * 1000);
    bob.seen = bob.told_len; /* may have been told in between */
    ask(6, "web", "", -1);
    uint64_t number = want(&bob, CEPA_STREAMS_INCOMING, 0)->stream;
    int there = take(&bob, HOST, number);
    (void)want(&alice, CEPA_STREAMS_READY, 6);
    CHECK_INT(cepa_streams_refuse(alice.streams, GUEST, 6, CEPA_CONNECT_FAILED), 0);
    sim_poke(sim, ALICE);
    (void)want(&bob, CEPA_STREAMS_ENDED, number);
    close(there);
    check_idle();
}

TEST(words_keep_sessions_apart)
{
    begin();
    uint32_t before = sessions(&alice);
    ask(7, "other", "", -1);
    (void)want(&alice, CEPA_STREAMS_FAILED, 7);
    CHECK_INT(sessions(&alice), before);
    ask(8, "other", "apart", -1);
    (void)want(&alice, CEPA_STREAMS_FAILED, 8);
    CHECK_INT(sessions(&alice), before + 1);
    ask(9, "other", "apart", -1);
    (void)want(&alice, CEPA_STREAMS_FAILED, 9);
    CHECK_INT(sessions(&alice), before + 1);
    check_idle();
}

/* A program may bring its socket at once, and say itself what the stream is for. */
TEST(programs_may_write_their_own_headers)
{
    const struct cepa_stream_header connect = {.kind = CEPA_STREAM_CONNECT, .connect = {"web"}};
    const struct cepa_stream_header message = {.kind = CEPA_STREAM_MESSAGE,
                                               .message = {.type = CEPA_MESSAGE_TEXT}};
    uint8_t header[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    char text[64];
    int fds[2];
    begin();
    make_pair(fds);
    CHECK_INT(cepa_stream_header_encode(header, &len, &connect), 0);
    CHECK_INT(send(fds[0], header, len, 0), (long long)len);
    ask(10, "", "", fds[1]);
    (void)want(&alice, CEPA_STREAMS_READY, 10);
    int there = take(&bob, HOST, want(&bob, CEPA_STREAMS_INCOMING, 0)->stream);
    CHECK_INT(hear(fds[0], text, 1), 1);
    CHECK_INT(text[0], CEPA_CONNECT_OPEN);
    say(there, "hello");
    CHECK_INT(hear(fds[0], text, 5), 5);
    close(fds[0]);
    close(there);
    pass(500);
    alice.seen = alice.told_len;
    bob.seen = bob.told_len;

    make_pair(fds);
    CHECK_INT(cepa_stream_header_encode(header, &len, &message), 0);
    CHECK_INT(send(fds[0], header, len, 0), (long long)len);
    say(fds[0], "text");
    ask(11, "", "", fds[1]);
    (void)want(&alice, CEPA_STREAMS_READY, 11);
    uint32_t arrivals = bob.arrivals;
    for (int i = 0; i < 1000 && bob.arrivals == arrivals; i++) {
        pass(1);
    }
    CHECK_INT(bob.arrivals, arrivals + 1);
    CHECK_INT(bob.header.kind, CEPA_STREAM_MESSAGE);
    pass(100);
    CHECK(bob.moves > 0);
    uint8_t body[8];
    bool is_end = true;
    CHECK_INT(
        cepa_streams_read(bob.streams, bob.slot, body, &len, &is_end, sizeof body, sim_now(sim)),
        0);
    CHECK(len == 4 && !is_end && memcmp(body, "text", 4) == 0);
    cepa_streams_release(bob.streams, bob.slot, sim_now(sim));
    sim_poke(sim, BOB);
    close(fds[0]);
    pass(500);
    alice.seen = alice.told_len;
    check_idle();
}

TEST(an_offer_ends_with_its_program)
{
    begin();
    bob.is_gone = true;
    ask(12, "web", "", -1);
    const struct cepa_streams_notice *failed = want(&alice, CEPA_STREAMS_FAILED, 12);
    CHECK(failed->error == CEPA_ERR_DROPPED && !failed->is_silent);
    bob.is_gone = false;
    offer("web");
    check_idle();
}

/* Last, for it ends both sides. */
TEST(closing_gives_up_all)
{
    char text[8];
    begin();
    ask(13, "web", "", -1);
    int there = take(&bob, HOST, want(&bob, CEPA_STREAMS_INCOMING, 0)->stream);
    (void)want(&alice, CEPA_STREAMS_READY, 13);
    int here = take(&alice, GUEST, 13);
    cepa_streams_close(alice.streams);
    cepa_streams_close(bob.streams);
    cepa_streams_close(NULL);
    CHECK_INT(recv(here, text, sizeof text, 0), 0);
    CHECK_INT(recv(there, text, sizeof text, 0), 0);
    close(here);
    close(there);
    cepa_loop_close(alice.loop);
    cepa_loop_close(bob.loop);
    sim_free(sim);
    sim = NULL;
}

TEST_MAIN(RUN(a_service_is_reached), RUN(nobody_offers_it), RUN(it_does_not_answer),
          RUN(it_is_not_for_everybody), RUN(a_program_that_does_nothing_keeps_nobody_waiting),
          RUN(who_asked_may_think_better_of_it), RUN(words_keep_sessions_apart),
          RUN(programs_may_write_their_own_headers), RUN(an_offer_ends_with_its_program),
          RUN(closing_gives_up_all))
