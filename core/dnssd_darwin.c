#include "dnssd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "poller.h"
#include "sockaddr.h"

/* What dns_sd.h declares; the header is not in every kit to build with. */
typedef struct _DNSServiceRef_t *DNSServiceRef;
typedef void (*DNSServiceGetAddrInfoReply)(DNSServiceRef ref, uint32_t flags,
                                           uint32_t interface, int32_t error,
                                           const char *name,
                                           const struct sockaddr *address,
                                           uint32_t ttl, void *context);
int32_t DNSServiceGetAddrInfo(DNSServiceRef *ref, uint32_t flags,
                              uint32_t interface, uint32_t protocol,
                              const char *name,
                              DNSServiceGetAddrInfoReply reply, void *context);
int DNSServiceRefSockFD(DNSServiceRef ref);
int32_t DNSServiceProcessResult(DNSServiceRef ref);
void DNSServiceRefDeallocate(DNSServiceRef ref);

enum {
  FLAG_MORE_COMING = 0x1,
  FLAG_ADD = 0x2,
  FLAG_INTERMEDIATES = 0x1000, /* with it "no such record" is told at once */
  PROTOCOL_IPV4 = 1,
  PROTOCOL_IPV6 = 2,
  ERROR_NO_SUCH_NAME = -65538,
  ERROR_NO_MEMORY = -65539,
  ERROR_BAD_PARAMETER = -65540,
  ERROR_NO_SUCH_RECORD = -65554,
  ERROR_NOT_RUNNING = -65563,
  ERROR_TIMEOUT = -65568,
  ERROR_DEFUNCT_CONNECTION = -65569,
  ERROR_POLICY_DENIED = -65570,
  SETTLE_MS = 50, /* for the other family once one has answered */
  EVENTS = 64
};

typedef struct question {
  DNSServiceRef ref;
  uint64_t deadline, settle;
  uint32_t wanted;   /* PROTOCOL_… that have not answered */
  uint32_t reported; /* PROTOCOL_… of the last message, more to come */
  mlxr_native_result_t result;
} question_t;

struct mlxr_dnssd {
  mlxr_poller_t *poller;
  question_t *questions[MLXR_DNSSD_MAX];
  uint16_t generations[MLXR_DNSSD_MAX];
};

static int code_of(int32_t error) {
  switch (error) {
  case 0:
    return 0;
  case ERROR_NO_SUCH_NAME:
  case ERROR_NO_SUCH_RECORD:
    return MLXR_ENOTFOUND;
  case ERROR_TIMEOUT:
    return MLXR_ETIMEOUT;
  case ERROR_NO_MEMORY:
    return -ENOMEM;
  case ERROR_BAD_PARAMETER:
    return MLXR_ETEXT;
  case ERROR_NOT_RUNNING:
  case ERROR_DEFUNCT_CONNECTION:
    return -ECONNREFUSED;
  case ERROR_POLICY_DENIED:
    return -EPERM;
  }
  return -EIO;
}

static const char *words_of(int32_t error) {
  switch (error) {
  case ERROR_NOT_RUNNING:
  case ERROR_DEFUNCT_CONNECTION:
    return "the system's mDNS responder does not run";
  case ERROR_POLICY_DENIED:
    return "not allowed to use the local network: see Privacy & Security";
  }
  return NULL;
}

static void put_address(question_t *question, const struct sockaddr *from,
                        uint32_t interface) {
  mlxr_native_result_t *result = &question->result;
  mlxr_address_t address;
  mlxr_sockaddr_read(from, &address);
  if (address.family == 0 || result->count == MLXR_NATIVE_ADDRESSES)
    return;
  address.port = 0;
  if (address.family == 6 && mlxr_address_is_link_local(&address))
    address.scope = interface;
  for (size_t i = 0; i < result->count; i++)
    if (mlxr_address_is_same_host(&result->addresses[i], &address))
      return;
  result->addresses[result->count++] = address;
}

/* Called from within DNSServiceProcessResult, where the reference must live
 * on: it only takes notes. */
static void on_reply(DNSServiceRef ref, uint32_t flags, uint32_t interface,
                     int32_t error, const char *name,
                     const struct sockaddr *address, uint32_t ttl,
                     void *context) {
  question_t *question = context;
  (void)ref, (void)name, (void)ttl;
  int code = code_of(error);
  if (code != 0 && code != MLXR_ENOTFOUND) {
    question->result.code = code;
    question->result.detail = words_of(error);
    return;
  }
  if (address)
    question->reported |=
        address->sa_family == AF_INET ? PROTOCOL_IPV4 : PROTOCOL_IPV6;
  if (code == 0 && address && flags & FLAG_ADD)
    put_address(question, address, interface);
  if (!(flags & FLAG_MORE_COMING))
    question->wanted &= ~question->reported;
}

static uint32_t slot_of(const mlxr_dnssd_t *dnssd, uint32_t index) {
  return index | (uint32_t)dnssd->generations[index] << 16;
}

static question_t *find(const mlxr_dnssd_t *dnssd, uint32_t slot) {
  uint32_t index = slot & 0xffff;
  bool is_there = index < MLXR_DNSSD_MAX && slot_of(dnssd, index) == slot;
  return is_there ? dnssd->questions[index] : NULL;
}

