#include "request.h"

#include <string.h>

#include "rdata.h"

/* Written without the general reader: this is on the path of every cached
 * answer, where one name and at most one OPT record are to be looked at. */

enum {
  RECORD_FIXED_LEN = 10, ///< type, class, TTL and length of a record
  TYPE_NXNAME = 128,
  TYPE_TKEY = 249,
  TYPE_TSIG = 250,
  META_FIRST = 128,
  META_LAST = 254,
  UDP_SIZE_MIN = 512,
  CLASS_IN = 1
};

static uint16_t get16(const uint8_t *at) {
  return (uint16_t)(at[0] << 8 | at[1]);
}

/* A first name has nothing before it that it could point at, so a compression
 * pointer is as wrong here as the unused label types. */
static bool read_question(const uint8_t *packet, size_t len,
                          mlxr_request_t *out, size_t *end) {
  size_t at = MLXR_HEADER_LEN;
  while (at < len && packet[at] != 0) {
    if (packet[at] > MLXR_LABEL_MAX)
      return false;
    at += packet[at] + 1u;
  }
  size_t name_len = at + 1 - MLXR_HEADER_LEN;
  if (name_len > MLXR_NAME_MAX || at >= len || len - at < 5)
    return false;
  memcpy(out->name, packet + MLXR_HEADER_LEN, name_len);
  mlxr_name_put_lower(out->name, name_len, out->lower);
  out->name_len = (uint16_t)name_len;
  out->type = get16(packet + at + 1);
  out->class_ = get16(packet + at + 3);
  out->has_question = true;
  *end = at + 5;
  return true;
}

static bool skip_name(const uint8_t *packet, size_t len, size_t *at) {
  while (*at < len) {
    uint8_t label = packet[*at];
    if (label >= 0xc0) {
      *at += 2;
      return *at <= len;
    }
    if (label > MLXR_LABEL_MAX)
      return false;
    *at += label + 1u;
    if (label == 0)
      return true;
  }
  return false;
}

static bool are_options_whole(const uint8_t *options, size_t len) {
  while (len >= 4) {
    size_t option_len = 4u + get16(options + 2);
    if (option_len > len)
      return false;
    options += option_len;
    len -= option_len;
  }
  return len == 0;
}

static bool read_opt(const uint8_t *fixed, uint16_t rdata_len,
                     mlxr_request_t *out, uint8_t *version) {
  if (out->has_edns || !are_options_whole(fixed + RECORD_FIXED_LEN, rdata_len))
    return false;
  uint16_t size = get16(fixed + 2);
  out->has_edns = true;
  out->udp_size = size < UDP_SIZE_MIN ? UDP_SIZE_MIN : size;
  out->is_do = (fixed[6] & 0x80) != 0;
  *version = fixed[5];
  return true;
}

/* Other records (a TSIG that we could not check, say) are stepped over. */
static bool read_additional(const uint8_t *packet, size_t len, size_t at,
                            unsigned left, mlxr_request_t *out,
                            uint8_t *version) {
  for (; left > 0; left--) {
    size_t owner_at = at;
    if (!skip_name(packet, len, &at) || len - at < RECORD_FIXED_LEN)
      return false;
    const uint8_t *fixed = packet + at;
    uint16_t rdata_len = get16(fixed + 8);
    if (len - at - RECORD_FIXED_LEN < rdata_len)
      return false;
    bool is_at_root = packet[owner_at] == 0;
    if (get16(fixed) == MLXR_TYPE_OPT &&
        (!is_at_root || !read_opt(fixed, rdata_len, out, version)))
      return false;
    at += RECORD_FIXED_LEN + (size_t)rdata_len;
  }
  return at == len;
}

/* ANY is a type like others: what to answer to it is left to policies. */
static int judge_type(uint16_t type) {
  if (type == 0 || type == MLXR_TYPE_OPT || type == TYPE_NXNAME ||
      type == TYPE_TKEY || type == TYPE_TSIG)
    return MLXR_FORMERR;
  if (type >= META_FIRST && type <= META_LAST)
    return MLXR_NOTIMP;
  return 0;
}

int mlxr_request_parse(const uint8_t *packet, size_t len, mlxr_request_t *out) {
  if (len < MLXR_HEADER_LEN)
    return MLXR_EFORMAT;
  out->id = get16(packet);
  out->flags = get16(packet + 2);
  if (out->flags & MLXR_QR)
    return MLXR_EMISMATCH;
  out->type = out->class_ = out->name_len = 0;
  out->has_question = out->has_edns = out->is_do = false;
  out->udp_size = UDP_SIZE_MIN;

  size_t at = MLXR_HEADER_LEN;
  bool is_single = get16(packet + 4) == 1;
  uint8_t version = 0;
  bool is_readable =
      is_single && read_question(packet, len, out, &at) &&
      get16(packet + 6) == 0 && get16(packet + 8) == 0 &&
      read_additional(packet, len, at, get16(packet + 10), out, &version);
  if (mlxr_opcode_of(out->flags) != 0)
    return MLXR_NOTIMP;
  if (!is_readable)
    return MLXR_FORMERR;
  if (version != 0)
    return MLXR_BADVERS;
  int rcode = judge_type(out->type);
  return rcode ? rcode : out->class_ == CLASS_IN ? 0 : MLXR_REFUSED;
}
