/* The network on which a crowd of daemons is put to the test: two namespaces joined by a cable, of
 * which a packet filter makes some nodes silent, and whose cable can be pulled. Node n has the
 * address 10.(n + 1).0.1, the even ones in this process's namespace, the odd ones in the other. All
 * of it goes away with the process. Needs root, iproute2 and iptables. */
#ifndef CEPA_TESTS_LAB_FAULT_NETWORK_H
#define CEPA_TESTS_LAB_FAULT_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

enum { FAULT_NETWORK = 10 }; /* first byte of all addresses */

/* fault_network_make moves this process into a namespace of its own and makes all of it for so many
 * nodes. Returns 0, or -1 when this machine cannot, which has been said on standard output. */
int fault_network_make(size_t nodes);

/* fault_network_enter is what the program does that cepa_crowd runs before a daemon: it goes to the
 * namespace of node `arguments[1]` and becomes the command from `arguments[2]` on. Returns only if
 * that fails. */
void fault_network_enter(char **arguments);

/* fault_network_silence drops everything that comes from or goes to the nodes marked in
 * `are_silent`, without a word to anybody; no marks at all let everything pass again. True if that
 * worked. */
bool fault_network_silence(const bool *are_silent, size_t nodes);

/* fault_network_pull takes the cable down, or up again. True if that worked. */
bool fault_network_pull(bool is_down);

#endif
