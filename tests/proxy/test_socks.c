/* SOCKS 5: what clients say, what they are answered, and that nothing behind a request is taken. */
#include "native/proxy/socks.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static struct cepa_socks socks;
static uint8_t sent[64];
static size_t sent_len;

/* Hands over `len` bytes in pieces of at most `step`, as long as any are wanted; gives what the
 * last call gave, and how many were taken. */
static int feed(size_t *ret_taken, const void *data, size_t len, size_t step)
{
    size_t taken = 0;
    int status = 0;
    while (status == 0 && taken < len) {
        size_t count = cepa_socks_wanted(&socks);
        count = count < step ? count : step;
        count = count < len - taken ? count : len - taken;
        if (count == 0) {
            break;
        }
        status = cepa_socks_receive(&socks, (const uint8_t *)data + taken, count);
        taken += count;
    }
    *ret_taken = taken;
    return status;
}

static void pull(void)
{
    sent_len = 0;
    size_t count;
    while ((count = cepa_socks_pull(&socks, sent + sent_len, 3)) > 0) {
        sent_len += count;
    }
}

/* A whole conversation up to the request, in pieces of `step`. */
static int talk(const void *data, size_t len, size_t step)
{
    size_t taken;
    cepa_socks_init(&socks);
    int status = feed(&taken, data, len, step);
    pull();
    return status;
}

#define TALK(text, step) talk(text, sizeof(text) - 1, step)
#define CHECK_SENT(text)                                                                           \
    do {                                                                                           \
        CHECK_INT(sent_len, sizeof(text) - 1);                                                     \
        CHECK_BYTES(sent, text, sizeof(text) - 1);                                                 \
    } while (0)

/* The greeting of most programs, and a request for a name. */
#define HELLO "\5\1\0"
#define ASK "\5\1\0\3\6a.cepa\0\120"
#define ASK_NAME HELLO ASK

TEST(takes_a_request_in_pieces_of_any_size)
{
    for (size_t step = 1; step < 20; step++) {
        CHECK_INT(TALK(ASK_NAME, step), 0);
        CHECK_SENT("\5\0");
        const struct cepa_socks_request *request = cepa_socks_request(&socks);
        CHECK(request != NULL);
        CHECK_INT(request->host, CEPA_SOCKS_NAME);
        CHECK(strcmp(request->name, "a.cepa") == 0);
        CHECK_INT(request->port, 80);
        CHECK_INT(cepa_socks_wanted(&socks), 0);
    }
}

TEST(takes_nothing_behind_the_request)
{
    static const char all[] = ASK_NAME "GET / HTTP/1.1";
    size_t taken;
    cepa_socks_init(&socks);
    CHECK_INT(feed(&taken, all, sizeof all - 1, sizeof all), 0);
    CHECK_INT(taken, sizeof ASK_NAME - 1);
}

TEST(says_that_it_is_granted)
{
    CHECK_INT(TALK(ASK_NAME, 99), 0);
    CHECK(!cepa_socks_is_granted(&socks));
    cepa_socks_answer(&socks, CEPA_SOCKS_GRANTED);
    pull();
    CHECK_SENT("\5\0\0\1\0\0\0\0\0\0");
    CHECK(cepa_socks_is_granted(&socks));
    CHECK(cepa_socks_request(&socks) == NULL);
    CHECK_INT(cepa_socks_wanted(&socks), 0);
}

TEST(says_that_it_is_refused)
{
    CHECK_INT(TALK(ASK_NAME, 99), 0);
    cepa_socks_answer(&socks, CEPA_SOCKS_HOST);
    pull();
    CHECK_SENT("\5\4\0\1\0\0\0\0\0\0");
    CHECK(!cepa_socks_is_granted(&socks));
}

TEST(knows_addresses)
{
    CHECK_INT(TALK(HELLO "\5\1\0\1\x7f\0\0\1\x1f\x90", 99), 0);
    const struct cepa_socks_request *request = cepa_socks_request(&socks);
    CHECK(request != NULL && request->host == CEPA_SOCKS_IPV4 && request->port == 8080);
    CHECK_BYTES(request->ip, "\x7f\0\0\1", 4);
    CHECK_INT(TALK(HELLO "\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7\0\x16", 5), 0);
    request = cepa_socks_request(&socks);
    CHECK(request != NULL && request->host == CEPA_SOCKS_IPV6 && request->port == 22);
    CHECK_BYTES(request->ip, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16);
}

