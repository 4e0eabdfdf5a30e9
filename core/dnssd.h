/* dnssd.h - names asked of the system's own responder through dns_sd, which on
 * a Mac knows `.local` and holds port 5353.
 *
 * The object has the shape of native.h and gives the same results, but needs no
 * thread: each question is a connection to the responder, all behind one
 * descriptor. macOS only (dnssd_darwin.c).
 */
#ifndef MLXR_DNSSD_H
#define MLXR_DNSSD_H

#include "native.h"

typedef struct mlxr_dnssd mlxr_dnssd_t;

enum { MLXR_DNSSD_MAX = 256 }; ///< questions under way

int mlxr_dnssd_open(mlxr_dnssd_t **out);
void mlxr_dnssd_close(mlxr_dnssd_t *dnssd);
int mlxr_dnssd_fd(const mlxr_dnssd_t *dnssd);

/// `family` is 4, 6 or 0 for both; `deadline` is monotonic ms. MLXR_EBUSY when
/// too many questions are under way. A question for both families ends when
/// both were answered, or 50 ms after the first address.
int mlxr_dnssd_ask(mlxr_dnssd_t *dnssd, const char *name, int family,
                   uint64_t deadline, uint64_t now, uint32_t *slot);
/// Forgets the question: there will be no result.
void mlxr_dnssd_cancel(mlxr_dnssd_t *dnssd, uint32_t slot);

/// Up to `count` results; `*next` is when to step again, UINT64_MAX for never.
/// Codes: MLXR_ENOTFOUND; MLXR_ETIMEOUT; -ECONNREFUSED without a responder;
/// -EPERM when the system keeps us from the local network; -EIO.
int mlxr_dnssd_step(mlxr_dnssd_t *dnssd, uint64_t now,
                    mlxr_native_result_t *out, size_t count, uint64_t *next);

#endif
