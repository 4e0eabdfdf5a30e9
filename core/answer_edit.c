#include <errno.h>
#include <string.h>

#include "answer.h"
#include "answer_walk.h"
#include "rdata.h"

enum { RECORDS_MAX = MLXR_PACKET_MAX / (2 + MLXR_WALK_FIXED_LEN) };

static int begin(mlxr_writer_t *writer, uint8_t *out, size_t cap,
                 const uint8_t *name, uint16_t type, uint16_t rcode) {
  int rc = mlxr_writer_init(writer, out, cap, 0, MLXR_QR | MLXR_RA | rcode);
  return rc != 0
             ? rc
             : mlxr_writer_question(writer, name, type, MLXR_CLASS_IN, false);
}

/* ---- alias ---- */

/* Copies all records. The names must be read anew anyhow, as each pointer
 * moves; so this is also where a loop through the new owner shows. */
static int copy_records(mlxr_writer_t *writer, mlxr_reader_t *reader,
                        const uint8_t *owner) {
  mlxr_record_t record;
  unsigned links = 1;
  int rc;
  while ((rc = mlxr_reader_record(reader, &record)) > 0) {
    bool is_answer = record.section == MLXR_ANSWER;
    if (is_answer && mlxr_name_is_equal(record.name, owner))
      return MLXR_ELOOP;
    if (is_answer && record.type == MLXR_TYPE_CNAME && ++links > MLXR_CHAIN_MAX)
      return MLXR_ELOOP;
    rc = mlxr_writer_copy(writer, record.section, reader->packet, reader->len,
                          &record);
    if (rc != 0)
      return rc;
  }
  return rc;
}

int mlxr_answer_alias(const uint8_t *answer, size_t len, const uint8_t *owner,
                      uint32_t ttl, uint8_t *out, size_t cap, size_t *out_len) {
  mlxr_walk_t walk;
  mlxr_writer_t writer;
  mlxr_reader_t reader;
  mlxr_question_t question;
  uint8_t lower[MLXR_NAME_MAX];
  if (!mlxr_walk_init(&walk, answer, len))
    return MLXR_EFORMAT;
  uint16_t rcode = mlxr_rcode_of(mlxr_get16(answer + 2));
  mlxr_name_put_lower(owner, mlxr_name_len(owner), lower);
  int rc = mlxr_reader_init(&reader, answer, len);
  if (rc == 0 && mlxr_reader_question(&reader, &question) != 1)
    rc = MLXR_EFORMAT;
  if (rc == 0 && mlxr_name_is_equal(question.name, lower))
    rc = MLXR_ELOOP;
  /* For these types the CNAME itself is what was asked for. */
  bool is_end = walk.type == MLXR_TYPE_CNAME || walk.type == MLXR_TYPE_ANY;
  bool is_failure = rcode != MLXR_NOERROR && rcode != MLXR_NXDOMAIN;
  if (rc == 0)
    rc = begin(&writer, out, cap, lower, walk.type,
               is_end && !is_failure ? MLXR_NOERROR : rcode);
  if (rc == 0 && !is_failure)
    rc = mlxr_writer_record(&writer, MLXR_ANSWER, lower, MLXR_TYPE_CNAME,
                            MLXR_CLASS_IN, false, ttl, question.name,
                            question.name_len);
  if (rc == 0 && !is_failure && !is_end)
    rc = copy_records(&writer, &reader, lower);
  if (rc == 0)
    *out_len = mlxr_writer_finish(&writer);
  return rc;
}

/* ---- reorder ---- */

typedef struct rrset {
  size_t at;      /* of its first record */
  uint16_t chain; /* CNAMEs before it */
  uint16_t count;
  uint16_t records[RECORDS_MAX];
} rrset_t;

static int find_rrset(mlxr_walk_t *walk, rrset_t *out) {
  mlxr_walk_record_t record;
  int rc;
  out->at = walk->question_end;
  out->chain = out->count = 0;
  while ((rc = mlxr_walk_next(walk, &record)) > 0) {
    if (!mlxr_walk_is_answer(walk))
      continue;
    bool is_wanted = record.type == walk->type || walk->type == MLXR_TYPE_ANY;
    if (is_wanted && out->count < RECORDS_MAX) {
      out->records[out->count++] = (uint16_t)record.at;
    } else if (is_wanted || out->count > 0) {
      return MLXR_EFORMAT;
    } else {
      out->chain++;
      out->at = record.end;
    }
  }
  return rc;
}

static bool is_order(const uint16_t *order, size_t n, uint16_t count) {
  bool seen[RECORDS_MAX] = {false};
  for (size_t i = 0; i < n; i++) {
    if (order[i] >= count || seen[order[i]])
      return false;
    seen[order[i]] = true;
  }
  return true;
}

/* Addresses are of one size and hold no names, so their records can be moved as
 * they are. That is what rankers reorder. */
