/* Options and arguments of a command, by a table that also writes its --help.
 *
 * Options may stand anywhere: -j, --json, -o FILE, -oFILE, --output FILE, --output=FILE; "--" ends
 * them. Every command has --help. */
#ifndef CEPA_CLI_OPTIONS_H
#define CEPA_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CEPA_CLI_ARGUMENTS_MAX = 1024, /* arguments of one command */
    CEPA_CLI_PROCEED = -1          /* result of parsing: the command goes on */
};

/* One option. A flag has `is_set`, an option with a value has `value` and `value_name`; both stay
 * as they are if the option is not given. */
struct cepa_cli_option {
    char letter;            /* 'j' for -j, or 0 */
    const char *name;       /* "json" for --json */
    const char *value_name; /* what the help calls the value ("FILE"), or NULL */
    const char *help;       /* one line */
    bool *is_set;           /* becomes true */
    const char **value;     /* points into argv afterwards */
};

/* What a command accepts. */
struct cepa_cli_syntax {
    const char *usage;                     /* "cepa demo [--json] [FILE]" */
    const char *about;                     /* sentences for the help, lines ended */
    const struct cepa_cli_option *options; /* without --help */
    size_t options_len;                    /* how many */
    size_t arguments_max;                  /* at most CEPA_CLI_ARGUMENTS_MAX */
};

/* The arguments that are no options, in order; they point into argv. */
struct cepa_cli_arguments {
    const char *values[CEPA_CLI_ARGUMENTS_MAX];
    size_t len;
};

/* cepa_cli_parse reads argv[1] to argv[argc - 1]. It gives CEPA_CLI_PROCEED; or CEPA_CLI_OK after
 * it printed the help to standard output; or CEPA_CLI_USAGE after it said on standard error what is
 * wrong and what to do about it. */
int cepa_cli_parse(struct cepa_cli_arguments *ret_arguments, const struct cepa_cli_syntax *syntax,
                   int argc, char **argv);

/* cepa_cli_read_number reads the value of an option, a whole number from `least` to `most` in
 * digits; NULL leaves `*ret_number` as it is. Gives whether it was one. */
bool cepa_cli_read_number(uint32_t *ret_number, const char *text, uint32_t least, uint32_t most);

#endif
