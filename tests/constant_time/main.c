/* Runs the cases under one of valgrind's tools; tools/constant-time reads what this prints.
 *
 *     constant_time secrets portable|native [NAME]       under memcheck: first the kernels, then
 *                                                        `NAME<tab>findings<tab>is_leak`
 *     constant_time groups                               what can be counted
 *     constant_time steps portable|native ROUNDS GROUP   without valgrind: first the kernels, then
 *                                                        `NAME<tab>steps<tab>path<tab>is_leak`
 *     constant_time counts portable|native ROUNDS GROUP  under callgrind, which dumps each count
 *                                                        under `GROUP<tab>NAME<tab>is_leak`
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "base/cpu.h"
#include "constant_time/cases.h"
#include "constant_time/steps.h"
#include "native/cpu.h"
#include "native/host.h"

/* One room's cases. */
struct table {
    const struct ct_case *cases;
    const size_t *cases_len;
};

static const struct table tables[] = {
    {ct_crypto_cases, &ct_crypto_cases_len},
    {ct_onion_cases, &ct_onion_cases_len},
    {ct_session_cases, &ct_session_cases_len},
    {ct_leak_cases, &ct_leak_cases_len},
};

/* What was asked for on the command line. */
struct request {
    uint32_t cpu;
    unsigned rounds;  /* of each case, with other secrets */
    const char *name; /* of a case or a group; NULL: all */
};

static void for_each(void (*act)(const struct ct_case *, const struct request *),
                     const struct request *request)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (size_t j = 0; j < *tables[i].cases_len; j++) {
            act(&tables[i].cases[j], request);
        }
    }
}

static void find_leaks(const struct ct_case *one, const struct request *request)
{
    if (request->name != NULL && strcmp(one->name, request->name) != 0) {
        return;
    }
    struct test_random random = {1};
    one->prepare(&random, request->cpu);
    unsigned long before = VALGRIND_COUNT_ERRORS;
    one->run(request->cpu);
    unsigned long after = VALGRIND_COUNT_ERRORS;
    printf("%s\t%lu\t%d\n", one->name, after - before, one->is_leak);
    fflush(stdout);
}

static void count_instructions(const struct ct_case *one, const struct request *request)
{
    char label[200];
    if (one->group == NULL || strcmp(one->group, request->name) != 0) {
        return;
    }
    snprintf(label, sizeof label, "%s\t%s\t%d", one->group, one->name, one->is_leak);
    for (unsigned i = 0; i < request->rounds; i++) {
        struct test_random random = {i};
        one->prepare(&random, request->cpu);
        CALLGRIND_TOGGLE_COLLECT;
        one->run(request->cpu);
        CALLGRIND_TOGGLE_COLLECT;
        CALLGRIND_DUMP_STATS_AT(label);
    }
}

static void follow(const struct ct_case *one, const struct request *request)
{
    if (one->group == NULL || strcmp(one->group, request->name) != 0) {
        return;
    }
    for (unsigned i = 0; i < request->rounds; i++) {
        struct ct_steps steps;
        if (ct_steps_follow(&steps, one, i, request->cpu) != 0) {
            printf("this machine does not let a process be followed\n");
            exit(77);
        }
        printf("%s\t%llu\t%llx\t%d\n", one->name, (unsigned long long)steps.count,
               (unsigned long long)steps.path, one->is_leak);
        fflush(stdout);
    }
}

/* Groups stand together in the tables, so that each is printed once. */
static void print_group(const struct ct_case *one, const struct request *request)
{
    static const char *last = "";
    (void)request;
    if (one->group != NULL && strcmp(one->group, last) != 0) {
        printf("%s\n", one->group);
        last = one->group;
    }
}

static void print_kernels(uint32_t cpu)
{
    printf("kernels\t%s%s%s%s\n", cpu == 0 ? "portable" : "", cpu & CEPA_CPU_AESNI ? "aesni " : "",
           cpu & CEPA_CPU_AVX2 ? "avx2 " : "", cpu & CEPA_CPU_AVX512_IFMA ? "ifma" : "");
}

int main(int argc, char **argv)
{
    struct request request = {0, 0, NULL};
    const char *mode = argc > 1 ? argv[1] : "";
    if (cepa_native_init() != 0) {
        return 2;
    }
    if (strcmp(mode, "groups") == 0) {
        for_each(print_group, &request);
        return 0;
    }
    if (strcmp(mode, "steps") != 0 && !RUNNING_ON_VALGRIND) {
        fprintf(stderr, "not under valgrind: nothing would be seen\n");
        return 2;
    }
    request.cpu = argc > 2 && strcmp(argv[2], "native") == 0 ? cepa_native_cpu() : 0;
    if (strcmp(mode, "secrets") == 0 && argc > 2) {
        request.name = argc > 3 ? argv[3] : NULL;
        print_kernels(request.cpu);
        for_each(find_leaks, &request);
        return 0;
    }
    if (argc > 4) {
        request.rounds = (unsigned)strtoul(argv[3], NULL, 10);
        request.name = argv[4];
    }
    if (strcmp(mode, "counts") == 0 && argc > 4) {
        for_each(count_instructions, &request);
        return 0;
    }
    if (strcmp(mode, "steps") == 0 && argc > 4) {
        print_kernels(request.cpu);
        fflush(stdout);
        for_each(follow, &request);
        return 0;
    }
    fprintf(stderr, "the head of main.c says how this is called\n");
    return 2;
}
