/* Services that others reach: a connection with the node for each, which ends with it. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "library/handle.h"
#include "native/client/welcome.h"
#include "native/proxy/names.h"
#include "native/store/contacts.h"

enum { ANSWER_MS = 10000 };

struct cepa_listening {
    struct cepa *cepa;
    struct cepa_control_request request; /* by which it is offered */
    bool is_for_contacts;
    bool is_open; /* the next is open, and it is offered */
    struct cepa_control_client client;
    struct cepa_contacts *contacts;
    char address[CEPA_ADDRESS_CHARS];
};

static void withdraw(struct cepa_listening *listening)
{
    if (listening->is_open) {
        cepa_control_client_close(&listening->client);
        listening->is_open = false;
    }
}

/* Offers it, unless it is offered. */
static int offer(struct cepa_listening *listening)
{
    struct cepa *cepa = listening->cepa;
    cJSON *answer = NULL;
    if (listening->is_open) {
        return 0;
    }
    if (cepa_control_client_open(&listening->client, &cepa->reason, cepa->config.control) != 0) {
        return CEPA_FAIL_NO_NODE;
    }
    listening->is_open = true;
    int status = cepa_control_client_send(&listening->client, &cepa->reason, &listening->request);
    if (status == 0) {
        status = cepa_control_client_receive(&listening->client, &answer, &cepa->reason, ANSWER_MS);
    }
    if (status == 0) {
        (void)snprintf(listening->address, sizeof listening->address, "%s",
                       cepa_library_text(answer, "address"));
    } else {
        withdraw(listening);
    }
    cJSON_Delete(answer);
    return status == CEPA_ERR_SYSTEM ? CEPA_FAIL_NO_NODE : cepa_library_result(status);
}

int cepa_listen(struct cepa *cepa, struct cepa_listening **ret_listening, const char *identity,
                const char *service, uint32_t flags)
{
    struct cepa_proxy_service name;
    if (service == NULL || cepa_proxy_service_read(&name, service, strlen(service)) != 0 ||
        (flags & ~CEPA_LISTEN_CONTACTS) != 0 ||
        (identity != NULL && strlen(identity) > CEPA_NAME_MAX)) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT,
                                 "the name of a service has 1 to 63 letters, digits and hyphens, "
                                 "that of an identity 64 bytes at most");
    }
    struct cepa_listening *listening = calloc(1, sizeof *listening);
    if (listening == NULL) {
        return cepa_library_fail(cepa, CEPA_FAIL_MEMORY, "there is not enough memory");
    }
    listening->cepa = cepa;
    listening->is_for_contacts = (flags & CEPA_LISTEN_CONTACTS) != 0;
    listening->request.kind = CEPA_CONTROL_LISTEN;
    (void)snprintf(listening->request.service, sizeof listening->request.service, "%s", name.text);
    (void)snprintf(listening->request.identity, sizeof listening->request.identity, "%s",
                   identity != NULL ? identity : "");
    int result = offer(listening);
    if (result == 0) {
        result = cepa_library_result(
            cepa_contacts_open(&listening->contacts, &cepa->reason, cepa->config.state_directory));
    }
    if (result != 0) {
        cepa_listening_close(listening);
        return result;
    }
    *ret_listening = listening;
    return 0;
}

/* Takes a stream that has come in, or refuses it. Returns 0 with a descriptor, -1 for none. */
static int take(struct cepa_listening *listening, int *ret_fd, const cJSON *line)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(line, "stream");
    struct cepa_control_request request = {.kind = CEPA_CONTROL_REFUSE, .is_denied = true};
    struct cepa *cepa = listening->cepa;
    int pair[2] = {-1, -1};
    request.stream = cJSON_IsNumber(number) ? (uint32_t)number->valuedouble : 0;
    if (cepa_client_is_welcome(listening->contacts, cepa_library_text(line, "from"),
                               listening->is_for_contacts)) {
        int result = cepa_library_pair(cepa, pair);
        request.kind = result == 0 ? CEPA_CONTROL_TAKE : CEPA_CONTROL_REFUSE;
        request.is_denied = false;
    }
    int status =
        cepa_control_client_send_socket(&listening->client, &cepa->reason, &request, pair[1]);
    if (pair[1] >= 0) {
        close(pair[1]);
    }
    if (status != 0 && pair[0] >= 0) {
        close(pair[0]);
    }
    *ret_fd = status == 0 ? pair[0] : -1;
    return status == 0 ? 0 : CEPA_FAIL_NO_NODE;
}

int cepa_accept(struct cepa_listening *listening, int *ret_fd, char ret_from[CEPA_ADDRESS_CHARS],
                int timeout_ms)
{
    struct cepa *cepa = listening->cepa;
    uint64_t begin_ms = cepa_library_now_ms();
    int result = offer(listening);
    int fd = -1;
    while (result == 0 && fd < 0) {
        cJSON *line = NULL;
        int status = cepa_control_client_hear(&listening->client, &line, &cepa->reason,
                                              cepa_library_left_ms(begin_ms, timeout_ms));
        if (status == CEPA_ERR_TIMEOUT) {
            return cepa_library_fail(cepa, CEPA_FAIL_AGAIN, "nobody has come");
        }
        if (status != 0) {
            result = CEPA_FAIL_NO_NODE;
        } else if (strcmp(cepa_library_text(line, "event"), "incoming") == 0) {
            result = take(listening, &fd, line);
        }
        if (fd >= 0 && ret_from != NULL) {
            (void)snprintf(ret_from, CEPA_ADDRESS_CHARS, "%s", cepa_library_text(line, "from"));
        }
        cJSON_Delete(line);
    }
    if (result != 0) {
        withdraw(listening);
        return result;
    }
    *ret_fd = fd;
    return 0;
}

int cepa_listening_fd(const struct cepa_listening *listening)
{
    return listening->is_open ? listening->client.fd : -1;
}

const char *cepa_listening_address(const struct cepa_listening *listening)
{
    return listening->address;
}

void cepa_listening_close(struct cepa_listening *listening)
{
    if (listening != NULL) {
        withdraw(listening);
        cepa_contacts_close(listening->contacts);
        free(listening);
    }
}
