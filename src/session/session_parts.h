/* What the files of this room do for each other. */
#ifndef CEPA_SESSION_SESSION_PARTS_H
#define CEPA_SESSION_SESSION_PARTS_H

#include "session/session_state.h"

/* streams.c */
struct cepa_segment *cepa_segment_at(const struct cepa_pool *pool, uint32_t index);
struct cepa_stream_slot *cepa_stream_at(const struct cepa_session *session, uint32_t index);
void cepa_segment_push(const struct cepa_pool *pool, struct cepa_segment_queue *queue,
                       uint32_t index);
uint32_t cepa_segment_pop(const struct cepa_pool *pool, struct cepa_segment_queue *queue);
void cepa_segment_free(struct cepa_pool *pool, uint32_t index);
void cepa_stream_list_add(struct cepa_session *session, unsigned list, uint32_t index);
uint32_t cepa_stream_list_take(struct cepa_session *session, unsigned list);
void cepa_stream_tell(struct cepa_session *session, uint32_t index, unsigned tell);
void cepa_stream_owe(struct cepa_session *session, uint32_t index, unsigned owe);
int cepa_stream_create(struct cepa_session *session, uint32_t *ret_index, uint32_t id,
                       bool is_mine);
int cepa_stream_resolve(struct cepa_session *session, uint32_t *ret_index, uint32_t id);
uint32_t cepa_stream_index(const struct cepa_session *session, struct cepa_stream stream);
void cepa_stream_look_for_room(struct cepa_session *session);
void cepa_stream_end(struct cepa_session *session, uint32_t index);

/* stream_send.c */
bool cepa_stream_has_sendable(const struct cepa_session *session, uint32_t index);
void cepa_segment_purge(struct cepa_session *session);
void cepa_stream_on_acked(struct cepa_session *session, uint32_t segment);
void cepa_stream_on_lost(struct cepa_session *session, uint32_t segment);
void cepa_stream_on_reset_told(struct cepa_session *session, uint32_t index);
int cepa_stream_on_window(struct cepa_session *session, const struct cepa_session_frame *frame);
int cepa_stream_on_stop(struct cepa_session *session, const struct cepa_session_frame *frame);

/* stream_receive.c */
int cepa_stream_on_segment(struct cepa_session *session, const struct cepa_session_frame *frame);
int cepa_stream_on_reset(struct cepa_session *session, const struct cepa_session_frame *frame);

/* paths.c */
struct cepa_session_path *cepa_session_path_find(struct cepa_session *session, uint32_t number);
uint64_t cepa_session_path_timeout_ns(const struct cepa_session_path *path);
struct cepa_session_sent *cepa_session_sent_at(const struct cepa_session *session,
                                               const struct cepa_session_path *path,
                                               uint64_t number);
void cepa_session_packet_give_up(struct cepa_session *session, struct cepa_session_path *path,
                                 struct cepa_session_sent *sent);
void cepa_session_path_on_sent(struct cepa_session *session, struct cepa_session_path *path,
                               struct cepa_time now);
int cepa_session_path_on_ack(struct cepa_session *session, const struct cepa_session_frame *frame,
                             struct cepa_time now);
bool cepa_session_path_is_well(const struct cepa_session_path *path);
void cepa_session_path_step(struct cepa_session *session, struct cepa_session_path *path,
                            struct cepa_time now);
struct cepa_time cepa_session_path_deadline(const struct cepa_session *session,
                                            const struct cepa_session_path *path);
void cepa_session_path_give_up(struct cepa_session *session, struct cepa_session_path *path);

#endif
