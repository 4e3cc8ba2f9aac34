/* Lines about a running node. */
#include "cli/status_text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Below, a tenth of them is not even two relays, and the shares say nothing. */
enum { ESTIMATE_NETWORKS_MIN = 20 };

/* Gives a number of an object; 0 if it has none. */
static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static unsigned long long whole(const cJSON *object, const char *name)
{
    double value = number(object, name);
    return value > 0 ? (unsigned long long)value : 0;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : "?";
}

static void print_duration(unsigned long long seconds)
{
    if (seconds >= 86400) {
        printf("%llu d %llu h", seconds / 86400, seconds / 3600 % 24);
    } else if (seconds >= 3600) {
        printf("%llu h %llu min", seconds / 3600, seconds / 60 % 60);
    } else if (seconds >= 60) {
        printf("%llu min %llu s", seconds / 60, seconds % 60);
    } else {
        printf("%llu s", seconds);
    }
}

static void print_bytes(double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    printf(unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static void print_process(const cJSON *status)
{
    double uptime_s = number(status, "uptime_s");
    printf("node       %.16s..., %s of network '%s'%s, port %llu\n", text(status, "id"),
           is_true(status, "relay") ? "relay" : "client", text(status, "profile"),
           is_true(status, "metered") ? ", metered" : "", whole(status, "port"));
    printf("process    %llu, cepa %s, up for ", whole(status, "process"), text(status, "version"));
    print_duration(whole(status, "uptime_s"));
    printf(", ");
    print_bytes(number(status, "resident_bytes"));
    printf(", %.2f %% of a core\n", uptime_s > 0 ? number(status, "cpu_ms") / 10 / uptime_s : 0);
}

/* Whether others can reach this node, and where the page about it is. */
static void print_reach(const cJSON *status)
{
    const cJSON *reach = cJSON_GetObjectItemCaseSensitive(status, "reachability");
    const cJSON *url = cJSON_GetObjectItemCaseSensitive(status, "dashboard");
    if (reach != NULL) {
        printf("reachable  %s: %s\n",
               is_true(reach, "direct")   ? "yes"
               : is_true(status, "relay") ? "NO"
                                          : "no",
               text(reach, "why"));
    }
    printf("page       %s\n", cJSON_IsString(url) ? url->valuestring : "off");
}

static void print_place(const cJSON *network)
{
    printf("mesh       %s; %llu links (%llu neighbours, %llu clients), %llu more opening\n",
           is_true(network, "joined") ? "joined" : "ALONE: nobody is linked",
           whole(network, "links"), whole(network, "neighbours"), whole(network, "clients"),
           whole(network, "links_opening"));
    printf("relays     %llu known, %llu usable%s\n", whole(network, "relays_known"),
           whole(network, "relays_usable"),
           is_true(network, "published") ? "; this one is among them"
                                         : "; this node is not in the index");
    if (is_true(network, "clock_off")) {
        printf("clock      off by %.0f s against the neighbours': nothing is published\n",
               number(network, "clock_error_ms") / 1000);
    }
    printf("guards     %llu, %llu reached\n", whole(network, "guards"),
           whole(network, "guards_reached"));
}

static void print_work(const cJSON *network)
{
    printf("circuits   %llu own, %llu ahead, %llu of others; %llu built, %llu failed, %llu mended",
           whole(network, "circuits_own"), whole(network, "circuits_ready_ahead"),
           whole(network, "circuits_relayed"), whole(network, "circuits_built"),
           whole(network, "circuits_failed"), whole(network, "circuits_salvaged"));
    printf(", %.1f ms\n", number(network, "build_time_ns") / 1e6);
    printf("traffic    in ");
    print_bytes(number(network, "bytes_in"));
    printf(", out ");
    print_bytes(number(network, "bytes_out"));
    printf(", of which padding ");
    print_bytes(number(network, "padding_out"));
    printf("; %llu cells relayed\n", whole(network, "cells_relayed"));
    printf("refused    %llu beyond budgets, %llu packets dropped, %llu faults of peers\n",
           whole(network, "refused_budget"), whole(network, "packets_dropped"),
           whole(network, "misbehaviour"));
}

static void print_withheld(const char *word, const char *until)
{
    static const char *const words[][2] = {
        {"padding", "no padding"},
        {"new circuits", "no padding, no new circuits of others"},
        {"relaying", "nothing is relayed, no padding"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i][0]) == 0) {
            printf("; %s %s", words[i][1], until);
        }
    }
}

static void print_budget(const cJSON *budget)
{
    if (whole(budget, "day") > 0) {
        printf("budget     ");
        print_bytes(number(budget, "used"));
        printf(" of ");
        print_bytes(number(budget, "day"));
        printf(" used today, ");
        print_bytes(number(budget, "left"));
        printf(" left");
        print_withheld(text(budget, "withheld"), "until 00:00 UTC");
        printf("\n");
    }
    if (whole(budget, "rate") > 0) {
        printf("rate       at most ");
        print_bytes(number(budget, "rate"));
        printf("/s for others and padding");
        print_withheld(text(budget, "withheld_by_rate"), "just now");
        printf("\n");
    }
}

static void print_anonymity(const cJSON *anonymity)
{
    if (whole(anonymity, "prefixes") < ESTIMATE_NETWORKS_MIN) {
        printf(
            "anonymity  no estimate yet: %llu relays in %llu networks, and it takes %d networks\n",
            whole(anonymity, "relays"), whole(anonymity, "prefixes"), ESTIMATE_NETWORKS_MIN);
        return;
    }
    printf(
        "anonymity  guard and last relay of a circuit are both hostile: %.2f %% if 10 %% of all\n"
        "           relays are, %.2f %% if 20 %% are; drawn from %llu relays in %llu networks\n",
        number(anonymity, "both_ends_ppm_10") / 1e4, number(anonymity, "both_ends_ppm_20") / 1e4,
        whole(anonymity, "relays"), whole(anonymity, "prefixes"));
}

void cepa_cli_status_print(const struct cJSON *status)
{
    const cJSON *network = cJSON_GetObjectItemCaseSensitive(status, "network");
    const cJSON *anonymity = cJSON_GetObjectItemCaseSensitive(status, "anonymity");
    print_process(status);
    print_reach(status);
    printf("shaping    %s\n", text(status, "shaper"));
    if (network != NULL) {
        print_place(network);
        print_work(network);
    }
    print_budget(cJSON_GetObjectItemCaseSensitive(status, "budget"));
    if (anonymity != NULL) {
        print_anonymity(anonymity);
    }
}
