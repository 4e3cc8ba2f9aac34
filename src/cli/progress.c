/* One line on a terminal that says how far something long is. */
#include "cli/progress.h"

#include <stdio.h>

#include "native/net/clock.h"

enum { EVERY_MS = 200 };

void cepa_cli_amount(char ret_text[CEPA_CLI_AMOUNT_SIZE], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double amount = (double)bytes;
    size_t unit = 0;
    while (amount >= 999.95 && unit + 1 < sizeof units / sizeof units[0]) {
        amount /= 1000;
        unit++;
    }
    (void)snprintf(ret_text, CEPA_CLI_AMOUNT_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s", amount,
                   units[unit]);
}

void cepa_cli_progress_begin(struct cepa_cli_progress *ret_progress, const char *what,
                             uint64_t size, bool is_shown)
{
    *ret_progress = (struct cepa_cli_progress){.what = what, .size = size, .is_shown = is_shown};
}

/* Follows the rate over some seconds. */
static void measure(struct cepa_cli_progress *progress, uint64_t bytes, struct cepa_time now)
{
    double seconds = (double)cepa_time_since(now, progress->shown) / (double)CEPA_SECOND_NS;
    double moved = bytes > progress->bytes ? (double)(bytes - progress->bytes) : 0;
    double share = seconds < 2 ? seconds / 2 : 1;
    if (progress->has_line && seconds > 0) {
        progress->rate += share * (moved / seconds - progress->rate);
    }
    progress->shown = now;
    progress->bytes = bytes;
}

void cepa_cli_progress_show(struct cepa_cli_progress *progress, uint64_t bytes, const char *word)
{
    char done[CEPA_CLI_AMOUNT_SIZE];
    char all[CEPA_CLI_AMOUNT_SIZE];
    char rate[CEPA_CLI_AMOUNT_SIZE];
    struct cepa_time now = cepa_clock_now();
    if (!progress->is_shown || (progress->has_line && cepa_time_since(now, progress->shown) <
                                                          EVERY_MS * CEPA_MILLISECOND_NS)) {
        return;
    }
    measure(progress, bytes, now);
    cepa_cli_amount(done, bytes);
    cepa_cli_amount(rate, (uint64_t)progress->rate);
    fprintf(stderr, "\r\033[K%s  ", progress->what);
    if (progress->size == UINT64_MAX) {
        fprintf(stderr, "%s  %s/s", done, rate);
    } else {
        cepa_cli_amount(all, progress->size);
        double share = progress->size == 0 ? 1 : (double)bytes / (double)progress->size;
        fprintf(stderr, "%3.0f %%  %s of %s  %s/s", 100 * share, done, all, rate);
        if (progress->rate > 1 && bytes < progress->size) {
            uint64_t left = (uint64_t)((double)(progress->size - bytes) / progress->rate);
            fprintf(stderr, "  %llu:%02llu left", (unsigned long long)(left / 60),
                    (unsigned long long)(left % 60));
        }
    }
    fprintf(stderr, "%s%s", word[0] != '\0' ? "  " : "", word);
    (void)fflush(stderr);
    progress->has_line = true;
}

void cepa_cli_progress_end(struct cepa_cli_progress *progress)
{
    if (progress->has_line) {
        fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->has_line = false;
    }
}
