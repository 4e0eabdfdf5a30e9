#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netif_linux.h"

typedef struct type_row {
  const char *type;
  enum mlxr_netif_kind kind;
} type_row_t;

/* Overlays count as tunnels: nobody wants to scan through them. What is not
 * here is told by its hardware. */
static const type_row_t types[] = {
    {"bridge", MLXR_KIND_BRIDGE},  {"openvswitch", MLXR_KIND_BRIDGE},
    {"dummy", MLXR_KIND_OTHER},    {"erspan", MLXR_KIND_TUNNEL},
    {"geneve", MLXR_KIND_TUNNEL},  {"gretap", MLXR_KIND_TUNNEL},
    {"ifb", MLXR_KIND_OTHER},      {"ip6gretap", MLXR_KIND_TUNNEL},
    {"l2tpeth", MLXR_KIND_TUNNEL}, {"ppp", MLXR_KIND_TUNNEL},
    {"tun", MLXR_KIND_TUNNEL},     {"virt_wifi", MLXR_KIND_WIFI},
    {"vxlan", MLXR_KIND_TUNNEL},   {"wireguard", MLXR_KIND_TUNNEL},
};

/* /sys/class/net shows the network namespace in which it was mounted, which
 * need not be ours: an entry is believed when it has our index. */
static bool is_ours(const mlxr_interface_t *interface) {
  char path[64], line[16];
  snprintf(path, sizeof path, "/sys/class/net/%s/ifindex", interface->name);
  FILE *file = fopen(path, "re");
  if (!file)
    return false;
  bool same = fgets(line, sizeof line, file) &&
              strtoul(line, NULL, 10) == interface->index;
  fclose(file);
  return same;
}

static bool has_entry(const char *name, const char *entry) {
  char path[64];
  snprintf(path, sizeof path, "/sys/class/net/%s/%s", name, entry);
  return access(path, F_OK) == 0;
}

static bool has_driver(const char *name, const char *driver) {
  char path[64], target[256];
  snprintf(path, sizeof path, "/sys/class/net/%s/device/driver", name);
  ssize_t n = readlink(path, target, sizeof target - 1);
  if (n <= 0)
    return false;
  target[n] = '\0';
  const char *last = strrchr(target, '/');
  return strcmp(last ? last + 1 : target, driver) == 0;
}

static bool begins(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

/* Without /sys the names that the kernel and udev give must do. */
static enum mlxr_netif_kind kind_of_ethernet(const mlxr_interface_t *i) {
  bool ours = is_ours(i);
  if (ours ? has_entry(i->name, "wireless") || has_entry(i->name, "phy80211")
           : begins(i->name, "wl"))
    return MLXR_KIND_WIFI;
  if (ours ? has_driver(i->name, "thunderbolt-net")
           : begins(i->name, "thunderbolt"))
    return MLXR_KIND_THUNDERBOLT;
  return MLXR_KIND_ETHERNET;
}

enum mlxr_netif_kind mlxr_netif_kind_of(const mlxr_interface_t *interface,
                                        unsigned hardware, const char *type) {
  if (hardware == ARPHRD_LOOPBACK)
    return MLXR_KIND_LOOPBACK;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].type, type) == 0)
      return types[i].kind;
  if (hardware == ARPHRD_ETHER)
    return kind_of_ethernet(interface);
  switch (hardware) {
  case ARPHRD_TUNNEL:
  case ARPHRD_TUNNEL6:
  case ARPHRD_SIT:
  case ARPHRD_IPGRE:
  case ARPHRD_IP6GRE:
  case ARPHRD_PPP:
  case ARPHRD_NONE:
    return MLXR_KIND_TUNNEL;
  }
  return interface->flags & MLXR_NETIF_POINT_TO_POINT ? MLXR_KIND_TUNNEL
                                                      : MLXR_KIND_OTHER;
}
