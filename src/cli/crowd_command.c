/* Starting the program with a node's state directory, and hearing what it says. */
#define _GNU_SOURCE
#include "cli/crowd_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 16 };

int cepa_crowd_command_begin(struct cepa_crowd_command *ret_command, const struct cepa_crowd *crowd,
                             size_t node, int input, const char *const *words, size_t words_len)
{
    char state[2 * CEPA_CROWD_PATH_SIZE];
    const char *arguments[WORDS_MAX] = {"/proc/self/exe"};
    int pipes[2];
    size_t len = 1;
    (void)snprintf(state, sizeof state, "%s/%zu", crowd->directory, node);
    for (size_t i = 0; i < words_len && len < WORDS_MAX - 3; i++) {
        arguments[len++] = words[i];
    }
    arguments[len++] = "--state-directory";
    arguments[len++] = state;
    arguments[len] = NULL;
    if (crowd->config.program != NULL) {
        arguments[0] = crowd->config.program;
    }
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* execv changes neither the array nor the words. */
        union {
            const char **words;
            char **argv;
        } cast = {arguments};
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)dup2(pipes[1], STDERR_FILENO);
        if (input < 0 || dup2(input, STDIN_FILENO) >= 0) {
            (void)execv(arguments[0], cast.argv);
        }
        _exit(127);
    }
    close(pipes[1]);
    if (pid < 0) {
        close(pipes[0]);
        return CEPA_ERR_SYSTEM;
    }
    ret_command->pid = pid;
    ret_command->output = pipes[0];
    return 0;
}

bool cepa_crowd_command_is_running(const struct cepa_crowd_command *command)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    return waitid(P_PID, (id_t)command->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

int cepa_crowd_command_end(struct cepa_crowd_command *command,
                           char ret_text[CEPA_CROWD_OUTPUT_SIZE])
{
    size_t len = 0;
    int status = 0;
    for (;;) {
        ssize_t got = read(command->output, ret_text + len, CEPA_CROWD_OUTPUT_SIZE - 1 - len);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
        len = len < CEPA_CROWD_OUTPUT_SIZE - 1 ? len : CEPA_CROWD_OUTPUT_SIZE / 2;
    }
    ret_text[len] = '\0';
    close(command->output);
    while (waitpid(command->pid, &status, 0) < 0 && errno == EINTR) {
    }
    command->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int cepa_crowd_command_run(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                           size_t node, const char *const *words, size_t words_len,
                           char ret_text[CEPA_CROWD_OUTPUT_SIZE])
{
    struct cepa_crowd_command command;
    int status = cepa_crowd_command_begin(&command, crowd, node, -1, words, words_len);
    if (status == 0) {
        status = cepa_crowd_command_end(&command, ret_text) == 0 ? 0 : CEPA_ERR_STATE;
    }
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status, "cepa %s: %.300s", words[0],
                                          status == CEPA_ERR_STATE ? ret_text : strerror(errno));
}

int cepa_crowd_address(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason, size_t node,
                       char ret_address[CEPA_CROWD_ADDRESS_SIZE])
{
    static const char *const words[] = {"id"};
    char text[CEPA_CROWD_OUTPUT_SIZE];
    int status = cepa_crowd_command_run(crowd, ret_reason, node, words, 1, text);
    const char *address = status == 0 ? strstr(text, "cepa1") : NULL;
    if (status == 0 && address == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED, "'cepa id' says no address");
    }
    if (status == 0) {
        (void)snprintf(ret_address, CEPA_CROWD_ADDRESS_SIZE, "%.*s",
                       (int)strcspn(address, " \t\r\n"), address);
    }
    return status;
}
