/* What a relay's services consist of, for the files of this room only. */
#ifndef CEPA_SERVICE_SERVICE_STATE_H
#define CEPA_SERVICE_SERVICE_STATE_H

#include "base/map.h"
#include "service/mailbox.h"
#include "service/services.h"
#include "wire/address_descriptor.h"

enum { CEPA_SERVICE_NAME_SIZE = 32, CEPA_SERVICE_OUTS_MAX = 4 };

/* What a circuit is here for. */
enum cepa_service_role_kind {
    CEPA_SERVICE_ROLE_WAITING,     /* for the other circuit that names `name`, a cookie */
    CEPA_SERVICE_ROLE_JOINED,      /* to `other` */
    CEPA_SERVICE_ROLE_INTRODUCTION /* those who knock at `name`, a key, are handed to it */
};
struct cepa_service_role {
    enum cepa_service_role_kind kind;
    struct cepa_handle circuit;
    uint64_t link; /* it came over */
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    uint8_t name[CEPA_SERVICE_NAME_SIZE];
    uint8_t end[CEPA_SERVICE_END_SIZE]; /* of a meeting: which of its ends */
    struct cepa_handle other;           /* the role of the other end; none: it is not here */
    struct cepa_time until;             /* WAITING */
    uint64_t interval_ns;               /* INTRODUCTION: between two, on average */
    struct cepa_time next;              /* INTRODUCTION: when those that came are paid for */
};

/* The two ends of a meeting; none: not here. */
struct cepa_service_meeting {
    struct cepa_handle roles[2];
};

/* A request of which parts are missing, or which was answered last. */
struct cepa_service_request {
    struct cepa_service_origin origin;
    uint8_t service;
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    struct cepa_service_whole whole;
    struct cepa_time since;
    bool is_used;
    uint8_t body[CEPA_SERVICE_BODY_MAX];
};

/* How much a link introduces. */
struct cepa_service_knocker {
    uint64_t link;
    struct cepa_time next; /* GCRA */
};

/* A descriptor that is kept. */
struct cepa_service_kept {
    uint64_t source; /* whose share it takes */
    uint64_t sequence;
    struct cepa_directory_day day;
    struct cepa_descriptor_position positions[CEPA_DESCRIPTOR_POSITIONS]; /* its names */
    uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
};

/* How what is kept in the store begins. The store is told of what has changed; what is gone keeps
 * its place until then. */
struct cepa_service_item {
    struct cepa_handle self;
    struct cepa_handle next_change; /* that the store is to be told of */
    uint64_t source;                /* whose share it takes; 0: nobody's, it was restored */
    bool is_changed;                /* it stands in the list of changes */
    bool is_gone;
};

/* Items of one pool of which the store is to be told, in order. */
struct cepa_service_changes {
    struct cepa_handle first;
    struct cepa_handle last;
};

/* A mailbox. */
struct cepa_service_mailbox {
    struct cepa_service_item item;
    struct cepa_ed25519_public_key owner;
    struct cepa_ed25519_public_key writing; /* if is_open */
    struct cepa_directory_day asked;        /* if is_open: when its owner asked last */
    bool is_open;                           /* false: boxes were restored, it was not yet */
    uint64_t number;                        /* the highest of its boxes so far */
    uint32_t boxes;
    struct cepa_handle first; /* box, in the order of their numbers */
};

/* A box. */
struct cepa_service_box {
    struct cepa_service_item item;
    struct cepa_handle next; /* in its mailbox */
    uint64_t number;
    struct cepa_directory_day day;              /* when it came */
    uint8_t value[CEPA_SERVICE_BOX_VALUE_SIZE]; /* as it is stored; its end is the answer */
};

/* Something that is being sent, in parts; or a circuit to close. */
struct cepa_service_out {
    struct cepa_handle circuit;
    bool is_close;
    uint8_t status;
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    uint8_t part;
    const uint8_t *body; /* stays until the next request */
    size_t body_len;
};

struct cepa_services {
    struct cepa_services_config config;
    struct cepa_handle *role_of;   /* by the index of a circuit's handle */
    struct cepa_pool roles;        /* of struct cepa_service_role */
    struct cepa_map meetings;      /* cookie -> struct cepa_service_meeting */
    struct cepa_map introductions; /* key -> handle of a role */
    struct cepa_pool kept;         /* of struct cepa_service_kept */
    struct cepa_map kept_at;       /* position -> handle of a kept one */
    struct cepa_service_request *requests;
    struct cepa_service_request single; /* of one part: needs no place among them */
    struct cepa_service_knocker knockers[CEPA_SERVICE_KNOCKERS];
    struct cepa_service_out outs[CEPA_SERVICE_OUTS_MAX];
    size_t outs_len;
    struct cepa_pool mailboxes; /* of struct cepa_service_mailbox */
    struct cepa_map mailbox_of; /* owner's key -> handle of a mailbox */
    struct cepa_pool boxes;     /* of struct cepa_service_box */
    struct cepa_service_changes mailbox_changes;
    struct cepa_service_changes box_changes;
    uint8_t mailbox_value[CEPA_SERVICE_MAILBOX_VALUE_SIZE]; /* that the store was told last */
    struct cepa_time put_next;                              /* GCRA of boxes that are put */
    struct cepa_time check_next; /* GCRA of signatures that are checked */
    uint64_t refused;
    uint8_t newer[8];                 /* a sequence that was told */
    uint8_t data[CEPA_CELL_DATA_MAX]; /* of the last effect */
};

