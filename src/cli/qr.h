/* QR codes in a terminal. */
#ifndef CEPA_CLI_QR_H
#define CEPA_CLI_QR_H

#include <stddef.h>

enum { CEPA_CLI_QR_SIZE = 128 * 1024 };

/* cepa_cli_qr draws `text` with half blocks, two rows of modules in a line, dark on light whatever
 * the terminal's colours are, and a final zero. Returns the number of modules of a side, or 0 if
 * the text is too long or there is not enough memory. */
size_t cepa_cli_qr(char ret_drawing[CEPA_CLI_QR_SIZE], const char *text);

#endif
