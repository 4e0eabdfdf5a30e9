#include <stddef.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "answer_walk.h"
#include "store_internal.h"

/* Values lie at any even address, so heads are copied in and out. The question
 * is the key, and is not kept twice. */

_Static_assert(sizeof(store_head_t) == STORE_HEAD, "no gaps in the file");

enum { FLAGS_KEPT = MLXR_CACHE_ROTATE | MLXR_CACHE_PINNED };

size_t store_put_key(const mlxr_cache_key_t *key, uint8_t out[STORE_KEY_MAX]) {
  memcpy(out, key->name, key->name_len);
  uint8_t *at = out + key->name_len;
  mlxr_set16(at, key->type);
  mlxr_set32(at + 2, key->purpose);
  return key->name_len + 6;
}

size_t store_put_value(const store_head_t *head, const char *interface,
                       const mlxr_cache_key_t *key, const uint8_t *answer,
                       size_t len, uint8_t *out) {
  store_head_t own = *head;
  size_t question = key->name_len + 4;
  size_t interface_len = interface ? strlen(interface) : 0;
  if (interface_len >= MLXR_INTERFACE_NAME_MAX)
    interface_len = MLXR_INTERFACE_NAME_MAX - 1;
  own.flags &= FLAGS_KEPT;
  own.interface_len = (uint8_t)interface_len;
  memset(own.reserved, 0, sizeof own.reserved);
  memcpy(out, &own, sizeof own);
  uint8_t *at = out + sizeof own;
  if (interface_len > 0)
    memcpy(at, interface, interface_len);
  at += interface_len;
  memcpy(at, answer, MLXR_HEADER_LEN);
  at += MLXR_HEADER_LEN;
  size_t rest = len - MLXR_HEADER_LEN - question;
  memcpy(at, answer + MLXR_HEADER_LEN + question, rest);
  return (size_t)(at - out) + rest;
}

static uint32_t sum_of(const MDB_val *key, const MDB_val *value) {
  const uint8_t *bytes = value->mv_data;
  XXH64_hash_t seed = XXH3_64bits(key->mv_data, key->mv_size);
  return (uint32_t)XXH3_64bits_withSeed(
      bytes + sizeof(uint32_t), value->mv_size - sizeof(uint32_t), seed);
}

void store_seal(const MDB_val *key, MDB_val *value, uint64_t said) {
  uint8_t *bytes = value->mv_data;
  memcpy(bytes + offsetof(store_head_t, said), &said, sizeof said);
  uint32_t sum = sum_of(key, value);
  memcpy(bytes, &sum, sizeof sum);
}

bool store_read(const MDB_val *key, const MDB_val *value, store_entry_t *out) {
  const uint8_t *name = key->mv_data, *bytes = value->mv_data;
  size_t len = value->mv_size;
  if (key->mv_size < 7 || len < STORE_HEAD + MLXR_HEADER_LEN)
    return false;
  memcpy(&out->head, bytes, sizeof out->head);
  size_t name_len = mlxr_name_measure(name, key->mv_size - 6);
  size_t interface_len = out->head.interface_len;
  if (name_len != key->mv_size - 6 || out->head.sum != sum_of(key, value) ||
      interface_len >= sizeof out->interface ||
      len < STORE_HEAD + interface_len + MLXR_HEADER_LEN)
    return false;
  out->key = (mlxr_cache_key_t){.name = name,
                                .name_len = name_len,
                                .type = mlxr_get16(name + name_len),
                                .purpose = mlxr_get32(name + name_len + 2)};
  memcpy(out->interface, bytes + STORE_HEAD, interface_len);
  out->interface[interface_len] = '\0';
  out->packet_head = bytes + STORE_HEAD + interface_len;
  out->rest = out->packet_head + MLXR_HEADER_LEN;
  out->rest_len = len - STORE_HEAD - interface_len - MLXR_HEADER_LEN;
  return true;
}

size_t store_answer(const store_entry_t *entry, uint8_t *out, size_t cap) {
  size_t name_len = entry->key.name_len;
  size_t len = MLXR_HEADER_LEN + name_len + 4 + entry->rest_len;
  if (len > cap)
    return 0;
  uint8_t *at = out + MLXR_HEADER_LEN;
  memcpy(out, entry->packet_head, MLXR_HEADER_LEN);
  memcpy(at, entry->key.name, name_len);
  mlxr_set16(at + name_len, entry->key.type);
  mlxr_set16(at + name_len + 2, MLXR_CLASS_IN);
  memcpy(at + name_len + 4, entry->rest, entry->rest_len);
  return len;
}

/* ---- filters ---- */

static bool is_strategy_meant(const store_filter_t *filter, uint32_t strategy) {
  if (filter->strategy && filter->strategy != strategy)
    return false;
  for (uint32_t i = 0; i < filter->strategy_count; i++)
    if (filter->strategies[i] == strategy)
      return false;
  return true;
}

/* One whose name is not known may have had any. */
static bool is_interface_meant(const store_filter_t *filter,
                               const char *interface) {
  if (!filter->has_interface)
    return true;
  if (filter->interface[0] == '\0')
    return interface[0] != '\0';
  return strcmp(filter->interface, interface) == 0;
}

bool store_is_meant(const store_filter_t *filter, const store_entry_t *entry,
                    int64_t epoch) {
  if (filter->is_everything)
    return true;
  if (filter->type && filter->type != entry->key.type)
    return false;
  if (filter->has_purpose && filter->purpose != entry->key.purpose)
    return false;
  if (filter->has_before && (int64_t)entry->head.said > filter->before + epoch)
    return false;
  if (!is_interface_meant(filter, entry->interface) ||
      !is_strategy_meant(filter, entry->head.strategy))
    return false;
  if (filter->has_name && !mlxr_name_is_equal(entry->key.name, filter->name))
    return false;
  return !filter->has_suffix ||
         mlxr_name_is_under(entry->key.name, filter->suffix);
}
