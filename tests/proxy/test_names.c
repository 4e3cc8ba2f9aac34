/* Host names: whom they mean, and what is said of those that mean nobody. */
#include "native/proxy/names.h"

#include <stdio.h>
#include <string.h>

#include "support/scratch.h"
#include "support/test.h"

static struct cepa_contacts *contacts;
static struct cepa_proxy_target target;
static struct cepa_address_slips slips;
static struct cepa_reason reason;

static struct cepa_address address_of(uint8_t seed)
{
    struct cepa_address address;
    for (size_t i = 0; i < sizeof address.bytes; i++) {
        address.bytes[i] = (uint8_t)(seed * 31 + i * 7);
    }
    return address;
}

static void know(uint8_t seed, const char *name)
{
    struct cepa_contact contact;
    memset(&contact, 0, sizeof contact);
    contact.address = address_of(seed);
    CHECK_INT(cepa_name_read(&contact.name, name, strlen(name)), 0);
    CHECK_INT(cepa_contacts_put(contacts, &contact), 0);
}

static void start(void)
{
    char path[SCRATCH_PATH_SIZE];
    if (contacts == NULL) {
        scratch_make(path);
        CHECK_INT(cepa_contacts_open(&contacts, &reason, path), 0);
        know(1, "bob");
        know(2, "Anna");
        know(3, "Zoë");
        know(4, "eva");
        know(5, "Eva");
        know(6, "mallory.x");
    }
}

static int find(const char *host, uint16_t port)
{
    start();
    memset(&reason, 0, sizeof reason);
    memset(&target, 0xee, sizeof target);
    return cepa_proxy_target_read(&target, &slips, &reason, contacts, host, strlen(host), port);
}

static void check_found(const char *host, uint8_t seed, const char *service)
{
    const struct cepa_address address = address_of(seed);
    CHECK_INT(find(host, 80), 0);
    CHECK_BYTES(target.address.bytes, address.bytes, sizeof address.bytes);
    CHECK(strcmp(target.service.text, service) == 0);
    CHECK_INT(slips.len, 0);
}

static void check_refused(const char *host, int error, const char *word)
{
    struct cepa_proxy_target before;
    CHECK_INT(find(host, 80), error);
    if (strstr(reason.text, word) == NULL) {
        test_note("'%s': %s", host, reason.text);
    }
    CHECK(strstr(reason.text, word) != NULL);
    memset(&before, 0xee, sizeof before);
    CHECK_BYTES(&target, &before, sizeof before);
}

TEST(contacts_are_found_by_name)
{
    check_found("bob.cepa", 1, "80");
    check_found("bob.cepa.", 1, "80");
    check_found("BOB.CEPA", 1, "80");
    check_found("anna.cepa", 2, "80");
    check_found("Zoë.cepa", 3, "80");
    check_found("web.bob.cepa", 1, "web");
    check_found("My-Web-2.anna.cepa", 2, "my-web-2");
    check_found("8080.bob.cepa", 1, "8080");
}

TEST(names_that_differ_by_case_are_told_apart_by_it)
{
    check_found("eva.cepa", 4, "80");
    check_found("Eva.cepa", 5, "80");
    check_refused("EVA.cepa", CEPA_ERR_NOT_FOUND, "several contacts are called 'EVA'");
}

TEST(addresses_are_read_in_both_forms)
{
    char host[CEPA_ADDRESS_HOST_SIZE];
    char text[CEPA_ADDRESS_TEXT_SIZE];
    char name[200];
    const struct cepa_address address = address_of(9);
    cepa_address_write_host(host, &address);
    cepa_address_write(text, &address);
    check_found(host, 9, "80");
    snprintf(name, sizeof name, "web.%s.", host);
    check_found(name, 9, "web");
    snprintf(name, sizeof name, "%s.cepa", text);
    check_found(name, 9, "80");
    snprintf(name, sizeof name, "ssh.%s.CEPA", text);
    name[6] = 'P';
    check_found(name, 9, "ssh");
    CHECK_INT(cepa_proxy_target_read(&target, NULL, &reason, NULL, host, strlen(host), 443), 0);
    CHECK(strcmp(target.service.text, "443") == 0);
}

static char other_symbol(char c)
{
    return c == 'q' ? 'p' : 'q';
}

TEST(typing_errors_have_a_place)
{
    char host[CEPA_ADDRESS_HOST_SIZE];
    char text[CEPA_ADDRESS_TEXT_SIZE];
    char name[200];
    const struct cepa_address address = address_of(9);
    cepa_address_write_host(host, &address);
    host[10] = other_symbol(host[10]);
    check_refused(host, CEPA_ERR_AUTHENTICATION, "probably at character 11, ");
    CHECK(slips.len == 1 && slips.positions[0] == 10);
    host[70] = '!';
    snprintf(name, sizeof name, "web.%s", host);
    check_refused(name, CEPA_ERR_AUTHENTICATION, "characters 15 and 75, ");
    CHECK(slips.len == 2 && slips.positions[0] == 14 && slips.positions[1] == 74);
    CHECK(strstr(reason.text, "and '!'") != NULL);
    host[20] = other_symbol(host[20]);
    host[30] = other_symbol(host[30]);
    check_refused(host, CEPA_ERR_AUTHENTICATION, "mistyped");

    cepa_address_write(text, &address);
    text[40] = other_symbol(text[40]);
    snprintf(name, sizeof name, "a.%s.cepa", text);
    check_refused(name, CEPA_ERR_AUTHENTICATION, "probably at character 43, ");
    snprintf(name, sizeof name, "%.80s.cepa", text);
    check_refused(name, CEPA_ERR_LENGTH, "characters are missing");
}

