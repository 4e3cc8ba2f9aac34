/* Letters into the inbox: contacts' ones at once, strangers' ones wait, what is blocked or no
 * message never shows, nothing shows twice, and what finds no room stays where it is. */
#include <string.h>

#include "native/host.h"
#include "native/streams/reception.h"
#include "support/scratch.h"
#include "support/test.h"

enum { QUOTA = 20000 };

static char directory[SCRATCH_PATH_SIZE];
static struct cepa_inbox *inbox;
static struct cepa_contacts *contacts;
static struct cepa_reception *reception;
static const struct cepa_address own = {{1}};
static const struct cepa_address friend = {{2}};
static const struct cepa_address stranger = {{3}};
static const struct cepa_address enemy = {{4}};

static void tell(void *context, const char *what, const char *why)
{
    (void)context;
    test_note("%s: %s", what, why);
}

static void add_contact(const struct cepa_address *address, const char *name, bool is_blocked)
{
    struct cepa_contact contact;
    memset(&contact, 0, sizeof contact);
    contact.address = *address;
    CHECK_INT(cepa_name_read(&contact.name, name, strlen(name)), 0);
    contact.is_accepted = !is_blocked;
    contact.is_blocked = is_blocked;
    CHECK_INT(cepa_contacts_put(contacts, &contact), 0);
}

static void open_reception(uint64_t quota)
{
    const struct cepa_reception_config config = {.inbox = inbox,
                                                 .contacts = contacts,
                                                 .random = cepa_native_random(),
                                                 .policy = CEPA_RECEPTION_CONTACTS,
                                                 .quota = quota,
                                                 .tell = tell};
    CHECK_INT(cepa_reception_open(&reception, &config), 0);
}

static void open_all(void)
{
    struct cepa_reason reason;
    scratch_make(directory);
    CHECK_INT(cepa_inbox_open(&inbox, &reason, directory), 0);
    CHECK_INT(cepa_contacts_open(&contacts, &reason, directory), 0);
    open_reception(QUOTA);
    add_contact(&friend, "friend", false);
    add_contact(&enemy, "enemy", true);
}

static void close_all(void)
{
    cepa_reception_close(reception);
    cepa_contacts_close(contacts);
    cepa_inbox_close(inbox);
}

static bool take(const struct cepa_address *sender, uint8_t id, const char *text)
{
    struct cepa_stream_header header = {
        .kind = CEPA_STREAM_MESSAGE,
        .message = {.id = {{id}}, .time = {1700000000000}, .type = CEPA_MESSAGE_TEXT}};
    uint8_t body[CEPA_STREAM_HEADER_MAX + QUOTA];
    size_t len;
    CHECK_INT(cepa_stream_header_encode(body, &len, &header), 0);
    memcpy(body + len, text, strlen(text));
    return cepa_reception_letter(reception, &own, sender, body, len + strlen(text));
}

static uint64_t entries(enum cepa_inbox_state state)
{
    struct cepa_inbox_entry entry;
    uint64_t at = 0;
    uint64_t sum = 0;
    while (cepa_inbox_next(inbox, &entry, &at) == 0) {
        sum += entry.state == state;
    }
    return sum;
}

TEST(who_sends_decides)
{
    open_all();
    CHECK(take(&friend, 1, "hello"));
    CHECK_INT(entries(CEPA_INBOX_HERE), 1);
    CHECK(take(&stranger, 2, "hello"));
    CHECK(take(NULL, 3, "hello"));
    CHECK_INT(entries(CEPA_INBOX_WAITING), 2);
    CHECK(take(&enemy, 4, "hello"));
    CHECK_INT(entries(CEPA_INBOX_HERE) + entries(CEPA_INBOX_WAITING), 3);
    close_all();
}

TEST(nothing_shows_twice)
{
    open_all();
    CHECK(take(&friend, 1, "hello"));
    CHECK(take(&friend, 1, "hello"));
    CHECK_INT(entries(CEPA_INBOX_HERE), 1);
    CHECK(take(&friend, 5, "hello again"));
    CHECK_INT(entries(CEPA_INBOX_HERE), 2);
    close_all();
}

TEST(what_is_no_message_is_dropped)
{
    static const uint8_t file[] = {CEPA_STREAM_FILE, 0, 38};
    static const uint8_t cut[] = {CEPA_STREAM_MESSAGE, 0, 25, 1, 2};
    open_all();
    CHECK(cepa_reception_letter(reception, &own, &friend, file, sizeof file));
    CHECK(cepa_reception_letter(reception, &own, &friend, cut, sizeof cut));
    CHECK(cepa_reception_letter(reception, &own, &friend, cut, 0));
    CHECK(take(&friend, 6, ""));
    CHECK(take(&friend, 7, "\xff\xfe"));
    CHECK_INT(entries(CEPA_INBOX_HERE), 0);
    close_all();
}

TEST(without_room_it_stays)
{
    static char text[QUOTA];
    open_all();
    memset(text, 'x', sizeof text - 1);
    CHECK(take(&friend, 9, "something"));
    CHECK(!take(&friend, 8, text));
    CHECK_INT(entries(CEPA_INBOX_HERE), 1);
    CHECK(take(&friend, 8, "less"));
    CHECK_INT(entries(CEPA_INBOX_HERE), 2);
    close_all();
}

TEST(strangers_keep_nobody_out)
{
    open_all();
    cepa_reception_close(reception);
    open_reception(1 << 20);
    for (unsigned i = 0; i < CEPA_INBOX_WAITING_MAX + 1; i++) {
        struct cepa_address sender = stranger;
        sender.bytes[10] = (uint8_t)i;
        sender.bytes[11] = (uint8_t)(i >> 8);
        CHECK(take(&sender, 1, "hello"));
    }
    CHECK_INT(entries(CEPA_INBOX_WAITING), CEPA_INBOX_WAITING_MAX);
    CHECK(take(&friend, 2, "hello"));
    CHECK_INT(entries(CEPA_INBOX_HERE), 1);
    close_all();
}

TEST_MAIN(RUN(who_sends_decides), RUN(nothing_shows_twice), RUN(what_is_no_message_is_dropped),
          RUN(without_room_it_stays), RUN(strangers_keep_nobody_out))
