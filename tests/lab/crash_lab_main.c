/* crash_lab: a daemon in a live network that is killed at random moments: while it makes its
 * identity, opens its state, joins, samples guards, and later. After each kill a copy of what is on
 * disk is looked at; after each start the daemon is asked.
 *
 *   crash_lab CEPA KILLS
 *
 * What has to hold: the state opens and is whole; the node is who it was; guards that were on disk,
 * or that the daemon had shown, are there, in their order; in the end the node is in the mesh. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd.h"
#include "native/cpu.h"
#include "native/daemon/state.h"
#include "native/host.h"
#include "native/net/clock.h"
#include "node/node.h"
#include "path/guards.h"

enum {
    RELAYS = 4,      /* that stay */
    VICTIM = RELAYS, /* its number */
    KILLS_MAX = 100000,
    EARLY_US = 120000, /* a kill comes within this time from the start, */
    LATE_US = 2400000, /* or, as often, within this one from the first answer; */
    WHOLE_KILL = 3,    /* this one after it has joined for the first time and has its guards */
    ANSWER_MS = 15000,
    JOIN_MS = 60000,
    EPOCH_MS = 170000, /* of onion keys in the profile for tests, and a little more */
    MANY = 100,        /* kills from which on there is time to wait for the next epoch */
    POLL_MS = 5,
    PATH_SIZE = 256,
    GUARDS_LAYER = 0 /* key of the guards in their table */
};

/* What is known of the victim. */
struct lab {
    struct cepa_crowd crowd;
    char state[PATH_SIZE]; /* its directory */
    bool has_identity;
    struct cepa_node_id node;
    struct cepa_guards guards; /* that were on disk last */
    int64_t shown;             /* how many guards it had shown */
    unsigned answers;          /* starts after which it was asked who it is */
    unsigned files;            /* copies that were looked at */
    unsigned wrong;
};

