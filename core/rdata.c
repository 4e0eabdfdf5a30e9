#include <string.h>

#include "rdata_fields.h"

static bool is_name(char kind) {
  return kind == MLXR_FIELD_NAME || kind == MLXR_FIELD_NAME_DNS ||
         kind == MLXR_FIELD_NAME_MDNS;
}

/* ---- lengths of the fields that are not just a number of bytes ---- */

static ptrdiff_t measure_strings(const uint8_t *data, size_t left) {
  size_t at = 0;
  while (at < left) {
    at += (size_t)data[at] + 1;
    if (at > left)
      return -1;
  }
  return left > 0 ? (ptrdiff_t)left : -1;
}

static ptrdiff_t measure_names(const uint8_t *data, size_t left) {
  size_t at = 0;
  while (at < left) {
    size_t len = mlxr_name_measure(data + at, left - at);
    if (len == 0)
      return -1;
    at += len;
  }
  return (ptrdiff_t)left;
}

/* Windows in rising order, of 1 to 32 bytes each. */
static ptrdiff_t measure_bitmap(const uint8_t *data, size_t left) {
  int last = -1;
  for (size_t at = 0; at < left; at += (size_t)data[at + 1] + 2) {
    if (left - at < 3 || data[at] <= last)
      return -1;
    size_t len = data[at + 1];
    if (len == 0 || len > 32 || left - at - 2 < len)
      return -1;
    last = data[at];
  }
  return (ptrdiff_t)left;
}

static ptrdiff_t measure_prefixes(const uint8_t *data, size_t left) {
  size_t at = 0;
  while (at < left) {
    if (left - at < 4)
      return -1;
    unsigned family = (unsigned)data[at] << 8 | data[at + 1];
    unsigned max = family == 1 ? 4 : family == 2 ? 16 : 127;
    size_t len = data[at + 3] & 0x7f;
    if (len > max || data[at + 2] > max * 8 || left - at - 4 < len)
      return -1;
    at += len + 4;
  }
  return (ptrdiff_t)left;
}

static ptrdiff_t measure_gateway(unsigned type, size_t before,
                                 const uint8_t *data, size_t left) {
  size_t len;
  if (left < before)
    return -1;
  switch (type) {
  case 0:
    return (ptrdiff_t)before;
  case 1:
    len = 4;
    break;
  case 2:
    len = 16;
    break;
  case 3:
    len = mlxr_name_measure(data + before, left - before);
    break;
  default:
    return -1;
  }
  return len > 0 && left - before >= len ? (ptrdiff_t)(before + len) : -1;
}

static ptrdiff_t measure_hip(const uint8_t *data, size_t left) {
  if (left < 4)
    return -1;
  size_t hit = data[0], key = (size_t)data[2] << 8 | data[3];
  bool is_sound = hit > 0 && key > 0 && left - 4 >= hit + key;
  return is_sound ? (ptrdiff_t)(4 + hit + key) : -1;
}

/* Keys in rising order (RFC 9460 section 2.2). What a value must look like
   is the client's affair; a resolver hands it on. */
static ptrdiff_t measure_svcparams(const uint8_t *data, size_t left) {
  int last = -1;
  size_t at = 0;
  while (at < left) {
    if (left - at < 4)
      return -1;
    int key = data[at] << 8 | data[at + 1];
    size_t len = (size_t)data[at + 2] << 8 | data[at + 3];
    if (key <= last || left - at - 4 < len)
      return -1;
    last = key;
    at += len + 4;
  }
  return (ptrdiff_t)left;
}

static ptrdiff_t fixed(size_t len, size_t left) {
  return left >= len ? (ptrdiff_t)len : -1;
}

static ptrdiff_t measure_string(const uint8_t *data, size_t left, size_t min) {
  if (left < 1 || data[0] < min)
    return -1;
  return fixed((size_t)data[0] + 1, left);
}

const uint8_t mlxr_field_lengths[MLXR_FIELD_KINDS] = {
    [MLXR_FIELD_U8] = 1,          [MLXR_FIELD_U16] = 2,
    [MLXR_FIELD_U32] = 4,         [MLXR_FIELD_U64] = 8,
    [MLXR_FIELD_TTL] = 4,         [MLXR_FIELD_TIME] = 4,
    [MLXR_FIELD_TYPE] = 2,        [MLXR_FIELD_ALGORITHM] = 1,
    [MLXR_FIELD_CERTIFICATE] = 2, [MLXR_FIELD_A] = 4,
    [MLXR_FIELD_AAAA] = 16,       [MLXR_FIELD_LOCATOR] = 8,
    [MLXR_FIELD_EUI48] = 6,       [MLXR_FIELD_EUI64] = 8,
    [MLXR_FIELD_LOCATION] = 16};

