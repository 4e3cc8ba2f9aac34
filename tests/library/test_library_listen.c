/* Offering a service: who comes, who may not, and a daemon that dies. */
#define _GNU_SOURCE
#include <cepa/cepa.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "native/store/contacts.h"
#include "support/false_daemon.h"
#include "support/lone_daemon.h"
#include "support/scratch.h"
#include "support/test.h"

static struct cepa *cepa;
static char folder[SCRATCH_PATH_SIZE];
static char control[SCRATCH_PATH_SIZE];
static char address[CEPA_ADDRESS_CHARS]; /* who comes */
static pid_t daemon_pid;
static size_t descriptors;

static void begin(false_daemon_line *on_line)
{
    scratch_make(folder);
    scratch_join(control, folder, "control");
    descriptors = lone_daemon_descriptors();
    CHECK_INT(cepa_attach(&cepa, folder), 0);
    CHECK_INT(cepa_identity_make(cepa, address, "me"), 0);
    daemon_pid = false_daemon_start(control, on_line);
}

static void end(struct cepa_listening *listening)
{
    cepa_listening_close(listening);
    cepa_close(cepa);
    false_daemon_stop(daemon_pid);
    CHECK_INT(lone_daemon_descriptors(), descriptors);
}

static void say_incoming(int client, unsigned stream, const char *from)
{
    char line[256];
    (void)snprintf(line, sizeof line,
                   "{\"ok\":true,\"stream\":%u,\"event\":\"incoming\",\"service\":\"web\","
                   "\"from\":%s%s%s}",
                   stream, from != NULL ? "\"" : "", from != NULL ? from : "null",
                   from != NULL ? "\"" : "");
    false_daemon_say(client, line);
}

/* Offers one by name and one without; says on the first whether the other was denied. */
static void send_two(int client, const char *line, int fd)
{
    static int was_denied;
    if (false_daemon_has(line, "listen")) {
        false_daemon_say(client, "{\"ok\":true,\"address\":\"here\"}");
        say_incoming(client, 1, address);
        say_incoming(client, 2, NULL);
    } else if (false_daemon_has(line, "refuse")) {
        was_denied = false_daemon_has(line, "denied");
        false_daemon_say(client, "{\"ok\":true,\"stream\":1}");
    } else if (false_daemon_has(line, "take")) {
        false_daemon_say(client, "{\"ok\":true,\"stream\":1}");
        (void)!write(fd, was_denied ? "d" : "+", 1);
        close(fd);
    }
}

static void want_accepted(struct cepa_listening *listening, const char *from, char byte)
{
    char who[CEPA_ADDRESS_CHARS];
    char got = 0;
    int fd = -1;
    CHECK_INT(cepa_accept(listening, &fd, who, 5000), 0);
    CHECK(strcmp(who, from) == 0);
    CHECK_INT(read(fd, &got, 1), 1);
    CHECK_INT(got, byte);
    close(fd);
}

TEST(who_comes_is_told)
{
    struct cepa_listening *listening = NULL;
    int fd;
    begin(send_two);
    CHECK_INT(cepa_listen(cepa, &listening, NULL, "Web", 0), 0);
    CHECK(strcmp(cepa_listening_address(listening), "here") == 0);
    CHECK(cepa_listening_fd(listening) >= 0);
    want_accepted(listening, address, '+');
    want_accepted(listening, "", '+');
    CHECK_INT(cepa_accept(listening, &fd, NULL, 0), CEPA_FAIL_AGAIN);
    CHECK_INT(cepa_accept(listening, &fd, NULL, 50), CEPA_FAIL_AGAIN);
    end(listening);
}

TEST(who_is_blocked_is_denied)
{
    struct cepa_listening *listening = NULL;
    struct cepa_contacts *contacts = NULL;
    struct cepa_contact contact;
    struct cepa_reason reason;
    memset(&contact, 0, sizeof contact);
    begin(send_two);
    CHECK_INT(cepa_address_read(&contact.address, NULL, address, strlen(address)), 0);
    contact.is_blocked = true;
    CHECK_INT(cepa_contacts_open(&contacts, &reason, folder), 0);
    CHECK_INT(cepa_contacts_put(contacts, &contact), 0);
    cepa_contacts_close(contacts);
    CHECK_INT(cepa_listen(cepa, &listening, "me", "web", 0), 0);
    want_accepted(listening, "", 'd');
    end(listening);
}

TEST(strangers_are_denied_what_is_for_contacts)
{
    struct cepa_listening *listening = NULL;
    int fd;
    begin(send_two);
    CHECK_INT(cepa_listen(cepa, &listening, NULL, "web", CEPA_LISTEN_CONTACTS), 0);
    CHECK_INT(cepa_accept(listening, &fd, NULL, 200), CEPA_FAIL_AGAIN);
    end(listening);
}

static void refuse(int client, const char *line, int fd)
{
    (void)line;
    (void)fd;
    false_daemon_say(client, "{\"ok\":false,\"reason\":\"there is no such identity\"}");
}

TEST(what_cannot_be_offered_is_refused)
{
    struct cepa_listening *listening = NULL;
    begin(refuse);
    CHECK_INT(cepa_listen(cepa, &listening, "nobody", "web", 0), CEPA_FAIL_STATE);
    CHECK(strcmp(cepa_reason(cepa), "there is no such identity") == 0);
    CHECK_INT(cepa_listen(cepa, &listening, NULL, "a b", 0), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_listen(cepa, &listening, NULL, NULL, 0), CEPA_FAIL_ARGUMENT);
    CHECK_INT(cepa_listen(cepa, &listening, NULL, "web", 8), CEPA_FAIL_ARGUMENT);
    CHECK(listening == NULL);
    end(NULL);
}

static void die_after_offer(int client, const char *line, int fd)
{
    (void)line;
    (void)fd;
    false_daemon_say(client, "{\"ok\":true,\"address\":\"here\"}");
    _exit(0);
}

TEST(a_daemon_that_dies_is_told_and_the_next_is_asked)
{
    struct cepa_listening *listening = NULL;
    int fd;
    begin(die_after_offer);
    CHECK_INT(cepa_listen(cepa, &listening, NULL, "web", 0), 0);
    CHECK_INT(cepa_accept(listening, &fd, NULL, -1), CEPA_FAIL_NO_NODE);
    CHECK_INT(cepa_listening_fd(listening), -1);
    CHECK_INT(cepa_accept(listening, &fd, NULL, -1), CEPA_FAIL_NO_NODE);
    false_daemon_stop(daemon_pid);
    daemon_pid = false_daemon_start(control, send_two);
    want_accepted(listening, address, '+');
    end(listening);
}

TEST_MAIN(RUN(who_comes_is_told), RUN(who_is_blocked_is_denied),
          RUN(strangers_are_denied_what_is_for_contacts), RUN(what_cannot_be_offered_is_refused),
          RUN(a_daemon_that_dies_is_told_and_the_next_is_asked))
