/* What reception.h is made of; only its own files include this. */
#ifndef CEPA_NATIVE_STREAMS_RECEPTION_STATE_H
#define CEPA_NATIVE_STREAMS_RECEPTION_STATE_H

#include "application/file_receiver.h"
#include "native/streams/reception.h"

enum {
    CEPA_RECEPTION_PIECE = 65536, /* bytes that are read at a time */
    CEPA_RECEPTION_TURN = 1 << 20 /* that one of them takes in one step */
};

/* How far one is. */
enum cepa_reception_stage {
    CEPA_RECEPTION_HELD = 1, /* a file: a person is asked */
    CEPA_RECEPTION_HASHING,  /* what is here of the file already */
    CEPA_RECEPTION_COMING,   /* bytes of the file, or of the message */
    CEPA_RECEPTION_WHOLE,    /* the message is here, and is to be kept */
    CEPA_RECEPTION_SAYING    /* the last word */
};

/* One message or file that is being received. */
struct cepa_reception_one {
    struct cepa_file_receiver receiver; /* FILE; first, for its alignment */
    struct cepa_blake2b prefix;         /* HASHING: of the first `hashed` bytes */
    enum cepa_reception_stage stage;
    uint32_t slot;
    bool is_file;
    bool is_ready; /* there is more to do, without waiting for anything */
    bool is_last;  /* the end of the stream follows what is in `out` */
    bool has_sender;
    struct cepa_address own;
    struct cepa_address sender;
    struct cepa_inbox_id id; /* FILE */
    int fd;                  /* FILE: where it goes; -1 before that */
    uint64_t hashed;         /* HASHING: how much */
    uint64_t wanted;         /* HASHING: of how much; COMING: how much is noted as here */
    struct cepa_time noted;  /* when that was */
    struct cepa_message_header message;
    enum cepa_inbox_state message_state; /* what a message becomes */
    uint8_t *text;                       /* of the message: room for one byte too many */
    size_t text_len;
    uint8_t out[CEPA_FILE_COME_SIZE]; /* what the other end is to hear */
    size_t out_at;
    size_t out_len;
};

struct cepa_reception {
    struct cepa_reception_config config;
    struct cepa_streams *streams;
    struct cepa_reception_one *ones[CEPA_STREAMS_MAX]; /* by slot */
    uint32_t used;                                     /* slots from here on are free */
    uint32_t ready;                                    /* how many are */
    uint8_t *piece;                                    /* CEPA_RECEPTION_PIECE bytes */
};

/* reception.c */
void cepa_reception_set_ready(struct cepa_reception *reception, struct cepa_reception_one *one,
                              bool is_ready);
/* Says up to CEPA_FILE_COME_SIZE bytes, and then the end of the stream if `is_last`. */
void cepa_reception_say(struct cepa_reception *reception, struct cepa_reception_one *one,
                        const uint8_t *data, size_t data_len, bool is_last);
/* Gives the stream up, and forgets it. What of a file is here stays. */
void cepa_reception_drop(struct cepa_reception *reception, struct cepa_reception_one *one,
                         enum cepa_stream_code code, struct cepa_time now);
/* A problem of this machine, for the log. */
void cepa_reception_complain(struct cepa_reception *reception);

/* reception_file.c */
/* Decides about an offer. */
void cepa_reception_offer(struct cepa_reception *reception, struct cepa_reception_one *one,
                          const struct cepa_file_header *header, enum cepa_inbox_state wish,
                          struct cepa_time now);
/* Goes on with a file: true if it was dropped. */
bool cepa_reception_file_step(struct cepa_reception *reception, struct cepa_reception_one *one,
                              struct cepa_time now);
/* What the user has said meanwhile to what waits. */
void cepa_reception_file_look(struct cepa_reception *reception, struct cepa_reception_one *one,
                              struct cepa_time now);
/* Notes how much is here. */
void cepa_reception_file_note(struct cepa_reception *reception, struct cepa_reception_one *one,
                              struct cepa_time now);

#endif
