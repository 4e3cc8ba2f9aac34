/* Command lines of every shape, good and bad. */
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "support/test.h"

enum { WORDS_MAX = 6 };

/* A command line of words, and what the parser makes of it. */
struct line {
    const char *words[WORDS_MAX];
    int status;
    bool is_json;
    const char *output;
    size_t arguments_len;
    const char *last;
};

static const struct line lines[] = {
    {{NULL}, CEPA_CLI_PROCEED, false, NULL, 0, NULL},
    {{"--json"}, CEPA_CLI_PROCEED, true, NULL, 0, NULL},
    {{"-j"}, CEPA_CLI_PROCEED, true, NULL, 0, NULL},
    {{"a", "-j", "b"}, CEPA_CLI_PROCEED, true, NULL, 2, "b"},
    {{"--output", "x"}, CEPA_CLI_PROCEED, false, "x", 0, NULL},
    {{"--output=x"}, CEPA_CLI_PROCEED, false, "x", 0, NULL},
    {{"--output="}, CEPA_CLI_PROCEED, false, "", 0, NULL},
    {{"-o", "x"}, CEPA_CLI_PROCEED, false, "x", 0, NULL},
    {{"-ox"}, CEPA_CLI_PROCEED, false, "x", 0, NULL},
    {{"-jox"}, CEPA_CLI_PROCEED, true, "x", 0, NULL},
    {{"-o", "--json"}, CEPA_CLI_PROCEED, false, "--json", 0, NULL},
    {{"--", "--json"}, CEPA_CLI_PROCEED, false, NULL, 1, "--json"},
    {{"-"}, CEPA_CLI_PROCEED, false, NULL, 1, "-"},
    {{""}, CEPA_CLI_PROCEED, false, NULL, 1, ""},
    {{"--help"}, CEPA_CLI_OK, false, NULL, 0, NULL},
    {{"-h"}, CEPA_CLI_OK, false, NULL, 0, NULL},
    {{"a", "b", "c"}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
    {{"--jso"}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
    {{"--jsonx"}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
    {{"--json=1"}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
    {{"--output"}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
    {{"-jo"}, CEPA_CLI_USAGE, true, NULL, 0, NULL},
    {{"-x"}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
    {{"--="}, CEPA_CLI_USAGE, false, NULL, 0, NULL},
};

static void check_line(const struct line *line)
{
    static char words[WORDS_MAX + 1][32];
    char *argv[WORDS_MAX + 2] = {NULL};
    int argc = 1;
    memcpy(words[0], "try", sizeof "try");
    argv[0] = words[0];
    for (; argc <= WORDS_MAX && line->words[argc - 1] != NULL; argc++) {
        size_t size = strlen(line->words[argc - 1]) + 1;
        CHECK(size <= sizeof words[0]);
        memcpy(words[argc], line->words[argc - 1], size);
        argv[argc] = words[argc];
    }

    bool is_json = false;
    const char *output = NULL;
    const struct cepa_cli_option options[] = {
        {'j', "json", NULL, "print JSON", &is_json, NULL},
        {'o', "output", "FILE", "where to write", NULL, &output},
    };
    const struct cepa_cli_syntax syntax = {"cepa try", "Tries.\n", options, 2, 2};
    struct cepa_cli_arguments arguments = {{"untouched"}, 99};
    CHECK_INT(cepa_cli_parse(&arguments, &syntax, argc, argv), line->status);
    CHECK(is_json == line->is_json);
    CHECK((output == NULL) == (line->output == NULL));
    CHECK(output == NULL || strcmp(output, line->output) == 0);
    if (line->status != CEPA_CLI_PROCEED) {
        CHECK_INT(arguments.len, 99);
        return;
    }
    CHECK_INT(arguments.len, line->arguments_len);
    CHECK(arguments.len == 0 || strcmp(arguments.values[arguments.len - 1], line->last) == 0);
}

TEST(command_lines_are_read)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_line(&lines[i]);
    }
}

TEST(a_number_is_digits_within_its_range)
{
    static const struct {
        const char *text;
        bool is_good;
        uint32_t want;
    } rows[] = {{NULL, true, 77},
                {"1", true, 1},
                {"10", true, 10},
                {"0", false, 77},
                {"11", false, 77},
                {"", false, 77},
                {"+5", false, 77},
                {" 5", false, 77},
                {"5x", false, 77},
                {"-1", false, 77},
                {"99999999999999999999999", false, 77}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t number = 77;
        CHECK_INT(cepa_cli_read_number(&number, rows[i].text, 1, 10), rows[i].is_good);
        CHECK_INT(number, rows[i].want);
    }
}

TEST_MAIN(RUN(a_number_is_digits_within_its_range), RUN(command_lines_are_read))
