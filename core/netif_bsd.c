#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "netif_bsd.h"
#include "netif_internal.h"
#include "sockaddr.h"

/* A routing socket drops what does not fit without a word, but then it has
 * something to read: every message means "read it all anew", so that none of
 * them needs to be understood and none needs to be seen. */

enum {
  MESSAGE_BYTES = 4096,
  STEP_MESSAGES = 1024,
  SYSCTL_TRIES = 8, /* the table may grow between the two calls */
  SYSCTL_ROOM = 4096
};

struct mlxr_netif_system {
  int route;
  int control; /* for ioctl */
};

static bool is_neighbour(const struct rt_msghdr *message) {
  return message->rtm_flags & (RTF_LLINFO | RTF_WASCLONED);
}

/* Traffic makes neighbours all the time: only those are read for them. */
static int what_to_read(const struct rt_msghdr *message) {
  switch (message->rtm_type) {
  case RTM_IFINFO:
  case RTM_NEWADDR:
  case RTM_DELADDR:
    return MLXR_READ_ALL;
  case RTM_ADD:
  case RTM_DELETE:
  case RTM_CHANGE:
    return is_neighbour(message) ? MLXR_READ_NEIGHBOURS
                                 : MLXR_READ_ROUTES | MLXR_READ_NEIGHBOURS;
  case RTM_GET:
  case RTM_MISS:
  case RTM_LOSING:
  case RTM_REDIRECT:
  case RTM_LOCK:
    return MLXR_READ_EVENTS;
  }
  /* RTM_IFANNOUNCE and its kin have numbers of their own on each system */
  return MLXR_READ_ALL;
}

int mlxr_netif_system_step(mlxr_netif_system_t *system, mlxr_netif_t *netif) {
  union {
    struct rt_msghdr message;
    char bytes[MESSAGE_BYTES];
  } buffer;
  int what = MLXR_READ_EVENTS;
  (void)netif;
  for (int i = 0; i < STEP_MESSAGES; i++) {
    ssize_t n = read(system->route, &buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == ENOBUFS)
      return MLXR_READ_LOST;
    if (n < 0)
      return errno == EAGAIN ? what : -errno;
    /* the fields up to rtm_type are the same in all kinds of messages */
    if ((size_t)n > offsetof(struct rt_msghdr, rtm_type) &&
        buffer.message.rtm_version == RTM_VERSION)
      what |= (size_t)n < sizeof buffer.message &&
                      buffer.message.rtm_type <= RTM_GET
                  ? MLXR_READ_ALL
                  : what_to_read(&buffer.message);
  }
  return what;
}

static int read_flags(unsigned flags) {
  return (flags & IFF_UP ? MLXR_NETIF_UP : 0) |
         (flags & IFF_RUNNING ? MLXR_NETIF_RUNNING : 0) |
         (flags & IFF_MULTICAST ? MLXR_NETIF_MULTICAST : 0) |
         (flags & IFF_POINTOPOINT ? MLXR_NETIF_POINT_TO_POINT : 0);
}

static int add_link(const mlxr_netif_system_t *system,
                    const struct ifaddrs *from, mlxr_netif_view_t *view) {
  const struct sockaddr_dl *link = (const void *)from->ifa_addr;
  const struct if_data *data = from->ifa_data;
  mlxr_interface_t out = {.index = link->sdl_index,
                          .flags = read_flags(from->ifa_flags),
                          .mtu = data ? (uint32_t)data->ifi_mtu : 0};
  size_t len = strnlen(from->ifa_name, sizeof out.name - 1);
  memcpy(out.name, from->ifa_name, len);
  if (link->sdl_alen == 6) {
    memcpy(out.mac, LLADDR(link), 6);
    out.has_mac = true;
  }
  out.kind = mlxr_netif_kind_of(system->control, &out, link->sdl_type);
  return mlxr_netif_view_put_interface(view, &out);
}

static uint8_t prefix_of(const struct sockaddr *mask, uint8_t family) {
  const uint8_t *bytes =
      family == 4
          ? (const void *)&((const struct sockaddr_in *)(const void *)mask)
                ->sin_addr
          : (const void *)&((const struct sockaddr_in6 *)(const void *)mask)
                ->sin6_addr;
  unsigned most = family == 4 ? 32 : 128, n = 0;
  while (n < most && bytes[n / 8] & 0x80 >> n % 8)
    n++;
  return (uint8_t)n;
}

/* These systems keep a link-local address's scope in its second pair of bytes
 * where it leaves the kernel by a routing message. */
