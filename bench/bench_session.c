/* Time of a session: a segment of a stream from the writer of one end to the reader of the other,
 * with its acknowledgement, without sealing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "native/host.h"
#include "session/session.h"
#include "support/timing.h"

enum { BATCH = 32 };

struct work {
    struct cepa_session *ends[2];
    struct cepa_stream out, in;
    struct cepa_time now;
    uint64_t carried;
};

static void carry(struct work *work, unsigned from)
{
    uint8_t plain[CEPA_SESSION_PLAIN_SIZE];
    uint64_t number;
    cepa_session_path_room(work->ends[from], 0, 1000);
    while (cepa_session_pull(work->ends[from], &number, plain, 0, work->now) == 0) {
        if (cepa_session_receive(work->ends[1 - from], 0, number, plain, work->now) != 0) {
            abort();
        }
    }
}

static void run(void *context)
{
    static uint8_t data[BATCH * CEPA_SESSION_SEGMENT_MAX];
    struct work *work = context;
    struct cepa_session_event event;
    size_t len;
    bool is_end;
    work->now.ns += 50000;
    if (cepa_session_write(work->ends[0], &len, work->out, data, sizeof data, false) != 0 ||
        len != sizeof data) {
        abort();
    }
    carry(work, 0);
    while (cepa_session_next(work->ends[1], &event) == 0) {
        if (event.kind == CEPA_SESSION_OPENED) {
            work->in = event.stream;
        }
    }
    if (cepa_session_read(work->ends[1], data, &len, &is_end, sizeof data, work->in, work->now) !=
        0) {
        abort();
    }
    work->carried += len;
    carry(work, 1);
}

int main(void)
{
    static const struct cepa_siphash_key key;
    static struct work work;
    struct cepa_session_limits limits = cepa_session_limits_daemon();
    size_t size = cepa_session_size(&limits);
    if (cepa_native_init() != 0) {
        return 1;
    }
    work.now.ns = CEPA_SECOND_NS;
    for (unsigned end = 0; end < 2; end++) {
        if (cepa_session_init(&work.ends[end], aligned_alloc(16, (size + 15) / 16 * 16), size,
                              &limits, end == 0, &key, work.now) != 0 ||
            cepa_session_path_open(work.ends[end], 0, CEPA_SESSION_ACTIVE, work.now) != 0) {
            abort();
        }
    }
    if (cepa_session_open(work.ends[0], &work.out, true) != 0) {
        abort();
    }
    timing_header("sessions, packets of 1,036 bytes");
    printf("memory of a session: %zu KiB at the most\n", size / 1024);
    double ns = timing_run(run, &work) / BATCH;
    printf("  %-52s %8.0f ns %8.0f MB/s\n", "a segment from writer to reader, acknowledged", ns,
           CEPA_SESSION_SEGMENT_MAX * 1e3 / ns);
    return 0;
}
