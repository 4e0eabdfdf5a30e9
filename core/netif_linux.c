#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "netif_internal.h"
#include "netif_linux.h"

enum {
  BUFFER_BYTES = 65536, /* the kernel's largest dump message is 32 KiB */
  STEP_MESSAGES = 256,  /* datagrams a step reads at most */
  DRAIN_MESSAGES = 65536,
  DUMP_TRIES = 32, /* a dump that changes disturb is begun again */
  DUMP_WAIT_S = 2
};

struct mlxr_netif_system {
  int events;   /* subscribed to the groups */
  int requests; /* dumps, so that their replies do not stand among events */
  uint32_t sequence;
  char *buffer;
};

static void put_route(void *context, const mlxr_route_t *route) {
  mlxr_netif_put_route(context, route);
}

static void drop_route(void *context, const mlxr_route_t *route) {
  mlxr_netif_drop_route(context, route);
}

/* The kernel takes IPv4 routes away without a word when their link goes down
 * or their source address goes, and a replacing route does not say which one
 * it replaced: then the routes are read anew. */
static int tell_link(mlxr_netif_t *netif, const struct nlmsghdr *message) {
  const struct ifinfomsg *info = NLMSG_DATA(message);
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
    return 0;
  mlxr_interface_t link;
  if (!mlxr_netif_read_link(
          message, mlxr_netif_find(netif, (uint32_t)info->ifi_index), &link))
    return 0;
  if (message->nlmsg_type == RTM_DELLINK)
    mlxr_netif_drop_interface(netif, link.index);
  else
    mlxr_netif_put_interface(netif, &link);
  return link.flags & MLXR_NETIF_UP ? 0 : MLXR_READ_ROUTES;
}

static int tell_address(mlxr_netif_t *netif, const struct nlmsghdr *message) {
  mlxr_interface_address_t address;
  if (!mlxr_netif_read_address(message, &address))
    return 0;
  if (message->nlmsg_type == RTM_NEWADDR) {
    mlxr_netif_put_address(netif, &address);
    return 0;
  }
  mlxr_netif_drop_address(netif, &address);
  return address.address.family == 4 ? MLXR_READ_ROUTES : 0;
}

static int tell_neighbour(mlxr_netif_t *netif, const struct nlmsghdr *message) {
  mlxr_neighbour_t neighbour;
  if (!mlxr_netif_read_neighbour(message, &neighbour))
    return 0;
  if (message->nlmsg_type == RTM_DELNEIGH)
    mlxr_netif_drop_neighbour(netif, &neighbour);
  else
    mlxr_netif_put_neighbour(netif, &neighbour);
  return 0;
}

static int tell(mlxr_netif_t *netif, const struct nlmsghdr *message) {
  switch (message->nlmsg_type) {
  case RTM_NEWLINK:
  case RTM_DELLINK:
    return tell_link(netif, message);
  case RTM_NEWADDR:
  case RTM_DELADDR:
    return tell_address(netif, message);
  case RTM_NEWROUTE:
    if (message->nlmsg_flags & NLM_F_REPLACE)
      return MLXR_READ_ROUTES;
    mlxr_netif_each_route(message, put_route, netif);
    return 0;
  case RTM_DELROUTE:
    mlxr_netif_each_route(message, drop_route, netif);
    return 0;
  case RTM_NEWNEIGH:
  case RTM_DELNEIGH:
    return tell_neighbour(netif, message);
  }
  return 0;
}

/* Anybody may send to a netlink socket; only port 0 is the kernel. Returns the
 * length, 0 for a message to ignore, or a negative errno. */
static ssize_t receive(mlxr_netif_system_t *system, int fd) {
  struct sockaddr_nl from = {0};
  struct iovec part = {system->buffer, BUFFER_BYTES};
  struct msghdr message = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &part,
                           .msg_iovlen = 1};
  ssize_t n = recvmsg(fd, &message, 0);
  if (n < 0)
    return errno == EINTR ? 0 : -errno;
  if (from.nl_pid != 0)
    return 0;
  return message.msg_flags & MSG_TRUNC ? -ENOBUFS : n;
}

