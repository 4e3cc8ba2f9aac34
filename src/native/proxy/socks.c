/* SOCKS 5, the server's side. */
#include "native/proxy/socks.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hash.h"

enum {
    VERSION = 5,
    CREDENTIALS_VERSION = 1,
    METHOD_NONE = 0,
    METHOD_CREDENTIALS = 2,
    METHOD_REFUSED = 0xff,
    COMMAND_CONNECT = 1,
    REQUEST_HEAD = 4, /* version, command, zero, kind of host */
    PORT_LEN = 2
};

void cepa_socks_init(struct cepa_socks *ret_socks)
{
    memset(ret_socks, 0, sizeof *ret_socks);
    ret_socks->stage = CEPA_SOCKS_AT_GREETING;
}

void cepa_socks_wipe(struct cepa_socks *socks)
{
    cepa_wipe(socks, sizeof *socks);
    socks->stage = CEPA_SOCKS_AT_END;
}

/* How long the message that comes now is, as far as what is here of it tells. */
static size_t need_of(const struct cepa_socks *socks)
{
    const uint8_t *input = socks->input;
    size_t len = socks->input_len;
    if (socks->stage == CEPA_SOCKS_AT_GREETING) {
        return len < 2 ? 2 : 2 + (size_t)input[1];
    }
    if (socks->stage == CEPA_SOCKS_AT_CREDENTIALS) {
        size_t user_end = len < 2 ? 2 : 2 + (size_t)input[1];
        return len < 2 ? 2 : len < user_end + 1 ? user_end + 1 : user_end + 1 + input[user_end];
    }
    CEPA_ASSERT(socks->stage == CEPA_SOCKS_AT_REQUEST);
    if (len < REQUEST_HEAD) {
        return REQUEST_HEAD;
    }
    switch (input[REQUEST_HEAD - 1]) {
    case CEPA_SOCKS_IPV4:
        return REQUEST_HEAD + 4 + PORT_LEN;
    case CEPA_SOCKS_IPV6:
        return REQUEST_HEAD + 16 + PORT_LEN;
    case CEPA_SOCKS_NAME:
        return REQUEST_HEAD + 1 +
               (len == REQUEST_HEAD ? 0 : (size_t)input[REQUEST_HEAD] + PORT_LEN);
    default:
        return REQUEST_HEAD; /* nobody knows where it ends */
    }
}

size_t cepa_socks_wanted(const struct cepa_socks *socks)
{
    return socks->stage >= CEPA_SOCKS_AT_ANSWER ? 0 : need_of(socks) - socks->input_len;
}

static void say(struct cepa_socks *socks, const uint8_t *data, size_t data_len)
{
    CEPA_ASSERT(socks->output_len + data_len <= sizeof socks->output);
    memcpy(socks->output + socks->output_len, data, data_len);
    socks->output_len += data_len;
}

/* The address in it is nobody's: who is connected has none that a client could use. */
static void say_reply(struct cepa_socks *socks, enum cepa_socks_reply reply)
{
    const uint8_t message[10] = {VERSION, (uint8_t)reply, 0, CEPA_SOCKS_IPV4};
    say(socks, message, sizeof message);
    socks->is_granted = reply == CEPA_SOCKS_GRANTED;
    socks->stage = CEPA_SOCKS_AT_END;
}

/* Who can give credentials, does: without them all clients would share their sessions. */
static int take_greeting(struct cepa_socks *socks)
{
    const uint8_t *methods = socks->input + 2;
    size_t methods_len = socks->input[1];
    uint8_t chosen = METHOD_REFUSED;
    if (memchr(methods, METHOD_CREDENTIALS, methods_len) != NULL) {
        chosen = METHOD_CREDENTIALS;
        socks->stage = CEPA_SOCKS_AT_CREDENTIALS;
    } else if (memchr(methods, METHOD_NONE, methods_len) != NULL) {
        chosen = METHOD_NONE;
        socks->stage = CEPA_SOCKS_AT_REQUEST;
    } else {
        socks->stage = CEPA_SOCKS_AT_END;
    }
    const uint8_t message[2] = {VERSION, chosen};
    say(socks, message, sizeof message);
    return chosen == METHOD_REFUSED ? CEPA_ERR_UNSUPPORTED : 0;
}

static int take_credentials(struct cepa_socks *socks)
{
    static const uint8_t message[2] = {CREDENTIALS_VERSION, 0};
    cepa_blake2b(socks->request.isolation, sizeof socks->request.isolation, socks->input,
                 socks->input_len, NULL, 0);
    say(socks, message, sizeof message);
    socks->stage = CEPA_SOCKS_AT_REQUEST;
    return 0;
}

