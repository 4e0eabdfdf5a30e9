#include <string.h>

#include "answer.h"
#include "answer_walk.h"
#include "rdata.h"

/* A reply is walked once for its form, and then once for every link of the
 * chain, each walk beginning where the last one ended: servers write chains in
 * order, so all walks together usually look at every record once. A chain in
 * another order costs at most MLXR_CHAIN_MAX + 1 walks, which keeps a hostile
 * reply linear. Owners are nearly always a pointer to the name that is looked
 * for, and only others are expanded; records that do not survive are checked no
 * deeper than their lengths. */

enum { SOA_MAX = 2 * MLXR_NAME_MAX + 20, OPT_RCODE_SHIFT = 4 };

typedef struct cursor {
  size_t at;
  unsigned index;
} cursor_t;

typedef struct scrub {
  const uint8_t *packet;
  size_t len;
  size_t answers_at, authorities_at;
  unsigned answers, authorities;
  uint16_t flags;
  uint16_t rcode; /* with the upper bits of the OPT record */
  uint16_t type;
  unsigned links;
  mlxr_record_t record; /* its name is the one looked for, in lower case */
  size_t target_at;     /* where that name stands in the packet */
  size_t target_out;    /* and in the answer */
  uint32_t ttl;
  mlxr_writer_t writer;
} scrub_t;

/* The fixed part of a record and what lies around it. */
typedef struct view {
  size_t at, fixed_at, end;
  uint16_t type, class_, rdata_len;
  uint32_t ttl;
} view_t;

static bool read_view(const scrub_t *scrub, size_t at, view_t *out) {
  size_t fixed_at = mlxr_walk_name(scrub->packet, scrub->len, at);
  if (fixed_at == 0 || scrub->len - fixed_at < MLXR_WALK_FIXED_LEN)
    return false;
  const uint8_t *fixed = scrub->packet + fixed_at;
  out->at = at;
  out->fixed_at = fixed_at;
  out->type = mlxr_get16(fixed);
  out->class_ = mlxr_get16(fixed + 2) & 0x7fff;
  out->ttl = mlxr_get32(fixed + 4);
  if (out->ttl > INT32_MAX)
    out->ttl = 0; /* RFC 2181 section 8 */
  out->rdata_len = mlxr_get16(fixed + 8);
  out->end = fixed_at + MLXR_WALK_FIXED_LEN + out->rdata_len;
  return out->end <= scrub->len;
}

static bool skip_section(scrub_t *scrub, unsigned count, size_t *at) {
  for (; count > 0; count--) {
    view_t view;
    if (!read_view(scrub, *at, &view))
      return false;
    if (view.type == MLXR_TYPE_OPT)
      scrub->rcode |=
          (uint16_t)(scrub->packet[view.fixed_at + 4] << OPT_RCODE_SHIFT);
    *at = view.end;
  }
  return true;
}

static bool read_form(scrub_t *scrub) {
  const uint8_t *packet = scrub->packet;
  if (scrub->len < MLXR_HEADER_LEN || !(mlxr_get16(packet + 2) & MLXR_QR) ||
      mlxr_opcode_of(mlxr_get16(packet + 2)) != 0 ||
      mlxr_get16(packet + 4) != 1)
    return false;
  size_t name_len =
      mlxr_name_measure(packet + MLXR_HEADER_LEN, scrub->len - MLXR_HEADER_LEN);
  size_t at = MLXR_HEADER_LEN + name_len;
  if (name_len == 0 || scrub->len - at < 4 ||
      mlxr_get16(packet + at + 2) != MLXR_CLASS_IN)
    return false;
  scrub->type = mlxr_get16(packet + at);
  scrub->flags = mlxr_get16(packet + 2);
  scrub->rcode = mlxr_rcode_of(scrub->flags);
  mlxr_name_put_lower(packet + MLXR_HEADER_LEN, name_len, scrub->record.name);
  scrub->record.name_len = name_len;
  scrub->target_at = scrub->target_out = MLXR_HEADER_LEN;
  scrub->answers = mlxr_get16(packet + 6);
  scrub->authorities = mlxr_get16(packet + 8);
  at += 4;
  scrub->answers_at = at;
  if (!skip_section(scrub, scrub->answers, &at))
    return false;
  scrub->authorities_at = at;
  return skip_section(scrub, scrub->authorities, &at) &&
         skip_section(scrub, mlxr_get16(packet + 10), &at) && at == scrub->len;
}

