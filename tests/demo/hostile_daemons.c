/* Real daemons under a flood: six processes on loopback addresses, and one program that dials the
 * first of them as often as it can, from one address, and says malformed handshakes, half ones, or
 * nothing. Circuits go on, and the victim's memory stays where it was.
 *
 *     hostile_daemons PROGRAM      PROGRAM is the command `cepa` */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd.h"
#include "cli/ping_result.h"
#include "native/daemon/carriers.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/webrtc.h"
#include "wire/invitation.h"

enum {
    NODES = 6,
    JOIN_MS = 30000,
    CIRCUITS = 100, /* of each of the nodes that are not the victim */
    PING_MS = 15000,
    POLL_MS = 50,
    DIALLERS = 4, /* endpoints of the culprit, each with a few sockets */
    SOCKETS = 1 + CEPA_ENDPOINT_MORE_SOCKETS_MAX,
    DIAL_EVERY_MS = 20,
    FRAMES_EACH = 4,
    GROWTH_MAX_KB = 32 * 1024
};

/* --- the culprit -------------------------------------------------------------------------------
 */

/* An endpoint of the culprit's, with the connections that it keeps. */
struct dialler {
    struct cepa_webrtc *webrtc;
    struct cepa_connection_id kept[SOCKETS];
    unsigned opened;
};

static uint64_t frames_said;

/* Says something that is no handshake, or parts of one; every third says nothing. */
static void molest(struct dialler *dialler, struct cepa_connection_id id)
{
    const struct cepa_dcep_open open = {.is_unordered = true, .priority = 256};
    struct cepa_channels *channels =
        cepa_endpoint_channels(cepa_webrtc_endpoint(dialler->webrtc), id);
    struct cepa_channel_id channel;
    uint8_t frame[CEPA_FRAME_SIZE];
    if (channels == NULL ||
        cepa_channels_negotiate(channels, &channel, CEPA_CARRIERS_STREAM, &open) != 0) {
        return;
    }
    for (unsigned i = 0; i < FRAMES_EACH && dialler->opened % 3 != 0; i++) {
        memset(frame, (int)(frames_said * 37 & 0xff), sizeof frame);
        frame[0] = (uint8_t)(0x80 + frames_said % 7);
        frame[1] = (uint8_t)(i % 2);
        frame[2] = (uint8_t)(3 + i);
        frames_said += cepa_channels_send(channels, channel, false, frame, sizeof frame) == 0;
    }
}

static void take_events(struct dialler *dialler)
{
    struct cepa_endpoint *endpoint = cepa_webrtc_endpoint(dialler->webrtc);
    struct cepa_endpoint_event event;
    enum cepa_endpoint_kind kind;
    while ((kind = cepa_endpoint_next(endpoint, &event)) != CEPA_ENDPOINT_NOTHING) {
        if (kind == CEPA_ENDPOINT_OPEN) {
            dialler->kept[dialler->opened++ % SOCKETS] = event.connection;
            molest(dialler, event.connection);
        }
    }
}

/* Dials; where every socket has a connection to the victim already, the oldest makes room. */
static void dial(struct dialler *dialler, const struct cepa_dial_address *address)
{
    struct cepa_endpoint *endpoint = cepa_webrtc_endpoint(dialler->webrtc);
    struct cepa_connection_id id;
    int error = cepa_endpoint_dial(endpoint, &id, address);
    if (error == CEPA_ERR_STATE) {
        error = cepa_endpoint_close(endpoint, dialler->kept[dialler->opened % SOCKETS]);
    }
    (void)error; /* the next one may have more luck */
}

static _Noreturn void attack(const struct cepa_relay_address *victim)
{
    static struct dialler diallers[DIALLERS];
    struct cepa_webrtc_config config = {
        .ipv4 = {.family = CEPA_NET_ADDRESS_IPV4, .ip = {127, 99, 0, 1}},
        .more_sockets = CEPA_ENDPOINT_MORE_SOCKETS_MAX,
        .has_no_tcp = true,
        .is_local = true,
        .random = cepa_native_random()};
    struct cepa_dial_address address = {.node = victim->node};
    address.address.family = victim->reach.family;
    address.address.port = victim->reach.port;
    memcpy(address.address.ip, victim->reach.ip, sizeof address.address.ip);
    memcpy(address.certificate.bytes, victim->dtls.bytes, sizeof address.certificate.bytes);
    memcpy(address.secret.bytes, victim->secret.bytes, sizeof address.secret.bytes);
    for (size_t i = 0; i < DIALLERS; i++) {
        if (cepa_webrtc_open(&diallers[i].webrtc, &config) != 0) {
            _exit(1);
        }
    }
    for (uint64_t turn = 0;; turn++) {
        struct dialler *dialler = &diallers[turn % DIALLERS];
        struct cepa_time next =
            cepa_time_add(cepa_clock_now(), DIAL_EVERY_MS * CEPA_MILLISECOND_NS / DIALLERS);
        if (turn % DIALLERS == turn / DIALLERS % DIALLERS) {
            dial(dialler, &address);
        }
        if (cepa_webrtc_wait(dialler->webrtc, next) != 0) {
            _exit(1);
        }
        take_events(dialler);
    }
}

