/* A router for tests that maps ports by UPnP: HTTP on loopback, in a thread of its own, since who
 * asks it waits. Without the search, which needs a network. */
#ifndef CEPA_TESTS_SUPPORT_IGD_H
#define CEPA_TESTS_SUPPORT_IGD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum test_igd_fault {
    IGD_HONEST,
    IGD_HANGS,          /* takes connections and says nothing */
    IGD_REFUSES,        /* every mapping, with 606 */
    IGD_PORT_TAKEN,     /* the first external port that is asked for belongs to another */
    IGD_ONLY_PERMANENT, /* knows no lifetimes */
    IGD_ELSEWHERE,      /* its description sends us to another host */
    IGD_ENDLESS_BODY,   /* an answer without end, as fast as it goes */
    IGD_ENDLESS_HEAD,   /* the same in the head of the answer */
    IGD_HUGE_LENGTH,    /* announces 4 GB, and sends what it can */
    IGD_DRIPS,          /* a byte now and then, for ever */
    IGD_GARBAGE,        /* bytes that mean nothing */
    IGD_DEEP            /* elements within elements without end */
};

struct test_igd {
    pthread_t thread;
    int fd;
    int stop_fds[2];
    enum test_igd_fault fault;
    unsigned honest; /* connections before the fault shows */
    const char *ip;
    uint16_t port;
    char url[64]; /* of the description */
    /* Under the lock. */
    pthread_mutex_t mutex;
    unsigned connections;
    unsigned added;
    unsigned deleted;
    bool is_mapped[2]; /* UDP, TCP */
    uint16_t taken_port;
    char last_lease[16];
};

/* test_igd_open begins to serve. */
void test_igd_open(struct test_igd *igd, enum test_igd_fault fault);

/* test_igd_open_at does so at another IP of the machine, and is honest first for as many
 * connections as `honest` says. */
void test_igd_open_at(struct test_igd *igd, enum test_igd_fault fault, const char *ip,
                      unsigned honest);

/* test_igd_close ends it. */
void test_igd_close(struct test_igd *igd);

/* test_igd_lease gives the lease that was asked for last, as text. */
void test_igd_lease(struct test_igd *igd, char ret_lease[16]);

/* test_igd_connections gives how often somebody has come. */
unsigned test_igd_connections(struct test_igd *igd);

/* test_igd_is_last_deleted says whether the last order of each transport took its mapping away. */
bool test_igd_is_last_deleted(struct test_igd *igd);

/* test_igd_counts gives how many mappings were made and taken away. */
void test_igd_counts(struct test_igd *igd, unsigned *ret_added, unsigned *ret_deleted);

#endif