static void end_question(mlxr_dnssd_t *dnssd, uint32_t index) {
  question_t *question = dnssd->questions[index];
  if (question->ref) {
    mlxr_poller_remove(dnssd->poller, DNSServiceRefSockFD(question->ref));
    DNSServiceRefDeallocate(question->ref);
  }
  free(question);
  dnssd->questions[index] = NULL;
  dnssd->generations[index]++;
}

int mlxr_dnssd_open(mlxr_dnssd_t **out) {
  mlxr_dnssd_t *dnssd = calloc(1, sizeof *dnssd);
  if (!dnssd)
    return -ENOMEM;
  int rc = mlxr_poller_open(&dnssd->poller);
  if (rc < 0) {
    free(dnssd);
    return rc;
  }
  *out = dnssd;
  return 0;
}

void mlxr_dnssd_close(mlxr_dnssd_t *dnssd) {
  if (!dnssd)
    return;
  for (uint32_t i = 0; i < MLXR_DNSSD_MAX; i++)
    if (dnssd->questions[i])
      end_question(dnssd, i);
  mlxr_poller_close(dnssd->poller);
  free(dnssd);
}

int mlxr_dnssd_fd(const mlxr_dnssd_t *dnssd) {
  return mlxr_poller_fd(dnssd->poller);
}

static int begin(mlxr_dnssd_t *dnssd, question_t *question, const char *name,
                 uint32_t slot) {
  int32_t error =
      DNSServiceGetAddrInfo(&question->ref, FLAG_INTERMEDIATES, 0,
                            question->wanted, name, on_reply, question);
  if (error != 0) {
    question->ref = NULL;
    return code_of(error);
  }
  return mlxr_poller_add(dnssd->poller, DNSServiceRefSockFD(question->ref),
                         MLXR_POLL_READ, slot);
}

int mlxr_dnssd_ask(mlxr_dnssd_t *dnssd, const char *name, int family,
                   uint64_t deadline, uint64_t now, uint32_t *slot) {
  (void)now;
  if (family != 0 && family != 4 && family != 6)
    return -EAFNOSUPPORT;
  uint32_t index = 0;
  while (index < MLXR_DNSSD_MAX && dnssd->questions[index])
    index++;
  if (index == MLXR_DNSSD_MAX)
    return MLXR_EBUSY;
  question_t *question = calloc(1, sizeof *question);
  if (!question)
    return -ENOMEM;
  question->deadline = deadline;
  question->settle = UINT64_MAX;
  question->wanted =
      (family != 6 ? PROTOCOL_IPV4 : 0U) | (family != 4 ? PROTOCOL_IPV6 : 0U);
  dnssd->questions[index] = question;
  *slot = question->result.slot = slot_of(dnssd, index);
  int rc = begin(dnssd, question, name, *slot);
  if (rc < 0)
    end_question(dnssd, index);
  return rc;
}

void mlxr_dnssd_cancel(mlxr_dnssd_t *dnssd, uint32_t slot) {
  if (find(dnssd, slot))
    end_question(dnssd, slot & 0xffff);
}

static void read_replies(mlxr_dnssd_t *dnssd, uint64_t now) {
  mlxr_poll_event_t events[EVENTS];
  int n = mlxr_poller_wait(dnssd->poller, events, EVENTS, 0);
  for (int i = 0; i < n; i++) {
    question_t *question = find(dnssd, (uint32_t)events[i].tag);
    if (!question)
      continue;
    int32_t error = DNSServiceProcessResult(question->ref);
    if (error != 0) {
      question->result.code = code_of(error);
      question->result.detail = words_of(error);
    }
    if (question->result.count > 0 && question->settle == UINT64_MAX)
      question->settle = now + SETTLE_MS;
  }
}

static bool is_finished(question_t *question, uint64_t now) {
  mlxr_native_result_t *result = &question->result;
  if (result->count > 0) {
    bool is_over = question->wanted == 0 || now >= question->settle ||
                   now >= question->deadline || result->code != 0;
    if (is_over)
      result->code = 0;
    return is_over;
  }
  if (result->code == 0 && question->wanted == 0)
    result->code = MLXR_ENOTFOUND;
  if (result->code == 0 && now >= question->deadline)
    result->code = MLXR_ETIMEOUT;
  return result->code != 0;
}

int mlxr_dnssd_step(mlxr_dnssd_t *dnssd, uint64_t now,
                    mlxr_native_result_t *out, size_t count, uint64_t *next) {
  size_t n = 0;
  read_replies(dnssd, now);
  *next = UINT64_MAX;
  for (uint32_t i = 0; i < MLXR_DNSSD_MAX; i++) {
    question_t *question = dnssd->questions[i];
    if (!question)
      continue;
    if (is_finished(question, now)) {
      if (n == count) {
        *next = now;
        break;
      }
      out[n++] = question->result;
      end_question(dnssd, i);
      continue;
    }
    uint64_t at = question->settle < question->deadline ? question->settle
                                                        : question->deadline;
    if (at < *next)
      *next = at;
  }
  return (int)n;
}
