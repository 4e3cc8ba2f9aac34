/* Errors: one list gives the enumeration, the names, the texts and whose fault it is.
 *
 * Every fallible function of the core returns 0 or one of these negative values and is marked
 * CEPA_MUST_USE. A new error is one line of CEPA_ERROR_LIST. @[SPEC 8] */
#ifndef CEPA_BASE_ERROR_H
#define CEPA_BASE_ERROR_H

/* CEPA_MUST_USE marks a function whose result may not be dropped. */
#define CEPA_MUST_USE __attribute__((warn_unused_result))

/* Whose fault an error is: what the peer sent, what we or our machine did, or a limit that we set
 * and that was reached. Peers are penalised for the first only. */
enum cepa_blame { CEPA_BLAME_PEER, CEPA_BLAME_LOCAL, CEPA_BLAME_LIMIT };

/* X(name, value, blame, text) */
#define CEPA_ERROR_LIST(X)                                                                         \
    X(LENGTH, -1, PEER, "a message has the wrong length")                                          \
    X(VERSION, -2, PEER, "a message has an unknown version")                                       \
    X(MALFORMED, -3, PEER, "a message has a field out of its range")                               \
    X(AUTHENTICATION, -4, PEER, "a message does not verify")                                       \
    X(REPLAY, -5, PEER, "a message was seen before")                                               \
    X(INVALID_KEY, -6, PEER, "a public key fails its check")                                       \
    X(LOW_ORDER_POINT, -7, PEER, "a public key is a point of low order")                           \
    X(STATE, -8, PEER, "a message does not fit the state it arrived in")                           \
    X(EPOCH, -9, PEER, "a message names an epoch that is not live here")                           \
    X(DROPPED, -10, PEER, "a packet was dropped")                                                  \
    X(MISSING, -11, PEER, "a message lacks a part that it must have")                              \
    X(UNSUPPORTED, -12, PEER, "a message asks for something that is not spoken here")              \
    X(RANDOM, -20, LOCAL, "the source of randomness failed")                                       \
    X(ARGUMENT, -21, LOCAL, "an argument is out of its range")                                     \
    X(NOT_FOUND, -22, LOCAL, "there is no such object")                                            \
    X(EXHAUSTED, -23, LOCAL, "a one-way supply is used up")                                        \
    X(SYSTEM, -24, LOCAL, "the system refused or failed")                                          \
    X(IN_USE, -25, LOCAL, "an address is in use already")                                          \
    X(NO_ADDRESS, -26, LOCAL, "this machine does not have the address or its family")              \
    X(UNREACHABLE, -27, LOCAL, "there is no way to a peer")                                        \
    X(FULL, -40, LIMIT, "a pool or a table is full")                                               \
    X(TOO_LONG, -41, LIMIT, "something is longer than its limit")                                  \
    X(TOO_SOON, -42, LIMIT, "a budget is spent for now")                                           \
    X(TIMEOUT, -43, LIMIT, "something took longer than its limit")

enum cepa_error {
#define CEPA_ERROR_ENUM(name, value, blame, text) CEPA_ERR_##name = (value),
    CEPA_ERROR_LIST(CEPA_ERROR_ENUM)
#undef CEPA_ERROR_ENUM
};

/* cepa_error_name gives "CEPA_ERR_LENGTH" and so on, "CEPA_OK" for 0; static storage, never NULL.
 */
const char *cepa_error_name(int error);

/* cepa_error_text says in one sentence what the error means; static storage, never NULL. */
const char *cepa_error_text(int error);

/* cepa_error_blame says whose fault it is; an unknown value is LOCAL. */
enum cepa_blame cepa_error_blame(int error);

#endif
