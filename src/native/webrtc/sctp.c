/* The narrow SCTP on usrsctp. The library knows an association by an address of ours that is an
 * index and a generation and never a pointer, so that a late timer cannot reach freed memory. */
#include "native/webrtc/sctp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

#include "base/assert.h"
#include "base/endian.h"
#include "native/webrtc/crc32c.h"
#include "native/webrtc/sctp_timer.h"

enum {
    CHECKSUM_OFFSET = 8,
    COMMON_HEADER = 12,
    DATA = 0, /* types of chunks */
    SACK = 3,
    DATA_HEADER = 16,
    SACK_HEADER = 16,
    INDEX_BITS = 12,
    /* Packets beyond those under way that may leave at once. The library's own 4 would cut the
     * window to that whenever fewer are under way than it allows; what bursts do is the pacer's
     * matter. */
    MAX_BURST = 64,
    SACK_GROWTH =
        32, /* packets by which one answer may widen the window, as it may stand for many */
    RTO_INITIAL_MS = 100, /* until the association is open */
    RTO_MIN_MS = 220,     /* above the delay of others' acknowledgements, from then on */
    DELAY_MS = 140,       /* of ours, and the time is told every 50 ms */
    RTO_MAX_MS = 10000,
    PACKET_MAX = 2048, /* ours are far shorter, browsers' are 1,200 */
    TICK_MAX_MS = 5000,
    CHUNKS_MAX = 4096, /* that wait each way: a full buffer of chunks of 256 bytes */
    NOTICE_MAX = PACKET_MAX
};
_Static_assert(CEPA_SCTP_STREAMS <= 32, "a bit for each stream");
_Static_assert(CEPA_SCTP_MTU % 4 == 0, "chunks are whole words");
_Static_assert(1 << INDEX_BITS == CEPA_SCTP_ASSOCIATIONS_MAX, "an index for each");

struct cepa_sctp {
    struct socket *socket;
    void *owner;
    uintptr_t address; /* generation and index; what usrsctp calls it */
    enum cepa_sctp_state state;
    uint32_t peer_reset;   /* a bit for each stream that the peer has reset, until it is told */
    uint32_t our_reset;    /* likewise for ours that are done */
    bool is_up;            /* it was opened, until it is told */
    bool is_cut;           /* a message ends early, until it is told */
    bool has_tsn;          /* some data went out */
    uint32_t last_tsn;     /* the highest that did */
    bool has_acknowledged; /* the peer did, */
    uint32_t acknowledged; /* up to this TSN */
    uint64_t retransmissions;
    size_t waiting_len; /* bytes given to the library that have not gone out once */
    size_t sent_len;    /* bytes that went out, each counted once, since nothing was under way */
    size_t sent_chunks; /* and in how many chunks */
    uint32_t unacked;   /* chunks that were sent and not acknowledged, */
    uint64_t asked_at;  /* as the library said in this tick; 0: not since something came */
};

/* The library's state is the process's, and so is ours beside it. */
static struct {
    cepa_sctp_output *output; /* NULL before the first start */
    struct cepa_sctp *associations[CEPA_SCTP_ASSOCIATIONS_MAX];
    uintptr_t generation;                          /* how many associations there have been */
    uint64_t ticks;                                /* of its timers */
    struct cepa_time now;                          /* of the last tick, to the ms */
    _Alignas(uint64_t) uint8_t notice[NOTICE_MAX]; /* scratch: one being put together */
} library;

/* The address as the library takes it: a pointer that points nowhere. */
static void *name_of(const struct cepa_sctp *sctp)
{
    void *name;
    memcpy(&name, &sctp->address, sizeof name);
    return name;
}

static struct cepa_sctp *find(uintptr_t address)
{
    struct cepa_sctp *sctp = library.associations[address % CEPA_SCTP_ASSOCIATIONS_MAX];
    return sctp != NULL && sctp->address == address ? sctp : NULL;
}

