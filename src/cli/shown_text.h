/* Texts of others on a terminal. */
#ifndef CEPA_CLI_SHOWN_TEXT_H
#define CEPA_CLI_SHOWN_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* cepa_cli_show_text prints `text_len` bytes so that they cannot do anything to a terminal: what
 * cannot be seen, and what is no UTF-8, comes out as its bytes. Behind each end of a line comes
 * `indent`, so that nobody's text looks like another's; without one, for NULL, all of it is one
 * line and ends of lines and tabs come out as bytes too. */
void cepa_cli_show_text(FILE *file, const char *text, size_t text_len, const char *indent);

#endif
