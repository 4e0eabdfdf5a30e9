#include <errno.h>
#include <sys/socket.h>

#include "udp_bundle_linux.h"
#include "upstream_pool.h"

/* Questions of one length go through the system as one and are taken apart at
 * its end (UDP_SEGMENT: udp(7)), which is most of what sending them costs. */
static ssize_t send_bundle(int fd, struct iovec *pieces, unsigned count) {
  _Alignas(8) uint8_t control[MLXR_UDP_BUNDLE_NOTE];
  struct msghdr message = {.msg_iov = pieces,
                           .msg_iovlen = count,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  mlxr_udp_bundle_note(control, (uint16_t)pieces->iov_len);
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int send_each(int fd, struct iovec *pieces, unsigned count) {
  struct mmsghdr messages[MLXR_UPSTREAM_SEND];
  for (unsigned i = 0; i < count; i++)
    messages[i].msg_hdr =
        (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
  return sendmmsg(fd, messages, count, MSG_NOSIGNAL);
}

/* Ways out without checksums, or for short packets only, take no bundles. */
static bool is_refusal(int code) {
  return code == EINVAL || code == EMSGSIZE || code == EIO ||
         code == EOPNOTSUPP;
}

static int send_alike(int fd, struct iovec *pieces, unsigned count) {
  if (count == 1) // mostly, and cheaper
    return send(fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL) < 0 ? -1
                                                                         : 1;
  if (!mlxr_udp_bundle_is_known(fd))
    return send_each(fd, pieces, count);
  if (send_bundle(fd, pieces, count) >= 0)
    return (int)count;
  return is_refusal(errno) ? send_each(fd, pieces, count) : -1;
}

int mlxr_upstream_send_batch(int fd, question_t *first, size_t count) {
  struct iovec pieces[MLXR_UPSTREAM_SEND];
  const size_t len = first->exchange.query_len;
  unsigned n = 0;
  for (question_t *question = first;
       question && n < count && question->exchange.query_len == len;
       question = question->next, n++)
    pieces[n] = (struct iovec){question->exchange.query, len};
  int sent;
  do
    sent = send_alike(fd, pieces, n);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

int mlxr_upstream_receive_batch(int fd,
                                uint8_t (*datagrams)[MLXR_UPSTREAM_DATAGRAM],
                                size_t *lens, size_t count) {
  struct mmsghdr messages[MLXR_UPSTREAM_RECEIVE];
  struct iovec pieces[MLXR_UPSTREAM_RECEIVE];
  if (count > MLXR_UPSTREAM_RECEIVE)
    count = MLXR_UPSTREAM_RECEIVE;
  for (size_t i = 0; i < count; i++) {
    pieces[i] = (struct iovec){datagrams[i], MLXR_UPSTREAM_DATAGRAM};
    messages[i].msg_hdr =
        (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  int n;
  do
    n = recvmmsg(fd, messages, (unsigned)count, MSG_DONTWAIT | MSG_TRUNC, NULL);
  while (n < 0 && errno == EINTR);
  for (int i = 0; i < n; i++)
    lens[i] = messages[i].msg_len;
  return n < 0 ? -errno : n;
}