int mlxr_netif_system_step(mlxr_netif_system_t *system, mlxr_netif_t *netif) {
  int what = MLXR_READ_EVENTS;
  for (int i = 0; i < STEP_MESSAGES; i++) {
    ssize_t n = receive(system, system->events);
    if (n == -EAGAIN)
      break;
    if (n == -ENOBUFS)
      return what | MLXR_READ_LOST;
    if (n < 0)
      return (int)n;
    size_t left = (size_t)n;
    for (const struct nlmsghdr *m = (const void *)system->buffer;
         NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
      what |= tell(netif, m);
  }
  return what;
}

static void add_route(void *context, const mlxr_route_t *route) {
  mlxr_netif_view_put_route(context, route);
}

static int add(mlxr_netif_view_t *view, const struct nlmsghdr *message) {
  mlxr_interface_t link;
  mlxr_interface_address_t address;
  mlxr_neighbour_t neighbour;
  switch (message->nlmsg_type) {
  case RTM_NEWLINK:
    return mlxr_netif_read_link(message, NULL, &link)
               ? mlxr_netif_view_put_interface(view, &link)
               : 0;
  case RTM_NEWADDR:
    return mlxr_netif_read_address(message, &address)
               ? mlxr_netif_view_put_address(view, &address)
               : 0;
  case RTM_NEWROUTE:
    mlxr_netif_each_route(message, add_route, view);
    return 0;
  case RTM_NEWNEIGH:
    return mlxr_netif_read_neighbour(message, &neighbour)
               ? mlxr_netif_view_put_neighbour(view, &neighbour)
               : 0;
  }
  return 0;
}

static int send_dump(mlxr_netif_system_t *system, uint16_t type) {
  struct {
    struct nlmsghdr header;
    union {
      struct ifinfomsg link;
      struct ifaddrmsg address;
      struct rtmsg route;
      struct ndmsg neighbour;
    } body;
  } request = {.header = {.nlmsg_len = sizeof request,
                          .nlmsg_type = type,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                          .nlmsg_seq = ++system->sequence}};
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t n = sendto(system->requests, &request, sizeof request, 0,
                     (struct sockaddr *)&kernel, sizeof kernel);
  return n < 0 ? -errno : 0;
}

/* 0, 1 when it goes on, or a negative code. */
static int read_dump_part(mlxr_netif_system_t *system, size_t len,
                          mlxr_netif_view_t *view, bool *interrupted) {
  for (const struct nlmsghdr *m = (const void *)system->buffer;
       NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
    if (m->nlmsg_seq != system->sequence)
      continue;
    if (m->nlmsg_flags & NLM_F_DUMP_INTR)
      *interrupted = true;
    if (m->nlmsg_type == NLMSG_DONE)
      return 0;
    if (m->nlmsg_type == NLMSG_ERROR) {
      const struct nlmsgerr *error = NLMSG_DATA(m);
      return m->nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error < 0
                 ? error->error
                 : 0;
    }
    if (add(view, m) == -ENOMEM)
      return -ENOMEM;
  }
  return 1;
}

/* While replies of a dump that was given up wait, the kernel takes no other. */
static void forget_replies(mlxr_netif_system_t *system) {
  for (int i = 0; i < DRAIN_MESSAGES; i++)
    if (recv(system->requests, system->buffer, BUFFER_BYTES, MSG_DONTWAIT) <
            0 &&
        errno != ENOBUFS)
      return;
}

static int dump(mlxr_netif_system_t *system, uint16_t type,
                mlxr_netif_list_t *list, mlxr_netif_view_t *view) {
  bool interrupted = true;
  for (int i = 0; interrupted && i < DUMP_TRIES; i++) {
    interrupted = false;
    mlxr_netif_list_clear(list);
    forget_replies(system);
    int rc = send_dump(system, type);
    for (rc = rc < 0 ? rc : 1; rc > 0;) {
      ssize_t n = receive(system, system->requests);
      rc = n < 0 ? (int)n
                 : read_dump_part(system, (size_t)n, view, &interrupted);
    }
    if (rc < 0)
      return rc == -EAGAIN ? MLXR_ETIMEOUT : rc;
  }
  return 0;
}

/* What waits is older than the dumps that follow; what comes during them is
 * told after them and says nothing wrong. */
static void drain(mlxr_netif_system_t *system) {
  for (int i = 0; i < DRAIN_MESSAGES; i++) {
    ssize_t n = receive(system, system->events);
    if (n < 0 && n != -ENOBUFS)
      return;
  }
}

int mlxr_netif_system_read(mlxr_netif_system_t *system, int what,
                           mlxr_netif_view_t *view) {
  bool all = what & MLXR_READ_ALL;
  int rc = 0;
  if (all) {
    drain(system);
    rc = dump(system, RTM_GETLINK, &view->interfaces, view);
    if (rc == 0)
      rc = dump(system, RTM_GETADDR, &view->addresses, view);
  }
  if (rc == 0 && (all || what & MLXR_READ_ROUTES))
    rc = dump(system, RTM_GETROUTE, &view->routes, view);
  if (rc == 0 && (all || what & MLXR_READ_NEIGHBOURS))
    rc = dump(system, RTM_GETNEIGH, &view->neighbours, view);
  return rc;
}

static int open_socket(int flags, unsigned groups, uint32_t receive_bytes) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0)
    return -errno;
  struct sockaddr_nl local = {.nl_family = AF_NETLINK, .nl_groups = groups};
  int bytes = receive_bytes > INT32_MAX ? INT32_MAX : (int)receive_bytes;
  struct timeval wait = {.tv_sec = DUMP_WAIT_S};
  if ((bytes > 0 &&
       setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
      bind(fd, (struct sockaddr *)&local, sizeof local) != 0) {
    int code = -errno;
    close(fd);
    return code;
  }
  return fd;
}

int mlxr_netif_system_open(uint32_t receive_bytes, mlxr_netif_system_t **out) {
  mlxr_netif_system_t *system = calloc(1, sizeof *system);
  if (!system)
    return -ENOMEM;
  system->requests = -1;
  system->buffer = malloc(BUFFER_BYTES);
  system->events =
      open_socket(SOCK_NONBLOCK,
                  RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                      RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_NEIGH,
                  receive_bytes);
  int rc = system->buffer ? system->events : -ENOMEM;
  if (rc >= 0)
    rc = system->requests = open_socket(0, 0, 0);
  if (rc < 0) {
    mlxr_netif_system_close(system);
    return rc;
  }
  *out = system;
  return 0;
}

void mlxr_netif_system_close(mlxr_netif_system_t *system) {
  if (!system)
    return;
  if (system->events >= 0)
    close(system->events);
  if (system->requests >= 0)
    close(system->requests);
  free(system->buffer);
  free(system);
}

int mlxr_netif_system_fd(const mlxr_netif_system_t *system) {
  return system->events;
}
