/* A child process for a call that is to panic. */
#include "support/panic.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

bool test_panics(void (*run)(void))
{
    int status = 0;
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        /* The message of the panic is expected; it would only look like a failure. */
        int quiet = open("/dev/null", O_WRONLY);
        if (quiet >= 0) {
            dup2(quiet, STDERR_FILENO);
        }
        run();
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("a child process");
        abort();
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
