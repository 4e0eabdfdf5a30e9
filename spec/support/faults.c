/* faults.c - calls of the system that fail when a spec wants them to, to be put
 * before the system's with LD_PRELOAD. Only calls from mlxresolve's own code
 * count, and some of libmicrohttpd's: what luajit and luv do goes through.
 *
 *   mlxt_fail("recvmmsg", ENOMEM, 3, 2)   the third call from now on, and one
 *                                         more
 *   mlxt_fail(NULL, 0, 0, 0)              none; returns how many did fail
 *   mlxt_age()                            a system that knows no UDP_SEGMENT
 *   mlxt_intrude()                        before a UDP socket is connected, a
 *                                         stranger sends something to its port
 *
 * A descriptor that is closed while it is not open ends the program: between
 * the two, another thread may have been given its number.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char wanted[32];
static int wanted_code;
static long first, last, seen, failed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

long mlxt_fail(const char *name, int code, long from, long count) {
  pthread_mutex_lock(&lock);
  long before = failed;
  memset(wanted, 0, sizeof wanted);
  if (name)
    strncpy(wanted, name, sizeof wanted - 1);
  wanted_code = code;
  first = from;
  last = from + count - 1;
  seen = failed = 0;
  pthread_mutex_unlock(&lock);
  return before;
}

/* Of libmicrohttpd's calls, only what it needs to start with: it aborts when
 * epoll_ctl fails later, and loses a descriptor when it has no memory. */
static int is_ours(const char *name, void *caller) {
  int is_for_start = strcmp(name, "pthread_create") == 0 ||
                     strcmp(name, "epoll_create1") == 0 ||
                     strcmp(name, "eventfd") == 0;
  Dl_info info;
  if (!dladdr(caller, &info) || !info.dli_fname)
    return 0;
  return strstr(info.dli_fname, "mlxresolve") ||
         (is_for_start && strstr(info.dli_fname, "microhttpd"));
}

/* 1, with errno set, when this call is to fail. */
static int fails(const char *name, void *caller) {
  if (wanted[0] == '\0' || strcmp(wanted, name) != 0 || !is_ours(name, caller))
    return 0;
  pthread_mutex_lock(&lock);
  int now = ++seen >= first && seen <= last;
  failed += now;
  pthread_mutex_unlock(&lock);
  if (now)
    errno = wanted_code;
  return now;
}

#define CALLER __builtin_return_address(0)
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- a system before UDP_SEGMENT: it passes over control messages of levels
 * that it does not know */

static int is_old;

void mlxt_age(void) { is_old = 1; }

static void pass_over(struct msghdr *message) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at && is_old;
       at = CMSG_NXTHDR(message, at))
    if (at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_SEGMENT) {
      message->msg_controllen =
          (size_t)((char *)at - (char *)message->msg_control);
      return;
    }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  struct msghdr seen = *message;
  if (fails("sendmsg", CALLER))
    return -1;
  pass_over(&seen);
  return REAL(sendmsg)(fd, &seen, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  if (fails("sendmmsg", CALLER))
    return -1;
  for (unsigned i = 0; i < count; i++)
    pass_over(&messages[i].msg_hdr);
  return REAL(sendmmsg)(fd, messages, count, flags);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *len) {
  if (is_old && level == IPPROTO_UDP && option == UDP_SEGMENT) {
    errno = ENOPROTOOPT;
    return -1;
  }
  return fails("getsockopt", CALLER)
             ? -1
             : REAL(getsockopt)(fd, level, option, value, len);
}

/* ---- a stranger who is quicker than `connect` */

static int is_intruding;

void mlxt_intrude(void) { is_intruding = 1; }