/* Counts the data that goes out for the first time; the library would not tell what waits. */
static void count_data(struct cepa_sctp *sctp, const uint8_t *packet, size_t packet_len)
{
    size_t offset = COMMON_HEADER;
    while (packet_len - offset >= DATA_HEADER) {
        const uint8_t *chunk = packet + offset;
        size_t chunk_len = cepa_be16_load(chunk + 2);
        size_t step = (chunk_len + 3) & ~(size_t)3;
        uint32_t tsn = cepa_be32_load(chunk + 4);
        bool is_data = chunk[0] == DATA && chunk_len > DATA_HEADER;
        bool is_new = !sctp->has_tsn || (int32_t)(tsn - sctp->last_tsn) > 0;
        sctp->retransmissions += is_data && !is_new;
        if (is_data && is_new) {
            size_t len = chunk_len - DATA_HEADER;
            sctp->has_tsn = true;
            sctp->last_tsn = tsn;
            sctp->sent_len += len;
            sctp->sent_chunks++;
            sctp->unacked++;
            sctp->waiting_len -= len < sctp->waiting_len ? len : sctp->waiting_len;
        }
        if (step == 0 || step > packet_len - offset) {
            break;
        }
        offset += step;
    }
}

/* What usrsctp sends. The checksum is ours to fill in. */
static int on_output(void *address, void *packet, size_t packet_len, uint8_t tos, uint8_t set_df)
{
    struct cepa_sctp *sctp = find((uintptr_t)address);
    uint8_t *bytes = packet;
    (void)tos;
    (void)set_df;
    if (sctp != NULL && packet_len >= COMMON_HEADER) {
        memset(bytes + CHECKSUM_OFFSET, 0, 4);
        cepa_le32_store(bytes + CHECKSUM_OFFSET, cepa_crc32c(0, bytes, packet_len));
        count_data(sctp, bytes, packet_len);
        library.output(sctp->owner, bytes, packet_len);
    }
    return 0;
}

void cepa_sctp_start(cepa_sctp_output *output)
{
    bool is_first = library.output == NULL;
    library.output = output;
    if (!is_first) {
        return;
    }
    usrsctp_init_nothreads(0, on_output, NULL);
    usrsctp_enable_crc32c_offload();
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(CEPA_SCTP_STREAMS);
    usrsctp_sysctl_set_sctp_initial_cwnd(10);
    usrsctp_sysctl_set_sctp_max_burst_default(MAX_BURST);
    usrsctp_sysctl_set_sctp_L2_abc_variable(SACK_GROWTH);
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(DELAY_MS);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS_MAX);
    usrsctp_sysctl_set_sctp_blackhole(2); /* packets of nobody get no answer */
}

void cepa_sctp_stop(void)
{
    for (size_t i = 0; i < CEPA_SCTP_ASSOCIATIONS_MAX; i++) {
        CEPA_ASSERT(library.associations[i] == NULL);
    }
}

void cepa_sctp_tick(struct cepa_time now)
{
    uint64_t elapsed_ms = cepa_time_since(now, library.now) / CEPA_MILLISECOND_NS;
    if (cepa_time_is_before(now, library.now) || elapsed_ms > TICK_MAX_MS) {
        library.now = now; /* another clock, or the machine slept: that long nobody has waited */
        elapsed_ms = CEPA_SCTP_TICK_MS;
    } else {
        library.now = cepa_time_add(library.now, elapsed_ms * CEPA_MILLISECOND_NS);
    }
    if (elapsed_ms > 0) {
        library.ticks++;
        usrsctp_handle_timers((uint32_t)elapsed_ms);
    }
}

static int set(struct socket *socket, int option, const void *value, size_t value_len)
{
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, option, value, (socklen_t)value_len);
}

static int subscribe(struct socket *socket, uint16_t type)
{
    const struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_type = type, .se_on = 1};
    return set(socket, SCTP_EVENT, &event, sizeof event);
}