TEST(takes_the_longest_messages)
{
    static uint8_t all[2 + 255 + CEPA_SOCKS_INPUT_MAX + 7 + 255];
    memset(all, 'x', sizeof all);
    memcpy(all, "\5\377\2", 3); /* 255 methods, most of them unknown */
    uint8_t *credentials = all + 2 + 255;
    memcpy(credentials, "\1\377", 2);
    credentials[2 + 255] = 255;
    uint8_t *request = credentials + CEPA_SOCKS_INPUT_MAX;
    memcpy(request, "\5\1\0\3\377", 5);
    CHECK_INT(talk(all, sizeof all, 1), 0);
    CHECK_SENT("\5\2\1\0");
    CHECK_INT(strlen(cepa_socks_request(&socks)->name), 255);
    CHECK_INT(talk(all, sizeof all, 1000), 0);
    CHECK(cepa_socks_request(&socks) != NULL);
}

/* The isolation tag of a client with these credentials. */
static void isolation_of(uint8_t ret_tag[CEPA_SOCKS_ISOLATION_SIZE], const char *user,
                         const char *password)
{
    uint8_t all[128] = "\5\2\0\2\1";
    size_t len = 5;
    all[len++] = (uint8_t)strlen(user);
    memcpy(all + len, user, strlen(user));
    len += strlen(user);
    all[len++] = (uint8_t)strlen(password);
    memcpy(all + len, password, strlen(password));
    len += strlen(password);
    memcpy(all + len, ASK, sizeof ASK - 1);
    len += sizeof ASK - 1;
    CHECK_INT(talk(all, len, 7), 0);
    CHECK_SENT("\5\2\1\0");
    memcpy(ret_tag, cepa_socks_request(&socks)->isolation, CEPA_SOCKS_ISOLATION_SIZE);
}

TEST(keeps_credentials_apart)
{
    static const char *const pairs[][2] = {{"", ""},    {"a", ""},   {"", "a"},  {"a", "b"},
                                           {"b", "a"},  {"ab", ""},  {"", "ab"}, {"a", "bc"},
                                           {"ab", "c"}, {"a", "b\1"}};
    enum { PAIRS = sizeof pairs / sizeof pairs[0] };
    uint8_t tags[PAIRS + 1][CEPA_SOCKS_ISOLATION_SIZE];
    uint8_t again[CEPA_SOCKS_ISOLATION_SIZE];
    memset(tags, 0, sizeof tags); /* the last stays: no credentials */
    for (size_t i = 0; i < PAIRS; i++) {
        isolation_of(tags[i], pairs[i][0], pairs[i][1]);
        isolation_of(again, pairs[i][0], pairs[i][1]);
        CHECK_BYTES(again, tags[i], sizeof again);
    }
    for (size_t i = 0; i <= PAIRS; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(memcmp(tags[i], tags[j], sizeof tags[i]) != 0);
        }
    }
    CHECK_INT(TALK(ASK_NAME, 99), 0);
    CHECK_BYTES(cepa_socks_request(&socks)->isolation, tags[PAIRS], sizeof again);
}

struct refusal {
    const char *said;
    size_t said_len;
    int error;
    const char *answer;
    size_t answer_len;
};

#define REFUSAL(said, error, answer)                                                               \
    {                                                                                              \
        said, sizeof(said) - 1, error, answer, sizeof(answer) - 1                                  \
    }

