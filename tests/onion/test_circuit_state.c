/* The state tables of circuits are those of the specification, cell by cell. */
#include <stdio.h>
#include <string.h>

#include "onion/circuit_state.h"
#include "support/test.h"

#define NAME(name) #name,
static const char *const relay_states[] = {CEPA_RELAY_STATE_LIST(NAME)};
static const char *const relay_events[] = {CEPA_RELAY_EVENT_LIST(NAME)};
static const char *const origin_states[] = {CEPA_ORIGIN_STATE_LIST(NAME)};
static const char *const origin_events[] = {CEPA_ORIGIN_EVENT_LIST(NAME)};

/* What the tables say of one cell, in the words of the specification. */
static void describe(char ret_text[64], int error, const char *state, uint32_t actions)
{
    if (error != 0) {
        strcpy(ret_text, "–");
        return;
    }
    strcpy(ret_text, state);
    if (actions & CEPA_CIRCUIT_REPORT_BROKEN) {
        strcat(ret_text, ", report BROKEN");
    }
    if ((actions & CEPA_CIRCUIT_CLOSE_NEXT) && (actions & CEPA_CIRCUIT_CLOSE_PREVIOUS)) {
        strcat(ret_text, ", close both");
    } else if (actions & CEPA_CIRCUIT_CLOSE_NEXT) {
        strcat(ret_text, ", close next");
    } else if (actions & CEPA_CIRCUIT_CLOSE_PREVIOUS) {
        strcat(ret_text, ", close previous");
    }
}

/* Looks for the very line of the table in the specification. */
static int has_line(const char *line)
{
    char found[512];
    int is_found = 0;
    FILE *chapter = fopen(CEPA_SOURCE_DIR "/docs/spec/05-circuits.md", "r");
    CHECK(chapter != NULL);
    while (fgets(found, sizeof found, chapter) != NULL) {
        is_found |= strcmp(found, line) == 0;
    }
    fclose(chapter);
    if (!is_found) {
        test_note("the specification lacks: %s", line);
    }
    return is_found;
}

TEST(the_relays_table_is_the_specifications)
{
    for (unsigned state = 0; state < CEPA_RELAY_STATES; state++) {
        char line[512];
        snprintf(line, sizeof line, "| %s |", relay_states[state]);
        for (unsigned event = 0; event < CEPA_RELAY_EVENTS; event++) {
            enum cepa_relay_state next = CEPA_RELAY_STATES;
            uint32_t actions = 77;
            char text[64];
            int error = cepa_relay_state_step(&next, &actions, (enum cepa_relay_state)state,
                                              (enum cepa_relay_event)event);
            CHECK((error == 0) == (next != CEPA_RELAY_STATES) && (error == 0) == (actions != 77));
            describe(text, error, error == 0 ? relay_states[next] : "", actions);
            snprintf(line + strlen(line), sizeof line - strlen(line), " %s |", text);
        }
        strcat(line, "\n");
        CHECK(has_line(line));
    }
    CHECK_INT(sizeof relay_events / sizeof relay_events[0], CEPA_RELAY_EVENTS);
}

TEST(the_origins_table_is_the_specifications)
{
    for (unsigned state = 0; state < CEPA_ORIGIN_STATES; state++) {
        char line[512];
        snprintf(line, sizeof line, "| %s |", origin_states[state]);
        for (unsigned event = 0; event < CEPA_ORIGIN_EVENTS; event++) {
            enum cepa_origin_state next = CEPA_ORIGIN_STATES;
            uint32_t actions = 77;
            char text[64];
            int error = cepa_origin_state_step(&next, &actions, (enum cepa_origin_state)state,
                                               (enum cepa_origin_event)event);
            CHECK((error == 0) == (next != CEPA_ORIGIN_STATES) && (error == 0) == (actions != 77));
            describe(text, error, error == 0 ? origin_states[next] : "", actions);
            snprintf(line + strlen(line), sizeof line - strlen(line), " %s |", text);
        }
        strcat(line, "\n");
        CHECK(has_line(line));
    }
}

TEST(the_columns_are_the_events)
{
    char line[512] = "| state |";
    for (unsigned event = 0; event < CEPA_RELAY_EVENTS; event++) {
        snprintf(line + strlen(line), sizeof line - strlen(line), " %s |", relay_events[event]);
    }
    CHECK(has_line(strcat(line, "\n")));
    strcpy(line, "| state |");
    for (unsigned event = 0; event < CEPA_ORIGIN_EVENTS; event++) {
        snprintf(line + strlen(line), sizeof line - strlen(line), " %s |", origin_events[event]);
    }
    CHECK(has_line(strcat(line, "\n")));
}

TEST_MAIN(RUN(the_relays_table_is_the_specifications), RUN(the_origins_table_is_the_specifications),
          RUN(the_columns_are_the_events))
