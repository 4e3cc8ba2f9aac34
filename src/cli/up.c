/* cepa up: runs a node. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "native/daemon/run.h"
#include "native/store/folder.h"

enum { OWN_OPTIONS = 2 };

/* What the command line said. */
struct up {
    const char *config;                       /* --config */
    bool is_background;                       /* --daemon */
    const char *values[CEPA_CONFIG_KEYS_MAX]; /* of the keys, in their order; NULL: not given */
};

static void say(const char *reason)
{
    fprintf(stderr, "cepa up: %s\n", reason);
}

static int read_config(struct cepa_config *ret_config, const struct up *up)
{
    struct cepa_reason reason;
    cepa_config_init(ret_config);
    int status = cepa_config_load(ret_config, &reason,
                                  up->config != NULL ? up->config : getenv("CEPA_CONFIG"));
    if (status == 0) {
        status = cepa_config_environment(ret_config, &reason);
    }
    for (size_t i = 0; cepa_config_key(i) != NULL && status == 0; i++) {
        const char *name = cepa_config_key(i)->name;
        char where[64];
        snprintf(where, sizeof where, "--%s", name);
        if (up->values[i] != NULL) {
            status = cepa_config_set(ret_config, &reason, where, name, up->values[i], true);
        }
        if (up->values[i] != NULL && strcmp(name, "state-directory") == 0) {
            /* Another directory has another socket, unless that is told too. */
            ret_config->control[0] = '\0';
        }
    }
    if (status == 0) {
        status = cepa_config_finish(ret_config, &reason);
    }
    if (status != 0) {
        say(reason.text);
    }
    return status == 0 ? CEPA_CLI_OK : CEPA_CLI_USAGE;
}

static int run(const struct cepa_config *config, void (*on_ready)(void *context), void *context)
{
    struct cepa_reason reason = {""};
    if (cepa_daemon_run(&reason, config, on_ready, context) == 0) {
        return CEPA_CLI_OK;
    }
    say(reason.text);
    return CEPA_CLI_FAILED;
}

/* Where standard error goes once nobody watches. */
static int open_log(const struct cepa_config *config)
{
    char path[CEPA_FOLDER_PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s/log", config->state_directory);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* What the background process needs to let go of the one that started it. */
struct background {
    const struct cepa_config *config;
    int pipe; /* one byte says that all is well */
};

static void let_go(void *context)
{
    const struct background *background = context;
    int log = open_log(background->config);
    if (log < 0) {
        fprintf(stderr, "cepa up: %s/log cannot be opened: %s; nothing is written down\n",
                background->config->state_directory, strerror(errno));
    }
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDOUT_FILENO);
        (void)dup2(log >= 0 ? log : nothing, STDERR_FILENO);
        close(nothing);
    }
    if (log >= 0) {
        close(log);
    }
    if (write(background->pipe, "+", 1) == 1) {
        close(background->pipe);
    }
}

/* Runs in a process of its own session, and returns when that is ready or has failed. What it has
 * to say until then, it says here. */
static int run_in_background(const struct cepa_config *config)
{
    int ends[2];
    char byte;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        say(strerror(errno));
        return CEPA_CLI_FAILED;
    }
    pid_t child = fork();
    if (child < 0) {
        say(strerror(errno));
        return CEPA_CLI_FAILED;
    }
    if (child == 0) {
        struct background background = {config, ends[1]};
        close(ends[0]);
        (void)setsid();
        _exit(chdir("/") == 0 ? run(config, let_go, &background) : CEPA_CLI_FAILED);
    }
    close(ends[1]);
    bool is_ready = read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    if (is_ready) {
        printf("the node runs as process %ld; its log is %s/log\n", (long)child,
               config->state_directory);
        return CEPA_CLI_OK;
    }
    int ended = 0;
    (void)waitpid(child, &ended, 0);
    return WIFEXITED(ended) && WEXITSTATUS(ended) != 0 ? WEXITSTATUS(ended) : CEPA_CLI_FAILED;
}

int cepa_cli_up(int argc, char **argv)
{
    struct up up;
    struct cepa_cli_option options[OWN_OPTIONS + CEPA_CONFIG_KEYS_MAX];
    size_t len = OWN_OPTIONS;
    memset(&up, 0, sizeof up);
    memset(options, 0, sizeof options);
    options[0] = (struct cepa_cli_option){
        'c', "config", "FILE", "the configuration file; see cepa.conf(5)", NULL, &up.config};
    options[1] = (struct cepa_cli_option){
        'd', "daemon", NULL, "go to the background when all is well", &up.is_background, NULL};
    for (size_t i = 0; cepa_config_key(i) != NULL; i++) {
        const struct cepa_config_key *key = cepa_config_key(i);
        options[len] = (struct cepa_cli_option){strcmp(key->name, "state-directory") == 0 ? 's' : 0,
                                                key->name,
                                                key->value,
                                                key->help,
                                                NULL,
                                                &up.values[i]};
        len++;
    }
    const struct cepa_cli_syntax syntax = {
        "cepa up [--daemon] [--config FILE] [OPTION]...",
        "Runs a node till SIGINT or SIGTERM. It keeps who it is and what it learns in its state\n"
        "directory, joins by who it remembers or by an invitation, and answers the other "
        "commands.\n"
        "Each option is also a key of the configuration file and a variable CEPA_... of the\n"
        "environment; options win over the environment, and the environment over the file.\n",
        options, len, 0};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    status = read_config(&config, &up);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    return up.is_background ? run_in_background(&config) : run(&config, NULL, NULL);
}
