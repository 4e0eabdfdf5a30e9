/* Any packet: what can be read can be told in text, read from that text, and
 * written into another packet that says the same.
 */
#include <string.h>

#include "../rdata.h"
#include "fuzz.h"

enum { TEXT_MAX = 1 << 23 };

static char text[TEXT_MAX], text_again[TEXT_MAX];

/* Sets may be written with empty bytes at their end; text cannot tell. */
static bool is_set(uint16_t type) {
  static const uint16_t sets[] = {11, 30, 42, 47, 50, 62};
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
    if (sets[i] == type)
      return true;
  return false;
}

static void check_name(const uint8_t *name, size_t len) {
  char shown[MLXR_NAME_TEXT_MAX];
  uint8_t again[MLXR_NAME_MAX];
  size_t shown_len, again_len;
  MLXR_PROMISE(mlxr_name_measure(name, len) == len);
  MLXR_PROMISE(mlxr_name_len(name) == len);
  mlxr_name_to_text(name, shown, &shown_len);
  MLXR_PROMISE(shown_len < MLXR_NAME_TEXT_MAX && strlen(shown) == shown_len);
  MLXR_PROMISE(mlxr_name_from_text(shown, shown_len, again, &again_len) == 0);
  MLXR_PROMISE(again_len == len && memcmp(again, name, len) == 0);
  mlxr_name_put_lower(name, len, again);
  MLXR_PROMISE(mlxr_name_is_equal(name, again));
  MLXR_PROMISE(mlxr_name_hash(name, len, 1) == mlxr_name_hash(again, len, 1));
}

static void check_text(uint16_t type, const uint8_t *rdata, size_t len) {
  static uint8_t again[MLXR_PACKET_MAX];
  size_t text_len, again_len;
  MLXR_PROMISE(mlxr_rdata_check(type, rdata, len) == 0);
  MLXR_PROMISE(
      mlxr_rdata_to_text(type, rdata, len, text, sizeof text, &text_len) == 0);
  MLXR_PROMISE(strlen(text) == text_len);
  MLXR_PROMISE(mlxr_rdata_from_text(type, text, text_len, again, sizeof again,
                                    &again_len) == 0);
  if (again_len == len && memcmp(again, rdata, len) == 0)
    return;
  MLXR_PROMISE(is_set(type));
  MLXR_PROMISE(mlxr_rdata_to_text(type, again, again_len, text_again,
                                  sizeof text_again, &text_len) == 0);
  MLXR_PROMISE(strcmp(text, text_again) == 0);
}

static void check_edns(const uint8_t *packet, const mlxr_record_t *record) {
  mlxr_edns_t edns;
  if (record->type != MLXR_TYPE_OPT ||
      mlxr_wire_read_edns(packet, record, &edns) != 0)
    return;
  size_t at = edns.options_at, data_at;
  uint16_t code, len;
  while (mlxr_wire_read_option(packet, &edns, &at, &code, &data_at, &len) == 1)
    MLXR_PROMISE(data_at + len <= record->rdata_at + record->rdata_len);
}

/* The record that was just written says what the given one says. */
static void check_copy(const uint8_t *packet, size_t len,
                       const mlxr_record_t *copy, const mlxr_record_t *record,
                       const uint8_t *rdata, size_t rdata_len) {
  static uint8_t again[MLXR_PACKET_MAX];
  size_t again_len;
  MLXR_PROMISE(copy->type == record->type && copy->class_ == record->class_);
  MLXR_PROMISE(copy->ttl == record->ttl && copy->section == record->section);
  MLXR_PROMISE(copy->is_cache_flush == record->is_cache_flush);
  MLXR_PROMISE(copy->name_len == record->name_len);
  MLXR_PROMISE(memcmp(copy->name, record->name, record->name_len) == 0);
  MLXR_PROMISE(mlxr_rdata_expand(packet, len, copy, again, sizeof again,
                                 &again_len) == 0);
  MLXR_PROMISE(again_len == rdata_len && memcmp(again, rdata, rdata_len) == 0);
}

typedef struct copies {
  uint8_t packet[MLXR_PACKET_MAX];
  mlxr_writer_t writer;
} copies_t;

static void copy_questions(mlxr_reader_t *reader, mlxr_writer_t *writer) {
  mlxr_question_t question;
  while (mlxr_reader_question(reader, &question) == 1) {
    check_name(question.name, question.name_len);
    mlxr_writer_question(writer, question.name, question.type, question.class_,
                         question.is_unicast);
  }
}

/* Every record is read twice: from the input and, if it fitted, from a message
   that holds all written so far. */
static void copy_records(mlxr_reader_t *reader, copies_t *copies) {
  static uint8_t rdata[MLXR_PACKET_MAX];
  mlxr_reader_t other;
  mlxr_record_t record, copy;
  size_t rdata_len;
  bool is_begun = false;
  while (mlxr_reader_record(reader, &record) == 1) {
    check_name(record.name, record.name_len);
    check_edns(reader->packet, &record);
    if (mlxr_rdata_expand(reader->packet, reader->len, &record, rdata,
                          sizeof rdata, &rdata_len) != 0)
      continue;
    if (!mlxr_type_is_opaque(record.type, record.class_))
      check_text(record.type, rdata, rdata_len);
    if (mlxr_writer_record(&copies->writer, record.section, record.name,
                           record.type, record.class_, record.is_cache_flush,
                           record.ttl, rdata, rdata_len) != 0)
      continue;
    size_t len = mlxr_writer_finish(&copies->writer),
           at = is_begun ? other.at : 0;
    MLXR_PROMISE(mlxr_reader_init(&other, copies->packet, len) == 0);
    if (is_begun) {
      other.at = at;
      other.section = record.section;
      other.left = 1;
    }
    is_begun = true;
    MLXR_PROMISE(mlxr_reader_record(&other, &copy) == 1);
    MLXR_PROMISE(other.at == len);
    check_copy(copies->packet, len, &copy, &record, rdata, rdata_len);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static copies_t copies;
  mlxr_reader_t reader;
  if (size > MLXR_PACKET_MAX || mlxr_reader_init(&reader, data, size) != 0)
    return 0;
  mlxr_writer_init(&copies.writer, copies.packet, sizeof copies.packet,
                   reader.header.id, reader.header.flags);
  copies.writer.is_mdns = reader.header.id % 2 == 0;
  copy_questions(&reader, &copies.writer);
  copy_records(&reader, &copies);
  return 0;
}