TEST(refuses_what_is_not_spoken)
{
    static const struct refusal refusals[] = {
        REFUSAL("\4\1\0\120\x7f\0\0\1\0", CEPA_ERR_VERSION, ""),
        REFUSAL("GET / HTTP/1.1\r\n\r\n", CEPA_ERR_VERSION, ""),
        REFUSAL("\5\0", CEPA_ERR_UNSUPPORTED, "\5\377"),
        REFUSAL("\5\2\1\3", CEPA_ERR_UNSUPPORTED, "\5\377"),
        REFUSAL("\5\1\2\5\1a\1b", CEPA_ERR_VERSION, "\5\2"),
        REFUSAL(HELLO "\4\1\0\3\1a\0\120", CEPA_ERR_VERSION, "\5\0"),
        REFUSAL(HELLO "\5\2\0\3\1a\0\120", CEPA_ERR_UNSUPPORTED, "\5\0\5\7\0\1\0\0\0\0\0\0"),
        REFUSAL(HELLO "\5\3\0\1\1\2\3\4\0\120", CEPA_ERR_UNSUPPORTED, "\5\0\5\7\0\1\0\0\0\0\0\0"),
        REFUSAL(HELLO "\5\xf0\0\3\1a\0\0", CEPA_ERR_UNSUPPORTED, "\5\0\5\7\0\1\0\0\0\0\0\0"),
        REFUSAL(HELLO "\5\1\0\2", CEPA_ERR_UNSUPPORTED, "\5\0\5\10\0\1\0\0\0\0\0\0"),
        REFUSAL(HELLO "\5\1\0\3\0\0\120", CEPA_ERR_MALFORMED, "\5\0\5\1\0\1\0\0\0\0\0\0"),
        REFUSAL(HELLO "\5\1\0\3\3a\0b\0\120", CEPA_ERR_MALFORMED, "\5\0\5\1\0\1\0\0\0\0\0\0"),
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *refusal = &refusals[i];
        for (size_t step = 1; step < 9; step++) {
            CHECK_INT(talk(refusal->said, refusal->said_len, step), refusal->error);
            CHECK_INT(sent_len, refusal->answer_len);
            CHECK_BYTES(sent, refusal->answer, sent_len);
            CHECK_INT(cepa_socks_wanted(&socks), 0);
            CHECK(cepa_socks_request(&socks) == NULL);
            CHECK(!cepa_socks_is_granted(&socks));
        }
    }
}

TEST(waits_for_every_byte)
{
    for (size_t len = 0; len < sizeof ASK_NAME - 1; len++) {
        CHECK_INT(talk(ASK_NAME, len, 99), 0);
        CHECK(cepa_socks_request(&socks) == NULL);
        CHECK(cepa_socks_wanted(&socks) > 0);
        CHECK(cepa_socks_wanted(&socks) <= sizeof ASK_NAME - 1 - len);
    }
}

TEST(tells_errors_apart)
{
    CHECK_INT(cepa_socks_reply_for(0), CEPA_SOCKS_GRANTED);
    CHECK_INT(cepa_socks_reply_for(CEPA_ERR_UNSUPPORTED), CEPA_SOCKS_NOT_ALLOWED);
    CHECK_INT(cepa_socks_reply_for(CEPA_ERR_NO_ADDRESS), CEPA_SOCKS_NETWORK);
    CHECK_INT(cepa_socks_reply_for(CEPA_ERR_NOT_FOUND), CEPA_SOCKS_HOST);
    CHECK_INT(cepa_socks_reply_for(CEPA_ERR_DROPPED), CEPA_SOCKS_REFUSED);
    CHECK_INT(cepa_socks_reply_for(CEPA_ERR_TIMEOUT), CEPA_SOCKS_EXPIRED);
    CHECK_INT(cepa_socks_reply_for(CEPA_ERR_FULL), CEPA_SOCKS_FAILED);
}

TEST(wipes)
{
    static const struct cepa_socks zeros;
    CHECK_INT(TALK("\5\1\2\1\6secret\6secret", 99), 0);
    cepa_socks_wipe(&socks);
    CHECK_BYTES(socks.input, zeros.input, sizeof zeros.input);
    CHECK_BYTES(&socks.request, &zeros.request, sizeof zeros.request);
    CHECK_INT(cepa_socks_wanted(&socks), 0);
}

TEST_MAIN(RUN(takes_a_request_in_pieces_of_any_size), RUN(takes_nothing_behind_the_request),
          RUN(says_that_it_is_granted), RUN(says_that_it_is_refused), RUN(knows_addresses),
          RUN(takes_the_longest_messages), RUN(keeps_credentials_apart),
          RUN(refuses_what_is_not_spoken), RUN(waits_for_every_byte), RUN(tells_errors_apart),
          RUN(wipes))
