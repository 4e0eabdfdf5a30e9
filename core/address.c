#include "address.h"

#include <arpa/inet.h>
#include <string.h>

static size_t byte_count(const mlxr_address_t *address) {
  return address->family == 4 ? 4 : 16;
}

/* ---- from text ---- */

/* Decimal without sign or spaces, at most `max`. */
static bool read_number(const char *text, size_t len, uint32_t max,
                        uint32_t *out) {
  uint64_t value = 0;
  if (len == 0 || len > 10)
    return false;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    value = value * 10 + (uint64_t)(text[i] - '0');
  }
  *out = (uint32_t)value;
  return value <= max;
}

/* By hand, because systems disagree on leading zeros ("010" is 8 to some). */
static bool read_v4(const char *text, size_t len, uint8_t bytes[4]) {
  const char *end = text + len;
  for (int i = 0; i < 4; i++) {
    const char *stop = i < 3 ? memchr(text, '.', (size_t)(end - text)) : end;
    uint32_t value;
    if (!stop || !read_number(text, (size_t)(stop - text), 255, &value))
      return false;
    if (*text == '0' && stop - text > 1)
      return false;
    bytes[i] = (uint8_t)value;
    text = stop + 1;
  }
  return true;
}

static bool read_v6(const char *text, size_t len, uint8_t bytes[16]) {
  char copy[INET6_ADDRSTRLEN];
  if (len >= sizeof copy || memchr(text, '\0', len))
    return false;
  memcpy(copy, text, len);
  copy[len] = '\0';
  return inet_pton(AF_INET6, copy, bytes) == 1;
}

/* Zones have a meaning within a link only: unicast and multicast. */
static bool may_have_scope(const uint8_t bytes[16]) {
  return (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) || bytes[0] == 0xff;
}

static bool read_scope(const char *text, size_t len,
                       mlxr_address_scope_fn scope_of, uint32_t *out) {
  char name[16];
  if (len == 0 || memchr(text, '\0', len))
    return false;
  *out = 0;
  if (scope_of && len < sizeof name) {
    memcpy(name, text, len);
    name[len] = '\0';
    *out = scope_of(name);
  }
  return *out != 0 || (read_number(text, len, UINT32_MAX, out) && *out != 0);
}

static int read_host(const char *text, size_t len,
                     mlxr_address_scope_fn scope_of, mlxr_address_t *out) {
  if (!memchr(text, ':', len)) {
    out->family = 4;
    return read_v4(text, len, out->bytes) ? 0 : MLXR_ETEXT;
  }
  const char *percent = memchr(text, '%', len);
  size_t host_len = percent ? (size_t)(percent - text) : len;
  out->family = 6;
  if (!read_v6(text, host_len, out->bytes))
    return MLXR_ETEXT;
  if (!percent)
    return 0;
  bool is_read =
      may_have_scope(out->bytes) &&
      read_scope(percent + 1, len - host_len - 1, scope_of, &out->scope);
  return is_read ? 0 : MLXR_ETEXT;
}

static int read_port(const char *text, size_t len, uint16_t *out) {
  uint32_t port;
  if (!read_number(text, len, 65535, &port) || len > 5)
    return MLXR_ETEXT;
  *out = (uint16_t)port;
  return 0;
}

int mlxr_address_from_text(const char *text, size_t len,
                           mlxr_address_scope_fn scope_of,
                           mlxr_address_t *out) {
  mlxr_address_t address = {0};
  size_t host_len = len, rest = len; /* rest: where ":port" begins */
  const char *host = text;
  if (len == 0)
    return MLXR_ETEXT;
  if (text[0] == '[') {
    const char *close = memchr(text, ']', len);
    if (!close)
      return MLXR_ETEXT;
    host = text + 1;
    host_len = (size_t)(close - host);
    rest = host_len + 2;
  } else {
    const char *colon = memchr(text, ':', len);
    if (colon && !memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)))
      host_len = rest = (size_t)(colon - text);
  }
  int rc = read_host(host, host_len, scope_of, &address);
  if (rc == 0 && text[0] == '[' && address.family != 6)
    rc = MLXR_ETEXT;
  if (rc == 0 && rest < len)
    rc = text[rest] == ':'
             ? read_port(text + rest + 1, len - rest - 1, &address.port)
             : MLXR_ETEXT;
  if (rc == 0)
    *out = address;
  return rc;
}

