#include "native_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "sockaddr.h"

static int code_of(int gai) {
  switch (gai) {
  case 0:
    return 0;
  case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
  case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
  case EAI_ADDRFAMILY:
#endif
    return MLXR_ENOTFOUND;
  case EAI_AGAIN:
    return -EAGAIN;
  case EAI_MEMORY:
    return -ENOMEM;
  case EAI_FAMILY:
    return -EAFNOSUPPORT;
  case EAI_SYSTEM:
    return errno != 0 ? -errno : -EIO;
  }
  return -EIO;
}

static bool is_known(const mlxr_native_result_t *result,
                     const mlxr_address_t *address) {
  for (size_t i = 0; i < result->count; i++)
    if (mlxr_address_is_same_host(&result->addresses[i], address))
      return true;
  return false;
}

static void take_addresses(const struct addrinfo *list,
                           mlxr_native_result_t *out) {
  for (; list && out->count < MLXR_NATIVE_ADDRESSES; list = list->ai_next) {
    mlxr_address_t address;
    mlxr_sockaddr_read(list->ai_addr, &address);
    if (address.family != 0 && !is_known(out, &address))
      out->addresses[out->count++] = address;
  }
}

/* Without AI_ADDRCONFIG: whether a name has an AAAA record must not depend on
 * the addresses that this machine has at the moment, for the answer is kept
 * and handed to others. One socket type, or every address comes three times. */
void mlxr_native_lookup(const char *name, int family,
                        mlxr_native_result_t *out) {
  struct addrinfo hints = {.ai_family = family == 4   ? AF_INET
                                        : family == 6 ? AF_INET6
                                                      : AF_UNSPEC,
                           .ai_socktype = SOCK_STREAM};
  struct addrinfo *list = NULL;
  memset(out, 0, sizeof *out);
  errno = 0;
  int gai = getaddrinfo(name, NULL, &hints, &list);
  out->code = code_of(gai);
  if (gai != 0) {
    out->detail = gai_strerror(gai);
    return;
  }
  take_addresses(list, out);
  freeaddrinfo(list);
  if (out->count == 0)
    out->code = MLXR_ENOTFOUND;
}