static int configure(struct socket *socket)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    const int on = 1;
    const int buffer_size = CEPA_SCTP_BUFFER_SIZE;
    const struct sctp_assoc_value reset = {.assoc_id = SCTP_ALL_ASSOC,
                                           .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    const struct sctp_initmsg init = {.sinit_num_ostreams = CEPA_SCTP_STREAMS,
                                      .sinit_max_instreams = CEPA_SCTP_STREAMS};
    const struct sctp_rtoinfo rto = {
        .srto_initial = RTO_INITIAL_MS, .srto_max = RTO_MAX_MS, .srto_min = RTO_INITIAL_MS};
    /* The library does not count the common header as a part of the path's unit. */
    const struct sctp_paddrparams path = {.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE,
                                          .spp_pathmtu = CEPA_SCTP_MTU - COMMON_HEADER};
    const uint32_t part = CEPA_SCTP_MESSAGE_MAX + 1; /* up to there messages are given whole */
    int bad = usrsctp_set_non_blocking(socket, 1);
    bad |= usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    bad |= usrsctp_setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
    bad |= usrsctp_setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size);
    bad |= set(socket, SCTP_NODELAY, &on, sizeof on);
    bad |= set(socket, SCTP_RECVRCVINFO, &on, sizeof on);
    bad |= set(socket, SCTP_ENABLE_STREAM_RESET, &reset, sizeof reset);
    bad |= set(socket, SCTP_INITMSG, &init, sizeof init);
    bad |= set(socket, SCTP_RTOINFO, &rto, sizeof rto);
    bad |= set(socket, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
    bad |= set(socket, SCTP_PARTIAL_DELIVERY_POINT, &part, sizeof part);
    bad |= subscribe(socket, SCTP_ASSOC_CHANGE);
    bad |= subscribe(socket, SCTP_PARTIAL_DELIVERY_EVENT);
    bad |= subscribe(socket, SCTP_STREAM_RESET_EVENT);
    return bad == 0 ? 0 : CEPA_ERR_FULL;
}

/* Both sides bind and dial the same port, and both addresses are the one name. */
static int connect_to_peer(struct cepa_sctp *sctp)
{
    struct sockaddr_conn name = {.sconn_family = AF_CONN, .sconn_port = htons(CEPA_SCTP_PORT)};
    name.sconn_addr = name_of(sctp);
    if (usrsctp_bind(sctp->socket, (struct sockaddr *)&name, sizeof name) != 0 ||
        (usrsctp_connect(sctp->socket, (struct sockaddr *)&name, sizeof name) != 0 &&
         errno != EINPROGRESS)) {
        return CEPA_ERR_FULL;
    }
    return 0;
}

/* Finds a free index and gives it an address that was never used. */
static int enter(struct cepa_sctp *sctp)
{
    for (uintptr_t i = 0; i < CEPA_SCTP_ASSOCIATIONS_MAX; i++) {
        if (library.associations[i] == NULL) {
            library.generation++;
            sctp->address = library.generation << INDEX_BITS | i;
            library.associations[i] = sctp;
            return 0;
        }
    }
    return CEPA_ERR_FULL;
}

int cepa_sctp_new(struct cepa_sctp **ret_sctp, void *owner)
{
    struct cepa_sctp *sctp = calloc(1, sizeof *sctp);
    if (sctp == NULL || enter(sctp) != 0) {
        free(sctp);
        return CEPA_ERR_FULL;
    }
    sctp->owner = owner;
    usrsctp_register_address(name_of(sctp));
    sctp->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (sctp->socket == NULL || configure(sctp->socket) != 0 || connect_to_peer(sctp) != 0) {
        cepa_sctp_free(sctp);
        return CEPA_ERR_FULL;
    }
    *ret_sctp = sctp;
    return 0;
}

void cepa_sctp_free(struct cepa_sctp *sctp)
{
    if (sctp == NULL) {
        return;
    }
    if (sctp->socket != NULL) {
        usrsctp_close(sctp->socket);
    }
    usrsctp_deregister_address(name_of(sctp));
    library.associations[sctp->address % CEPA_SCTP_ASSOCIATIONS_MAX] = NULL;
    free(sctp);
}

/* Whether a packet acknowledges more than those before. Whoever bundles puts a SACK
 * before data, and other chunks are rare. */
