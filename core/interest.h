/* interest.h - which packets of a link concern somebody here, told by a glance.
 *
 * Most of what a busy link says concerns nobody. The glance walks the headers
 * of a packet's entries, follows the pointers of their first labels and copies
 * nothing, so that only what is awaited, kept or ours is ever decoded.
 *
 * Names are told apart by the hash of their first label: a compressed name
 * still spells it out, or points at where it is spelled, so nothing can be
 * missed; that another label fits by chance costs a decoding.
 */
#ifndef MLXR_INTEREST_H
#define MLXR_INTEREST_H

#include "address.h"
#include "name.h"

typedef struct mlxr_interest mlxr_interest_t;

/// Why somebody cares for a name; bits.
enum {
  MLXR_INTEREST_AWAITED = 1, ///< somebody waits for it, or it is kept
  MLXR_INTEREST_OWNED = 2    ///< we say something of it
};

/// What was dismissed, by the reason.
typedef struct mlxr_interest_stats {
  uint32_t labels;    ///< cared for
  uint64_t query;     ///< no response, and nothing that we answer or learn from
  uint64_t unawaited; ///< responses about nobody's names
  uint64_t echo;      ///< our own, come back
} mlxr_interest_stats_t;

/// `seed` keeps strangers from choosing collisions. -ENOMEM.
int mlxr_interest_new(uint64_t seed, mlxr_interest_t **out);
void mlxr_interest_free(mlxr_interest_t *interest);

/// Begins to care for a wire name in whatever case, for one reason; calls nest.
/// When there are too many names, all packets concern somebody.
void mlxr_interest_add(mlxr_interest_t *interest, const uint8_t *name,
                       unsigned reason);
/// Ends one call of `add`.
void mlxr_interest_remove(mlxr_interest_t *interest, const uint8_t *name,
                          unsigned reason);

/// Are queries without questions of interest, as they bring further known
/// answers (RFC 6762 section 7.2)?
void mlxr_interest_expect(mlxr_interest_t *interest, unsigned reason,
                          bool is_expected);

/// Remembers the packet as sent by those who await, or by those who own: when
/// it comes back it does not concern them. The last 128 of each are known.
void mlxr_interest_put_sent(mlxr_interest_t *interest, unsigned reason,
                            const uint8_t *packet, size_t len);
/// The addresses that our own packets come back from, port and scope aside.
/// -ENOMEM, and the old ones stay.
int mlxr_interest_put_own(mlxr_interest_t *interest,
                          const mlxr_address_t *addresses, size_t count);

/// Whom a packet concerns: AWAITED, OWNED, both, or 0 for nobody. Counts what
/// it dismisses.
unsigned mlxr_interest_admit(mlxr_interest_t *interest, const uint8_t *packet,
                             size_t len, const mlxr_address_t *from);

mlxr_interest_stats_t mlxr_interest_stats(const mlxr_interest_t *interest);

#endif
