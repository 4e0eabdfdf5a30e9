#include "icmp_socket.h"

enum { IPV4_HEADER_MIN = 20 };

/* For IPv4 the datagram comes whole, its IP header in front. */
size_t mlxr_icmp_socket_start(uint8_t family, const uint8_t *data, size_t len) {
  if (family != 4)
    return 0;
  if (len < IPV4_HEADER_MIN || data[0] >> 4 != 4)
    return len + 1;
  return (size_t)(data[0] & 0xfu) * 4;
}