static bool is_progress(struct cepa_sctp *sctp, const uint8_t *packet, size_t packet_len)
{
    const uint8_t *chunk = packet + COMMON_HEADER;
    if (packet_len < COMMON_HEADER + SACK_HEADER || chunk[0] != SACK) {
        return false;
    }
    uint32_t tsn = cepa_be32_load(chunk + 4);
    bool is_new = !sctp->has_acknowledged || (int32_t)(tsn - sctp->acknowledged) > 0;
    if (is_new) {
        sctp->has_acknowledged = true;
        sctp->acknowledged = tsn;
    }
    return is_new;
}

void cepa_sctp_receive_packet(struct cepa_sctp *sctp, const uint8_t *packet, size_t packet_len)
{
    static const uint8_t zeros[4];
    if (packet_len < COMMON_HEADER || packet_len > PACKET_MAX) {
        return;
    }
    uint32_t crc = cepa_crc32c(0, packet, CHECKSUM_OFFSET);
    crc = cepa_crc32c(crc, zeros, sizeof zeros);
    crc = cepa_crc32c(crc, packet + COMMON_HEADER, packet_len - COMMON_HEADER);
    if (crc == cepa_le32_load(packet + CHECKSUM_OFFSET)) {
        sctp->asked_at = 0;
        cepa_sctp_timer_restarts(is_progress(sctp, packet, packet_len));
        usrsctp_conninput(name_of(sctp), packet, packet_len, 0);
        cepa_sctp_timer_restarts(false);
    }
}

static void on_change(struct cepa_sctp *sctp, const struct sctp_assoc_change *change)
{
    if (change->sac_state == SCTP_COMM_UP && sctp->state == CEPA_SCTP_CONNECTING) {
        const struct sctp_rtoinfo rto = {
            .srto_initial = RTO_MIN_MS, .srto_max = RTO_MAX_MS, .srto_min = RTO_MIN_MS};
        (void)set(sctp->socket, SCTP_RTOINFO, &rto, sizeof rto);
        sctp->state = CEPA_SCTP_OPEN;
        sctp->is_up = true;
    } else if (change->sac_state != SCTP_COMM_UP) {
        sctp->state = CEPA_SCTP_CLOSED; /* a restart too: our streams would not match the peer's */
    }
}

static void on_reset(struct cepa_sctp *sctp, const struct sctp_stream_reset_event *event,
                     size_t event_len)
{
    size_t count = (event_len - sizeof *event) / sizeof event->strreset_stream_list[0];
    uint32_t streams = count == 0 ? UINT32_MAX >> (32 - CEPA_SCTP_STREAMS) : 0; /* no list: all */
    for (size_t i = 0; i < count; i++) {
        uint16_t stream = event->strreset_stream_list[i];
        streams |= stream < CEPA_SCTP_STREAMS ? (uint32_t)1 << stream : 0;
    }
    if (event->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) {
        sctp->peer_reset |= streams;
    }
    if (event->strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) {
        sctp->our_reset |= streams; /* refused or done: it will not be asked again */
    }
}

/* Notices stand in the receive queue between the messages, so the order is right. */
static void on_notice(struct cepa_sctp *sctp, size_t len)
{
    const union sctp_notification *notice = (const void *)library.notice;
    if (len < sizeof notice->sn_header) {
        return;
    }
    uint16_t type = notice->sn_header.sn_type;
    if (type == SCTP_ASSOC_CHANGE && len >= sizeof notice->sn_assoc_change) {
        on_change(sctp, &notice->sn_assoc_change);
    } else if (type == SCTP_PARTIAL_DELIVERY_EVENT) {
        sctp->is_cut = true;
    } else if (type == SCTP_STREAM_RESET_EVENT && len >= sizeof notice->sn_strreset_event) {
        on_reset(sctp, &notice->sn_strreset_event, len);
    }
}

static uint16_t take_lowest(uint32_t *streams)
{
    uint16_t stream = 0;
    while (!(*streams >> stream & 1)) {
        stream++;
    }
    *streams &= *streams - 1;
    return stream;
}