static void sleep_us(long us)
{
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void wrong(struct lab *lab, unsigned kill, const char *what, const char *why)
{
    printf("FAILED after kill %u: %s: %s\n", kill, what, why);
    lab->wrong++;
}

/* Copies a file of the state; one that is not there is not there in the copy. */
static bool copy(const struct lab *lab, const char *to, const char *name)
{
    char path[2 * PATH_SIZE];
    char buffer[65536];
    ssize_t len = 1;
    (void)snprintf(path, sizeof path, "%s/%s", lab->state, name);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "%s-%s", to, name);
    (void)unlink(path);
    if (from < 0) {
        return errno == ENOENT;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (fd >= 0 && (len = read(from, buffer, sizeof buffer)) > 0 &&
           write(fd, buffer, (size_t)len) == len) {
    }
    (void)close(from);
    return fd >= 0 && close(fd) == 0 && len == 0;
}

/* Reads the guards of a copy. False if they cannot be read; none at all can. */
static bool read_guards(struct cepa_guards *ret_guards, sqlite3 *database)
{
    sqlite3_stmt *statement = NULL;
    bool is_read = false;
    cepa_guards_init(ret_guards);
    if (sqlite3_prepare_v2(database, "SELECT value FROM entries WHERE kind = ?1 AND key = ?2", -1,
                           &statement, NULL) != SQLITE_OK) {
        /* The file may be so young that it has no tables. */
        return strstr(sqlite3_errmsg(database), "no such table") != NULL;
    }
    const uint8_t key = GUARDS_LAYER;
    (void)sqlite3_bind_int(statement, 1, CEPA_STORE_GUARDS);
    (void)sqlite3_bind_blob(statement, 2, &key, sizeof key, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    is_read = result == SQLITE_DONE ||
              (result == SQLITE_ROW &&
               cepa_guards_decode(ret_guards, sqlite3_column_blob(statement, 0),
                                  (size_t)sqlite3_column_bytes(statement, 0)) == 0);
    (void)sqlite3_finalize(statement);
    return is_read;
}

static bool is_whole(sqlite3 *database)
{
    sqlite3_stmt *statement = NULL;
    bool is_ok =
        sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    (void)sqlite3_finalize(statement);
    return is_ok;
}

/* Every guard that was there is, in the same order. */
static bool has_kept(const struct cepa_guards *before, const struct cepa_guards *now)
{
    size_t place = 0;
    for (size_t i = 0; i < before->entries_len; i++) {
        while (place < now->entries_len && memcmp(&now->entries[place].key, &before->entries[i].key,
                                                  sizeof before->entries[i].key) != 0) {
            place++;
        }
        if (place == now->entries_len) {
            return false;
        }
        place++;
    }
    return true;
}

/* Looks at a copy of the state file. */
static void look_at_state(struct lab *lab, unsigned kill)
{
    struct cepa_guards guards;
    struct stat status;
    sqlite3 *database = NULL;
    char prefix[PATH_SIZE];
    char path[2 * PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/state.db", lab->state);
    if (stat(path, &status) != 0) {
        if (lab->guards.entries_len > 0) {
            wrong(lab, kill, "the state file", "it is gone");
        }
        return;
    }
    (void)snprintf(prefix, sizeof prefix, "%s/copy", lab->crowd.directory);
    if (!copy(lab, prefix, "state.db") || !copy(lab, prefix, "state.db-wal")) {
        wrong(lab, kill, "the state file", strerror(errno));
        return;
    }
    (void)snprintf(path, sizeof path, "%s-state.db", prefix);
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        !is_whole(database)) {
        wrong(lab, kill, "the state file is damaged", sqlite3_errmsg(database));
    } else if (!read_guards(&guards, database)) {
        wrong(lab, kill, "the guards cannot be read", sqlite3_errmsg(database));
    } else if (!has_kept(&lab->guards, &guards)) {
        wrong(lab, kill, "a guard", "it was on disk and is not, or its order changed");
    } else if ((int64_t)guards.entries_len < lab->shown) {
        wrong(lab, kill, "a guard", "it was shown and is not on disk");
    } else {
        lab->guards = guards;
    }
    lab->files++;
    (void)sqlite3_close(database);
}

/* Looks who the node is, by its secrets. */
static void look_at_identity(struct lab *lab, unsigned kill)
{
    struct cepa_reason reason;
    struct cepa_node_id node;
    int status = cepa_state_read_identity(&node, &reason, lab->state, cepa_native_cpu());
    if (status == CEPA_ERR_NOT_FOUND && !lab->has_identity) {
        return; /* not born yet */
    }
    if (status != 0) {
        wrong(lab, kill, "the identity cannot be read", reason.text);
    } else if (lab->has_identity && memcmp(&lab->node, &node, sizeof node) != 0) {
        wrong(lab, kill, "the identity", "it is another one");
    }
    lab->node = lab->has_identity || status != 0 ? lab->node : node;
    lab->has_identity = lab->has_identity || status == 0;
}

/* The daemon says who it is, and it is that. False if it does not answer. */
static bool is_itself(const struct lab *lab)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_ID};
    struct cepa_reason reason;
    struct cJSON *answer = NULL;
    char text[2 * sizeof lab->node.bytes + 1];
    if (cepa_crowd_ask(&lab->crowd, &answer, &reason, VICTIM, &request) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof lab->node.bytes; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", lab->node.bytes[i]);
    }
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(answer, "id");
    bool is_same = cJSON_IsString(id) && strcmp(id->valuestring, text) == 0;
    cJSON_Delete(answer);
    return is_same;
}

/* Waits till the daemon answers: its state has opened then. */
static bool wait_for_answer(struct lab *lab, unsigned kill)
{
    struct cepa_time end = cepa_time_add(cepa_clock_now(), ANSWER_MS * CEPA_MILLISECOND_NS);
    while (cepa_crowd_number(&lab->crowd, VICTIM, "network.links") < 0) {
        if (!cepa_time_is_before(cepa_clock_now(), end)) {
            wrong(lab, kill, "the daemon", "it does not start");
            return false;
        }
        sleep_us(POLL_MS * 1000L);
    }
    look_at_identity(lab, kill);
    if (!is_itself(lab)) {
        wrong(lab, kill, "the identity", "the daemon says another one");
    }
    lab->answers++;
    return true;
}

/* How many guards the daemon shows. */
static int64_t guards_shown(const struct lab *lab)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    struct cJSON *answer = NULL;
    if (cepa_crowd_ask(&lab->crowd, &answer, &reason, VICTIM, &request) != 0) {
        return 0;
    }
    int64_t count = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "guards"));
    cJSON_Delete(answer);
    return count;
}

/* Starts the victim, kills it at a random moment, and looks. */
static bool crash(struct lab *lab, struct cepa_reason *reason, unsigned kill)
{
    bool is_early = kill % 2 == 0;
    if (cepa_crowd_start(&lab->crowd, reason, VICTIM) != 0) {
        return false;
    }
    if (!is_early) {
        if (!wait_for_answer(lab, kill)) {
            cepa_reason_set(reason, "see above");
            return false;
        }
        sleep_us(kill == WHOLE_KILL ? 0 : random() % LATE_US);
        if (kill == WHOLE_KILL && cepa_crowd_wait(&lab->crowd, VICTIM, VICTIM + 1, "network.guards",
                                                  RELAYS, JOIN_MS) < 0) {
            cepa_reason_set(reason, "the node does not find guards");
            return false;
        }
        int64_t shown = guards_shown(lab);
        lab->shown = shown > lab->shown ? shown : lab->shown;
        sleep_us(random() % 20000);
    } else {
        sleep_us(random() % EARLY_US);
    }
    cepa_crowd_signal(&lab->crowd, VICTIM, SIGKILL);
    look_at_identity(lab, kill);
    look_at_state(lab, kill);
    return true;
}

