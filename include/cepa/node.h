/* A node, and a program's way to it. Part of cepa/cepa.h; libcepa(3).
 *
 *     struct cepa *cepa;
 *     if (cepa_attach(&cepa, NULL) != 0) {
 *         fprintf(stderr, "%s\n", cepa_reason(cepa));
 *     }
 *     ...
 *     cepa_close(cepa);
 *
 * Threads: a handle is used by one thread at a time; different handles are independent of each
 * other. Descriptors of streams are free: any thread may read and write them. Nothing here is for
 * signal handlers, nor for a child of fork that does not call exec.
 *
 * Results: 0, or one of enum cepa_failure; then cepa_reason says what happened and what to do. What
 * a function gives (`ret_...`) is written only if it returns 0, unless it says otherwise.
 *
 * Binary interface: structures that a program makes begin with `size`, which it sets to sizeof of
 * its own; later versions add fields at the end, and take those that are missing as 0. Nothing that
 * is here is removed or changes its meaning while the name libcepa.so.0 stays. Fields that a
 * program does not use are 0. */
#ifndef CEPA_NODE_H
#define CEPA_NODE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CEPA_API_VERSION is that of these headers: 65536 for each new interface, 1 for each addition. */
#define CEPA_API_VERSION 1

/* CEPA_ADDRESS_CHARS is the room for an address as text, "cepa1...", with its final zero. */
#define CEPA_ADDRESS_CHARS 90

/* CEPA_IDENTITY_CHARS is the room for the name of an identity, with its final zero. */
#define CEPA_IDENTITY_CHARS 65

/* What can go wrong. */
enum cepa_failure {
    CEPA_FAIL_AGAIN = -1,       /* nothing has come within the time that was given */
    CEPA_FAIL_ARGUMENT = -2,    /* an argument makes no sense */
    CEPA_FAIL_ADDRESS = -3,     /* this is no address, or a mistyped one */
    CEPA_FAIL_NO_NODE = -4,     /* no node is running there, or it has ended */
    CEPA_FAIL_NOT_FOUND = -5,   /* there is no such thing, or nobody at the address */
    CEPA_FAIL_IN_USE = -6,      /* somebody else has it */
    CEPA_FAIL_TIMEOUT = -7,     /* the other end does not answer; it may be away */
    CEPA_FAIL_UNREACHABLE = -8, /* no way leads to the other end now */
    CEPA_FAIL_REFUSED = -9,     /* the other end does not want it, or does not offer it */
    CEPA_FAIL_FULL = -10,       /* there is no room: at the other end, or on this disk */
    CEPA_FAIL_BROKEN = -11,     /* what arrived is not what was sent, or breaks the rules */
    CEPA_FAIL_STOPPED = -12,    /* the program said so */
    CEPA_FAIL_STATE = -13,      /* this cannot be done now */
    CEPA_FAIL_MEMORY = -14,     /* there is not enough memory */
    CEPA_FAIL_SYSTEM = -15      /* the system refused or failed */
};

/* A node as one program uses it; opaque. */
struct cepa;

/* How a node inside a program shall be. */
struct cepa_open_options {
    size_t size;                 /* sizeof of this structure */
    const char *state_directory; /* where it keeps what it is; made if need be. Not NULL */
    const char *const *settings; /* "key=value" as in cepa.conf(5); the last is followed by NULL */
    int log_fd;                  /* where it writes its log; 0: nowhere. Stays the program's */
    int reserved;                /* 0 */
};

/* An identity of the user. */
struct cepa_identity_info {
    size_t size;                      /* sizeof of this structure */
    char name[CEPA_IDENTITY_CHARS];   /* as the user calls it; nobody else learns that */
    char address[CEPA_ADDRESS_CHARS]; /* under which others reach it */
    int is_default;                   /* it is the one that is meant where none is named */
};

/* cepa_api_version gives CEPA_API_VERSION of the library that is loaded. */
uint32_t cepa_api_version(void);

/* cepa_failure_text says in one sentence what an enum cepa_failure means; static, never NULL. */
const char *cepa_failure_text(int failure);

/* cepa_attach uses the daemon (`cepa up`) of the same user whose state directory `state_directory`
 * is; NULL: the usual one. It answers also while no daemon runs: what needs one fails then
 * (CEPA_FAIL_NO_NODE) and works once it runs again. Writes `*ret_cepa` in any case: NULL for
 * CEPA_FAIL_MEMORY, else something that cepa_reason and cepa_close take. May return
 * CEPA_FAIL_ARGUMENT, CEPA_FAIL_NOT_FOUND if the environment names no usual one, or
 * CEPA_FAIL_SYSTEM. */
int cepa_attach(struct cepa **ret_cepa, const char *state_directory);

/* cepa_open starts a node inside this program, in a thread of its own, and returns when it is up
 * (not yet: when it has found others). It is a whole node: it keeps links, and may relay for others
 * if its settings let it. There is one in a process at a time; CEPA_FAIL_IN_USE otherwise, and when
 * another process has the state directory. Commands reach it too (`cepa status --state-directory
 * ...`). Its settings are those of cepa.conf(5), but for port mapping, the dashboard and a port for
 * metrics, which are always off. Writes `*ret_cepa` as cepa_attach. May return CEPA_FAIL_ARGUMENT
 * for a wrong setting, CEPA_FAIL_IN_USE, or CEPA_FAIL_SYSTEM. */
int cepa_open(struct cepa **ret_cepa, const struct cepa_open_options *options);

/* cepa_close lets it go; NULL is allowed. A node inside the program ends, and its streams with it:
 * other handles' too, which fail then. A daemon goes on, and streams that were made here as long
 * as their descriptors are open. Listenings are closed before. */
void cepa_close(struct cepa *cepa);

/* cepa_reason says why the last call with this handle that failed did so, in a sentence for people;
 * lent until the next call, never NULL. NULL for a handle is allowed. */
const char *cepa_reason(const struct cepa *cepa);

/* cepa_status gives how the node is, a JSON object as in cepa-status(5), which the program gives to
 * cepa_free. */
int cepa_status(struct cepa *cepa, char **ret_json);

/* cepa_free frees what was given to the program as text; NULL is allowed. */
void cepa_free(void *memory);

/* cepa_invite gives an invitation, by which another node joins; for cepa_free.
 * CEPA_FAIL_STATE while nobody can be named in it. cepa_join begins to join by one. */
int cepa_invite(struct cepa *cepa, char **ret_invitation);
int cepa_join(struct cepa *cepa, const char *invitation);

/* cepa_identity_make makes an identity called `name`, 1 to 64 bytes of plain text; the first is the
 * default. Gives its address. CEPA_FAIL_IN_USE if there is one of that name. The node publishes it:
 * others find it within seconds. */
int cepa_identity_make(struct cepa *cepa, char ret_address[CEPA_ADDRESS_CHARS], const char *name);

/* cepa_identity_get gives the address of the identity called `name`, or of the default for NULL.
 * CEPA_FAIL_NOT_FOUND if there is none. */
int cepa_identity_get(struct cepa *cepa, char ret_address[CEPA_ADDRESS_CHARS], const char *name);

/* cepa_identity_next gives the identity at `*at`, and moves on; it begins at 0.
 * CEPA_FAIL_NOT_FOUND behind the last. */
int cepa_identity_next(struct cepa *cepa, struct cepa_identity_info *ret_identity, uint64_t *at);

#ifdef __cplusplus
}
#endif

#endif
