#include "wire.h"

#include <errno.h>
#include <string.h>

#include "rdata.h"

enum {
  TOP_BIT = 0x8000,      /* QU in questions, cache-flush in records */
  POINTER = 0xc0,        /* the two top bits of a pointer's first byte */
  POINTERS_MAX = 64,     /* in one name; keeps chains cheap */
  POINTER_REACH = 0x4000 /* offsets that 14 bits can tell */
};

static uint16_t get16(const uint8_t *p) {
  return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p) {
  return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void set16(uint8_t *p, unsigned value) {
  p[0] = (uint8_t)(value >> 8);
  p[1] = (uint8_t)value;
}

static void set32(uint8_t *p, uint32_t value) {
  set16(p, value >> 16);
  set16(p + 2, value & 0xffff);
}

/* ---- reading ---- */

/* Labels are short: sixteen bytes at once cost less than counting, and what is
   copied too much is overwritten or lies behind the name. */
static void copy_label(uint8_t *to, size_t room, const uint8_t *label,
                       size_t left) {
  size_t len = (size_t)label[0] + 1;
  if (len <= 16 && left >= 16 && room >= 16)
    memcpy(to, label, 16);
  else
    memcpy(to, label, len);
}

/* A pointer must lead before the run of labels that it ends, so a chain can
   only go backwards; the bound on pointers keeps many long chains linear. */
int mlxr_wire_read_name(const uint8_t *packet, size_t len, size_t at,
                        uint8_t name[MLXR_NAME_MAX], size_t *name_len,
                        size_t *end) {
  size_t n = 0, run = at;
  unsigned pointers = 0;
  for (;;) {
    if (at >= len)
      return MLXR_EFORMAT;
    size_t c = packet[at];
    if (c == 0) {
      name[n++] = 0;
      *name_len = n;
      if (pointers == 0)
        *end = at + 1;
      return 0;
    }
    if (c <= MLXR_LABEL_MAX) {
      if (len - at <= c + 1 || n + c + 2 > MLXR_NAME_MAX)
        return MLXR_EFORMAT;
      copy_label(name + n, MLXR_NAME_MAX - n, packet + at, len - at);
      n += c + 1;
      at += c + 1;
      continue;
    }
    if (c < POINTER || len - at < 2)
      return MLXR_EFORMAT;
    size_t target = (size_t)get16(packet + at) & (POINTER_REACH - 1);
    if (target < MLXR_HEADER_LEN || target >= run || pointers == POINTERS_MAX)
      return MLXR_EFORMAT;
    if (pointers++ == 0)
      *end = at + 2;
    run = at = target;
  }
}

int mlxr_reader_init(mlxr_reader_t *reader, const uint8_t *packet, size_t len) {
  if (len < MLXR_HEADER_LEN)
    return MLXR_EFORMAT;
  reader->packet = packet;
  reader->len = len;
  reader->at = MLXR_HEADER_LEN;
  reader->header.id = get16(packet);
  reader->header.flags = get16(packet + 2);
  for (size_t i = 0; i < 4; i++)
    reader->header.count[i] = get16(packet + 4 + 2 * i);
  reader->section = MLXR_QUESTION;
  reader->left = reader->header.count[MLXR_QUESTION];
  return 0;
}

int mlxr_reader_question(mlxr_reader_t *reader, mlxr_question_t *out) {
  if (reader->section != MLXR_QUESTION || reader->left == 0)
    return 0;
  const uint8_t *packet = reader->packet;
  size_t at;
  int rc = mlxr_wire_read_name(packet, reader->len, reader->at, out->name,
                               &out->name_len, &at);
  if (rc != 0)
    return rc;
  if (reader->len - at < 4)
    return MLXR_EFORMAT;
  uint16_t class_ = get16(packet + at + 2);
  out->type = get16(packet + at);
  out->class_ = class_ & (uint16_t)~TOP_BIT;
  out->is_unicast = (class_ & TOP_BIT) != 0;
  reader->at = at + 4;
  reader->left--;
  return 1;
}

static int skip_questions(mlxr_reader_t *reader) {
  mlxr_question_t question;
  int rc;
  do
    rc = mlxr_reader_question(reader, &question);
  while (rc == 1);
  return rc;
}

/* OPT reuses class and TTL for sizes and flags, so they are kept whole. */
static void read_fixed(const uint8_t *p, mlxr_record_t *out) {
  uint16_t class_ = get16(p + 2);
  uint32_t ttl = get32(p + 4);
  out->type = get16(p);
  out->rdata_len = get16(p + 8);
  if (out->type == MLXR_TYPE_OPT) {
    out->class_ = class_;
    out->is_cache_flush = false;
    out->ttl = ttl;
  } else {
    out->class_ = class_ & (uint16_t)~TOP_BIT;
    out->is_cache_flush = (class_ & TOP_BIT) != 0;
    out->ttl = ttl > INT32_MAX ? 0 : ttl;
  }
}

int mlxr_reader_record(mlxr_reader_t *reader, mlxr_record_t *out) {
  int rc = skip_questions(reader);
  if (rc != 0)
    return rc;
  while (reader->left == 0) {
    if (reader->section >= MLXR_ADDITIONAL)
      return 0;
    reader->left = reader->header.count[++reader->section];
  }
  size_t at;
  rc = mlxr_wire_read_name(reader->packet, reader->len, reader->at, out->name,
                           &out->name_len, &at);
  if (rc != 0)
    return rc;
  if (reader->len - at < 10)
    return MLXR_EFORMAT;
  read_fixed(reader->packet + at, out);
  out->section = (enum mlxr_section)reader->section;
  out->at = reader->at;
  out->rdata_at = at + 10;
  if (reader->len - out->rdata_at < out->rdata_len)
    return MLXR_EFORMAT;
  reader->at = out->rdata_at + out->rdata_len;
  reader->left--;
  return 1;
}

int mlxr_wire_read_option(const uint8_t *packet, const mlxr_edns_t *edns,
                          size_t *at, uint16_t *code, size_t *data_at,
                          uint16_t *data_len) {
  size_t left = edns->options_at + edns->options_len - *at;
  if (left == 0)
    return 0;
  if (left < 4)
    return MLXR_EFORMAT;
  *code = get16(packet + *at);
  *data_len = get16(packet + *at + 2);
  *data_at = *at + 4;
  if (left - 4 < *data_len)
    return MLXR_EFORMAT;
  *at = *data_at + *data_len;
  return 1;
}

int mlxr_wire_read_edns(const uint8_t *packet, const mlxr_record_t *opt,
                        mlxr_edns_t *out) {
  if (opt->type != MLXR_TYPE_OPT || opt->name_len != 1 ||
      opt->section != MLXR_ADDITIONAL)
    return MLXR_EFORMAT;
  out->is_present = true;
  out->udp_size = opt->class_ < 512 ? 512 : opt->class_;
  out->extended_rcode = (uint8_t)(opt->ttl >> 24);
  out->version = (uint8_t)(opt->ttl >> 16);
  out->is_do = (opt->ttl & TOP_BIT) != 0;
  out->options_at = opt->rdata_at;
  out->options_len = opt->rdata_len;
  size_t at = out->options_at, data_at;
  uint16_t code, data_len;
  int rc;
  do
    rc = mlxr_wire_read_option(packet, out, &at, &code, &data_at, &data_len);
  while (rc == 1);
  return rc;
}

/* ---- writing ---- */

int mlxr_writer_init(mlxr_writer_t *writer, uint8_t *packet, size_t cap,
                     uint16_t id, uint16_t flags) {
  if (cap < MLXR_HEADER_LEN)
    return MLXR_ENOSPACE;
  writer->packet = packet;
  writer->cap = cap < MLXR_PACKET_MAX ? cap : MLXR_PACKET_MAX;
  writer->len = MLXR_HEADER_LEN;
  memset(writer->count, 0, sizeof writer->count);
  writer->is_full = false;
  writer->is_mdns = false;
  writer->target_count = 0;
  memset(packet, 0, MLXR_HEADER_LEN);
  set16(packet, id);
  set16(packet + 2, flags);
  return 0;
}

static int put_bytes(mlxr_writer_t *writer, const uint8_t *bytes, size_t len) {
  if (writer->cap - writer->len < len)
    return MLXR_ENOSPACE;
  if (len > 0)
    memcpy(writer->packet + writer->len, bytes, len);
  writer->len += len;
  return 0;
}

/* Does the name that was written at `at` spell `name`? Follows our own
   pointers, which are sound. */
static bool is_target(const mlxr_writer_t *writer, size_t at,
                      const uint8_t *name) {
  const uint8_t *packet = writer->packet;
  for (;;) {
    size_t c = packet[at];
    if (c >= POINTER) {
      at = (size_t)get16(packet + at) & (POINTER_REACH - 1);
      continue;
    }
    if (c != *name || memcmp(packet + at + 1, name + 1, c) != 0)
      return false;
    if (c == 0)
      return true;
    at += c + 1;
    name += c + 1;
  }
}

static bool find_target(const mlxr_writer_t *writer, const uint8_t *name,
                        uint32_t hash, size_t *at) {
  for (unsigned i = 0; i < writer->target_count; i++) {
    if (writer->hashes[i] == hash &&
        is_target(writer, writer->targets[i], name)) {
      *at = writer->targets[i];
      return true;
    }
  }
  return false;
}

static void add_target(mlxr_writer_t *writer, size_t at, uint32_t hash) {
  if (at >= POINTER_REACH || writer->target_count == MLXR_TARGETS_MAX)
    return;
  writer->targets[writer->target_count] = (uint16_t)at;
  writer->hashes[writer->target_count++] = hash;
}

typedef struct suffixes {
  unsigned count;
  uint8_t at[MLXR_NAME_MAX / 2 + 1];
  uint32_t hash[MLXR_NAME_MAX / 2 + 1];
} suffixes_t;

/* Hashes of all suffixes in one pass from the root, so that looking for a name
   does not compare it with every target. */
static void hash_suffixes(const uint8_t *name, suffixes_t *out) {
  size_t at = 0;
  out->count = 0;
  for (; name[at]; at += (size_t)name[at] + 1)
    out->at[out->count++] = (uint8_t)at;
  uint64_t hash = 0x9e3779b97f4a7c15u;
  for (unsigned i = out->count; i-- > 0;) {
    const uint8_t *label = name + out->at[i];
    for (size_t k = 0; k <= label[0]; k++)
      hash = (hash ^ label[k]) * 0x100000001b3u;
    hash ^= hash >> 32;
    out->hash[i] = (uint32_t)hash;
  }
}

static int put_pointer(mlxr_writer_t *writer, size_t target) {
  uint8_t pointer[2];
  set16(pointer, (unsigned)target | POINTER << 8);
  return put_bytes(writer, pointer, sizeof pointer);
}

static int put_name(mlxr_writer_t *writer, const uint8_t *name) {
  suffixes_t suffixes;
  size_t start = writer->len, target = 0;
  unsigned kept = 0; /* labels that must be written out */
  /* Most often it is the name of the question once more. */
  if (writer->target_count > 0 && is_target(writer, writer->targets[0], name))
    return put_pointer(writer, writer->targets[0]);
  hash_suffixes(name, &suffixes);
  while (kept < suffixes.count && !find_target(writer, name + suffixes.at[kept],
                                               suffixes.hash[kept], &target))
    kept++;
  bool has_pointer = kept < suffixes.count;
  size_t len = has_pointer ? suffixes.at[kept] : mlxr_name_len(name);
  int rc = put_bytes(writer, name, len);
  if (rc == 0 && has_pointer)
    rc = put_pointer(writer, target);
  for (unsigned i = 0; rc == 0 && i < kept; i++)
    add_target(writer, start + suffixes.at[i], suffixes.hash[i]);
  return rc;
}

static bool is_in_order(const mlxr_writer_t *writer, unsigned section) {
  for (unsigned later = section + 1; later <= MLXR_ADDITIONAL; later++)
    if (writer->count[later] != 0)
      return false;
  return writer->count[section] < UINT16_MAX;
}

/* Ends an entry: counted when it went well, undone when it did not fit. */
static int settle(mlxr_writer_t *writer, unsigned section, int rc, size_t len,
                  unsigned target_count) {
  if (rc == 0) {
    writer->count[section]++;
    return 0;
  }
  writer->len = len;
  writer->target_count = target_count;
  writer->is_full = true;
  return rc;
}

int mlxr_writer_question(mlxr_writer_t *writer, const uint8_t *name,
                         uint16_t type, uint16_t class_, bool is_unicast) {
  size_t len = writer->len;
  unsigned target_count = writer->target_count;
  uint8_t fixed[4];
  if (!is_in_order(writer, MLXR_QUESTION))
    return -EINVAL;
  set16(fixed, type);
  set16(fixed + 2, class_ | (is_unicast ? TOP_BIT : 0u));
  int rc = put_name(writer, name);
  if (rc == 0)
    rc = put_bytes(writer, fixed, sizeof fixed);
  return settle(writer, MLXR_QUESTION, rc, len, target_count);
}

static int put_rdata(mlxr_writer_t *writer, uint16_t type, const uint8_t *rdata,
                     size_t len) {
  size_t from = 0;
  int rc = 0;
  while (rc == 0 && from < len) {
    bool may_compress = false;
    size_t at = mlxr_rdata_next_name(type, rdata, len, from, writer->is_mdns,
                                     &may_compress);
    if (at == SIZE_MAX)
      return put_bytes(writer, rdata + from, len - from);
    size_t name_len = mlxr_name_len(rdata + at);
    rc = put_bytes(writer, rdata + from, at - from);
    if (rc == 0)
      rc = may_compress ? put_name(writer, rdata + at)
                        : put_bytes(writer, rdata + at, name_len);
    from = at + name_len;
  }
  return rc;
}

static int put_record(mlxr_writer_t *writer, const uint8_t *name, uint16_t type,
                      uint16_t class_, uint32_t ttl, const uint8_t *rdata,
                      size_t rdata_len) {
  uint8_t fixed[10];
  set16(fixed, type);
  set16(fixed + 2, class_);
  set32(fixed + 4, ttl);
  int rc = put_name(writer, name);
  if (rc == 0)
    rc = put_bytes(writer, fixed, sizeof fixed);
  size_t start = writer->len;
  if (rc == 0)
    rc = mlxr_type_is_opaque(type, class_ & (uint16_t)~TOP_BIT)
             ? put_bytes(writer, rdata, rdata_len)
             : put_rdata(writer, type, rdata, rdata_len);
  if (rc == 0)
    set16(writer->packet + start - 2, (unsigned)(writer->len - start));
  return rc;
}

int mlxr_writer_record(mlxr_writer_t *writer, enum mlxr_section section,
                       const uint8_t *name, uint16_t type, uint16_t class_,
                       bool is_cache_flush, uint32_t ttl, const uint8_t *rdata,
                       size_t rdata_len) {
  size_t len = writer->len;
  unsigned target_count = writer->target_count;
  if (section == MLXR_QUESTION || !is_in_order(writer, section))
    return -EINVAL;
  if (is_cache_flush)
    class_ |= TOP_BIT;
  int rc = put_record(writer, name, type, class_, ttl, rdata, rdata_len);
  return settle(writer, section, rc, len, target_count);
}

int mlxr_writer_copy(mlxr_writer_t *writer, enum mlxr_section section,
                     const uint8_t *packet, size_t packet_len,
                     const mlxr_record_t *record) {
  uint8_t rdata[MLXR_PACKET_MAX];
  size_t rdata_len;
  int rc = mlxr_rdata_expand(packet, packet_len, record, rdata, sizeof rdata,
                             &rdata_len);
  if (rc == MLXR_ENOSPACE)
    writer->is_full = true;
  if (rc != 0)
    return rc;
  return mlxr_writer_record(writer, section, record->name, record->type,
                            record->class_, record->is_cache_flush, record->ttl,
                            rdata, rdata_len);
}

int mlxr_writer_edns(mlxr_writer_t *writer, uint16_t udp_size,
                     uint8_t extended_rcode, bool is_do, const uint8_t *options,
                     size_t options_len) {
  uint32_t ttl = (uint32_t)extended_rcode << 24 | (is_do ? TOP_BIT : 0u);
  return mlxr_writer_record(writer, MLXR_ADDITIONAL, (const uint8_t *)"",
                            MLXR_TYPE_OPT, udp_size, false, ttl, options,
                            options_len);
}

size_t mlxr_writer_finish(mlxr_writer_t *writer) {
  for (size_t i = 0; i < 4; i++)
    set16(writer->packet + 4 + 2 * i, writer->count[i]);
  return writer->len;
}

void mlxr_wire_set_flags(uint8_t *packet, uint16_t set, uint16_t clear) {
  set16(packet + 2, (get16(packet + 2) & ~(unsigned)clear) | set);
}