/* Starts it a last time, and waits till it is in the mesh. */
static bool come_back(struct lab *lab, struct cepa_reason *reason, unsigned kills)
{
    struct cepa_time began = cepa_clock_now();
    if (cepa_crowd_start(&lab->crowd, reason, VICTIM) != 0) {
        return false;
    }
    if (!wait_for_answer(lab, kills) ||
        cepa_crowd_wait(&lab->crowd, VICTIM, VICTIM + 1, "network.relays_here", RELAYS, JOIN_MS) <
            0 ||
        cepa_crowd_wait(&lab->crowd, VICTIM, VICTIM + 1, "network.neighbours", RELAYS / 2,
                        JOIN_MS) < 0 ||
        cepa_crowd_wait(&lab->crowd, VICTIM, VICTIM + 1, "network.circuits_ready_ahead", 1,
                        JOIN_MS) < 0 ||
        cepa_crowd_wait(&lab->crowd, VICTIM, VICTIM + 1, "network.published", 1, JOIN_MS) < 0) {
        cepa_reason_set(reason, "the node does not get back into the mesh");
        return false;
    }
    printf("back in the mesh, with circuits, %.1f s after the last start\n",
           (double)cepa_time_since(cepa_clock_now(), began) / 1e9);
    /* Spare onion keys are used up after eight starts; then the next epoch's has to be waited for.
     */
    if (kills >= MANY && cepa_crowd_wait(&lab->crowd, 0, VICTIM + 1, "network.relays_here",
                                         RELAYS + 1, EPOCH_MS) < 0) {
        cepa_reason_set(reason, "the node does not relay again in the next epoch");
        return false;
    }
    return true;
}

static bool run(struct lab *lab, struct cepa_reason *reason, unsigned kills)
{
    for (size_t i = 0; i < RELAYS; i++) {
        if (cepa_crowd_start(&lab->crowd, reason, i) != 0) {
            return false;
        }
    }
    if (cepa_crowd_wait(&lab->crowd, 0, RELAYS, "network.relays_here", RELAYS, JOIN_MS) < 0) {
        cepa_reason_set(reason, "the network does not come up");
        return false;
    }
    for (unsigned kill = 0; kill < kills; kill++) {
        if (!crash(lab, reason, kill)) {
            return false;
        }
    }
    if (!come_back(lab, reason, kills)) {
        return false;
    }
    lab->shown = guards_shown(lab);
    cepa_crowd_signal(&lab->crowd, VICTIM, SIGKILL);
    look_at_identity(lab, kills);
    look_at_state(lab, kills);
    printf("%u kills; %u copies of the state were whole, %u starts answered as who they were, "
           "%zu guards on disk, %u things wrong\n",
           kills, lab->files, lab->answers, lab->guards.entries_len, lab->wrong);
    if (lab->guards.entries_len == 0) {
        cepa_reason_set(reason, "there were no guards that could have been lost");
    }
    return lab->guards.entries_len > 0;
}

int main(int argc, char **argv)
{
    static struct lab lab;
    static const char *const options[] = {"--log-level", "warning", "--shaper", "off"};
    struct cepa_reason reason = {""};
    long kills = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (kills < 1 || kills > KILLS_MAX) {
        fputs("Usage: crash_lab CEPA KILLS\n", stderr);
        return 2;
    }
    const struct cepa_crowd_config config = {
        .program = argv[1], .options = options, .options_len = 4};
    srandom(4);
    bool is_well = cepa_native_init() == 0 && cepa_crowd_begin(&lab.crowd, &reason, &config) == 0;
    if (is_well) {
        cepa_guards_init(&lab.guards);
        (void)snprintf(lab.state, sizeof lab.state, "%s/%d", lab.crowd.directory, VICTIM);
        is_well = run(&lab, &reason, (unsigned)kills);
        if (!is_well) {
            printf("FAILED: %s\n", reason.text);
        }
        is_well = cepa_crowd_end(&lab.crowd, !is_well) && is_well;
    }
    return is_well && lab.wrong == 0 ? 0 : 1;
}