/* Steps on, from the last record to the first. The form was checked. */
static void next_view(const scrub_t *scrub, cursor_t *cursor, view_t *out) {
  if (cursor->index == scrub->answers) {
    cursor->index = 0;
    cursor->at = scrub->answers_at;
  }
  read_view(scrub, cursor->at, out);
  cursor->at = out->end;
  cursor->index++;
}

/* 1, 0, or MLXR_EFORMAT for a name that cannot be read. */
static int is_owner(const scrub_t *scrub, const view_t *view) {
  const uint8_t *owner = scrub->packet + view->at;
  if (scrub->target_at < 0x4000 &&
      mlxr_get16(owner) == (0xc000 | scrub->target_at))
    return 1;
  uint8_t name[MLXR_NAME_MAX];
  size_t name_len, end;
  int rc = mlxr_wire_read_name(scrub->packet, scrub->len, view->at, name,
                               &name_len, &end);
  if (rc != 0)
    return rc;
  return name_len == scrub->record.name_len &&
         mlxr_name_is_equal(name, scrub->record.name);
}

static bool is_wanted(const scrub_t *scrub, const view_t *view) {
  return view->type == scrub->type ||
         (scrub->type == MLXR_TYPE_ANY && view->type != MLXR_TYPE_OPT);
}

/* Looks for the RRset or the next CNAME: 1 and the record, 0 for neither. The
 * cursor stays before the record of an RRset and behind a CNAME. */
static int find(const scrub_t *scrub, cursor_t *cursor, view_t *out) {
  for (unsigned i = 0; i < scrub->answers; i++) {
    cursor_t before = *cursor;
    next_view(scrub, cursor, out);
    bool wanted = is_wanted(scrub, out);
    if (out->class_ != MLXR_CLASS_IN ||
        (!wanted && out->type != MLXR_TYPE_CNAME))
      continue;
    int rc = is_owner(scrub, out);
    if (rc > 0 && wanted)
      *cursor = before;
    if (rc != 0)
      return rc;
  }
  return 0;
}

static int put_record(scrub_t *scrub, const view_t *view) {
  size_t rdata_at = view->fixed_at + MLXR_WALK_FIXED_LEN;
  mlxr_writer_t *writer = &scrub->writer;
  bool is_a = view->type == MLXR_TYPE_A, is_aaaa = view->type == MLXR_TYPE_AAAA;
  if (is_a || is_aaaa) {
    size_t rdata_len = is_a ? 4 : 16;
    size_t size = 2 + MLXR_WALK_FIXED_LEN + rdata_len;
    if (view->rdata_len != rdata_len)
      return MLXR_EFORMAT;
    if (writer->cap - writer->len < size)
      return MLXR_ENOSPACE;
    uint8_t *to = writer->packet + writer->len;
    mlxr_set16(to, (uint16_t)(0xc000 | scrub->target_out));
    mlxr_set16(to + 2, view->type);
    mlxr_set16(to + 4, MLXR_CLASS_IN);
    mlxr_set32(to + 6, view->ttl);
    mlxr_set16(to + 10, (uint16_t)rdata_len);
    memcpy(to + 12, scrub->packet + rdata_at, rdata_len);
    writer->len += size;
    writer->count[MLXR_ANSWER]++;
    return 0;
  }
  mlxr_record_t *record = &scrub->record;
  record->section = MLXR_ANSWER;
  record->type = view->type;
  record->class_ = MLXR_CLASS_IN;
  record->is_cache_flush = false;
  record->ttl = view->ttl;
  record->at = view->at;
  record->rdata_at = rdata_at;
  record->rdata_len = view->rdata_len;
  return mlxr_writer_copy(writer, MLXR_ANSWER, scrub->packet, scrub->len,
                          record);
}

