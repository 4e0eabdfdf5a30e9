#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "upstream_pool.h"

int mlxr_upstream_send_batch(int fd, question_t *first, size_t count) {
  int sent = 0;
  for (question_t *question = first; question && (size_t)sent < count;
       question = question->next, sent++) {
    const mlxr_exchange_t *exchange = &question->exchange;
    ssize_t n;
    do
      n = send(fd, exchange->query, exchange->query_len, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
      return sent > 0 ? sent : -errno;
  }
  return sent;
}

static ssize_t receive_one(int fd, uint8_t *datagram, size_t *len) {
  struct iovec piece = {datagram, MLXR_UPSTREAM_DATAGRAM};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  ssize_t n;
  do
    n = recvmsg(fd, &message, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -errno;
  *len = (size_t)n + ((message.msg_flags & MSG_TRUNC) ? 1 : 0);
  return n;
}

int mlxr_upstream_receive_batch(int fd,
                                uint8_t (*datagrams)[MLXR_UPSTREAM_DATAGRAM],
                                size_t *lens, size_t count) {
  for (size_t i = 0; i < count; i++) {
    ssize_t n = receive_one(fd, datagrams[i], &lens[i]);
    if (n < 0)
      return i > 0 ? (int)i : (int)n;
  }
  return (int)count;
}