static void repair_scope(mlxr_address_t *address, uint32_t index) {
  if (address->family != 6 || !mlxr_address_is_link_local(address))
    return;
  address->bytes[2] = address->bytes[3] = 0;
  address->scope = index;
}

static int add_address(const mlxr_netif_system_t *system,
                       const struct ifaddrs *from, mlxr_netif_view_t *view) {
  mlxr_interface_address_t out = {.index = if_nametoindex(from->ifa_name)};
  mlxr_sockaddr_read(from->ifa_addr, &out.address);
  if (out.address.family == 0 || out.index == 0)
    return 0;
  repair_scope(&out.address, out.index);
  if (from->ifa_netmask)
    out.prefix = prefix_of(from->ifa_netmask, out.address.family);
  if (out.address.family == 6)
    mlxr_netif_address_flags(system->control, from->ifa_name, from->ifa_addr,
                             &out);
  return mlxr_netif_view_put_address(view, &out);
}

static int read_interfaces(mlxr_netif_system_t *system,
                           mlxr_netif_view_t *view) {
  struct ifaddrs *all;
  if (getifaddrs(&all) != 0)
    return -errno;
  int rc = 0;
  for (const struct ifaddrs *a = all; a && rc != -ENOMEM; a = a->ifa_next) {
    if (!a->ifa_addr)
      continue;
    rc = a->ifa_addr->sa_family == AF_LINK ? add_link(system, a, view)
                                           : add_address(system, a, view);
  }
  freeifaddrs(all);
  return rc == -ENOMEM ? rc : 0;
}

/* The addresses that follow a message, by their RTAX_… number. */
static void split_addresses(const struct rt_msghdr *message,
                            const struct sockaddr *out[RTAX_MAX]) {
  const char *at = (const char *)(message + 1);
  const char *end = (const char *)message + message->rtm_msglen;
  for (int i = 0; i < RTAX_MAX; i++) {
    out[i] = NULL;
    if (!(message->rtm_addrs & 1 << i) || at + 2 > end)
      continue;
    const struct sockaddr *address = (const void *)at;
    size_t len = address->sa_len;
    if (at + len > end)
      return;
    if (len > 0)
      out[i] = address;
    at += MLXR_ROUTE_ROUND(len);
  }
}

/* The kernel cuts addresses short after their last byte that is not zero. */
static void read_short(const struct sockaddr *from, mlxr_address_t *out) {
  struct sockaddr_storage whole;
  memset(&whole, 0, sizeof whole);
  memcpy(&whole, from,
         from->sa_len < sizeof whole ? from->sa_len : sizeof whole);
  mlxr_sockaddr_read((const struct sockaddr *)&whole, out);
}

static bool is_default(const struct sockaddr *to, const struct sockaddr *mask) {
  mlxr_address_t address;
  static const uint8_t none[16];
  read_short(to, &address);
  if (address.family == 0 || memcmp(address.bytes, none, sizeof none) != 0)
    return false;
  size_t from = address.family == 4 ? offsetof(struct sockaddr_in, sin_addr)
                                    : offsetof(struct sockaddr_in6, sin6_addr);
  for (size_t i = from; mask && i < mask->sa_len; i++)
    if (((const uint8_t *)mask)[i] != 0)
      return false;
  return true;
}

/* A default route that is bound to one interface stands behind the one that
 * is for all. */
static int add_route(const struct rt_msghdr *message, mlxr_netif_view_t *view) {
  const struct sockaddr *parts[RTAX_MAX];
  split_addresses(message, parts);
  if (!(message->rtm_flags & RTF_UP) || !parts[RTAX_DST] ||
      !is_default(parts[RTAX_DST], parts[RTAX_NETMASK]))
    return 0;
  mlxr_route_t out = {.index = message->rtm_index};
#ifdef RTF_IFSCOPE
  out.metric = message->rtm_flags & RTF_IFSCOPE ? 1 : 0;
#endif
  if (parts[RTAX_GATEWAY])
    read_short(parts[RTAX_GATEWAY], &out.gateway);
  if (out.gateway.family == 0)
    out.gateway.family = parts[RTAX_DST]->sa_family == AF_INET ? 4 : 6;
  repair_scope(&out.gateway, out.index);
  return mlxr_netif_view_put_route(view, &out);
}