ptrdiff_t mlxr_field_measure(char kind, const uint8_t *data, size_t left) {
  size_t len = mlxr_field_lengths[(unsigned char)kind];
  if (len > 0)
    return fixed(len, left);
  switch (kind) {
  case MLXR_FIELD_NAME:
  case MLXR_FIELD_NAME_DNS:
  case MLXR_FIELD_NAME_MDNS:
    len = mlxr_name_measure(data, left);
    return len > 0 ? (ptrdiff_t)len : -1;
  case MLXR_FIELD_NAMES:
    return measure_names(data, left);
  case MLXR_FIELD_STRING_OPTIONAL:
    return left == 0 ? 0 : measure_string(data, left, 0);
  case MLXR_FIELD_STRING:
  case MLXR_FIELD_SALT:
    return measure_string(data, left, 0);
  case MLXR_FIELD_WORD:
  case MLXR_FIELD_HASH:
    return measure_string(data, left, 1);
  case MLXR_FIELD_STRINGS:
    return measure_strings(data, left);
  case MLXR_FIELD_BITMAP:
    return measure_bitmap(data, left);
  case MLXR_FIELD_BITMAP_NXT:
    return left >= 1 && left <= 16 && data[0] < 0x80 ? (ptrdiff_t)left : -1;
  case MLXR_FIELD_SERVICES:
    return left >= 1 && left <= 1 + 8192 ? (ptrdiff_t)left : -1;
  case MLXR_FIELD_PREFIXES:
    return measure_prefixes(data, left);
  case MLXR_FIELD_GATEWAY:
    return left < 2 ? -1 : measure_gateway(data[0], 2, data, left);
  case MLXR_FIELD_RELAY:
    return left < 1 ? -1 : measure_gateway(data[0] & 0x7f, 1, data, left);
  case MLXR_FIELD_HIP:
    return measure_hip(data, left);
  case MLXR_FIELD_SVCPARAMS:
    return measure_svcparams(data, left);
  }
  return (ptrdiff_t)left; /* all kinds that go to the end as they are */
}

/* ---- whole rdata ---- */

bool mlxr_type_is_opaque(uint16_t type, uint16_t class_) {
  const mlxr_type_row_t *row = mlxr_type_find(type);
  return !row || !row->format || (row->is_internet && class_ != 1);
}

static int put(uint8_t *out, size_t cap, size_t *n, const uint8_t *from,
               size_t len) {
  if (cap - *n < len)
    return MLXR_ENOSPACE;
  if (len > 0)
    memcpy(out + *n, from, len);
  *n += len;
  return 0;
}

static int expand_fields(const char *format, const uint8_t *packet, size_t len,
                         size_t at, size_t end, uint8_t *out, size_t cap,
                         size_t *out_len) {
  size_t n = 0;
  for (; *format; format++) {
    uint8_t name[MLXR_NAME_MAX];
    const uint8_t *from = packet + at;
    size_t from_len, next;
    if (is_name(*format)) {
      int rc = mlxr_wire_read_name(packet, len, at, name, &from_len, &next);
      if (rc != 0 || next > end)
        return MLXR_EFORMAT;
      from = name;
    } else {
      ptrdiff_t measured = mlxr_field_measure(*format, packet + at, end - at);
      if (measured < 0)
        return MLXR_EFORMAT;
      from_len = (size_t)measured;
      next = at + from_len;
    }
    if (put(out, cap, &n, from, from_len) != 0)
      return MLXR_ENOSPACE;
    at = next;
  }
  *out_len = n;
  return at == end ? 0 : MLXR_EFORMAT;
}

int mlxr_rdata_expand(const uint8_t *packet, size_t len,
                      const mlxr_record_t *record, uint8_t *out, size_t cap,
                      size_t *out_len) {
  size_t end = record->rdata_at + record->rdata_len;
  if (end > len)
    return MLXR_EFORMAT;
  *out_len = 0;
  if (mlxr_type_is_opaque(record->type, record->class_))
    return put(out, cap, out_len, packet + record->rdata_at, record->rdata_len);
  /* A TXT record without any string means one empty one (RFC 6763 6.1). */
  if (record->type == MLXR_TYPE_TXT && record->rdata_len == 0)
    return put(out, cap, out_len, (const uint8_t *)"", 1);
  const mlxr_type_row_t *row = mlxr_type_find(record->type);
  return expand_fields(row->format, packet, len, record->rdata_at, end, out,
                       cap, out_len);
}

int mlxr_rdata_check(uint16_t type, const uint8_t *rdata, size_t len) {
  const mlxr_type_row_t *row = mlxr_type_find(type);
  size_t at = 0;
  if (!row || !row->format)
    return 0;
  for (const char *kind = row->format; *kind; kind++) {
    ptrdiff_t measured = mlxr_field_measure(*kind, rdata + at, len - at);
    if (measured < 0)
      return MLXR_EFORMAT;
    at += (size_t)measured;
  }
  return at == len ? 0 : MLXR_EFORMAT;
}

static bool may_compress(char kind, bool is_mdns) {
  return kind == MLXR_FIELD_NAME_DNS ||
         (kind == MLXR_FIELD_NAME_MDNS && is_mdns);
}

size_t mlxr_rdata_next_name(uint16_t type, const uint8_t *rdata, size_t len,
                            size_t from, bool is_mdns, bool *compress) {
  const mlxr_type_row_t *row = mlxr_type_find(type);
  size_t at = 0;
  if (!row || !row->format || !strpbrk(row->format, "ncm"))
    return SIZE_MAX;
  for (const char *kind = row->format; *kind; kind++) {
    ptrdiff_t measured = mlxr_field_measure(*kind, rdata + at, len - at);
    if (measured < 0)
      return SIZE_MAX;
    if (is_name(*kind) && at >= from) {
      *compress = may_compress(*kind, is_mdns);
      return at;
    }
    at += (size_t)measured;
  }
  return SIZE_MAX;
}
