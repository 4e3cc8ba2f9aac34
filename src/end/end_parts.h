/* What the files of this room do for each other. */
#ifndef CEPA_END_END_PARTS_H
#define CEPA_END_END_PARTS_H

#include "end/end_state.h"

/* end.c */
struct cepa_wall cepa_end_wall(const struct cepa_end *end, struct cepa_time now);
void cepa_end_tell(struct cepa_end *end, const struct cepa_end_effect *effect);
/* Whether something may be begun that will have events. */
bool cepa_end_has_events(const struct cepa_end *end);
/* Takes one from a bucket that fills by one each `interval_ns` and holds `burst`; false if there is
 * none. `*bucket` is when it will be full; zeros: it is. */
CEPA_MUST_USE bool cepa_end_pay(struct cepa_time *bucket, uint64_t interval_ns, uint32_t burst,
                                struct cepa_time now);

/* people.c: identities, their introduction circuits and descriptors. */
void cepa_end_person_init(struct cepa_end *end, struct cepa_end_person *person,
                          const struct cepa_identity_secret *secret);
/* Takes what is to be stored of it; true if there was something. */
bool cepa_end_person_next(struct cepa_end *end, struct cepa_end_person *person,
                          struct cepa_end_effect *ret_effect);
void cepa_end_person_step(struct cepa_end *end, struct cepa_end_person *person,
                          struct cepa_time now);
struct cepa_time cepa_end_person_deadline(const struct cepa_end_person *person);
void cepa_end_person_end(struct cepa_end *end, struct cepa_end_person *person,
                         struct cepa_time now);
void cepa_end_person_on_answer(struct cepa_end *end, struct cepa_end_person *person,
                               const struct cepa_end_answer *answer, struct cepa_time now);
/* Between two knocks that it answers, on average. */
uint64_t cepa_end_knock_interval_ns(const struct cepa_end_person *person);
/* `owner` is CEPA_END_POINTS * the person's place + the point's. */
void cepa_end_point_on_ready(struct cepa_end *end, uint32_t owner, struct cepa_time now);
void cepa_end_point_on_data(struct cepa_end *end, uint32_t owner, const uint8_t *data,
                            size_t data_len, struct cepa_time now);
void cepa_end_point_on_closed(struct cepa_end *end, uint32_t owner, struct cepa_time now);
struct cepa_end_person *cepa_end_person_at(const struct cepa_end *end, uint32_t place);

/* mail.c: mailboxes of an identity. */
CEPA_MUST_USE int cepa_end_mail_restore(const struct cepa_end *end, struct cepa_end_person *person,
                                        const uint8_t *data, size_t data_len);
/* Takes what is to be stored, or a letter; true if there was something. */
bool cepa_end_mail_next(struct cepa_end *end, struct cepa_end_person *person,
                        struct cepa_end_effect *ret_effect);
/* Adds them to what the descriptor is to say. */
void cepa_end_mail_say(struct cepa_end *end, struct cepa_end_person *person,
                       struct cepa_address_contents *contents, struct cepa_time now);
void cepa_end_mail_on_answer(struct cepa_end *end, struct cepa_end_person *person,
                             const struct cepa_end_answer *answer, struct cepa_time now);
void cepa_end_mail_step(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now);
void cepa_end_mail_end(struct cepa_end *end, struct cepa_end_person *person, struct cepa_time now);

/* letters.c: letters that are being left. */
struct cepa_end_leaving *cepa_end_leaving_at(const struct cepa_end *end, uint32_t place);
void cepa_end_leaving_on_lookup(struct cepa_end *end, struct cepa_end_leaving *leaving,
                                const struct cepa_lookups_effect *effect, struct cepa_time now);
void cepa_end_leaving_on_answer(struct cepa_end *end, struct cepa_end_leaving *leaving,
                                const struct cepa_end_answer *answer, struct cepa_time now);
void cepa_end_leaving_step(struct cepa_end *end, struct cepa_end_leaving *leaving,
                           struct cepa_time now);

/* dials.c: how a session begins, at both ends. */
void cepa_end_on_lookups(struct cepa_end *end, struct cepa_time now);
void cepa_end_on_knock_answer(struct cepa_end *end, struct cepa_end_talk *talk,
                              const struct cepa_end_answer *answer, struct cepa_time now);
