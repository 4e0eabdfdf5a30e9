/* Any reply: what is scrubbed is canonical, and whatever is then done with it
 * leaves a well-formed message that says the same.
 */
#include <string.h>

#include "../answer_walk.h"
#include "../cache.h"
#include "../rdata.h"
#include "fuzz.h"

enum { RECORDS_MAX = 6000 };

static uint8_t answer[MLXR_PACKET_MAX], other[MLXR_PACKET_MAX];
static uint8_t third[MLXR_PACKET_MAX];

/* Reads a message to its end with the general reader; how many records it has
 * in the answer section. */
static unsigned read_whole(const uint8_t *packet, size_t len) {
  mlxr_reader_t reader;
  mlxr_record_t record;
  unsigned answers = 0;
  int rc;
  MLXR_PROMISE(mlxr_reader_init(&reader, packet, len) == 0);
  while ((rc = mlxr_reader_record(&reader, &record)) > 0) {
    size_t rdata_len;
    answers += record.section == MLXR_ANSWER;
    MLXR_PROMISE(mlxr_rdata_expand(packet, len, &record, third, sizeof third,
                                   &rdata_len) == 0);
  }
  MLXR_PROMISE(rc == 0 && reader.at == len);
  return answers;
}

static mlxr_answer_info_t read_answer(const uint8_t *packet, size_t len) {
  mlxr_answer_info_t info;
  read_whole(packet, len);
  MLXR_PROMISE(mlxr_answer_read(packet, len, &info) == 0);
  return info;
}

/* Scrubbing what is clean changes nothing. */
static void check_scrubbed(const mlxr_answer_info_t *info) {
  mlxr_answer_info_t read = read_answer(answer, info->len), again;
  MLXR_PROMISE(read.status == info->status && read.ttl == info->ttl);
  MLXR_PROMISE(read.rcode == info->rcode || info->rcode > 15);
  MLXR_PROMISE(
      mlxr_answer_scrub(answer, info->len, other, sizeof other, &again) == 0);
  MLXR_PROMISE(again.len == info->len && again.ttl == info->ttl);
  MLXR_PROMISE(memcmp(answer, other, info->len) == 0);
}

static void check_age(const mlxr_answer_info_t *info) {
  memcpy(other, answer, info->len);
  mlxr_answer_age(other, info->len, 7, 0, UINT32_MAX);
  uint32_t expected = info->ttl > 7 ? info->ttl - 7 : 0;
  MLXR_PROMISE(read_answer(other, info->len).ttl == expected);
  mlxr_answer_age(other, info->len, UINT32_MAX, 30, 30);
  mlxr_answer_info_t stale = read_answer(other, info->len);
  MLXR_PROMISE(stale.ttl == 30 || mlxr_get32(other + 6) == 0);
}

static void check_alias(const mlxr_answer_info_t *info) {
  static const uint8_t owner[] = "\5alias\7example";
  size_t len;
  int rc =
      mlxr_answer_alias(answer, info->len, owner, 5, other, sizeof other, &len);
  if (rc != 0) {
    MLXR_PROMISE(rc == MLXR_ELOOP || rc == MLXR_ENOSPACE);
    return;
  }
  mlxr_answer_info_t aliased = read_answer(other, len);
  uint16_t type = mlxr_get16(other + MLXR_HEADER_LEN + sizeof owner);
  bool is_end = type == MLXR_TYPE_CNAME || type == MLXR_TYPE_ANY;
  MLXR_PROMISE(aliased.status == info->status ||
               (is_end && aliased.status == MLXR_STATUS_ANSWER));
}

static void check_reorder(const mlxr_answer_info_t *info) {
  static uint16_t order[RECORDS_MAX];
  unsigned answers = read_whole(answer, info->len);
  size_t len;
  for (unsigned n = 0; n <= answers; n++) {
    if (n > 3 && n < answers)
      continue;
    for (unsigned i = 0; i < n; i++)
      order[i] = (uint16_t)(n - 1 - i);
    int rc = mlxr_answer_reorder(answer, info->len, order, n, other,
                                 sizeof other, &len);
    if (rc == 0)
      MLXR_PROMISE(read_answer(other, len).status ==
                   (n > 0 ? info->status : MLXR_STATUS_NODATA));
  }
}

