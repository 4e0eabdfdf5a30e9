#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netif_linux.h"

/* A neighbour's table entry that has no answer yet says nothing new. */
#define NEIGHBOUR_CONFIRMED (NUD_REACHABLE | NUD_PERMANENT)
#define NEIGHBOUR_KNOWN                                                        \
  (NEIGHBOUR_CONFIRMED | NUD_STALE | NUD_DELAY | NUD_PROBE)

enum { ATTRIBUTES = 64 };

typedef struct attribute {
  const void *data;
  size_t len;
} attribute_t;

typedef struct attributes {
  attribute_t at[ATTRIBUTES];
} attributes_t;

/* The kernel's macros mix int and unsigned; this walks the same layout. */
static void read_attributes(const void *bytes, size_t len, attributes_t *out) {
  const char *at = bytes;
  struct rtattr head;
  memset(out, 0, sizeof *out);
  while (len >= sizeof head) {
    memcpy(&head, at, sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > len)
      return;
    unsigned type =
        head.rta_type & ~(unsigned)(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
    if (type < ATTRIBUTES)
      out->at[type] =
          (attribute_t){at + sizeof head, head.rta_len - sizeof head};
    size_t step = (head.rta_len + 3U) & ~(size_t)3;
    if (step >= len)
      return;
    at += step;
    len -= step;
  }
}

/* The fixed part that a message begins with, and the attributes behind it;
 * NULL when the message is too short. */
static const void *read_message(const struct nlmsghdr *message, size_t fixed,
                                attributes_t *out) {
  const char *body = NLMSG_DATA(message);
  size_t head = NLMSG_LENGTH(fixed), padded = NLMSG_ALIGN(head);
  if (message->nlmsg_len < head)
    return NULL;
  size_t left = message->nlmsg_len > padded ? message->nlmsg_len - padded : 0;
  read_attributes(body + NLMSG_ALIGN(fixed), left, out);
  return body;
}

static uint32_t attribute_u32(const attributes_t *attributes, int type,
                              uint32_t fallback) {
  uint32_t value = fallback;
  if (attributes->at[type].len >= sizeof value)
    memcpy(&value, attributes->at[type].data, sizeof value);
  return value;
}

static bool read_bytes(int family, const void *bytes, size_t len,
                       uint32_t index, mlxr_address_t *out) {
  size_t need = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
  if (need == 0 || len < need)
    return false;
  *out = (mlxr_address_t){.family = family == AF_INET ? 4 : 6};
  memcpy(out->bytes, bytes, need);
  if (family == AF_INET6 && mlxr_address_is_link_local(out))
    out->scope = index;
  return true;
}

static bool attribute_address(const attributes_t *attributes, int type,
                              int family, uint32_t index, mlxr_address_t *out) {
  const attribute_t *a = &attributes->at[type];
  return a->data && read_bytes(family, a->data, a->len, index, out);
}

static bool attribute_mac(const attributes_t *attributes, int type,
                          uint8_t mac[6]) {
  const attribute_t *a = &attributes->at[type];
  if (a->len != 6)
    return false;
  memcpy(mac, a->data, 6);
  return true;
}

static void attribute_text(const attributes_t *attributes, int type, char *out,
                           size_t size) {
  const attribute_t *a = &attributes->at[type];
  size_t len = a->len < size ? a->len : size - 1;
  if (len > 0)
    memcpy(out, a->data, len);
  out[len] = '\0';
}

static void link_type(const attributes_t *attributes, char out[16]) {
  attributes_t info;
  const attribute_t *a = &attributes->at[IFLA_LINKINFO];
  read_attributes(a->data, a->len, &info);
  attribute_text(&info, IFLA_INFO_KIND, out, 16);
}

/* A bridge without ports has an address of zeros. */
static bool is_set(const uint8_t mac[6]) {
  static const uint8_t none[6];
  return memcmp(mac, none, sizeof none) != 0;
}

static int read_flags(unsigned flags) {
  return (flags & IFF_UP ? MLXR_NETIF_UP : 0) |
         (flags & IFF_RUNNING ? MLXR_NETIF_RUNNING : 0) |
         (flags & IFF_MULTICAST ? MLXR_NETIF_MULTICAST : 0) |
         (flags & IFF_POINTOPOINT ? MLXR_NETIF_POINT_TO_POINT : 0);
}

/* Messages of family AF_BRIDGE tell of ports, not of links: a DELLINK of that
 * family says that the port left its bridge. */
bool mlxr_netif_read_link(const struct nlmsghdr *message,
                          const mlxr_interface_t *known,
                          mlxr_interface_t *out) {
  attributes_t attributes;
  const struct ifinfomsg *info =
      read_message(message, sizeof *info, &attributes);
  if (!info || info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
    return false;
  *out = (mlxr_interface_t){.index = (uint32_t)info->ifi_index,
                            .flags = read_flags(info->ifi_flags),
                            .mtu = attribute_u32(&attributes, IFLA_MTU, 0)};
  attribute_text(&attributes, IFLA_IFNAME, out->name, sizeof out->name);
  out->has_mac = info->ifi_type == ARPHRD_ETHER &&
                 attribute_mac(&attributes, IFLA_ADDRESS, out->mac) &&
                 is_set(out->mac);
  if (known && known->index == out->index &&
      strcmp(known->name, out->name) == 0) {
    out->kind = known->kind;
    return true;
  }
  char type[16];
  link_type(&attributes, type);
  out->kind = mlxr_netif_kind_of(out, info->ifi_type, type);
  return true;
}

/* IPv4 puts the peer of a point-to-point link into IFA_ADDRESS and its own
 * address into IFA_LOCAL; IPv6 has IFA_LOCAL only when there is a peer. */
bool mlxr_netif_read_address(const struct nlmsghdr *message,
                             mlxr_interface_address_t *out) {
  attributes_t attributes;
  const struct ifaddrmsg *info =
      read_message(message, sizeof *info, &attributes);
  if (!info)
    return false;
  uint32_t flags = attribute_u32(&attributes, IFA_FLAGS, info->ifa_flags);
  *out = (mlxr_interface_address_t){.index = info->ifa_index,
                                    .prefix = info->ifa_prefixlen};
  /* in IPv4 the bit of IFA_F_TEMPORARY means "secondary" */
  out->is_temporary = info->ifa_family == AF_INET6 && flags & IFA_F_TEMPORARY;
  out->is_tentative = flags & IFA_F_DADFAILED ||
                      (flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC));
  return attribute_address(&attributes, IFA_LOCAL, info->ifa_family, out->index,
                           &out->address) ||
         attribute_address(&attributes, IFA_ADDRESS, info->ifa_family,
                           out->index, &out->address);
}

static void read_gateway(const attributes_t *attributes, int family,
                         mlxr_route_t *out) {
  out->gateway = (mlxr_address_t){.family = family == AF_INET ? 4 : 6};
  if (attribute_address(attributes, RTA_GATEWAY, family, out->index,
                        &out->gateway))
    return;
  const attribute_t *a = &attributes->at[RTA_VIA];
  struct rtvia via;
  if (a->len < sizeof via)
    return;
  memcpy(&via, a->data, sizeof via);
  read_bytes(via.rtvia_family, (const char *)a->data + sizeof via,
             a->len - sizeof via, out->index, &out->gateway);
}

static void each_next_hop(const attribute_t *paths, int family,
                          mlxr_route_t route, mlxr_netif_route_fn found,
                          void *context) {
  const char *at = paths->data;
  size_t left = paths->len;
  struct rtnexthop hop;
  while (left >= sizeof hop) {
    memcpy(&hop, at, sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left)
      return;
    attributes_t attributes;
    read_attributes(at + sizeof hop, hop.rtnh_len - sizeof hop, &attributes);
    route.index = (uint32_t)hop.rtnh_ifindex;
    read_gateway(&attributes, family, &route);
    found(context, &route);
    size_t step = (hop.rtnh_len + 3U) & ~(size_t)3;
    if (step >= left)
      return;
    at += step;
    left -= step;
  }
}

void mlxr_netif_each_route(const struct nlmsghdr *message,
                           mlxr_netif_route_fn found, void *context) {
  attributes_t attributes;
  const struct rtmsg *info = read_message(message, sizeof *info, &attributes);
  if (!info || info->rtm_dst_len != 0 || info->rtm_type != RTN_UNICAST ||
      info->rtm_flags & RTM_F_CLONED ||
      (info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
      attribute_u32(&attributes, RTA_TABLE, info->rtm_table) != RT_TABLE_MAIN)
    return;
  mlxr_route_t route = {.index = attribute_u32(&attributes, RTA_OIF, 0),
                        .metric = attribute_u32(&attributes, RTA_PRIORITY, 0)};
  if (attributes.at[RTA_MULTIPATH].data) {
    each_next_hop(&attributes.at[RTA_MULTIPATH], info->rtm_family, route, found,
                  context);
    return;
  }
  read_gateway(&attributes, info->rtm_family, &route);
  if (route.index != 0)
    found(context, &route);
}

bool mlxr_netif_read_neighbour(const struct nlmsghdr *message,
                               mlxr_neighbour_t *out) {
  attributes_t attributes;
  const struct ndmsg *info = read_message(message, sizeof *info, &attributes);
  if (!info || info->ndm_ifindex <= 0 || info->ndm_flags & NTF_PROXY)
    return false;
  *out = (mlxr_neighbour_t){.index = (uint32_t)info->ndm_ifindex};
  if (!attribute_address(&attributes, NDA_DST, info->ndm_family, out->index,
                         &out->address))
    return false;
  out->is_failed = info->ndm_state & NUD_FAILED;
  out->is_reachable = info->ndm_state & NEIGHBOUR_CONFIRMED;
  bool has_mac =
      !out->is_failed && attribute_mac(&attributes, NDA_LLADDR, out->mac);
  return message->nlmsg_type == RTM_DELNEIGH || out->is_failed ||
         (info->ndm_state & NEIGHBOUR_KNOWN && has_mac);
}