/* RFC 2181 section 5.2: the lowest TTL goes for all. */
static void level_ttls(mlxr_writer_t *writer, size_t from, uint32_t ttl) {
  for (size_t at = from; at < writer->len;) {
    size_t fixed_at = mlxr_walk_name(writer->packet, writer->len, at);
    uint8_t *fixed = writer->packet + fixed_at;
    mlxr_set32(fixed + 4, ttl);
    at = fixed_at + MLXR_WALK_FIXED_LEN + mlxr_get16(fixed + 8);
  }
}

static int put_rrset(scrub_t *scrub, cursor_t cursor) {
  size_t from = scrub->writer.len;
  uint32_t lowest = UINT32_MAX, highest = 0;
  for (unsigned i = 0; i < scrub->answers; i++) {
    view_t view;
    next_view(scrub, &cursor, &view);
    if (view.class_ != MLXR_CLASS_IN || !is_wanted(scrub, &view))
      continue;
    int rc = is_owner(scrub, &view);
    if (rc > 0)
      rc = put_record(scrub, &view);
    else if (rc == 0)
      continue;
    if (rc != 0)
      return rc;
    lowest = view.ttl < lowest ? view.ttl : lowest;
    highest = view.ttl > highest ? view.ttl : highest;
  }
  if (lowest != highest)
    level_ttls(&scrub->writer, from, lowest);
  scrub->ttl = lowest < scrub->ttl ? lowest : scrub->ttl;
  return 0;
}

/* Writes the CNAME and looks for its target from now on, whose name owners in
 * the answer will point at: hence in lower case. */
static int follow(scrub_t *scrub, const view_t *view) {
  size_t rdata_at = view->fixed_at + MLXR_WALK_FIXED_LEN, end, name_len;
  uint8_t name[MLXR_NAME_MAX];
  int rc = mlxr_wire_read_name(scrub->packet, scrub->len, rdata_at, name,
                               &name_len, &end);
  if (rc == 0 && end != view->end)
    rc = MLXR_EFORMAT;
  if (rc == 0 && ++scrub->links > MLXR_CHAIN_MAX)
    rc = MLXR_ELOOP;
  if (rc != 0)
    return rc;
  mlxr_writer_t *writer = &scrub->writer;
  size_t at = writer->len;
  mlxr_name_put_lower(name, name_len, name);
  rc = mlxr_writer_record(writer, MLXR_ANSWER, scrub->record.name,
                          MLXR_TYPE_CNAME, MLXR_CLASS_IN, false, view->ttl,
                          name, name_len);
  if (rc != 0)
    return rc;
  scrub->target_out =
      mlxr_walk_name(writer->packet, writer->len, at) + MLXR_WALK_FIXED_LEN;
  scrub->target_at = rdata_at;
  memcpy(scrub->record.name, name, name_len);
  scrub->record.name_len = name_len;
  scrub->ttl = view->ttl < scrub->ttl ? view->ttl : scrub->ttl;
  return 0;
}

/* A denial is worth what its SOA says (RFC 2308 section 5), if that is of a
 * zone in which the name lies. 1 when it was written. */
static int put_soa(scrub_t *scrub, const view_t *view) {
  mlxr_record_t soa = {.type = MLXR_TYPE_SOA, .class_ = MLXR_CLASS_IN};
  size_t end, rdata_len;
  uint8_t rdata[SOA_MAX];
  soa.rdata_at = view->fixed_at + MLXR_WALK_FIXED_LEN;
  soa.rdata_len = view->rdata_len;
  int rc = mlxr_wire_read_name(scrub->packet, scrub->len, view->at, soa.name,
                               &soa.name_len, &end);
  if (rc == 0 && !mlxr_name_is_under(scrub->record.name, soa.name))
    return 0;
  if (rc == 0)
    rc = mlxr_rdata_expand(scrub->packet, scrub->len, &soa, rdata, sizeof rdata,
                           &rdata_len);
  if (rc != 0)
    return rc;
  uint32_t ttl = mlxr_get32(rdata + rdata_len - 4);
  ttl = ttl > INT32_MAX ? 0 : ttl < view->ttl ? ttl : view->ttl;
  mlxr_name_put_lower(soa.name, soa.name_len, soa.name);
  rc = mlxr_writer_record(&scrub->writer, MLXR_AUTHORITY, soa.name,
                          MLXR_TYPE_SOA, MLXR_CLASS_IN, false, ttl, rdata,
                          rdata_len);
  scrub->ttl = ttl < scrub->ttl ? ttl : scrub->ttl;
  return rc == 0 ? 1 : rc;
}

