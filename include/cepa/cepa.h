/* Cepa for programs: all of it. libcepa(3)
 *
 *     cc program.c $(pkg-config --cflags --libs cepa) */
#ifndef CEPA_CEPA_H
#define CEPA_CEPA_H

#include <cepa/node.h>
#include <cepa/stream.h>
#include <cepa/transfer.h>

#endif
