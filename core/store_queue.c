#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_internal.h"

/* One block of memory; most of it is given back when a batch was large. */

enum { CAP_MIN = 4096, KEEP_CAP = 256 * 1024 };

int store_queue_init(store_queue_t *queue) {
  *queue = (store_queue_t){.bytes = malloc(CAP_MIN), .cap = CAP_MIN};
  return queue->bytes ? 0 : -ENOMEM;
}

static size_t size_for(size_t len) {
  return (sizeof(store_op_t) + len + 7) & ~(size_t)7;
}

static bool make_room(store_queue_t *queue, size_t len, size_t most) {
  if (len <= queue->cap - queue->len)
    return true;
  size_t cap = queue->cap > 0 ? queue->cap : CAP_MIN;
  while (cap - queue->len < len)
    cap *= 2;
  if (queue->len + len > most)
    return false;
  uint8_t *grown = realloc(queue->bytes, cap);
  if (!grown)
    return false;
  queue->bytes = grown;
  queue->cap = cap;
  return true;
}

store_op_t *store_queue_add(store_queue_t *queue, unsigned kind, size_t len,
                            size_t most) {
  size_t size = size_for(len);
  if (!make_room(queue, size, most))
    return NULL;
  store_op_t *op = (store_op_t *)(void *)(queue->bytes + queue->len);
  *op = (store_op_t){.size = (uint32_t)size,
                     .kind = (uint16_t)kind,
                     .sequence = queue->count++};
  queue->len += size;
  return op;
}

void store_queue_trim(store_queue_t *queue, store_op_t *op, size_t len) {
  queue->len -= op->size;
  op->size = (uint32_t)size_for(len);
  queue->len += op->size;
}

void store_queue_clear(store_queue_t *queue) {
  if (queue->cap > KEEP_CAP) {
    uint8_t *less = realloc(queue->bytes, KEEP_CAP);
    queue->bytes = less ? less : queue->bytes;
    queue->cap = KEEP_CAP;
  }
  queue->len = 0;
  queue->count = queue->flushes = queue->vital = 0;
}

store_op_t *store_queue_next(const store_queue_t *queue, const store_op_t *at) {
  size_t offset =
      at ? (size_t)((const uint8_t *)at - queue->bytes) + at->size : 0;
  if (offset >= queue->len)
    return NULL;
  return (store_op_t *)(void *)(queue->bytes + offset);
}

/* ---- flushes ---- */

/* Flushes are chained, since loading looks at them, and at nothing else, for
 * every entry. An operation is never at the place after the queue's end. */
static void chain_flush(store_queue_t *queue, store_op_t *op) {
  size_t place = (size_t)((uint8_t *)op - queue->bytes);
  op->said = 0;
  if (queue->flushes == 0)
    queue->first_flush = place;
  else
    ((store_op_t *)(void *)(queue->bytes + queue->last_flush))->said =
        (int64_t)place;
  queue->last_flush = place;
  queue->flushes++;
}

const store_op_t *store_queue_next_flush(const store_queue_t *queue,
                                         const store_op_t *at) {
  if (queue->flushes == 0 || (at && at->said == 0))
    return NULL;
  size_t place = at ? (size_t)at->said : queue->first_flush;
  return (const store_op_t *)(const void *)(queue->bytes + place);
}

void store_queue_keep_flushes(store_queue_t *queue) {
  size_t end = queue->len;
  queue->len = 0;
  queue->flushes = 0;
  for (size_t at = 0, size; at < end; at += size) {
    store_op_t *op = (store_op_t *)(void *)(queue->bytes + at);
    size = op->size;
    if (op->kind != OP_FLUSH)
      continue;
    store_op_t *kept = (store_op_t *)(void *)(queue->bytes + queue->len);
    memmove(kept, op, size);
    queue->len += size;
    chain_flush(queue, kept);
  }
  queue->count = queue->flushes;
}

static void fill_filter(store_filter_t *out, const mlxr_cache_filter_t *from,
                        const char *interface, uint64_t now) {
  out->type = from->type;
  out->strategy = from->strategy;
  out->has_purpose = from->purpose != NULL;
  if (from->purpose)
    out->purpose = *from->purpose;
  out->has_interface = from->interface != 0;
  if (interface)
    strncpy(out->interface, interface, sizeof out->interface - 1);
  out->has_before = from->older_than != 0;
  out->before = (int64_t)now - (int64_t)from->older_than * 1000;
  out->has_name = from->name != NULL;
  out->has_suffix = from->suffix != NULL;
  if (from->name)
    memcpy(out->name, from->name, mlxr_name_len(from->name));
  if (from->suffix)
    memcpy(out->suffix, from->suffix, mlxr_name_len(from->suffix));
  out->has_strategies = from->strategies_but != NULL;
  if (!from->strategies_but)
    return;
  out->strategy_count = (uint32_t)from->strategies_but_count;
  memcpy(out->strategies, from->strategies_but,
         from->strategies_but_count * sizeof *out->strategies);
}

bool store_queue_flush(store_queue_t *queue, const mlxr_cache_filter_t *filter,
                       const char *interface, uint64_t now, size_t most) {
  size_t len = sizeof(store_filter_t);
  if (filter && filter->strategies_but)
    len += filter->strategies_but_count * sizeof(uint32_t);
  store_op_t *op = store_queue_add(queue, OP_FLUSH, len, most);
  if (!op)
    return false;
  store_filter_t *out = (store_filter_t *)(void *)op->bytes;
  memset(out, 0, len);
  if (filter)
    fill_filter(out, filter, interface, now);
  out->is_everything = filter == NULL;
  queue->vital += !out->has_strategies;
  chain_flush(queue, op);
  return true;
}

const store_filter_t *store_get_filter(const store_op_t *op) {
  return (const store_filter_t *)(const void *)op->bytes;
}