TEST(addresses_of_a_wrong_length_are_no_contacts)
{
    char host[CEPA_ADDRESS_HOST_SIZE];
    char name[200];
    const struct cepa_address address = address_of(9);
    cepa_address_write_host(host, &address);
    check_refused(host + 1, CEPA_ERR_LENGTH, "63, a dot, 21");
    snprintf(name, sizeof name, "%.63s%s", host, host + 64); /* without its dot */
    check_refused(name, CEPA_ERR_LENGTH, "63, a dot, 21");
    snprintf(name, sizeof name, "web.%.80s.cepa", host);
    check_refused(name, CEPA_ERR_LENGTH, "63, a dot, 21");
    snprintf(name, sizeof name, "%.63s.cepa", host);
    check_refused(name, CEPA_ERR_LENGTH, "63, a dot, 21");
}

TEST(other_names_lead_nowhere)
{
    char longest[300];
    check_refused("example.org", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused("", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused(".", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused("cepa", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused(".cepa", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused("127.0.0.1", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused("bobcepa", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused("bob.cepa.org", CEPA_ERR_UNSUPPORTED, "no exits");
    check_refused("nobody.cepa", CEPA_ERR_NOT_FOUND, "no contact is called 'nobody'");
    check_refused("web.nobody.cepa", CEPA_ERR_NOT_FOUND, "no contact is called 'nobody'");
    check_refused("x.cepa", CEPA_ERR_NOT_FOUND, "'x'");
    check_refused("mallory.x.cepa", CEPA_ERR_NOT_FOUND, "'x'"); /* a service of x, always */
    check_refused("a.b.bob.cepa", CEPA_ERR_MALFORMED, "too many dots");
    check_refused("a.b.c.bob.cepa", CEPA_ERR_MALFORMED, "too many dots");
    check_refused("..cepa", CEPA_ERR_MALFORMED, "too many dots");
    check_refused("a..cepa", CEPA_ERR_MALFORMED, "too many dots");
    check_refused(".bob.cepa", CEPA_ERR_MALFORMED, "too many dots");
    check_refused("we_b.bob.cepa", CEPA_ERR_MALFORMED, "'we_b' is no name of a service");
    check_refused("-web.bob.cepa", CEPA_ERR_MALFORMED, "no name of a service");
    check_refused("bob\n.cepa", CEPA_ERR_MALFORMED, "cannot be seen");
    check_refused("bob\xff.cepa", CEPA_ERR_MALFORMED, "cannot be seen");
    check_refused("-bob.cepa", CEPA_ERR_NOT_FOUND, "'-bob'");
    memset(longest, 'a', sizeof longest);
    memcpy(longest + sizeof longest - 6, ".cepa", 6);
    check_refused(longest, CEPA_ERR_MALFORMED, "too long");
    CHECK_INT(cepa_proxy_target_read(&target, &slips, &reason, NULL, "bob.cepa", 8, 1),
              CEPA_ERR_NOT_FOUND);
}

TEST(names_of_services)
{
    static const char *const good[] = {"a", "0", "web", "a-b", "22", "a--b"};
    static const char *const bad[] = {"", "-", "a-", "-a", "a b", "a.b", "ü", "a_b"};
    struct cepa_proxy_service service;
    char longest[65];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(cepa_proxy_service_read(&service, good[i], strlen(good[i])), 0);
        CHECK(strcmp(service.text, good[i]) == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(cepa_proxy_service_read(&service, bad[i], strlen(bad[i])), CEPA_ERR_MALFORMED);
    }
    memset(longest, 'A', sizeof longest);
    CHECK_INT(cepa_proxy_service_read(&service, longest, 63), 0);
    CHECK(service.text[62] == 'a' && service.text[63] == '\0');
    CHECK_INT(cepa_proxy_service_read(&service, longest, 64), CEPA_ERR_TOO_LONG);
    cepa_proxy_service_of_port(&service, 65535);
    CHECK(strcmp(service.text, "65535") == 0);
}

TEST_MAIN(RUN(contacts_are_found_by_name), RUN(names_that_differ_by_case_are_told_apart_by_it),
          RUN(addresses_are_read_in_both_forms), RUN(typing_errors_have_a_place),
          RUN(addresses_of_a_wrong_length_are_no_contacts), RUN(other_names_lead_nowhere),
          RUN(names_of_services))
