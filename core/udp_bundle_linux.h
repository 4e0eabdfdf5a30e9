/* udp_bundle_linux.h - datagrams of one length that go through Linux as one and
 * are taken apart at its end (UDP_SEGMENT: udp(7)).
 *
 * A system that is older than that (4.18) passes over what it does not know and
 * sends one long datagram: it has to be asked before.
 */
#ifndef MLXR_UDP_BUNDLE_LINUX_H
#define MLXR_UDP_BUNDLE_LINUX_H

#include <linux/udp.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { MLXR_UDP_BUNDLE_NOTE = CMSG_SPACE(sizeof(uint16_t)) };

/// Whether the system knows bundles; `fd` is any UDP socket.
static inline bool mlxr_udp_bundle_is_known(int fd) {
  enum { UNASKED, KNOWN, UNKNOWN };
  static atomic_int verdict = UNASKED;
  int known = atomic_load_explicit(&verdict, memory_order_relaxed);
  if (known == UNASKED) {
    int len = 0;
    socklen_t size = sizeof len;
    known = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &len, &size) == 0
                ? KNOWN
                : UNKNOWN;
    atomic_store_explicit(&verdict, known, memory_order_relaxed);
  }
  return known == KNOWN;
}

/// Writes the control message that tells how long each datagram is. It takes
/// MLXR_UDP_BUNDLE_NOTE bytes; `at` is aligned as a `struct cmsghdr`.
static inline void mlxr_udp_bundle_note(void *at, uint16_t len) {
  struct cmsghdr *note = at;
  memset(note, 0, MLXR_UDP_BUNDLE_NOTE);
  note->cmsg_level = IPPROTO_UDP;
  note->cmsg_type = UDP_SEGMENT;
  note->cmsg_len = CMSG_LEN(sizeof len);
  memcpy(CMSG_DATA(note), &len, sizeof len);
}

#endif
