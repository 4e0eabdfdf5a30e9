#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "netif_bsd.h"

/* The numbers are part of these systems' interface to programs; the headers
 * that name them (net/if_types.h, net/if_media.h, netinet6/in6_var.h) are not
 * in every kit to build with. */
enum {
  TYPE_ETHER = 0x06,
  TYPE_PPP = 0x17,
  TYPE_LOOP = 0x18,
  TYPE_GIF = 0x37,
  TYPE_STF = 0x39,
  TYPE_BRIDGE = 0xd1,
  MEDIA_MASK = 0xe0,
  MEDIA_80211 = 0x80,
  ADDRESS_TENTATIVE = 0x02,
  ADDRESS_DUPLICATED = 0x04,
  ADDRESS_TEMPORARY = 0x80
};

/* struct in6_ifreq, whose union is as large as its statistics. */
typedef struct address_request {
  char name[16];
  union {
    struct sockaddr_in6 address;
    int flags;
    char room[272];
  } u;
} address_request_t;

#define GET_ADDRESS_FLAGS _IOWR('i', 73, address_request_t)

static bool begins(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

static bool is_wifi(int control, const char *name) {
  struct ifmediareq request;
  memset(&request, 0, sizeof request);
  strncpy(request.ifm_name, name, sizeof request.ifm_name - 1);
  return ioctl(control, SIOCGIFMEDIA, &request) == 0 &&
         (request.ifm_current & MEDIA_MASK) == MEDIA_80211;
}

/* On a Mac bridge0 is the Thunderbolt Bridge, which joins the ports on its
 * own; sharing and virtual machines number theirs from 100. */
static bool is_thunderbolt(const char *name) {
#ifdef __APPLE__
  return strcmp(name, "bridge0") == 0;
#else
  (void)name;
  return false;
#endif
}

enum mlxr_netif_kind mlxr_netif_kind_of(int control,
                                        const mlxr_interface_t *interface,
                                        unsigned hardware) {
  const char *name = interface->name;
  if (hardware == TYPE_LOOP)
    return MLXR_KIND_LOOPBACK;
  if (is_thunderbolt(name))
    return MLXR_KIND_THUNDERBOLT;
  if (hardware == TYPE_BRIDGE || begins(name, "bridge"))
    return MLXR_KIND_BRIDGE;
  if (hardware == TYPE_PPP || hardware == TYPE_GIF || hardware == TYPE_STF ||
      interface->flags & MLXR_NETIF_POINT_TO_POINT || begins(name, "utun") ||
      begins(name, "tun") || begins(name, "tap") || begins(name, "wg"))
    return MLXR_KIND_TUNNEL;
  /* Apple's own links between its devices: nobody's cluster is there */
  if (begins(name, "awdl") || begins(name, "llw") || begins(name, "anpi") ||
      begins(name, "ap"))
    return MLXR_KIND_OTHER;
  if (hardware != TYPE_ETHER)
    return MLXR_KIND_OTHER;
  return is_wifi(control, name) ? MLXR_KIND_WIFI : MLXR_KIND_ETHERNET;
}

void mlxr_netif_address_flags(int control, const char *name,
                              const struct sockaddr *address,
                              mlxr_interface_address_t *out) {
  address_request_t request;
  memset(&request, 0, sizeof request);
  strncpy(request.name, name, sizeof request.name - 1);
  memcpy(&request.u.address, address, sizeof request.u.address);
  if (ioctl(control, GET_ADDRESS_FLAGS, &request) != 0)
    return;
  out->is_temporary = request.u.flags & ADDRESS_TEMPORARY;
  out->is_tentative =
      request.u.flags & (ADDRESS_TENTATIVE | ADDRESS_DUPLICATED);
}
