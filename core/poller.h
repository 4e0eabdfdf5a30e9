/* poller.h - many descriptors behind one: epoll on Linux, kqueue on BSD and
 * macOS, in a file each. Level-triggered. The poller's own descriptor becomes
 * readable when one of its members is ready.
 */
#ifndef MLXR_POLLER_H
#define MLXR_POLLER_H

#include "mlxresolve.h"

typedef struct mlxr_poller mlxr_poller_t;

enum { MLXR_POLL_READ = 1, MLXR_POLL_WRITE = 2 };

typedef struct mlxr_poll_event {
  uint64_t tag;
  int events; ///< MLXR_POLL_…; errors and hang-ups count as both
} mlxr_poll_event_t;

int mlxr_poller_open(mlxr_poller_t **out);
void mlxr_poller_close(mlxr_poller_t *poller);
int mlxr_poller_fd(const mlxr_poller_t *poller);

/// `tag` comes back with the events of `fd`.
int mlxr_poller_add(mlxr_poller_t *poller, int fd, int events, uint64_t tag);
int mlxr_poller_change(mlxr_poller_t *poller, int fd, int events, uint64_t tag);
void mlxr_poller_remove(mlxr_poller_t *poller, int fd);

/// Waits at most `timeout` ms (0 looks, -1 waits for ever); returns the number
/// of events, 0 for none (EINTR counts as none), or a negative errno.
int mlxr_poller_wait(mlxr_poller_t *poller, mlxr_poll_event_t *out,
                     size_t count, int timeout);

/// A descriptor that one thread can make readable for another: eventfd or pipe.
typedef struct mlxr_wakeup {
  int read_fd, write_fd;
} mlxr_wakeup_t;
int mlxr_wakeup_open(mlxr_wakeup_t *wakeup);
void mlxr_wakeup_close(mlxr_wakeup_t *wakeup);
void mlxr_wakeup_signal(mlxr_wakeup_t *wakeup);
void mlxr_wakeup_drain(mlxr_wakeup_t *wakeup);

#endif
