#include <errno.h>
#include <string.h>

#include "front_internal.h"
#include "udp_bundle_linux.h"

/* Most of what a datagram costs is its way through the system. Replies of one
 * length to one client go that way as one bundle, which is taken apart at its
 * end (UDP_SEGMENT: udp(7)); each client still gets datagrams of their own. */

enum {
  SLOTS = 128,
  BUNDLE_BYTES = 60000,  ///< a datagram's limit, with room for headers
  DATAGRAM_BYTES = 1232, ///< longer ones may need fragments, a bundle has none
  REST = 1024,           ///< batches without bundles after one was refused
  NONE = 255
};

typedef struct bundle {
  uint8_t first, last; ///< of its replies
  uint8_t count;
  uint8_t next; ///< in the same slot
} bundle_t;

typedef struct plan {
  const front_message_t *replies;
  bundle_t bundles[FRONT_BATCH];
  unsigned count;            ///< of bundles
  uint8_t next[FRONT_BATCH]; ///< reply in the same bundle
  uint8_t slots[SLOTS];
  front_message_t messages[FRONT_BATCH];
  struct iovec parts[FRONT_BATCH];
  _Alignas(
      8) uint8_t control[FRONT_BATCH][FRONT_CONTROL + MLXR_UDP_BUNDLE_NOTE];
} plan_t;

static size_t length_of(const front_message_t *reply) {
  return reply->msg_hdr.msg_iov->iov_len;
}

static unsigned slot_of(const front_message_t *reply) {
  const front_peer_t *peer = reply->msg_hdr.msg_name;
  return (peer->v4.sin_port * 31u + (unsigned)length_of(reply)) % SLOTS;
}

/* Behind a control message is what was there before it. */
static bool leave_alike(const struct msghdr *one, const struct msghdr *other) {
  if (one->msg_controllen == 0 || other->msg_controllen == 0)
    return one->msg_controllen == other->msg_controllen;
  const struct cmsghdr *pin = one->msg_control;
  return one->msg_controllen == other->msg_controllen &&
         memcmp(pin, other->msg_control, pin->cmsg_len) == 0;
}

static bool is_alike(const front_message_t *a, const front_message_t *b) {
  const struct msghdr *one = &a->msg_hdr, *other = &b->msg_hdr;
  return length_of(a) == length_of(b) &&
         one->msg_namelen == other->msg_namelen &&
         memcmp(one->msg_name, other->msg_name, one->msg_namelen) == 0 &&
         leave_alike(one, other);
}

static bool has_room(const bundle_t *bundle, size_t len) {
  return len <= DATAGRAM_BYTES && (bundle->count + 1u) * len <= BUNDLE_BYTES;
}

static void put_reply(plan_t *plan, uint8_t i) {
  const front_message_t *reply = &plan->replies[i];
  uint8_t *slot = &plan->slots[slot_of(reply)];
  for (uint8_t at = *slot; at != NONE; at = plan->bundles[at].next) {
    bundle_t *bundle = &plan->bundles[at];
    if (is_alike(&plan->replies[bundle->first], reply) &&
        has_room(bundle, length_of(reply))) {
      plan->next[bundle->last] = i;
      bundle->last = i;
      bundle->count++;
      return;
    }
  }
  plan->bundles[plan->count] = (bundle_t){i, i, 1, *slot};
  *slot = (uint8_t)plan->count++;
}

static void ask_for_parts(struct msghdr *message, uint8_t *control,
                          uint16_t len) {
  size_t pin_len = message->msg_controllen;
  if (pin_len > 0)
    memcpy(control, message->msg_control, pin_len);
  mlxr_udp_bundle_note(control + pin_len, len);
  message->msg_control = control;
  message->msg_controllen = pin_len + MLXR_UDP_BUNDLE_NOTE;
}

static void make_messages(plan_t *plan) {
  struct iovec *part = plan->parts;
  for (unsigned i = 0; i < plan->count; i++) {
    const bundle_t *bundle = &plan->bundles[i];
    const front_message_t *reply = &plan->replies[bundle->first];
    struct msghdr *message = &plan->messages[i].msg_hdr;
    *message = reply->msg_hdr;
    if (bundle->count == 1)
      continue;
    message->msg_iov = part;
    message->msg_iovlen = bundle->count;
    uint8_t at = bundle->first;
    for (unsigned n = 0; n < bundle->count; n++, at = plan->next[at])
      *part++ = *plan->replies[at].msg_hdr.msg_iov;
    ask_for_parts(message, plan->control[i], (uint16_t)length_of(reply));
  }
}

static bool is_congested(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS;
}

/* One that cannot be sent does not keep the others. */
static unsigned send_singly(int fd, front_message_t *replies, unsigned count) {
  unsigned at = 0, sent = 0;
  while (at < count) {
    int n = sendmmsg(fd, replies + at, count - at, MSG_DONTWAIT);
    if (n > 0) {
      at += (unsigned)n;
      sent += (unsigned)n;
    } else if (is_congested(errno)) {
      break;
    } else if (errno != EINTR) {
      at++;
    }
  }
  return sent;
}

static unsigned send_apart(int fd, const plan_t *plan, const bundle_t *bundle) {
  front_message_t replies[FRONT_BATCH];
  uint8_t at = bundle->first;
  for (unsigned i = 0; i < bundle->count; i++, at = plan->next[at])
    replies[i] = plan->replies[at];
  return send_singly(fd, replies, bundle->count);
}

static unsigned send_bundles(int fd, front_batch_t *batch, plan_t *plan) {
  unsigned at = 0, sent = 0;
  while (at < plan->count) {
    int n = sendmmsg(fd, plan->messages + at, plan->count - at, MSG_DONTWAIT);
    for (int i = 0; i < n; i++)
      sent += plan->bundles[at++].count;
    if (n > 0)
      continue;
    if (is_congested(errno))
      break;
    if (errno == EINTR)
      continue;
    /* A way out without checksums, or for short packets only, takes none. Where
     * nothing gets through, it is the client who cannot be reached. */
    if (plan->bundles[at].count > 1) {
      unsigned apart = send_apart(fd, plan, &plan->bundles[at]);
      if (apart > 0)
        batch->rest = REST;
      sent += apart;
    }
    at++;
  }
  return sent;
}

unsigned mlxr_front_send(int fd, front_batch_t *batch, unsigned count) {
  plan_t plan;
  if (count < 2 || batch->rest > 0 || !mlxr_udp_bundle_is_known(fd)) {
    batch->rest -= batch->rest > 0;
    return send_singly(fd, batch->out, count);
  }
  plan.replies = batch->out;
  plan.count = 0;
  memset(plan.slots, NONE, sizeof plan.slots);
  for (unsigned i = 0; i < count; i++)
    put_reply(&plan, (uint8_t)i);
  if (plan.count == count)
    return send_singly(fd, batch->out, count);
  make_messages(&plan);
  return send_bundles(fd, batch, &plan);
}
