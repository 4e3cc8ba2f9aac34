/* Cards: an address and a name as one line. */
#include "identity/card.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

#define ADDRESS                                                                                    \
    "cepa1qqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7p9dvfm"

static struct cepa_card make(const char *name)
{
    struct cepa_card card;
    memset(&card, 0, sizeof card);
    for (size_t i = 0; i < sizeof card.address.bytes; i++) {
        card.address.bytes[i] = (uint8_t)i;
    }
    snprintf(card.name.text, sizeof card.name.text, "%s", name);
    return card;
}

static int read_text(struct cepa_card *ret_card, struct cepa_address_slips *ret_slips,
                     const char *text)
{
    return cepa_card_read(ret_card, ret_slips, text, strlen(text));
}

TEST(cards_are_written_and_read)
{
    static const char *const cases[][2] = {
        {"", "cepa:" ADDRESS},
        {"Bob", "cepa:" ADDRESS "?name=Bob"},
        {"a b&c=%?", "cepa:" ADDRESS "?name=a%20b%26c%3D%25%3F"},
        {"Zoë", "cepa:" ADDRESS "?name=Zo%C3%AB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_card card = make(cases[i][0]);
        struct cepa_card again;
        struct cepa_address_slips slips;
        char text[CEPA_CARD_TEXT_SIZE];
        cepa_card_write(text, &card);
        CHECK(strcmp(text, cases[i][1]) == 0);
        CHECK_INT(read_text(&again, &slips, text), 0);
        CHECK_INT(slips.len, 0);
        CHECK(memcmp(&again, &card, sizeof card) == 0);
    }
    char text[CEPA_CARD_TEXT_SIZE];
    char name[CEPA_NAME_MAX + 1] = {0};
    memset(name, '!', CEPA_NAME_MAX);
    struct cepa_card card = make(name);
    struct cepa_card again;
    cepa_card_write(text, &card);
    CHECK_INT(strlen(text), CEPA_CARD_TEXT_SIZE - 1);
    CHECK_INT(read_text(&again, NULL, text), 0);
    CHECK(strcmp(again.name.text, name) == 0);
}

TEST(a_card_in_upper_case_is_one)
{
    struct cepa_card card;
    char text[] = "CEPA:" ADDRESS;
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    }
    CHECK_INT(read_text(&card, NULL, text), 0);
    CHECK_INT(card.address.bytes[47], 47);
}

TEST(what_is_no_card_is_refused)
{
    static const char *const texts[] = {"",
                                        "cepa",
                                        "cepa:",
                                        "cepa:AQIDBA",
                                        ADDRESS,
                                        "http:" ADDRESS,
                                        "cepa\x1a" ADDRESS,
                                        "cepa:" ADDRESS "?",
                                        "cepa:" ADDRESS "?name=",
                                        "cepa:" ADDRESS "?nome=x",
                                        "cepa:" ADDRESS "?name=a%2",
                                        "cepa:" ADDRESS "?name=a%2g",
                                        "cepa:" ADDRESS "?name=%c3%ab",
                                        "cepa:" ADDRESS "?name=%61",
                                        "cepa:" ADDRESS "?name=a b",
                                        "cepa:" ADDRESS "?name=a&x=y",
                                        "cepa:" ADDRESS "?name=%0A",
                                        "cepa:" ADDRESS "?name=%FF",
                                        "cepa:" ADDRESS "?name=-x",
                                        "cepa:" ADDRESS "?name=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cepa_card card = make("as it was");
        CHECK_INT(read_text(&card, NULL, texts[i]), CEPA_ERR_MALFORMED);
        CHECK(strcmp(card.name.text, "as it was") == 0);
    }
}

TEST(slips_have_the_places_of_the_card)
{
    struct cepa_card card;
    struct cepa_address_slips slips;
    char text[] = "cepa:" ADDRESS "?name=x";
    text[40] = text[40] == 'q' ? 'p' : 'q';
    CHECK_INT(read_text(&card, &slips, text), CEPA_ERR_AUTHENTICATION);
    CHECK_INT(slips.len, 1);
    CHECK_INT(slips.positions[0], 40);
}

TEST_MAIN(RUN(cards_are_written_and_read), RUN(a_card_in_upper_case_is_one),
          RUN(what_is_no_card_is_refused), RUN(slips_have_the_places_of_the_card))