static void read_request(mlxr_request_t *out, bool has_edns) {
  memset(out, 0, sizeof *out);
  size_t len = mlxr_name_len(answer + MLXR_HEADER_LEN);
  memcpy(out->lower, answer + MLXR_HEADER_LEN, len);
  for (size_t i = 0; i < len; i++)
    out->name[i] = out->lower[i] >= 'a' && out->lower[i] <= 'z' && i % 2
                       ? out->lower[i] & 0xdf
                       : out->lower[i];
  out->name_len = (uint16_t)len;
  out->type = mlxr_get16(answer + MLXR_HEADER_LEN + len);
  out->class_ = MLXR_CLASS_IN;
  out->has_question = true;
  out->has_edns = has_edns;
}

static void check_reply(const mlxr_answer_info_t *info) {
  static const size_t sizes[] = {300, 512, 1232, MLXR_PACKET_MAX};
  for (unsigned i = 0; i < 8; i++) {
    mlxr_request_t request;
    mlxr_reply_options_t options = {.max_len = sizes[i / 2],
                                    .ede_code = 22,
                                    .ede_text = "nobody answered",
                                    .rotate = true,
                                    .rotation = i};
    read_request(&request, i % 2);
    memcpy(other, answer, info->len);
    int rc =
        mlxr_answer_reply(other, info->len, sizeof other, &request, &options);
    MLXR_PROMISE(rc > 0 && (size_t)rc <= options.max_len);
    read_whole(other, (size_t)rc);
  }
}

/* A denial is kept for what its SOA says (RFC 2308 section 5). Type 0 is
 * reserved (RFC 6895 section 3.1) and never kept. */
static bool is_to_keep(const mlxr_answer_info_t *info, uint16_t type) {
  bool has_soa = answer[8] > 0 || answer[9] > 0;
  bool has_ttl = info->status == MLXR_STATUS_ANSWER || has_soa;
  return info->ttl > 0 && has_ttl && type != 0;
}

/* What was put comes out as it was. */
static void check_cache(const mlxr_answer_info_t *info) {
  static mlxr_cache_t *cache;
  const mlxr_cache_options_t options = {
      .bytes = 1 << 20, .max_ttl = INT32_MAX, .max_negative_ttl = INT32_MAX};
  if (!cache && mlxr_cache_new(&options, &cache) != 0)
    return;
  mlxr_request_t request;
  mlxr_cache_hit_t hit;
  read_request(&request, false);
  const mlxr_cache_key_t key = {request.lower, request.name_len, request.type,
                                0};
  MLXR_PROMISE(mlxr_cache_put(cache, &key, answer, info->len, NULL, 0, NULL) ==
               0);
  int rc = mlxr_cache_get(cache, &key, false, 0, other, sizeof other, &hit);
  bool is_kept = is_to_keep(info, key.type);
  MLXR_PROMISE(rc == is_kept || info->status == MLXR_STATUS_FAILURE);
  if (is_kept) {
    MLXR_PROMISE(hit.len == info->len && hit.ttl == info->ttl);
    MLXR_PROMISE(memcmp(other, answer, info->len) == 0);
  }
}

/* The same, when an operator of the language hands in any string at all. */
static void check_strings(const uint8_t *data, size_t size) {
  const uint16_t order[] = {0};
  mlxr_answer_info_t info;
  size_t len;
  if (size > sizeof other)
    return;
  memcpy(other, data, size);
  mlxr_answer_read(data, size, &info);
  mlxr_answer_age(other, size, 1, 0, 1);
  mlxr_answer_alias(data, size, (const uint8_t *)"\1a", 1, other, sizeof other,
                    &len);
  mlxr_answer_reorder(data, size, order, 1, other, sizeof other, &len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlxr_answer_info_t info;
  check_strings(data, size);
  if (mlxr_answer_scrub(data, size, answer, sizeof answer, &info) != 0)
    return 0;
  check_scrubbed(&info);
  check_age(&info);
  check_alias(&info);
  check_reorder(&info);
  check_reply(&info);
  check_cache(&info);
  return 0;
}
