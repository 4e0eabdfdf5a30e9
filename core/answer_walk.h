/* answer_walk.h - stepping through the records of an answer, for the files that
 * implement answer.h. Names are stepped over and never expanded; every length
 * is checked, since Lua can hand in any string as an answer.
 */
#ifndef MLXR_ANSWER_WALK_H
#define MLXR_ANSWER_WALK_H

#include "answer.h"

enum {
  MLXR_WALK_FIXED_LEN = 10, ///< type, class, TTL and length of a record
  MLXR_CLASS_IN = 1
};

typedef struct mlxr_walk {
  const uint8_t *packet; ///< borrowed
  size_t len;
  size_t question_end;
  uint16_t type;     ///< of the question
  uint16_t count[3]; ///< questions, answers, authorities
  size_t at;         ///< the next record
  uint32_t left;
} mlxr_walk_t;

typedef struct mlxr_walk_record {
  size_t at;
  size_t ttl_at;
  size_t rdata_at;
  size_t end;
  uint16_t type;
  uint32_t ttl;
} mlxr_walk_record_t;

static inline uint16_t mlxr_get16(const uint8_t *at) {
  return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t mlxr_get32(const uint8_t *at) {
  return (uint32_t)mlxr_get16(at) << 16 | mlxr_get16(at + 2);
}

static inline void mlxr_set16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static inline void mlxr_set32(uint8_t *at, uint32_t value) {
  mlxr_set16(at, (uint16_t)(value >> 16));
  mlxr_set16(at + 2, (uint16_t)value);
}

/// Steps over a name; 0 when it leaves the packet.
static inline size_t mlxr_walk_name(const uint8_t *packet, size_t len,
                                    size_t at) {
  while (at < len) {
    uint8_t label = packet[at];
    if (label >= 0xc0)
      return at + 2 <= len ? at + 2 : 0;
    if (label == 0)
      return at + 1;
    if (label > MLXR_LABEL_MAX)
      return 0;
    at += label + 1u;
  }
  return 0;
}

/// Reads header and question; false when the packet has not the form of an
/// answer: one question for class IN, at most one authority, nothing more.
static inline bool mlxr_walk_init(mlxr_walk_t *walk, const uint8_t *packet,
                                  size_t len) {
  if (len < MLXR_HEADER_LEN || mlxr_get16(packet + 4) != 1 ||
      mlxr_get16(packet + 8) > 1 || mlxr_get16(packet + 10) != 0)
    return false;
  size_t name_len =
      mlxr_name_measure(packet + MLXR_HEADER_LEN, len - MLXR_HEADER_LEN);
  size_t at = MLXR_HEADER_LEN + name_len;
  if (name_len == 0 || len - at < 4 ||
      mlxr_get16(packet + at + 2) != MLXR_CLASS_IN)
    return false;
  walk->packet = packet;
  walk->len = len;
  walk->type = mlxr_get16(packet + at);
  walk->question_end = walk->at = at + 4;
  walk->count[MLXR_QUESTION] = 1;
  walk->count[MLXR_ANSWER] = mlxr_get16(packet + 6);
  walk->count[MLXR_AUTHORITY] = mlxr_get16(packet + 8);
  walk->left = (uint32_t)walk->count[MLXR_ANSWER] + walk->count[MLXR_AUTHORITY];
  return true;
}

/// The next record: 1, 0 behind the last, MLXR_EFORMAT.
static inline int mlxr_walk_next(mlxr_walk_t *walk, mlxr_walk_record_t *out) {
  if (walk->left == 0)
    return walk->at == walk->len ? 0 : MLXR_EFORMAT;
  size_t at = mlxr_walk_name(walk->packet, walk->len, walk->at);
  if (at == 0 || walk->len - at < MLXR_WALK_FIXED_LEN)
    return MLXR_EFORMAT;
  const uint8_t *fixed = walk->packet + at;
  size_t rdata_len = mlxr_get16(fixed + 8);
  if (walk->len - at - MLXR_WALK_FIXED_LEN < rdata_len)
    return MLXR_EFORMAT;
  out->at = walk->at;
  out->type = mlxr_get16(fixed);
  out->ttl = mlxr_get32(fixed + 4);
  out->ttl_at = at + 4;
  out->rdata_at = at + MLXR_WALK_FIXED_LEN;
  out->end = walk->at = out->rdata_at + rdata_len;
  walk->left--;
  return 1;
}

/// Is the record that was just read one of the answer section?
static inline bool mlxr_walk_is_answer(const mlxr_walk_t *walk) {
  return walk->left >= walk->count[MLXR_AUTHORITY];
}

#endif
