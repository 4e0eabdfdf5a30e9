#include <errno.h>

#include "front_internal.h"

static bool is_congested(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS;
}

/* One that cannot be sent does not keep the others. */
unsigned mlxr_front_send(int fd, front_batch_t *batch, unsigned count) {
  unsigned sent = 0;
  for (unsigned i = 0; i < count; i++) {
    ssize_t n;
    do
      n = sendmsg(fd, &batch->out[i].msg_hdr, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && is_congested(errno))
      break;
    sent += n >= 0;
  }
  return sent;
}