/* What notices have left to tell. */
static enum cepa_sctp_kind take_news(struct cepa_sctp *sctp, struct cepa_sctp_message *ret_message)
{
    memset(ret_message, 0, sizeof *ret_message);
    if (sctp->is_up) {
        sctp->is_up = false;
        return CEPA_SCTP_UP;
    }
    if (sctp->is_cut) {
        sctp->is_cut = false;
        return CEPA_SCTP_CUT;
    }
    if (sctp->peer_reset != 0) {
        ret_message->stream = take_lowest(&sctp->peer_reset);
        return CEPA_SCTP_RESET;
    }
    if (sctp->our_reset != 0) {
        ret_message->stream = take_lowest(&sctp->our_reset);
        return CEPA_SCTP_RESET_DONE;
    }
    return CEPA_SCTP_NOTHING;
}

/* Reads once. Returns the length, or -1 if there is nothing for now. */
static ssize_t read_once(struct cepa_sctp *sctp, uint8_t *ret_data, size_t capacity,
                         struct sctp_rcvinfo *ret_info, int *ret_flags)
{
    socklen_t info_len = sizeof *ret_info;
    unsigned info_type = 0;
    struct sockaddr_conn from;
    socklen_t from_len = sizeof from;
    memset(ret_info, 0, sizeof *ret_info);
    *ret_flags = 0;
    ssize_t len = usrsctp_recvv(sctp->socket, ret_data, capacity, (struct sockaddr *)&from,
                                &from_len, ret_info, &info_len, &info_type, ret_flags);
    if (len > 0 || (len == 0 && *ret_flags & MSG_TRUNC)) {
        return len;
    }
    if (len == 0 ||
        (errno != EWOULDBLOCK && errno != EAGAIN && errno != ENOTCONN && errno != EINTR)) {
        sctp->state = CEPA_SCTP_CLOSED;
    }
    return -1;
}

enum cepa_sctp_kind cepa_sctp_receive(struct cepa_sctp *sctp, struct cepa_sctp_message *ret_message,
                                      uint8_t *ret_data, size_t *ret_len, size_t capacity)
{
    size_t notice_len = 0;
    CEPA_ASSERT(capacity > 0);
    for (;;) {
        struct sctp_rcvinfo info;
        int flags;
        enum cepa_sctp_kind news = take_news(sctp, ret_message);
        if (news != CEPA_SCTP_NOTHING) {
            return news;
        }
        ssize_t len = read_once(sctp, ret_data, capacity, &info, &flags);
        if (len < 0) {
            return CEPA_SCTP_NOTHING;
        }
        if (flags & MSG_NOTIFICATION) {
            size_t room = sizeof library.notice - notice_len;
            size_t part_len = (size_t)len < room ? (size_t)len : room;
            memcpy(library.notice + notice_len, ret_data, part_len);
            notice_len += part_len;
            if (flags & MSG_EOR) {
                on_notice(sctp, notice_len);
                notice_len = 0;
            }
            continue;
        }
        if (len == 0) {
            continue; /* the end of a message that was given up; its notice follows */
        }
        ret_message->stream = info.rcv_sid;
        ret_message->ppid = ntohl(info.rcv_ppid);
        ret_message->is_unordered = (info.rcv_flags & SCTP_UNORDERED) != 0;
        *ret_len = (size_t)len;
        return flags & MSG_EOR ? CEPA_SCTP_END : CEPA_SCTP_PART;
    }
}

