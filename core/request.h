/* request.h - what a client asks: one checked question.
 *
 * Says of every datagram or TCP message whether it is to be answered from
 * knowledge, refused with a code, or dropped (RFC 1035, 6891, 8906).
 */
#ifndef MLXR_REQUEST_H
#define MLXR_REQUEST_H

#include "wire.h"

typedef struct mlxr_request {
  uint16_t id;
  uint16_t flags;
  uint16_t type;
  uint16_t class_;
  uint8_t name[MLXR_NAME_MAX];  ///< the client's own spelling
  uint8_t lower[MLXR_NAME_MAX]; ///< ASCII lower case
  uint16_t name_len;
  bool has_question; ///< false when it could not be read
  bool has_edns;
  bool is_do;
  uint16_t udp_size; ///< 512 without EDNS
} mlxr_request_t;

/// Parses a client's message: 0 to be answered; an rcode (1 to 16) to be
/// refused with; or negative to be dropped in silence (a response, or too short
/// for a header). `out` is filled as far as a refusal needs it.
int mlxr_request_parse(const uint8_t *packet, size_t len, mlxr_request_t *out);

#endif