static int refuse(struct cepa_socks *socks, enum cepa_socks_reply reply, int error)
{
    say_reply(socks, reply);
    return error;
}

static int take_request(struct cepa_socks *socks)
{
    struct cepa_socks_request *request = &socks->request;
    struct cepa_reader reader;
    cepa_reader_init(&reader, socks->input, socks->input_len);
    cepa_reader_skip(&reader, 1);
    uint8_t command = cepa_reader_u8(&reader);
    cepa_reader_skip(&reader, 1);
    uint8_t host = cepa_reader_u8(&reader);
    if (host == CEPA_SOCKS_NAME) {
        size_t name_len = cepa_reader_u8(&reader);
        cepa_reader_bytes(&reader, request->name, name_len);
        if (name_len == 0 || strlen(request->name) != name_len) {
            return refuse(socks, CEPA_SOCKS_FAILED, CEPA_ERR_MALFORMED);
        }
    } else if (host == CEPA_SOCKS_IPV4 || host == CEPA_SOCKS_IPV6) {
        cepa_reader_bytes(&reader, request->ip, host == CEPA_SOCKS_IPV4 ? 4 : 16);
    } else {
        return refuse(socks, CEPA_SOCKS_ADDRESS, CEPA_ERR_UNSUPPORTED);
    }
    request->host = (enum cepa_socks_host)host;
    request->port = cepa_reader_u16(&reader);
    CEPA_ASSERT(cepa_reader_end(&reader) == 0);
    if (command != COMMAND_CONNECT) {
        return refuse(socks, CEPA_SOCKS_COMMAND, CEPA_ERR_UNSUPPORTED);
    }
    socks->stage = CEPA_SOCKS_AT_ANSWER;
    return 0;
}

static int take_message(struct cepa_socks *socks)
{
    int status = socks->stage == CEPA_SOCKS_AT_GREETING      ? take_greeting(socks)
                 : socks->stage == CEPA_SOCKS_AT_CREDENTIALS ? take_credentials(socks)
                                                             : take_request(socks);
    cepa_wipe(socks->input, sizeof socks->input);
    socks->input_len = 0;
    return status;
}

int cepa_socks_receive(struct cepa_socks *socks, const uint8_t *data, size_t data_len)
{
    CEPA_ASSERT(data_len <= cepa_socks_wanted(socks));
    if (data_len == 0) {
        return 0;
    }
    memcpy(socks->input + socks->input_len, data, data_len);
    socks->input_len += data_len;
    uint8_t version = socks->stage == CEPA_SOCKS_AT_CREDENTIALS ? CREDENTIALS_VERSION : VERSION;
    if (socks->input[0] != version) {
        socks->stage = CEPA_SOCKS_AT_END;
        return CEPA_ERR_VERSION;
    }
    return need_of(socks) == socks->input_len ? take_message(socks) : 0;
}

size_t cepa_socks_pull(struct cepa_socks *socks, uint8_t *ret_data, size_t capacity)
{
    size_t len = socks->output_len < capacity ? socks->output_len : capacity;
    memcpy(ret_data, socks->output, len);
    socks->output_len -= len;
    memmove(socks->output, socks->output + len, socks->output_len);
    return len;
}

const struct cepa_socks_request *cepa_socks_request(const struct cepa_socks *socks)
{
    return socks->stage == CEPA_SOCKS_AT_ANSWER ? &socks->request : NULL;
}

void cepa_socks_answer(struct cepa_socks *socks, enum cepa_socks_reply reply)
{
    CEPA_ASSERT(socks->stage == CEPA_SOCKS_AT_ANSWER);
    say_reply(socks, reply);
}

bool cepa_socks_is_granted(const struct cepa_socks *socks)
{
    return socks->is_granted;
}

enum cepa_socks_reply cepa_socks_reply_for(int error)
{
    switch (error) {
    case 0:
        return CEPA_SOCKS_GRANTED;
    case CEPA_ERR_UNSUPPORTED:
        return CEPA_SOCKS_NOT_ALLOWED;
    case CEPA_ERR_NO_ADDRESS:
        return CEPA_SOCKS_NETWORK;
    case CEPA_ERR_MALFORMED:
    case CEPA_ERR_LENGTH:
    case CEPA_ERR_AUTHENTICATION:
    case CEPA_ERR_VERSION:
    case CEPA_ERR_NOT_FOUND:
    case CEPA_ERR_UNREACHABLE:
        return CEPA_SOCKS_HOST;
    case CEPA_ERR_DROPPED:
        return CEPA_SOCKS_REFUSED;
    case CEPA_ERR_TIMEOUT:
        return CEPA_SOCKS_EXPIRED;
    default:
        return CEPA_SOCKS_FAILED;
    }
}