static int add_neighbour(const struct rt_msghdr *message,
                         mlxr_netif_view_t *view) {
  const struct sockaddr *parts[RTAX_MAX];
  split_addresses(message, parts);
  const struct sockaddr_dl *link = (const void *)parts[RTAX_GATEWAY];
  mlxr_neighbour_t out = {.index = message->rtm_index};
  if (!parts[RTAX_DST] || !link || link->sdl_family != AF_LINK)
    return 0;
  read_short(parts[RTAX_DST], &out.address);
  if (out.address.family == 0)
    return 0;
  repair_scope(&out.address, out.index);
  out.is_failed = message->rtm_flags & RTF_REJECT;
  if (!out.is_failed && link->sdl_alen != 6)
    return 0;
  if (!out.is_failed)
    memcpy(out.mac, LLADDR(link), 6);
  long expire = (long)message->rtm_rmx.rmx_expire;
  out.is_reachable =
      !out.is_failed && (expire == 0 || expire > (long)time(NULL));
  return mlxr_netif_view_put_neighbour(view, &out);
}

typedef int (*add_fn)(const struct rt_msghdr *message, mlxr_netif_view_t *view);

static int read_table(int flags, add_fn add, mlxr_netif_view_t *view) {
  int name[] = {CTL_NET, PF_ROUTE, 0, AF_UNSPEC, NET_RT_FLAGS, flags};
  char *table = NULL;
  size_t len = 0;
  for (int i = 0; i < SYSCTL_TRIES; i++) {
    if (sysctl(name, 6, NULL, &len, NULL, 0) != 0)
      return -errno;
    len += SYSCTL_ROOM;
    table = malloc(len);
    if (!table)
      return -ENOMEM;
    if (sysctl(name, 6, table, &len, NULL, 0) == 0)
      break;
    int code = -errno;
    free(table);
    table = NULL;
    if (code != -ENOMEM)
      return code;
  }
  if (!table)
    return MLXR_EBUSY;
  int rc = 0;
  for (size_t at = 0; at + sizeof(struct rt_msghdr) <= len && rc != -ENOMEM;) {
    const struct rt_msghdr *message = (const void *)(table + at);
    if (message->rtm_msglen < sizeof *message || message->rtm_msglen > len - at)
      break;
    if (message->rtm_version == RTM_VERSION)
      rc = add(message, view);
    at += message->rtm_msglen;
  }
  free(table);
  return rc == -ENOMEM ? rc : 0;
}

static void drain(mlxr_netif_system_t *system) {
  char bytes[MESSAGE_BYTES];
  for (int i = 0; i < STEP_MESSAGES; i++)
    if (read(system->route, bytes, sizeof bytes) < 0 && errno != ENOBUFS)
      return;
}

int mlxr_netif_system_read(mlxr_netif_system_t *system, int what,
                           mlxr_netif_view_t *view) {
  bool all = what & MLXR_READ_ALL;
  int rc = 0;
  if (all) {
    drain(system);
    rc = read_interfaces(system, view);
  }
  if (rc == 0 && (all || what & MLXR_READ_ROUTES))
    rc = read_table(RTF_UP, add_route, view);
  if (rc == 0 && (all || what & MLXR_READ_NEIGHBOURS))
    rc = read_table(RTF_LLINFO, add_neighbour, view);
  return rc;
}

int mlxr_netif_system_open(uint32_t receive_bytes, mlxr_netif_system_t **out) {
  mlxr_netif_system_t *system = calloc(1, sizeof *system);
  if (!system)
    return -ENOMEM;
  int bytes = receive_bytes > INT32_MAX ? INT32_MAX : (int)receive_bytes;
  system->route = socket(PF_ROUTE, SOCK_RAW, 0);
  system->control = socket(AF_INET6, SOCK_DGRAM, 0);
  if (system->control < 0)
    system->control = socket(AF_INET, SOCK_DGRAM, 0);
  if (system->route < 0 || system->control < 0 ||
      fcntl(system->route, F_SETFL, O_NONBLOCK) != 0 ||
      fcntl(system->route, F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl(system->control, F_SETFD, FD_CLOEXEC) != 0 ||
      (bytes > 0 && setsockopt(system->route, SOL_SOCKET, SO_RCVBUF, &bytes,
                               sizeof bytes) != 0)) {
    int code = -errno;
    mlxr_netif_system_close(system);
    return code;
  }
  *out = system;
  return 0;
}

void mlxr_netif_system_close(mlxr_netif_system_t *system) {
  if (!system)
    return;
  if (system->route >= 0)
    close(system->route);
  if (system->control >= 0)
    close(system->control);
  free(system);
}

int mlxr_netif_system_fd(const mlxr_netif_system_t *system) {
  return system->route;
}
