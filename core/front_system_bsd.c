#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "front_internal.h"

int mlxr_front_receive_many(int fd, front_message_t *messages, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    ssize_t n = recvmsg(fd, &messages[i].msg_hdr, MSG_DONTWAIT);
    if (n < 0)
      return i > 0 ? (int)i : -errno;
    messages[i].msg_len = (unsigned)n;
  }
  return (int)count;
}

int mlxr_front_accept(int listener, front_peer_t *peer) {
  socklen_t len = sizeof *peer;
  int one = 1;
  int fd = accept(listener, &peer->any, &len);
  if (fd < 0)
    return -errno;
#ifdef SO_NOSIGPIPE
  setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#else
  (void)one;
#endif
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
      fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
    int code = -errno;
    close(fd);
    return code;
  }
  return fd;
}

uint32_t mlxr_front_processors(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (uint32_t)count : 0;
}

void mlxr_front_name_thread(uint32_t number) {
#ifdef __APPLE__
  char name[16];
  snprintf(name, sizeof name, "mlxr-front-%u", number % 100);
  pthread_setname_np(name);
#else
  (void)number;
#endif
}

void mlxr_front_tune(int fd, int family) {
  int size = 1 << 20;
  (void)family;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}
