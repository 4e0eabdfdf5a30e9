#include "poller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

enum { BATCH = 64 };

struct mlxr_poller {
  int fd;
};

int mlxr_poller_open(mlxr_poller_t **out) {
  mlxr_poller_t *poller = malloc(sizeof *poller);
  if (!poller)
    return -ENOMEM;
  poller->fd = kqueue();
  if (poller->fd < 0) {
    int code = -errno;
    free(poller);
    return code;
  }
  fcntl(poller->fd, F_SETFD, FD_CLOEXEC);
  *out = poller;
  return 0;
}

void mlxr_poller_close(mlxr_poller_t *poller) {
  if (!poller)
    return;
  close(poller->fd);
  free(poller);
}

int mlxr_poller_fd(const mlxr_poller_t *poller) { return poller->fd; }

static int filter(mlxr_poller_t *poller, int fd, int16_t which, bool wanted,
                  uint64_t tag) {
  struct kevent change;
  EV_SET(&change, (uintptr_t)fd, which, wanted ? EV_ADD : EV_DELETE, 0, 0,
         (void *)(uintptr_t)tag);
  if (kevent(poller->fd, &change, 1, NULL, 0, NULL) == 0)
    return 0;
  /* deleting a filter that was never there is what `change` may ask for */
  return !wanted && errno == ENOENT ? 0 : -errno;
}

int mlxr_poller_change(mlxr_poller_t *poller, int fd, int events,
                       uint64_t tag) {
  int rc = filter(poller, fd, EVFILT_READ, events & MLXR_POLL_READ, tag);
  if (rc == 0)
    rc = filter(poller, fd, EVFILT_WRITE, events & MLXR_POLL_WRITE, tag);
  return rc;
}

int mlxr_poller_add(mlxr_poller_t *poller, int fd, int events, uint64_t tag) {
  return mlxr_poller_change(poller, fd, events, tag);
}

void mlxr_poller_remove(mlxr_poller_t *poller, int fd) {
  mlxr_poller_change(poller, fd, 0, 0);
}

int mlxr_poller_wait(mlxr_poller_t *poller, mlxr_poll_event_t *out,
                     size_t count, int timeout) {
  struct kevent events[BATCH];
  struct timespec limit = {timeout / 1000, (timeout % 1000) * 1000000L};
  int most = count < BATCH ? (int)count : BATCH;
  int n =
      kevent(poller->fd, NULL, 0, events, most, timeout < 0 ? NULL : &limit);
  if (n < 0)
    return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < n; i++) {
    int seen =
        events[i].filter == EVFILT_READ ? MLXR_POLL_READ : MLXR_POLL_WRITE;
    if (events[i].flags & (EV_EOF | EV_ERROR))
      seen = MLXR_POLL_READ | MLXR_POLL_WRITE;
    out[i] = (mlxr_poll_event_t){.tag = (uint64_t)(uintptr_t)events[i].udata,
                                 .events = seen};
  }
  return n;
}

int mlxr_wakeup_open(mlxr_wakeup_t *wakeup) {
  int fds[2];
  if (pipe(fds) != 0)
    return -errno;
  for (int i = 0; i < 2; i++) {
    fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    fcntl(fds[i], F_SETFL, O_NONBLOCK);
  }
  wakeup->read_fd = fds[0];
  wakeup->write_fd = fds[1];
  return 0;
}

void mlxr_wakeup_close(mlxr_wakeup_t *wakeup) {
  if (wakeup->read_fd >= 0) {
    close(wakeup->read_fd);
    close(wakeup->write_fd);
  }
  wakeup->read_fd = wakeup->write_fd = -1;
}

void mlxr_wakeup_signal(mlxr_wakeup_t *wakeup) {
  char byte = 1;
  ssize_t n = write(wakeup->write_fd, &byte, 1);
  (void)n; /* a full pipe is readable already */
}

void mlxr_wakeup_drain(mlxr_wakeup_t *wakeup) {
  char bytes[256];
  while (read(wakeup->read_fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
    ;
}
