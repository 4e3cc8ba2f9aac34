/* Parsing of command lines and the help that comes from the same table. */
#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "native/near.h"

/* Where the parser stands. */
struct scan {
    const struct cepa_cli_syntax *syntax; /* what is accepted */
    char **argv;                          /* lent by the caller */
    int argc;                             /* how many */
    int at;                               /* the word being read */
    bool is_help;                         /* --help was met */
};

static void print_help(const struct cepa_cli_syntax *syntax)
{
    printf("Usage: %s\n\n%s\nOptions:\n", syntax->usage, syntax->about);
    for (size_t i = 0; i < syntax->options_len; i++) {
        const struct cepa_cli_option *option = &syntax->options[i];
        char letter[] = {'-', option->letter, ',', ' ', '\0'};
        char name[64];
        snprintf(name, sizeof name, "--%s%s%s", option->name, option->value_name ? " " : "",
                 option->value_name ? option->value_name : "");
        printf("  %4s%-24s %s\n", option->letter ? letter : "", name, option->help);
    }
    printf("  -h, %-24s %s\n", "--help", "print this");
}

/* Ends a message about the word being read, and gives the exit status for it. */
static int refuse(const struct scan *scan)
{
    fprintf(stderr, "Usage: %s\n", scan->syntax->usage);
    return CEPA_CLI_USAGE;
}

static int refuse_unknown(const struct scan *scan, const char *word)
{
    const struct cepa_cli_syntax *syntax = scan->syntax;
    const char *nearest = cepa_near_is(word, "help") ? "help" : NULL;
    for (size_t i = 0; i < syntax->options_len && nearest == NULL; i++) {
        if (cepa_near_is(word, syntax->options[i].name)) {
            nearest = syntax->options[i].name;
        }
    }
    fprintf(stderr, "cepa %s: there is no option '%s'", scan->argv[0], scan->argv[scan->at]);
    if (nearest != NULL) {
        fprintf(stderr, "; did you mean '--%s'?", nearest);
    }
    fprintf(stderr, "\n");
    return refuse(scan);
}

/* Sets an option; `attached` is the value that was written in the same word, or NULL. */
static int take(struct scan *scan, const struct cepa_cli_option *option, const char *attached)
{
    if (option->value_name == NULL) {
        if (attached != NULL) {
            fprintf(stderr, "cepa %s: '--%s' takes no value\n", scan->argv[0], option->name);
            return refuse(scan);
        }
        *option->is_set = true;
        return CEPA_CLI_PROCEED;
    }
    if (attached == NULL && scan->at + 1 < scan->argc) {
        scan->at++;
        attached = scan->argv[scan->at];
    }
    if (attached == NULL) {
        fprintf(stderr, "cepa %s: '--%s' needs a value: %s\n", scan->argv[0], option->name,
                option->value_name);
        return refuse(scan);
    }
    *option->value = attached;
    return CEPA_CLI_PROCEED;
}

/* --name or --name=value */
static int take_long(struct scan *scan, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (strcmp(word, "help") == 0) {
        scan->is_help = true;
        return CEPA_CLI_PROCEED;
    }
    for (size_t i = 0; i < scan->syntax->options_len; i++) {
        const struct cepa_cli_option *option = &scan->syntax->options[i];
        if (strncmp(option->name, word, len) == 0 && option->name[len] == '\0') {
            return take(scan, option, equals != NULL ? equals + 1 : NULL);
        }
    }
    return refuse_unknown(scan, word);
}

static const struct cepa_cli_option *find_letter(const struct cepa_cli_syntax *syntax, char letter)
{
    for (size_t i = 0; i < syntax->options_len; i++) {
        if (syntax->options[i].letter == letter) {
            return &syntax->options[i];
        }
    }
    return NULL;
}

/* -a, -abc, -ofile */
static int take_letters(struct scan *scan, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        if (*letters == 'h') {
            scan->is_help = true;
            continue;
        }
        const struct cepa_cli_option *option = find_letter(scan->syntax, *letters);
        if (option == NULL) {
            return refuse_unknown(scan, letters);
        }
        if (option->value_name != NULL) {
            return take(scan, option, letters[1] != '\0' ? letters + 1 : NULL);
        }
        *option->is_set = true;
    }
    return CEPA_CLI_PROCEED;
}

/* Reads the word at scan->at, and its value if that is the next one. */
static int take_word(struct scan *scan, struct cepa_cli_arguments *arguments, bool is_options)
{
    const char *word = scan->argv[scan->at];
    if (is_options && strncmp(word, "--", 2) == 0) {
        return take_long(scan, word + 2);
    }
    if (is_options && word[0] == '-' && word[1] != '\0') {
        return take_letters(scan, word + 1);
    }
    if (arguments->len == scan->syntax->arguments_max) {
        fprintf(stderr, "cepa %s: '%s' is one argument too many\n", scan->argv[0], word);
        return refuse(scan);
    }
    arguments->values[arguments->len] = word;
    arguments->len++;
    return CEPA_CLI_PROCEED;
}

int cepa_cli_parse(struct cepa_cli_arguments *ret_arguments, const struct cepa_cli_syntax *syntax,
                   int argc, char **argv)
{
    struct scan scan = {syntax, argv, argc, 1, false};
    struct cepa_cli_arguments arguments = {{NULL}, 0};
    bool is_options = true;
    for (; scan.at < argc; scan.at++) {
        if (is_options && strcmp(argv[scan.at], "--") == 0) {
            is_options = false;
            continue;
        }
        int status = take_word(&scan, &arguments, is_options);
        if (status != CEPA_CLI_PROCEED) {
            return status;
        }
    }
    if (scan.is_help) {
        print_help(syntax);
        return CEPA_CLI_OK;
    }
    *ret_arguments = arguments;
    return CEPA_CLI_PROCEED;
}

bool cepa_cli_read_number(uint32_t *ret_number, const char *text, uint32_t least, uint32_t most)
{
    char *end;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < least ||
        number > most) {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}
