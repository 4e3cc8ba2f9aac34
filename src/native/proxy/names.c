/* Host names, from their end to their beginning. */
#define _GNU_SOURCE
#include "native/proxy/names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "identity/name.h"

enum {
    HOST_MAX = 255,
    LABELS_MAX = 3, /* a service and the two of an address */
    FIRST_LEN = CEPA_ADDRESS_HOST_LABEL,
    SECOND_LEN = CEPA_ADDRESS_SYMBOLS - CEPA_ADDRESS_HOST_LABEL,
    LIKE_ADDRESS_LEN = 60 /* longer names that nobody has mean to be addresses */
};

static const char suffix[] = ".cepa";

/* A part of a host name between dots. */
struct label {
    const char *text;
    size_t len;
};

/* A host name that ends with the suffix: its labels before that, the last one first. */
struct labels {
    struct label label[LABELS_MAX];
    size_t count;
};

/* What is being read, and where its errors go. */
struct reading {
    struct cepa_address_slips *slips;
    struct cepa_reason *reason;
    const char *host;
    size_t host_len; /* without a final dot */
};

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int cepa_proxy_service_read(struct cepa_proxy_service *ret_service, const char *text,
                            size_t text_len)
{
    struct cepa_proxy_service service;
    memset(&service, 0, sizeof service);
    if (text_len > CEPA_PROXY_SERVICE_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    for (size_t i = 0; i < text_len; i++) {
        char c = to_lower(text[i]);
        bool is_inside = i > 0 && i + 1 < text_len;
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && is_inside))) {
            return CEPA_ERR_MALFORMED;
        }
        service.text[i] = c;
    }
    if (text_len == 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_service = service;
    return 0;
}

void cepa_proxy_service_of_port(struct cepa_proxy_service *ret_service, uint16_t port)
{
    memset(ret_service, 0, sizeof *ret_service);
    (void)snprintf(ret_service->text, sizeof ret_service->text, "%u", (unsigned)port);
}

/* Says what is wrong with an address, whose first character is at `offset` of the host name. */
static int fail_address(const struct reading *reading, int error, size_t offset)
{
    struct cepa_address_slips *slips = reading->slips;
    for (size_t i = 0; i < slips->len; i++) {
        slips->positions[i] += offset;
    }
    if (error == CEPA_ERR_VERSION) {
        return cepa_reason_fail(reading->reason, error,
                                "this address is of a newer version of cepa; use that one");
    }
    if (error == CEPA_ERR_LENGTH) {
        return cepa_reason_fail(reading->reason, error,
                                "this looks like an address, but characters are missing or there "
                                "are too many: as a host name it has %d, a dot, %d, and '.cepa'",
                                (int)FIRST_LEN, (int)SECOND_LEN);
    }
    if (slips->len == 0) {
        return cepa_reason_fail(reading->reason, error,
                                "this address is mistyped in several places; copy it again");
    }
    size_t first = slips->positions[0];
    if (slips->len == 1) {
        return cepa_reason_fail(reading->reason, error,
                                "this address is mistyped, probably at character %zu, '%c'",
                                first + 1, reading->host[first]);
    }
    size_t second = slips->positions[1];
    return cepa_reason_fail(
        reading->reason, error,
        "this address is mistyped, probably at characters %zu and %zu, '%c' and '%c'", first + 1,
        second + 1, reading->host[first], reading->host[second]);
}

/* Reads an address of two labels. */
static int read_host(struct cepa_address *ret_address, const struct reading *reading,
                     const struct label *first)
{
    size_t offset = (size_t)(first->text - reading->host);
    int status = cepa_address_read_host(ret_address, reading->slips, first->text,
                                        reading->host_len - offset);
    return status == 0 ? 0 : fail_address(reading, status, offset);
}

/* Reads an address in one label, with its prefix, in whatever case. */
static int read_text(struct cepa_address *ret_address, const struct reading *reading,
                     const struct label *label)
{
    char text[HOST_MAX];
    for (size_t i = 0; i < label->len; i++) {
        text[i] = to_lower(label->text[i]);
    }
    int status = cepa_address_read(ret_address, reading->slips, text, label->len);
    return status == 0 ? 0 : fail_address(reading, status, (size_t)(label->text - reading->host));
}

static bool is_called(const struct cepa_contact *contact, const struct label *label)
{
    return strlen(contact->name.text) == label->len &&
           strncasecmp(contact->name.text, label->text, label->len) == 0;
}

/* Browsers write host names in small letters, so that a name is looked for in whatever case if
 * there is none that is just the same; two such names cannot be told apart. */
