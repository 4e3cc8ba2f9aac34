/* JSON on standard output, for --json. */
#ifndef CEPA_CLI_JSON_H
#define CEPA_CLI_JSON_H

/* cepa_cli_json_string prints `text` as a JSON string with its quotes. Bytes that are no UTF-8 come
 * out as U+FFFD, so that the output always parses. */
void cepa_cli_json_string(const char *text);

#endif