/* Nothing but name servers is a referral by somebody who does not recurse
 * (RFC 2308 section 2.2.1): it says nothing of the name. */
static int deny(scrub_t *scrub) {
  size_t at = scrub->authorities_at;
  bool has_servers = false;
  for (unsigned i = 0; i < scrub->authorities; i++) {
    view_t view;
    read_view(scrub, at, &view);
    at = view.end;
    has_servers |= view.type == MLXR_TYPE_NS;
    if (view.type != MLXR_TYPE_SOA || view.class_ != MLXR_CLASS_IN)
      continue;
    int rc = put_soa(scrub, &view);
    if (rc != 0)
      return rc < 0 ? rc : 0;
  }
  bool is_referral = has_servers && scrub->links == 0 &&
                     scrub->rcode == MLXR_NOERROR && !(scrub->flags & MLXR_AA);
  if (is_referral)
    scrub->rcode = MLXR_SERVFAIL;
  return 0;
}

/* 1 when the RRset was written, 0 when there is none. */
static int put_answers(scrub_t *scrub) {
  cursor_t cursor = {scrub->answers_at, 0};
  for (;;) {
    view_t view;
    int rc = find(scrub, &cursor, &view);
    if (rc <= 0)
      return rc;
    if (is_wanted(scrub, &view)) {
      if (scrub->rcode == MLXR_NXDOMAIN)
        return 0;
      rc = put_rrset(scrub, cursor);
      return rc == 0 ? 1 : rc;
    }
    rc = follow(scrub, &view);
    if (rc != 0)
      return rc;
  }
}

static bool is_knowledge(uint16_t rcode) {
  return rcode == MLXR_NOERROR || rcode == MLXR_NXDOMAIN;
}

static void finish(scrub_t *scrub, bool has_rrset, mlxr_answer_info_t *info) {
  /* Only four bits of it fit into the header. */
  uint16_t rcode = scrub->rcode > UINT8_MAX ? MLXR_SERVFAIL : scrub->rcode;
  mlxr_wire_set_flags(scrub->writer.packet, rcode > 15 ? MLXR_SERVFAIL : rcode,
                      0);
  info->rcode = (uint8_t)rcode;
  info->status = !is_knowledge(rcode)     ? MLXR_STATUS_FAILURE
                 : rcode == MLXR_NXDOMAIN ? MLXR_STATUS_NXDOMAIN
                 : has_rrset              ? MLXR_STATUS_ANSWER
                                          : MLXR_STATUS_NODATA;
  info->ttl = scrub->ttl == UINT32_MAX ? 0 : scrub->ttl;
  info->len = mlxr_writer_finish(&scrub->writer);
}

int mlxr_answer_scrub(const uint8_t *packet, size_t len, uint8_t *out,
                      size_t cap, mlxr_answer_info_t *info) {
  scrub_t scrub;
  scrub.packet = packet;
  scrub.len = len;
  scrub.links = 0;
  scrub.ttl = UINT32_MAX;
  info->is_truncated =
      len >= MLXR_HEADER_LEN && (mlxr_get16(packet + 2) & MLXR_TC) != 0;
  if (!read_form(&scrub))
    return MLXR_EFORMAT;
  int rc = mlxr_writer_init(&scrub.writer, out, cap, 0, MLXR_QR | MLXR_RA);
  if (rc == 0)
    rc = mlxr_writer_question(&scrub.writer, scrub.record.name, scrub.type,
                              MLXR_CLASS_IN, false);
  if (rc == 0 && is_knowledge(scrub.rcode))
    rc = put_answers(&scrub);
  bool has_rrset = rc > 0;
  if (rc == 0 && is_knowledge(scrub.rcode))
    rc = deny(&scrub);
  if (rc < 0)
    return rc;
  finish(&scrub, has_rrset, info);
  return 0;
}