static void clear_behind(mlxr_address_t *address, unsigned prefix) {
  for (unsigned i = 0; i < byte_count(address); i++) {
    unsigned kept = prefix > i * 8 ? prefix - i * 8 : 0;
    if (kept < 8)
      address->bytes[i] &= (uint8_t)(0xff00u >> kept);
  }
}

int mlxr_address_network_from_text(const char *text, size_t len,
                                   mlxr_address_scope_fn scope_of,
                                   mlxr_address_t *base, unsigned *prefix) {
  const char *slash = memchr(text, '/', len);
  size_t host_len = slash ? (size_t)(slash - text) : len;
  mlxr_address_t address = {0};
  uint32_t bits = 0;
  if (host_len == 0 || read_host(text, host_len, scope_of, &address) != 0)
    return MLXR_ETEXT;
  uint32_t max = (uint32_t)byte_count(&address) * 8;
  if (!slash)
    bits = max;
  else if (!read_number(slash + 1, len - host_len - 1, max, &bits))
    return MLXR_ETEXT;
  clear_behind(&address, bits);
  *base = address;
  *prefix = bits;
  return 0;
}

/* ---- to text ---- */

static char *put_decimal(char *to, uint32_t value) {
  char digits[10];
  size_t n = 0;
  do
    digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n > 0)
    *to++ = digits[--n];
  return to;
}

static char *put_v4(char *to, const uint8_t bytes[4]) {
  for (int i = 0; i < 4; i++) {
    if (i > 0)
      *to++ = '.';
    to = put_decimal(to, bytes[i]);
  }
  return to;
}

static char *put_group(char *to, unsigned group) {
  static const char hex[] = "0123456789abcdef";
  if (group > 0xfff)
    *to++ = hex[group >> 12];
  if (group > 0xff)
    *to++ = hex[group >> 8 & 15];
  if (group > 0xf)
    *to++ = hex[group >> 4 & 15];
  *to++ = hex[group & 15];
  return to;
}

/* The longest run of two or more zero groups, the first of equals. */
static void find_zeros(const unsigned groups[8], int *start, int *len) {
  *start = -1;
  *len = 1;
  for (int i = 0; i < 8; i++) {
    int n = 0;
    while (i + n < 8 && groups[i + n] == 0)
      n++;
    if (n > *len) {
      *start = i;
      *len = n;
    }
    i += n;
  }
}

/* Mapped and compatible addresses end in dots, as inet_ntop writes them. */
static char *put_v6(char *to, const uint8_t bytes[16]) {
  unsigned groups[8];
  int start, len;
  for (int i = 0; i < 8; i++)
    groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
  find_zeros(groups, &start, &len);
  bool has_dots = start == 0 && (len == 6 || (len == 5 && groups[5] == 0xffff));
  for (int i = 0; i < 8; i++) {
    if (i == start) {
      *to++ = ':';
      if (i + len == 8)
        *to++ = ':';
      i += len - 1;
      continue;
    }
    if (i > 0)
      *to++ = ':';
    if (i == 6 && has_dots)
      return put_v4(to, bytes + 12);
    to = put_group(to, groups[i]);
  }
  return to;
}

static char *put_scope(char *to, uint32_t scope,
                       mlxr_address_scope_name_fn name_of) {
  char name[16];
  *to++ = '%';
  if (!name_of || !name_of(scope, name))
    return put_decimal(to, scope);
  size_t len = strnlen(name, sizeof name - 1);
  memcpy(to, name, len);
  return to + len;
}