void cepa_end_on_first_stands(struct cepa_end *end, struct cepa_end_talk *talk,
                              struct cepa_time now);
void cepa_end_on_drawn(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now);
void cepa_end_on_start_part(struct cepa_end *end, struct cepa_end_talk *talk, const uint8_t *data,
                            struct cepa_time now);
void cepa_end_on_knock(struct cepa_end *end, struct cepa_end_person *person, uint8_t *message,
                       size_t message_len, struct cepa_time now);
void cepa_end_dial_step(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now);

/* talks.c: sessions. */
struct cepa_end_talk *cepa_end_talk_new(struct cepa_end *end, struct cepa_time now);
struct cepa_end_talk *cepa_end_talk_find(const struct cepa_end *end,
                                         struct cepa_end_session session);
struct cepa_end_talk *cepa_end_talk_at(const struct cepa_end *end, uint32_t place);
void cepa_end_talk_touch(struct cepa_end *end, struct cepa_end_talk *talk);
CEPA_MUST_USE int cepa_end_talk_open(struct cepa_end *end, struct cepa_end_talk *talk,
                                     struct cepa_time now);
/* Ends it; its owner hears of it if it knew of it, or asked for it. The talk is gone. */
void cepa_end_talk_end(struct cepa_end *end, struct cepa_end_talk *talk, int error, uint32_t code,
                       struct cepa_time now);
void cepa_end_talk_proven(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now);
/* Lets packets leave, and takes events of streams; true if `ret_effect` is one for the owner. */
bool cepa_end_talk_next(struct cepa_end *end, struct cepa_end_talk *talk,
                        struct cepa_end_effect *ret_effect, struct cepa_time now);
void cepa_end_talk_step(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now);
struct cepa_time cepa_end_talk_deadline(const struct cepa_end_talk *talk);

/* control.c: the control stream. */
/* Reads what came; 0, or what ends the session. */
CEPA_MUST_USE int cepa_end_control_read(struct cepa_end *end, struct cepa_end_talk *talk,
                                        struct cepa_time now);
void cepa_end_control_say(struct cepa_end *end, struct cepa_end_talk *talk,
                          const struct cepa_control *control);
void cepa_end_control_flush(struct cepa_end_talk *talk);

/* paths.c: which paths a session has. */
void cepa_end_paths_step(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now);
void cepa_end_paths_come(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                         struct cepa_time now);
void cepa_end_paths_retired(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                            struct cepa_time now);
void cepa_end_paths_on_stands(struct cepa_end *end, struct cepa_end_talk *talk,
                              struct cepa_end_meeting *meeting, struct cepa_time now);
void cepa_end_paths_on_event(struct cepa_end_talk *talk, const struct cepa_session_event *event,
                             struct cepa_time now);
struct cepa_time cepa_end_paths_deadline(const struct cepa_end_talk *talk);
uint32_t cepa_end_paths_live(const struct cepa_end_talk *talk);

/* meetings.c: `owner` is CEPA_END_PATHS * the talk's place + the meeting's. */
struct cepa_end_meeting *cepa_end_meeting_free(struct cepa_end_talk *talk);
struct cepa_end_meeting *cepa_end_meeting_find(struct cepa_end_talk *talk, uint32_t number);
CEPA_MUST_USE int cepa_end_meeting_build(struct cepa_end *end, struct cepa_end_talk *talk,
                                         struct cepa_end_meeting *meeting, struct cepa_time now);
void cepa_end_meeting_close(struct cepa_end *end, struct cepa_end_talk *talk,
                            struct cepa_end_meeting *meeting, struct cepa_time now);
void cepa_end_meeting_on_ready(struct cepa_end *end, uint32_t owner, struct cepa_time now);
void cepa_end_meeting_on_room(struct cepa_end *end, uint32_t owner, struct cepa_time now);
void cepa_end_meeting_on_data(struct cepa_end *end, uint32_t owner, const uint8_t *data,
                              size_t data_len, struct cepa_time now);
void cepa_end_meeting_on_broken(struct cepa_end *end, uint32_t owner, struct cepa_time now);
void cepa_end_meeting_on_closed(struct cepa_end *end, uint32_t owner, struct cepa_time now);
void cepa_end_meeting_pump(struct cepa_end *end, struct cepa_end_talk *talk,
                           struct cepa_end_meeting *meeting, struct cepa_time now);

#endif
