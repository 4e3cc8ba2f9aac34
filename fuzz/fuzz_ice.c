/* The ICE agent against a peer that knows the passwords, strangers that do not, and a caller that
 * does everything in any order. The input is a list of steps, each a kind and its arguments, as
 * many bytes as it takes. Nothing that is not authentic may change a byte; the agent always comes
 * to rest; what it sends is a message of STUN to where it has reason to send. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/ice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { STEPS_MAX = 400, EFFECTS_MAX = 64, RAW_MAX = 200 };

static struct cepa_reader input;
static struct cepa_ice ice;
static struct cepa_ice before;
static struct cepa_time now;
static struct cepa_ice_credentials ours;
static struct cepa_ice_credentials theirs;
static struct cepa_stun_transaction asked[8]; /* by the agent, the latest */
static struct cepa_path asked_by[8];
static unsigned asked_len;
static uint64_t stream_of_connect; /* the last one asked for; 0 if none is open */
static struct cepa_path connecting;
static bool is_told; /* of the peer, ever */
static bool is_over;
static uint8_t draws;

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    draws++;
    memset(ret_bytes, draws, len);
    return draws % 16 == 0 ? -1 : 0;
}

static const struct cepa_random source = {draw, NULL};

static struct cepa_net_address address_of(uint8_t number)
{
    struct cepa_net_address address = {.family = CEPA_NET_ADDRESS_IPV4,
                                       .port = (uint16_t)(1000 + number)};
    address.ip[0] = 192;
    address.ip[3] = number & 1;
    if ((number & 0xc0) == 0xc0) {
        address.family = CEPA_NET_ADDRESS_IPV6;
        address.ip[0] = (number & 2) != 0 ? 0xfe : 0x20;
        address.ip[1] = 0x80;
    }
    return address;
}

static struct cepa_path path_of(void)
{
    uint8_t remote = cepa_reader_u8(&input);
    uint8_t local = cepa_reader_u8(&input);
    struct cepa_path path = {.remote = address_of(remote), .local = address_of(local & 0xc3)};
    path.stream = (local & 4) != 0 ? 1000u + remote % 8 : 0;
    return path;
}

static void take_sent(const struct cepa_ice_effect *effect)
{
    struct cepa_stun_message message;
    CEPA_ASSERT(effect->data_len <= CEPA_ICE_MESSAGE_SIZE);
    CEPA_ASSERT(cepa_stun_decode(&message, effect->data, effect->data_len) == 0);
    CEPA_ASSERT(message.has_fingerprint && message.integrity_offset != 0);
    if (message.class == CEPA_STUN_REQUEST) {
        CEPA_ASSERT(is_told && !ice.is_lite);
        asked[asked_len % 8] = message.transaction;
        asked_by[asked_len % 8] = effect->path;
        asked_len++;
    }
}

/* Polls until the agent is at rest. */
static void settle(void)
{
    enum cepa_ice_effect_kind kind = CEPA_ICE_SEND;
    for (unsigned i = 0; kind != CEPA_ICE_NOTHING; i++) {
        struct cepa_ice_effect effect;
        struct cepa_path path;
        CEPA_ASSERT(i < EFFECTS_MAX);
        kind = cepa_ice_next(&ice, &effect, now);
        CEPA_ASSERT(!is_over || kind == CEPA_ICE_NOTHING || kind == CEPA_ICE_DROP);
        if (kind == CEPA_ICE_SEND) {
            take_sent(&effect);
        } else if (kind == CEPA_ICE_CONNECT) {
            connecting = effect.path;
        } else if (kind == CEPA_ICE_FAILED) {
            is_over = true;
            CEPA_ASSERT(!cepa_ice_path(&ice, &path));
        } else if (kind == CEPA_ICE_SELECTED) {
            CEPA_ASSERT(cepa_ice_path(&ice, &path));
            CEPA_ASSERT(cepa_path_is_equal(&path, &effect.path));
        }
    }
    CEPA_ASSERT(cepa_ice_deadline(&ice).ns > now.ns);
}

static void receive(const struct cepa_path *path, const uint8_t *data, size_t len, bool is_signed)
{
    before = ice;
    if (cepa_ice_receive(&ice, path, data, len, now) == 0) {
        const void *old = &before;
        const void *new = &ice;
        CEPA_ASSERT(memcmp(old, new, sizeof ice) == 0);
    } else {
        CEPA_ASSERT(is_signed && !is_over);
    }
}

