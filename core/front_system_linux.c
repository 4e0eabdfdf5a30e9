#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "front_internal.h"

int mlxr_front_receive_many(int fd, front_message_t *messages, unsigned count) {
  int n = recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
  return n < 0 ? -errno : n;
}

int mlxr_front_accept(int listener, front_peer_t *peer) {
  socklen_t len = sizeof *peer;
  int fd = accept4(listener, &peer->any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void mlxr_front_name_thread(uint32_t number) {
  char name[16];
  snprintf(name, sizeof name, "mlxr-front-%u", number % 100);
  pthread_setname_np(pthread_self(), name);
}

uint32_t mlxr_front_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) < 0)
    return 0;
  return (uint32_t)CPU_COUNT(&set);
}

/* A forged "fragmentation needed" must not make us send fragments (RFC 9715
 * section 3.1), and many clients at once need more room than the default. */
void mlxr_front_tune(int fd, int family) {
  int size = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  int mode = IP_PMTUDISC_OMIT;
  if (family == AF_INET)
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode);
  mode = IPV6_PMTUDISC_OMIT;
  if (family == AF_INET6)
    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &mode, sizeof mode);
}