int cepa_sctp_send(struct cepa_sctp *sctp, const struct cepa_sctp_message *message,
                   const uint8_t *data, size_t data_len)
{
    struct sctp_sendv_spa spa;
    if (data_len == 0 || data_len > CEPA_SCTP_MESSAGE_MAX) {
        return CEPA_ERR_LENGTH;
    }
    if (message->stream >= CEPA_SCTP_STREAMS) {
        return CEPA_ERR_ARGUMENT;
    }
    if (sctp->state != CEPA_SCTP_OPEN) {
        return CEPA_ERR_STATE;
    }
    memset(&spa, 0, sizeof spa);
    spa.sendv_flags = SCTP_SEND_SNDINFO_VALID;
    spa.sendv_sndinfo.snd_sid = message->stream;
    spa.sendv_sndinfo.snd_ppid = htonl(message->ppid);
    spa.sendv_sndinfo.snd_flags = message->is_unordered ? SCTP_UNORDERED : 0;
    if (message->is_limited) {
        spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        spa.sendv_prinfo.pr_policy = message->by_lifetime ? SCTP_PR_SCTP_TTL : SCTP_PR_SCTP_RTX;
        spa.sendv_prinfo.pr_value = message->limit;
    }
    sctp->waiting_len += data_len; /* some of it may go out at once */
    if (usrsctp_sendv(sctp->socket, data, data_len, NULL, 0, &spa, sizeof spa, SCTP_SENDV_SPA, 0) <
        0) {
        sctp->waiting_len -= data_len < sctp->waiting_len ? data_len : sctp->waiting_len;
        return errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOBUFS ? CEPA_ERR_FULL
               : errno == EINVAL                                           ? CEPA_ERR_ARGUMENT
                                                                           : CEPA_ERR_STATE;
    }
    return 0;
}

int cepa_sctp_reset(struct cepa_sctp *sctp, uint16_t stream)
{
    union {
        struct sctp_reset_streams request;
        uint8_t bytes[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } reset;
    if (stream >= CEPA_SCTP_STREAMS) {
        return CEPA_ERR_ARGUMENT;
    }
    if (sctp->state != CEPA_SCTP_OPEN) {
        return CEPA_ERR_STATE;
    }
    memset(&reset, 0, sizeof reset);
    reset.request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
    reset.request.srs_number_streams = 1;
    memcpy(reset.bytes + offsetof(struct sctp_reset_streams, srs_stream_list), &stream,
           sizeof stream);
    return set(sctp->socket, SCTP_RESET_STREAMS, &reset,
               offsetof(struct sctp_reset_streams, srs_stream_list) + sizeof stream) == 0
               ? 0
               : CEPA_ERR_FULL;
}

/* Chunks that were sent and not acknowledged. What comes and what timers do makes them fewer;
 * asking the library takes locks and fills in a large structure, so between those they are counted
 * here. */
static uint32_t count_unacked(struct cepa_sctp *sctp)
{
    struct sctp_status status;
    socklen_t status_len = sizeof status;
    if (sctp->asked_at != library.ticks + 1) {
        memset(&status, 0, sizeof status);
        bool is_known =
            usrsctp_getsockopt(sctp->socket, IPPROTO_SCTP, SCTP_STATUS, &status, &status_len) == 0;
        sctp->unacked = is_known ? status.sstat_unackdata : 0;
        sctp->asked_at = is_known ? library.ticks + 1 : 0;
    }
    return sctp->unacked;
}

size_t cepa_sctp_buffered(struct cepa_sctp *sctp)
{
    uint32_t unacked = count_unacked(sctp);
    /* While anything waits something is under way, be it to probe a closed window. */
    if (unacked == 0 || sctp->sent_chunks == 0) {
        sctp->waiting_len = 0; /* what is left was given up */
        sctp->sent_len = 0;
        sctp->sent_chunks = 0;
        return 0;
    }
    return sctp->waiting_len + unacked * (sctp->sent_len / sctp->sent_chunks);
}

void cepa_sctp_window(const struct cepa_sctp *sctp, size_t *ret_window, uint32_t *ret_rtt_ms)
{
    struct sctp_status status;
    socklen_t status_len = sizeof status;
    memset(&status, 0, sizeof status);
    bool is_known =
        usrsctp_getsockopt(sctp->socket, IPPROTO_SCTP, SCTP_STATUS, &status, &status_len) == 0;
    *ret_window = is_known ? status.sstat_primary.spinfo_cwnd : 0;
    *ret_rtt_ms = is_known ? status.sstat_primary.spinfo_srtt : 0;
}

uint64_t cepa_sctp_retransmissions(const struct cepa_sctp *sctp)
{
    return sctp->retransmissions;
}

enum cepa_sctp_state cepa_sctp_state_of(const struct cepa_sctp *sctp)
{
    return sctp->state;
}