/* A message with attributes as they come, under the right password or another. */
static void receive_made(bool is_response)
{
    static const char username[] = "abcd:efgh";
    uint8_t message[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_stun_writer writer;
    struct cepa_stun_transaction transaction = {{now.ns & 0xff}};
    struct cepa_path path = path_of();
    uint8_t how = cepa_reader_u8(&input);
    size_t len = cepa_reader_u8(&input) % RAW_MAX;
    const uint8_t *raw = cepa_reader_view(&input, len);
    const char *password = is_response ? theirs.pwd : ours.pwd;
    enum cepa_stun_class class = is_response ? CEPA_STUN_SUCCESS : CEPA_STUN_REQUEST;
    if (is_response && asked_len > 0) {
        transaction = asked[(asked_len - 1 - how % 4) % 8];
        path = (how & 4) != 0 ? path : asked_by[(asked_len - 1 - how % 4) % 8];
        class = (how & 8) != 0 ? CEPA_STUN_FAILURE : class;
    }
    cepa_stun_begin(&writer, message, sizeof message, class, &transaction);
    if (!is_response) {
        cepa_stun_add_username(&writer, username, (how & 4) != 0 ? 5 : sizeof username - 1);
        cepa_stun_add_priority(&writer, how * 0x1000000u);
        cepa_stun_add_role(&writer, (how & 1) != 0 ? CEPA_STUN_CONTROLLED : CEPA_STUN_CONTROLLING,
                           (how & 8) != 0 ? UINT64_MAX : 0);
    }
    if ((how & 2) != 0 && !is_response) {
        cepa_stun_add_use_candidate(&writer);
    }
    if (class == CEPA_STUN_FAILURE) {
        cepa_stun_add_error(&writer, (how & 16) != 0 ? CEPA_STUN_ERROR_ROLE_CONFLICT : 403, "");
    }
    cepa_writer_bytes(&writer.writer, raw == NULL ? (const uint8_t *)"" : raw,
                      raw == NULL ? 0 : len);
    password = (how & 0xe0) == 0xe0 ? "wrongwrongwrongwrongwrong" : password;
    if (cepa_stun_end(&writer, &len, password, strlen(password)) == 0) {
        receive(&path, message, len, (how & 0xe0) != 0xe0);
    }
}

static void add_candidate(bool is_local)
{
    uint8_t kind = cepa_reader_u8(&input);
    uint8_t place = cepa_reader_u8(&input);
    struct cepa_candidate candidate = {.type = (enum cepa_candidate_type)(kind % 4),
                                       .transport =
                                           (enum cepa_candidate_transport)((kind >> 2) % 3),
                                       .address = address_of(place),
                                       .priority = 1 + (uint32_t)kind * 0x10101};
    cepa_candidate_number_foundation(&candidate, kind >> 5);
    if (is_local) {
        struct cepa_net_address base = address_of(place & 0xc3);
        (void)(cepa_ice_add_local(&ice, &candidate, &base, now) == 0);
    } else {
        (void)(cepa_ice_add_remote(&ice, &candidate, now) == 0);
    }
}

static void use_stream(bool is_open)
{
    if (is_open && connecting.remote.family != CEPA_NET_ADDRESS_NONE) {
        stream_of_connect++;
        connecting.stream = stream_of_connect;
        cepa_ice_on_connected(&ice, &connecting, now);
    } else if (!is_open) {
        uint8_t number = cepa_reader_u8(&input);
        cepa_ice_on_stream_lost(&ice, number < 128 ? stream_of_connect + 1 : 1000u + number % 8,
                                now);
    }
}

static void restart(void)
{
    cepa_ice_restart(&ice, &ours, (cepa_reader_u8(&input) & 1) != 0, now);
    is_over = false;
}

static void tell(void)
{
    uint8_t how = cepa_reader_u8(&input);
    if (!ice.current.has_remote) {
        cepa_ice_set_remote(&ice, &theirs, (how & 1) != 0, now);
        is_told = true;
    }
}

static void receive_raw(void)
{
    struct cepa_path path = path_of();
    size_t len = cepa_reader_u8(&input);
    const uint8_t *raw = cepa_reader_view(&input, len);
    if (raw != NULL) {
        receive(&path, raw, len, false);
    }
}

static void pass_time(void)
{
    uint8_t how = cepa_reader_u8(&input);
    if (how == 255 && !cepa_time_is_never(cepa_ice_deadline(&ice))) {
        now = cepa_ice_deadline(&ice);
    } else {
        now = cepa_time_add(now, (uint64_t)how * how * CEPA_MILLISECOND_NS);
    }
}

static void step(void)
{
    uint8_t kind = cepa_reader_u8(&input) % 12;
    if (kind == 0) {
        pass_time();
    } else if (kind == 1) {
        receive_raw();
    } else if (kind <= 3) {
        receive_made(kind == 3);
    } else if (kind <= 5) {
        add_candidate(kind == 4);
    } else if (kind == 6) {
        tell();
    } else if (kind == 7) {
        cepa_ice_end_of_remote(&ice, now);
    } else if (kind <= 9) {
        use_stream(kind == 8);
    } else if (kind == 10) {
        restart();
    } else {
        cepa_ice_on_data(&ice, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    cepa_reader_init(&input, data, data_len);
    uint8_t how = cepa_reader_u8(&input);
    memset(&ours, 0, sizeof ours);
    memset(&theirs, 0, sizeof theirs);
    memcpy(ours.ufrag, "abcd", 4);
    memcpy(theirs.ufrag, "efgh", 4);
    memset(ours.pwd, 'o', CEPA_PWD_MIN);
    memset(theirs.pwd, 't', CEPA_PWD_MIN);
    now.ns = 1000 * CEPA_SECOND_NS;
    draws = 0;
    asked_len = 0;
    stream_of_connect = 0;
    memset(&connecting, 0, sizeof connecting);
    is_told = false;
    is_over = false;
    const struct cepa_ice_config config = {.is_lite = (how & 1) != 0,
                                           .is_controlling = (how & 2) != 0,
                                           .local = ours,
                                           .random = &source};
    CEPA_ASSERT(cepa_ice_init(&ice, &config, now) == 0);
    for (unsigned i = 0; i < STEPS_MAX && cepa_reader_left(&input) > 0; i++) {
        step();
        settle();
    }
    cepa_ice_wipe(&ice);
    return 0;
}
