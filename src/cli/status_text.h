/* The status of a daemon, for people. */
#ifndef CEPA_CLI_STATUS_TEXT_H
#define CEPA_CLI_STATUS_TEXT_H

struct cJSON;

/* cepa_cli_status_print prints an answer to "status" on standard output, a dozen lines. */
void cepa_cli_status_print(const struct cJSON *status);

#endif