static void intrude(int fd) {
  struct sockaddr_in port;
  socklen_t len = sizeof port;
  int type = 0;
  socklen_t type_len = sizeof type;
  REAL(getsockopt)(fd, SOL_SOCKET, SO_TYPE, &type, &type_len);
  if (type != SOCK_DGRAM ||
      REAL(getsockname)(fd, (struct sockaddr *)&port, &len) != 0 ||
      port.sin_family != AF_INET || port.sin_port == 0)
    return;
  port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int stranger = REAL(socket)(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  REAL(sendto)
  (stranger, "a stranger's word", 17, 0, (struct sockaddr *)&port, len);
  REAL(close)(stranger);
}

int connect(int fd, const struct sockaddr *to, socklen_t len) {
  if (fails("connect", CALLER))
    return -1;
  if (is_intruding && is_ours("connect", CALLER))
    intrude(fd);
  return REAL(connect)(fd, to, len);
}

/* ---- the others */

#define WRAP(result, failure, name, parameters, arguments)                     \
  result name parameters {                                                     \
    static result(*real) parameters;                                           \
    if (!real)                                                                 \
      real = (result(*) parameters)dlsym(RTLD_NEXT, #name);                    \
    return fails(#name, CALLER) ? (failure) : real arguments;                  \
  }

WRAP(int, -1, socket, (int family, int type, int protocol),
     (family, type, protocol))
WRAP(int, -1, bind, (int fd, const struct sockaddr *to, socklen_t len),
     (fd, to, len))
WRAP(int, -1, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, -1, accept4,
     (int fd, struct sockaddr *from, socklen_t *len, int flags),
     (fd, from, len, flags))
WRAP(int, -1, setsockopt,
     (int fd, int level, int option, const void *value, socklen_t len),
     (fd, level, option, value, len))
WRAP(int, -1, getsockname, (int fd, struct sockaddr *name, socklen_t *len),
     (fd, name, len))
WRAP(ssize_t, -1, send, (int fd, const void *data, size_t len, int flags),
     (fd, data, len, flags))
WRAP(ssize_t, -1, sendto,
     (int fd, const void *data, size_t len, int flags,
      const struct sockaddr *to, socklen_t to_len),
     (fd, data, len, flags, to, to_len))
WRAP(ssize_t, -1, recv, (int fd, void *data, size_t len, int flags),
     (fd, data, len, flags))
WRAP(ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags),
     (fd, message, flags))
WRAP(int, -1, recvmmsg,
     (int fd, struct mmsghdr *messages, unsigned count, int flags,
      struct timespec *timeout),
     (fd, messages, count, flags, timeout))
WRAP(int, -1, epoll_create1, (int flags), (flags))
WRAP(int, -1, epoll_ctl,
     (int fd, int operation, int which, struct epoll_event *event),
     (fd, operation, which, event))
WRAP(int, -1, epoll_wait,
     (int fd, struct epoll_event *events, int count, int timeout),
     (fd, events, count, timeout))
WRAP(int, -1, eventfd, (unsigned value, int flags), (value, flags))
WRAP(int, wanted_code, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes,
      void *(*run)(void *), void *argument),
     (thread, attributes, run, argument))

/* All that allocates counts as "malloc". The real ones are the library's own
 * names, since dlsym itself allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  return fails("malloc", CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails("malloc", CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  return fails("malloc", CALLER) ? NULL : __libc_realloc(memory, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  void *memory =
      fails("malloc", CALLER) ? NULL : __libc_memalign(alignment, size);
  if (memory)
    *out = memory;
  return memory ? 0 : ENOMEM;
}

char *strdup(const char *text) {
  size_t len = strlen(text) + 1;
  char *copy = fails("malloc", CALLER) ? NULL : __libc_malloc(len);
  return copy ? memcpy(copy, text, len) : NULL;
}

int close(int fd) {
  static int (*real)(int);
  if (!real)
    real = (int (*)(int))dlsym(RTLD_NEXT, "close");
  int rc = real(fd);
  if (rc != 0 && errno == EBADF) {
    static const char message[] = "a descriptor is closed twice\n";
    ssize_t n = write(STDERR_FILENO, message, sizeof message - 1);
    (void)n;
    _exit(99);
  }
  return rc;
}