void mlxr_address_to_text(const mlxr_address_t *address,
                          mlxr_address_scope_name_fn name_of,
                          char text[MLXR_ADDRESS_TEXT_MAX]) {
  char *to = text;
  bool has_brackets = address->family == 6 && address->port != 0;
  if (has_brackets)
    *to++ = '[';
  if (address->family == 4)
    to = put_v4(to, address->bytes);
  else if (address->family == 6)
    to = put_v6(to, address->bytes);
  if (address->family == 6 && address->scope != 0)
    to = put_scope(to, address->scope, name_of);
  if (has_brackets)
    *to++ = ']';
  if (address->port != 0) {
    *to++ = ':';
    to = put_decimal(to, address->port);
  }
  *to = '\0';
}

/* ---- questions ---- */

bool mlxr_address_is_same_host(const mlxr_address_t *a,
                               const mlxr_address_t *b) {
  return a->family == b->family && a->scope == b->scope &&
         memcmp(a->bytes, b->bytes, byte_count(a)) == 0;
}

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool mlxr_address_is_loopback(const mlxr_address_t *address) {
  static const uint8_t one[16] = {[15] = 1};
  if (address->family == 4)
    return address->bytes[0] == 127;
  if (address->family != 6)
    return false;
  if (memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0)
    return address->bytes[12] == 127;
  return memcmp(address->bytes, one, sizeof one) == 0;
}

bool mlxr_address_is_link_local(const mlxr_address_t *address) {
  if (address->family == 4)
    return address->bytes[0] == 169 && address->bytes[1] == 254;
  return address->family == 6 && address->bytes[0] == 0xfe &&
         (address->bytes[1] & 0xc0) == 0x80;
}

bool mlxr_address_is_within(const mlxr_address_t *address,
                            const mlxr_address_t *net, unsigned prefix) {
  if (address->family != net->family || prefix > byte_count(net) * 8)
    return false;
  size_t whole = prefix / 8;
  if (memcmp(address->bytes, net->bytes, whole) != 0)
    return false;
  unsigned mask = 0xff00u >> (prefix % 8) & 0xff;
  return prefix % 8 == 0 ||
         ((address->bytes[whole] ^ net->bytes[whole]) & mask) == 0;
}

void mlxr_address_advance(mlxr_address_t *address, uint64_t n) {
  unsigned carry = 0;
  for (size_t i = byte_count(address); i-- > 0; n >>= 8) {
    unsigned sum = address->bytes[i] + (unsigned)(n & 0xff) + carry;
    address->bytes[i] = (uint8_t)sum;
    carry = sum >> 8;
  }
}

static size_t put_tail(uint8_t *wire, size_t n, const char *zone, size_t len) {
  memcpy(wire + n, zone, len);
  return n + len;
}

size_t mlxr_address_to_reverse(const mlxr_address_t *address,
                               uint8_t wire[255]) {
  static const char hex[] = "0123456789abcdef";
  static const char in_addr[] = "\7in-addr\4arpa", ip6[] = "\3ip6\4arpa";
  size_t n = 0;
  if (address->family == 4) {
    for (int i = 4; i-- > 0;) {
      char *start = (char *)wire + n;
      char *end = put_decimal(start + 1, address->bytes[i]);
      *start = (char)(end - start - 1);
      n += (size_t)(end - start);
    }
    return put_tail(wire, n, in_addr, sizeof in_addr);
  }
  for (int i = 16; i-- > 0;) {
    wire[n++] = 1;
    wire[n++] = (uint8_t)hex[address->bytes[i] & 15];
    wire[n++] = 1;
    wire[n++] = (uint8_t)hex[address->bytes[i] >> 4];
  }
  return put_tail(wire, n, ip6, sizeof ip6);
}