/* --- the others --------------------------------------------------------------------------------
 */

static _Noreturn void give_up(struct cepa_crowd *crowd, pid_t culprit, const char *what)
{
    fprintf(stderr, "hostile_daemons: %s\n", what);
    if (culprit > 0) {
        (void)kill(culprit, SIGKILL);
        (void)waitpid(culprit, NULL, 0);
    }
    if (crowd != NULL) {
        (void)cepa_crowd_end(crowd, false);
    }
    exit(1);
}

/* Memory in kB and processor time in ms of a process, from the kernel; -1 if they are not told. */
static long memory_of(pid_t pid)
{
    char path[64];
    char line[128];
    long kb = -1;
    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kb = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kb;
}

/* Asks all nodes but the victim for circuits at once, and waits for them. */
static void try_circuits(const struct cepa_crowd *crowd, uint32_t *ret_done, uint32_t *ret_failed)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), PING_MS * CEPA_MILLISECOND_NS);
    struct cepa_cli_ping pings[NODES] = {0};
    bool is_running = true;
    for (unsigned round = 0; is_running && !cepa_time_is_due(deadline, cepa_clock_now()); round++) {
        is_running = false;
        for (size_t i = 1; i < NODES; i++) {
            const struct cepa_control_request request = {.kind = round == 0 ? CEPA_CONTROL_PING
                                                                            : CEPA_CONTROL_PINGED,
                                                         .count = CIRCUITS,
                                                         .hops = 3};
            struct cepa_reason reason;
            struct cJSON *answer = NULL;
            if (cepa_crowd_ask(crowd, &answer, &reason, i, &request) == 0) {
                (void)cepa_cli_ping_read(&pings[i], answer);
            }
            cJSON_Delete(answer);
            is_running |= pings[i].is_running;
        }
        (void)nanosleep(&pause, NULL);
    }
    *ret_done = 0;
    *ret_failed = 0;
    for (size_t i = 1; i < NODES; i++) {
        *ret_done += pings[i].done;
        *ret_failed += pings[i].failed;
    }
}

static void start(struct cepa_crowd *crowd, struct cepa_relay_address *ret_victim)
{
    struct cepa_reason reason;
    struct cepa_invitation invitation;
    for (size_t i = 0; i < NODES; i++) {
        if (cepa_crowd_start(crowd, &reason, i) != 0) {
            give_up(crowd, 0, reason.text);
        }
    }
    if (cepa_crowd_wait(crowd, 0, NODES, "network.relays_here", NODES, JOIN_MS) < 0 ||
        cepa_crowd_wait(crowd, 0, NODES, "network.circuits_ready_ahead", 1, JOIN_MS) < 0) {
        give_up(crowd, 0, "the nodes do not find each other");
    }
    if (cepa_invitation_decode(&invitation, crowd->invitation, strlen(crowd->invitation), NULL) !=
        0) {
        give_up(crowd, 0, "the invitation cannot be read");
    }
    *ret_victim = invitation.addresses[0];
}

int main(int argc, char **argv)
{
    static const char *const options[] = {"--log-level", "warning", "--shaper", "off"};
    static struct cepa_crowd crowd;
    const struct cepa_crowd_config config = {
        .program = argc > 1 ? argv[1] : NULL, .options = options, .options_len = 4};
    struct cepa_relay_address victim;
    struct cepa_reason reason;
    uint32_t done;
    uint32_t failed;
    if (argc != 2 || cepa_native_init() != 0 || cepa_crowd_begin(&crowd, &reason, &config) != 0) {
        give_up(NULL, 0, argc != 2 ? "Usage: hostile_daemons PROGRAM" : reason.text);
    }
    start(&crowd, &victim);
    long before_kb = memory_of(crowd.pids[0]);
    pid_t culprit = fork();
    if (culprit == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        attack(&victim);
    }
    const struct timespec while_ns = {2, 0};
    (void)nanosleep(&while_ns, NULL); /* until it is well under way */
    try_circuits(&crowd, &done, &failed);
    long after_kb = memory_of(crowd.pids[0]);
    int64_t refused = cepa_crowd_number(&crowd, 0, "network.refused_budget");
    int status = 0;
    bool was_alive = culprit > 0 && waitpid(culprit, &status, WNOHANG) == 0;
    if (was_alive) {
        (void)kill(culprit, SIGKILL);
        (void)waitpid(culprit, NULL, 0);
    }
    printf("a flood of dials: %u of %u circuits worked; the victim took %ld kB before, %ld after, "
           "and refused %lld\n",
           done - failed, (unsigned)(CIRCUITS * (NODES - 1)), before_kb, after_kb,
           (long long)refused);
    bool is_well = was_alive && (done - failed) * 10 >= CIRCUITS * (NODES - 1) * 9 &&
                   after_kb > 0 && after_kb - before_kb < GROWTH_MAX_KB;
    bool has_ended = cepa_crowd_end(&crowd, false);
    return is_well && has_ended ? 0 : 1;
}