/* services.c: queues an answer in parts, or the end of a circuit. */
void cepa_service_say(struct cepa_services *services, struct cepa_handle circuit,
                      enum cepa_service_status status, const uint8_t *tag, const uint8_t *body,
                      size_t body_len);
void cepa_service_close(struct cepa_services *services, struct cepa_handle circuit);
/* Pays for `interval_ns` of a budget that lets `burst` through at once; false if it is spent. */
bool cepa_service_pay(struct cepa_time *next, uint64_t interval_ns, uint32_t burst,
                      struct cepa_time now);
/* Pays for the check of a signature. */
bool cepa_service_pay_check(struct cepa_services *services, struct cepa_time now);

/* roles.c */
struct cepa_service_role *cepa_service_role_find(const struct cepa_services *services,
                                                 struct cepa_handle circuit);
struct cepa_service_role *cepa_service_role_new(struct cepa_services *services,
                                                const struct cepa_service_origin *origin,
                                                const uint8_t *tag, const uint8_t *name);
void cepa_service_role_end(struct cepa_services *services, struct cepa_handle circuit,
                           struct cepa_time now);
void cepa_service_roles_step(struct cepa_services *services, struct cepa_time now);

/* meetings.c */
void cepa_service_meet(struct cepa_services *services, const struct cepa_service_origin *origin,
                       const struct cepa_service_part *part, struct cepa_time now);
void cepa_service_part_meeting(struct cepa_services *services, struct cepa_service_role *role,
                               struct cepa_time now);

/* introductions.c */
enum cepa_service_status cepa_service_introduction(struct cepa_services *services,
                                                   const struct cepa_service_request *request,
                                                   struct cepa_directory_day today,
                                                   struct cepa_time now);
enum cepa_service_status cepa_service_introduce(struct cepa_services *services,
                                                const struct cepa_service_request *request,
                                                struct cepa_time now);

/* keeping.c */
/* After NEWER `services->newer` is the sequence that is here. */
enum cepa_service_status cepa_service_put(struct cepa_services *services,
                                          const struct cepa_service_request *request,
                                          struct cepa_directory_day today, struct cepa_time now);
void cepa_service_get(struct cepa_services *services, const struct cepa_service_request *request);
void cepa_service_keeping_step(struct cepa_services *services, struct cepa_directory_day today);

/* mailboxes.c: who may do what. _get answers itself. */
enum cepa_service_status cepa_service_mailbox_put(struct cepa_services *services,
                                                  const struct cepa_service_request *request,
                                                  const struct cepa_service_turn *turn);
void cepa_service_mailbox_get(struct cepa_services *services,
                              const struct cepa_service_request *request,
                              const struct cepa_service_turn *turn);
enum cepa_service_status cepa_service_mailbox_delete(struct cepa_services *services,
                                                     const struct cepa_service_request *request,
                                                     const struct cepa_service_turn *turn);
void cepa_service_mailboxes_step(struct cepa_services *services, struct cepa_directory_day today);

/* mailbox_table.c: what is kept. _new give NULL if there is no room, or none for the network. */
struct cepa_service_mailbox *cepa_service_mailbox_find(const struct cepa_services *services,
                                                       const uint8_t *owner);
struct cepa_service_mailbox *cepa_service_mailbox_new(struct cepa_services *services,
                                                      const uint8_t *owner, uint64_t source);
struct cepa_service_box *cepa_service_box_find(const struct cepa_services *services,
                                               struct cepa_handle handle);
/* The box goes to its place in the mailbox; the caller writes its value. */
struct cepa_service_box *cepa_service_box_new(struct cepa_services *services,
                                              struct cepa_service_mailbox *mailbox, uint64_t number,
                                              uint64_t source);
/* Takes the first box away, and the mailbox if it has no boxes. */
void cepa_service_box_drop(struct cepa_services *services, struct cepa_service_mailbox *mailbox);
void cepa_service_mailbox_drop(struct cepa_services *services,
                               struct cepa_service_mailbox *mailbox);
/* Say that the store is to be told. */
void cepa_service_mailbox_changed(struct cepa_services *services,
                                  struct cepa_service_mailbox *mailbox);
void cepa_service_box_changed(struct cepa_services *services, struct cepa_service_box *box);

#endif
