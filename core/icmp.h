/* icmp.h - echoes ("ping") without privileges: a datagram socket that speaks
 * ICMP, one for each family. The kernel lets whole groups of users have it
 * (Linux: net.ipv4.ping_group_range; macOS: everybody).
 *
 * A reply belongs to a question when token and address are the question's;
 * whose question it was is for the caller to remember, as are deadlines.
 */
#ifndef MLXR_ICMP_H
#define MLXR_ICMP_H

#include "address.h"

typedef struct mlxr_icmp mlxr_icmp_t;

typedef struct mlxr_icmp_reply {
  mlxr_address_t from; ///< without port
  uint64_t token;      ///< of the question
} mlxr_icmp_reply_t;

/// `family` is 4 or 6. -EACCES where the user may not.
int mlxr_icmp_open(int family, mlxr_icmp_t **out);
void mlxr_icmp_close(mlxr_icmp_t *icmp);
int mlxr_icmp_fd(const mlxr_icmp_t *icmp);

/// Sends an echo request that bears a token, which nobody but the addressee
/// should be able to guess.
int mlxr_icmp_send(mlxr_icmp_t *icmp, const mlxr_address_t *to, uint64_t token);

/// Up to `count` replies that have come: their number, 0 when there are none.
int mlxr_icmp_step(mlxr_icmp_t *icmp, mlxr_icmp_reply_t *out, size_t count);

#endif
