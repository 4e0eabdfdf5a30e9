/* Any packet of a link: a glance at it ends within its bytes, never changes
 * what is cared for, and admits whatever the reader finds of a name that
 * somebody awaits.
 */
#include <strings.h>

#include "../interest.h"
#include "../wire.h"
#include "fuzz.h"

enum { HOPS_MAX = 4 };

static const uint8_t awaited[] = "\5mini2\5local";
static const uint8_t type[] = "\4_mlx\4_tcp\5local";
static const uint8_t instance[] = "\1w\4_mlx\4_tcp\5local";

/* Is the first label near enough to the entry that begins at `at`? */
static bool is_near(const uint8_t *data, size_t size, size_t at) {
  for (int hop = 0; hop < HOPS_MAX && at + 1 < size; hop++) {
    if (data[at] < 0xc0)
      return true;
    at = (size_t)(data[at] & 0x3f) << 8 | data[at + 1];
  }
  return false;
}

static bool is_awaited(const uint8_t *name) {
  return name[0] == awaited[0] &&
         strncasecmp((const char *)name + 1, (const char *)awaited + 1,
                     awaited[0]) == 0;
}

static bool is_asked(const uint8_t *data, size_t size, mlxr_reader_t *reader) {
  mlxr_question_t question;
  size_t at = reader->at;
  bool is_found = false;
  int rc;
  while ((rc = mlxr_reader_question(reader, &question)) == 1) {
    is_found =
        is_found || (is_awaited(question.name) && is_near(data, size, at));
    at = reader->at;
  }
  return rc == 0 && is_found;
}

static bool is_said(const uint8_t *data, size_t size, mlxr_reader_t *reader) {
  mlxr_record_t record;
  bool is_found = false;
  int rc;
  while ((rc = mlxr_reader_record(reader, &record)) == 1)
    is_found =
        is_found || (is_awaited(record.name) && is_near(data, size, record.at));
  return rc == 0 && is_found;
}

/* What the reader says of it: only for packets that are whole. */
static bool is_wanted(const uint8_t *data, size_t size) {
  mlxr_reader_t reader;
  if (mlxr_reader_init(&reader, data, size) != 0 ||
      mlxr_opcode_of(reader.header.flags) != 0 ||
      mlxr_rcode_of(reader.header.flags) != 0)
    return false;
  return reader.header.flags & MLXR_QR ? is_said(data, size, &reader)
                                       : is_asked(data, size, &reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const mlxr_address_t from = {
      .family = 4, .bytes = {192, 0, 2, 1}, .port = 5353};
  mlxr_interest_t *interest;
  MLXR_PROMISE(mlxr_interest_new(7, &interest) == 0);
  mlxr_interest_add(interest, awaited, MLXR_INTEREST_AWAITED);
  mlxr_interest_add(interest, type, MLXR_INTEREST_OWNED);
  mlxr_interest_add(interest, instance, MLXR_INTEREST_OWNED);
  MLXR_PROMISE(mlxr_interest_put_own(interest, &from, 1) == 0);

  unsigned concerns = mlxr_interest_admit(interest, data, size, &from);
  MLXR_PROMISE(concerns <= 3);
  MLXR_PROMISE(mlxr_interest_admit(interest, data, size, &from) == concerns);
  if (is_wanted(data, size))
    MLXR_PROMISE(concerns & MLXR_INTEREST_AWAITED);

  mlxr_interest_put_sent(interest, MLXR_INTEREST_AWAITED, data, size);
  mlxr_interest_put_sent(interest, MLXR_INTEREST_OWNED, data, size);
  MLXR_PROMISE(mlxr_interest_admit(interest, data, size, &from) == 0);

  mlxr_interest_remove(interest, awaited, MLXR_INTEREST_AWAITED);
  mlxr_interest_remove(interest, type, MLXR_INTEREST_OWNED);
  mlxr_interest_remove(interest, instance, MLXR_INTEREST_OWNED);
  mlxr_interest_stats_t stats = mlxr_interest_stats(interest);
  MLXR_PROMISE(stats.labels == 0);
  mlxr_interest_free(interest);
  return 0;
}
