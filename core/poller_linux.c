#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 64 };

struct mlxr_poller {
  int fd;
};

int mlxr_poller_open(mlxr_poller_t **out) {
  mlxr_poller_t *poller = malloc(sizeof *poller);
  if (!poller)
    return -ENOMEM;
  poller->fd = epoll_create1(EPOLL_CLOEXEC);
  if (poller->fd < 0) {
    int code = -errno;
    free(poller);
    return code;
  }
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

static int control(mlxr_poller_t *poller, int operation, int fd, int events,
                   uint64_t tag) {
  struct epoll_event event = {.data.u64 = tag};
  if (events & MLXR_POLL_READ)
    event.events |= EPOLLIN;
  if (events & MLXR_POLL_WRITE)
    event.events |= EPOLLOUT;
  return epoll_ctl(poller->fd, operation, fd, &event) == 0 ? 0 : -errno;
}

int mlxr_poller_add(mlxr_poller_t *poller, int fd, int events, uint64_t tag) {
  return control(poller, EPOLL_CTL_ADD, fd, events, tag);
}

int mlxr_poller_change(mlxr_poller_t *poller, int fd, int events,
                       uint64_t tag) {
  return control(poller, EPOLL_CTL_MOD, fd, events, tag);
}

void mlxr_poller_remove(mlxr_poller_t *poller, int fd) {
  struct epoll_event unused = {0};
  epoll_ctl(poller->fd, EPOLL_CTL_DEL, fd, &unused);
}

int mlxr_poller_wait(mlxr_poller_t *poller, mlxr_poll_event_t *out,
                     size_t count, int timeout) {
  struct epoll_event events[BATCH];
  int most = count < BATCH ? (int)count : BATCH;
  int n = epoll_wait(poller->fd, events, most, timeout);
  if (n < 0)
    return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < n; i++) {
    uint32_t got = events[i].events;
    int seen = 0;
    if (got & (EPOLLIN | EPOLLERR | EPOLLHUP))
      seen |= MLXR_POLL_READ;
    if (got & (EPOLLOUT | EPOLLERR | EPOLLHUP))
      seen |= MLXR_POLL_WRITE;
    out[i] = (mlxr_poll_event_t){.tag = events[i].data.u64, .events = seen};
  }
  return n;
}

int mlxr_wakeup_open(mlxr_wakeup_t *wakeup) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0)
    return -errno;
  wakeup->read_fd = wakeup->write_fd = fd;
  return 0;
}

void mlxr_wakeup_close(mlxr_wakeup_t *wakeup) {
  if (wakeup->read_fd >= 0)
    close(wakeup->read_fd);
  wakeup->read_fd = wakeup->write_fd = -1;
}

void mlxr_wakeup_signal(mlxr_wakeup_t *wakeup) {
  uint64_t one = 1;
  ssize_t n = write(wakeup->write_fd, &one, sizeof one);
  (void)n; /* a full counter is readable already */
}

void mlxr_wakeup_drain(mlxr_wakeup_t *wakeup) {
  uint64_t count;
  ssize_t n = read(wakeup->read_fd, &count, sizeof count);
  (void)n;
}
