#include <errno.h>
#include <sys/socket.h>

#include "upstream_pool.h"

int mlxr_upstream_send_batch(int fd, question_t *first, size_t count) {
  struct mmsghdr messages[MLXR_UPSTREAM_SEND];
  struct iovec pieces[MLXR_UPSTREAM_SEND];
  unsigned n = 0;
  for (question_t *question = first; question && n < count;
       question = question->next, n++) {
    mlxr_exchange_t *exchange = &question->exchange;
    pieces[n] = (struct iovec){exchange->query, exchange->query_len};
    messages[n].msg_hdr =
        (struct msghdr){.msg_iov = &pieces[n], .msg_iovlen = 1};
  }
  int sent;
  do {
    if (n > 1)
      sent = sendmmsg(fd, messages, n, MSG_NOSIGNAL);
    else // nearly always, and cheaper
      sent = send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL) < 0
                 ? -1
                 : 1;
  } while (sent < 0 && errno == EINTR);
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