static int find_contact(struct cepa_address *ret_address, const struct reading *reading,
                        struct cepa_contacts *contacts, const struct label *label)
{
    struct cepa_contact contact;
    struct cepa_name name;
    struct cepa_address address;
    size_t count = 0;
    memset(&address, 0, sizeof address);
    int status = cepa_name_read(&name, label->text, label->len) != 0 || contacts == NULL
                     ? CEPA_ERR_NOT_FOUND
                     : cepa_contacts_find(contacts, &contact, name.text);
    if (status == 0) {
        *ret_address = contact.address;
        return 0;
    }
    if (status == CEPA_ERR_NOT_FOUND && contacts != NULL) {
        cepa_contacts_each(contacts);
        while (cepa_contacts_next(contacts, &contact)) {
            if (is_called(&contact, label)) {
                address = contact.address;
                count++;
            }
        }
        status = cepa_contacts_end(contacts);
        status = status == 0 && count != 1 ? CEPA_ERR_NOT_FOUND : status;
    }
    if (status == CEPA_ERR_NOT_FOUND) {
        return cepa_reason_fail(reading->reason, status,
                                count > 1 ? "several contacts are called '%.*s' but for the case"
                                          : "no contact is called '%.*s'",
                                (int)label->len, label->text);
    }
    if (status != 0) {
        return cepa_reason_fail(reading->reason, status, "%s", cepa_contacts_reason(contacts));
    }
    *ret_address = address;
    return 0;
}

/* Cuts a host name into labels, and takes the suffix off. */
static int split(struct labels *ret_labels, const struct reading *reading)
{
    const size_t suffix_len = sizeof suffix - 1;
    size_t end = reading->host_len;
    memset(ret_labels, 0, sizeof *ret_labels);
    if (end <= suffix_len ||
        strncasecmp(reading->host + end - suffix_len, suffix, suffix_len) != 0) {
        cepa_reason_set(reading->reason, "only names that end with '.cepa' lead anywhere: there "
                                         "are no exits to the Internet");
        return CEPA_ERR_UNSUPPORTED;
    }
    end -= suffix_len;
    for (size_t begin = end;; begin--) {
        if (begin > 0 && reading->host[begin - 1] != '.') {
            continue;
        }
        if (begin == end || ret_labels->count == LABELS_MAX) {
            cepa_reason_set(reading->reason, "there are too many dots in this name");
            return CEPA_ERR_MALFORMED;
        }
        ret_labels->label[ret_labels->count++] = (struct label){reading->host + begin, end - begin};
        if (begin == 0) {
            return 0;
        }
        end = begin - 1;
    }
}

/* Reads all but the service; `*ret_used` says how many labels that were. */
static int read_labels(struct cepa_address *ret_address, size_t *ret_used,
                       const struct reading *reading, struct cepa_contacts *contacts,
                       const struct labels *labels)
{
    const struct label *last = &labels->label[0];
    const struct label *before = &labels->label[1];
    bool has_two = labels->count > 1;
    *ret_used = 1;
    if (last->len >= CEPA_ADDRESS_PREFIX_LEN &&
        strncasecmp(last->text, "cepa1", CEPA_ADDRESS_PREFIX_LEN) == 0) {
        return read_text(ret_address, reading, last);
    }
    if (has_two && before->len == FIRST_LEN && last->len == SECOND_LEN) {
        *ret_used = 2;
        return read_host(ret_address, reading, before);
    }
    int status = find_contact(ret_address, reading, contacts, last);
    if (status == CEPA_ERR_NOT_FOUND &&
        (last->len >= LIKE_ADDRESS_LEN ||
         (has_two && last->len + before->len >= LIKE_ADDRESS_LEN))) {
        return fail_address(reading, CEPA_ERR_LENGTH, 0);
    }
    return status;
}

static int read_target(struct cepa_proxy_target *ret_target, const struct reading *reading,
                       struct cepa_contacts *contacts, uint16_t port)
{
    struct labels labels;
    size_t used = 0;
    if (reading->host_len > HOST_MAX || !cepa_text_is_plain(reading->host, reading->host_len)) {
        return cepa_reason_fail(reading->reason, CEPA_ERR_MALFORMED,
                                "this is no host name: it is too long, or has characters that "
                                "cannot be seen");
    }
    int status = split(&labels, reading);
    if (status == 0) {
        status = read_labels(&ret_target->address, &used, reading, contacts, &labels);
    }
    if (status != 0) {
        return status;
    }
    if (labels.count == used) {
        cepa_proxy_service_of_port(&ret_target->service, port);
        return 0;
    }
    const struct label *service = &labels.label[used];
    if (labels.count > used + 1) {
        return cepa_reason_fail(reading->reason, CEPA_ERR_MALFORMED,
                                "there are too many dots in this name");
    }
    status = cepa_proxy_service_read(&ret_target->service, service->text, service->len);
    return status == 0 ? 0
                       : cepa_reason_fail(reading->reason, CEPA_ERR_MALFORMED,
                                          "'%.*s' is no name of a service: these have letters, "
                                          "digits and hyphens, 63 at most",
                                          (int)service->len, service->text);
}

int cepa_proxy_target_read(struct cepa_proxy_target *ret_target,
                           struct cepa_address_slips *ret_slips, struct cepa_reason *ret_reason,
                           struct cepa_contacts *contacts, const char *host, size_t host_len,
                           uint16_t port)
{
    struct cepa_proxy_target target;
    struct cepa_address_slips slips = {{0}, 0};
    const struct reading reading = {&slips, ret_reason, host,
                                    host_len - (host_len > 0 && host[host_len - 1] == '.')};
    memset(&target, 0, sizeof target);
    int status = read_target(&target, &reading, contacts, port);
    if (ret_slips != NULL) {
        *ret_slips = slips;
    }
    if (status == 0) {
        *ret_target = target;
    }
    return status;
}
