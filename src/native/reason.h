/* Why something failed, in words for whoever started the program: an error says what kind of
 * failure it is, a reason which file, which line, and what to do. */
#ifndef CEPA_NATIVE_REASON_H
#define CEPA_NATIVE_REASON_H

enum { CEPA_REASON_SIZE = 640 };

/* A sentence or two, with a final zero; empty if nothing was said. */
struct cepa_reason {
    char text[CEPA_REASON_SIZE];
};

/* cepa_reason_set writes a reason like printf; what does not fit is cut. */
void cepa_reason_set(struct cepa_reason *ret_reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* cepa_reason_fail does the same and gives `error`, so that failing is one line. */
int cepa_reason_fail(struct cepa_reason *ret_reason, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
