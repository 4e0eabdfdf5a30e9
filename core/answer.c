#include "answer.h"

#include "answer_walk.h"
#include "rdata.h"

/* The chain in front holds CNAMEs only, and a question for CNAME or ANY has no
 * chain: so the RRset is what has the question's type. */
static bool is_wanted(const mlxr_walk_t *walk,
                      const mlxr_walk_record_t *record) {
  return record->type == walk->type || walk->type == MLXR_TYPE_ANY;
}

static enum mlxr_status status_of(uint8_t rcode, bool has_rrset) {
  if (rcode == MLXR_NXDOMAIN)
    return MLXR_STATUS_NXDOMAIN;
  if (rcode != MLXR_NOERROR)
    return MLXR_STATUS_FAILURE;
  return has_rrset ? MLXR_STATUS_ANSWER : MLXR_STATUS_NODATA;
}

int mlxr_answer_read(const uint8_t *answer, size_t len,
                     mlxr_answer_info_t *info) {
  mlxr_walk_t walk;
  mlxr_walk_record_t record;
  if (!mlxr_walk_init(&walk, answer, len))
    return MLXR_EFORMAT;
  uint16_t flags = mlxr_get16(answer + 2);
  bool has_rrset = false;
  uint32_t ttl = walk.left > 0 ? UINT32_MAX : 0;
  int rc;
  while ((rc = mlxr_walk_next(&walk, &record)) > 0) {
    has_rrset |= mlxr_walk_is_answer(&walk) && is_wanted(&walk, &record);
    if (record.ttl < ttl)
      ttl = record.ttl;
  }
  info->rcode = (uint8_t)mlxr_rcode_of(flags);
  info->status = status_of(info->rcode, has_rrset);
  info->ttl = ttl;
  info->is_truncated = (flags & MLXR_TC) != 0;
  info->len = len;
  return rc;
}

int mlxr_answer_first(const uint8_t *answer, size_t len, size_t *rdata_at,
                      size_t *rdata_len) {
  mlxr_walk_t walk;
  mlxr_walk_record_t record;
  if (!mlxr_walk_init(&walk, answer, len))
    return MLXR_EFORMAT;
  int rc;
  while ((rc = mlxr_walk_next(&walk, &record)) > 0) {
    if (mlxr_walk_is_answer(&walk) && is_wanted(&walk, &record)) {
      *rdata_at = record.rdata_at;
      *rdata_len = record.end - record.rdata_at;
      return 1;
    }
  }
  return rc;
}

void mlxr_answer_age(uint8_t *answer, size_t len, uint32_t age, uint32_t floor,
                     uint32_t ceiling) {
  mlxr_walk_t walk;
  mlxr_walk_record_t record;
  if (!mlxr_walk_init(&walk, answer, len))
    return;
  while (mlxr_walk_next(&walk, &record) > 0) {
    uint32_t ttl = record.ttl > age ? record.ttl - age : 0;
    if (ttl < floor)
      ttl = floor;
    mlxr_set32(answer + record.ttl_at, ttl < ceiling ? ttl : ceiling);
  }
}