static int reorder_addresses(const mlxr_walk_t *walk, const rrset_t *rrset,
                             const uint16_t *order, size_t n, uint8_t *out,
                             size_t cap, size_t *out_len) {
  size_t size = n == 0 ? 0 : walk->len - rrset->records[rrset->count - 1];
  if (cap < rrset->at || cap - rrset->at < n * size)
    return MLXR_ENOSPACE;
  memcpy(out, walk->packet, rrset->at);
  for (size_t i = 0; i < n; i++)
    memcpy(out + rrset->at + i * size, walk->packet + rrset->records[order[i]],
           size);
  mlxr_set16(out + 6, (uint16_t)(rrset->chain + n));
  mlxr_set16(out + 8, 0);
  *out_len = rrset->at + n * size;
  return 0;
}

static int copy_at(mlxr_writer_t *writer, mlxr_reader_t *reader, size_t at) {
  mlxr_record_t record;
  reader->section = MLXR_ANSWER;
  reader->left = 1;
  reader->at = at;
  int rc = mlxr_reader_record(reader, &record);
  if (rc != 1)
    return rc < 0 ? rc : MLXR_EFORMAT;
  return mlxr_writer_copy(writer, MLXR_ANSWER, reader->packet, reader->len,
                          &record);
}

/* Names in other records may point at one that moves or goes: write anew. */
static int reorder_records(const mlxr_walk_t *walk, const rrset_t *rrset,
                           const uint16_t *order, size_t n, uint8_t *out,
                           size_t cap, size_t *out_len) {
  mlxr_writer_t writer;
  mlxr_reader_t reader;
  int rc =
      begin(&writer, out, cap, walk->packet + MLXR_HEADER_LEN, walk->type, 0);
  if (rc == 0)
    rc = mlxr_reader_init(&reader, walk->packet, walk->len);
  reader.at = walk->question_end;
  for (uint16_t i = 0; rc == 0 && i < rrset->chain; i++)
    rc = copy_at(&writer, &reader, reader.at);
  for (size_t i = 0; rc == 0 && i < n; i++)
    rc = copy_at(&writer, &reader, rrset->records[order[i]]);
  if (rc == 0)
    *out_len = mlxr_writer_finish(&writer);
  return rc;
}

static bool is_address_rrset(const mlxr_walk_t *walk, const rrset_t *rrset) {
  size_t size =
      2 + MLXR_WALK_FIXED_LEN + (walk->type == MLXR_TYPE_A ? 4u : 16u);
  if (walk->type != MLXR_TYPE_A && walk->type != MLXR_TYPE_AAAA)
    return false;
  return walk->count[MLXR_AUTHORITY] == 0 &&
         walk->len - rrset->at == size * rrset->count;
}

int mlxr_answer_reorder(const uint8_t *answer, size_t len,
                        const uint16_t *order, size_t n, uint8_t *out,
                        size_t cap, size_t *out_len) {
  mlxr_walk_t walk;
  rrset_t rrset;
  if (len > MLXR_PACKET_MAX || !mlxr_walk_init(&walk, answer, len))
    return MLXR_EFORMAT;
  int rc = find_rrset(&walk, &rrset);
  if (rc != 0)
    return rc;
  if (!is_order(order, n, rrset.count) || rrset.count == 0)
    return -EINVAL;
  return is_address_rrset(&walk, &rrset)
             ? reorder_addresses(&walk, &rrset, order, n, out, cap, out_len)
             : reorder_records(&walk, &rrset, order, n, out, cap, out_len);
}

/* ---- deny ---- */

/* The SOA's owner is the name itself, so that nobody takes the denial to cover
 * more than that. */
int mlxr_answer_deny(const uint8_t *name, uint16_t type, uint8_t rcode,
                     uint32_t ttl, uint8_t *out, size_t cap, size_t *out_len) {
  static const uint8_t rdata[] =
      "\x09localhost\0\x06nobody\x07invalid\0"
      "\0\0\0\1\0\0\x0e\x10\0\0\x04\xb0\0\x09\x3a\x80"; /* and the minimum */
  uint8_t soa[sizeof rdata - 1 + 4], lower[MLXR_NAME_MAX];
  memcpy(soa, rdata, sizeof rdata - 1);
  mlxr_set32(soa + sizeof rdata - 1, ttl);
  mlxr_name_put_lower(name, mlxr_name_len(name), lower);
  mlxr_writer_t writer;
  int rc = begin(&writer, out, cap, lower, type, rcode);
  if (rc == 0)
    rc = mlxr_writer_record(&writer, MLXR_AUTHORITY, lower, MLXR_TYPE_SOA,
                            MLXR_CLASS_IN, false, ttl, soa, sizeof soa);
  if (rc == 0)
    *out_len = mlxr_writer_finish(&writer);
  return rc;
}
