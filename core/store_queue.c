#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_internal.h"

/* One block of memory; most of it is given back when a batch was large. */

enum { CAP_MIN = 4096, KEEP_CAP = 256 * 1024 };

/* A filter as it lies in an operation; its strategies follow. */
typedef struct flat {
  storage_filter_t filter;
  bool has_name, has_suffix, has_strategies;
  uint32_t count;
} flat_t;

int storage_queue_init(storage_queue_t *queue) {
  *queue = (storage_queue_t){.bytes = malloc(CAP_MIN), .cap = CAP_MIN};
  return queue->bytes ? 0 : -ENOMEM;
}

static size_t size_for(size_t len) {
  return (sizeof(storage_op_t) + len + 7) & ~(size_t)7;
}

static bool make_room(storage_queue_t *queue, size_t len, size_t most) {
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

storage_op_t *storage_queue_add(storage_queue_t *queue, unsigned kind,
                                size_t len, size_t most) {
  size_t size = size_for(len);
  if (!make_room(queue, size, most))
    return NULL;
  storage_op_t *op = (storage_op_t *)(void *)(queue->bytes + queue->len);
  *op = (storage_op_t){.size = (uint32_t)size,
                       .kind = (uint16_t)kind,
                       .sequence = queue->count++};
  queue->len += size;
  queue->flushes += kind == OP_FLUSH;
  return op;
}

void storage_queue_trim(storage_queue_t *queue, storage_op_t *op, size_t len) {
  queue->len -= op->size;
  op->size = (uint32_t)size_for(len);
  queue->len += op->size;
}

void storage_queue_clear(storage_queue_t *queue) {
  if (queue->cap > KEEP_CAP) {
    uint8_t *less = realloc(queue->bytes, KEEP_CAP);
    queue->bytes = less ? less : queue->bytes;
    queue->cap = KEEP_CAP;
  }
  queue->len = 0;
  queue->count = queue->flushes = queue->vital = 0;
}

storage_op_t *storage_queue_next(const storage_queue_t *queue,
                                 const storage_op_t *at) {
  size_t offset =
      at ? (size_t)((const uint8_t *)at - queue->bytes) + at->size : 0;
  if (offset >= queue->len)
    return NULL;
  return (storage_op_t *)(void *)(queue->bytes + offset);
}

void storage_queue_keep_flushes(storage_queue_t *queue) {
  size_t len = 0;
  for (storage_op_t *op = storage_queue_next(queue, NULL), *next; op;
       op = next) {
    size_t size = op->size;
    next = storage_queue_next(queue, op);
    if (op->kind != OP_FLUSH)
      continue;
    memmove(queue->bytes + len, op, size);
    len += size;
  }
  queue->len = len;
  queue->count = queue->flushes;
}

/* ---- flushes ---- */

static void copy_filter(const mlxr_cache_filter_t *from, const char *interface,
                        uint64_t now, flat_t *to) {
  storage_filter_t *filter = &to->filter;
  filter->meant.type = from->type;
  filter->meant.strategy = from->strategy;
  filter->has_interface = from->interface != 0;
  if (interface)
    strncpy(filter->interface, interface, sizeof filter->interface - 1);
  filter->has_before = from->older_than != 0;
  filter->before = (int64_t)now - (int64_t)from->older_than * 1000;
  to->has_name = from->name != NULL;
  to->has_suffix = from->suffix != NULL;
  if (from->name)
    memcpy(filter->name, from->name, mlxr_name_len(from->name));
  if (from->suffix)
    memcpy(filter->suffix, from->suffix, mlxr_name_len(from->suffix));
}

bool storage_queue_flush(storage_queue_t *queue,
                         const mlxr_cache_filter_t *filter,
                         const char *interface, uint64_t now, size_t most) {
  flat_t flat = {.filter = {.is_everything = filter == NULL}};
  size_t listed = 0;
  if (filter) {
    copy_filter(filter, interface, now, &flat);
    flat.has_strategies = filter->strategies_but != NULL;
    listed = flat.has_strategies ? filter->strategies_but_count : 0;
  }
  flat.count = (uint32_t)listed;
  size_t list_len = listed * sizeof(uint32_t);
  storage_op_t *op =
      storage_queue_add(queue, OP_FLUSH, sizeof flat + list_len, most);
  if (!op)
    return false;
  queue->vital += !flat.has_strategies;
  memcpy(op->bytes, &flat, sizeof flat);
  if (listed > 0)
    memcpy(op->bytes + sizeof flat, filter->strategies_but, list_len);
  return true;
}

void storage_get_filter(const storage_op_t *op, storage_filter_t *out) {
  flat_t flat;
  memcpy(&flat, op->bytes, sizeof flat);
  *out = flat.filter;
  out->meant.name = flat.has_name ? out->name : NULL;
  out->meant.suffix = flat.has_suffix ? out->suffix : NULL;
  out->meant.strategies_but_count = flat.count;
  if (flat.has_strategies)
    out->meant.strategies_but =
        (const uint32_t *)(const void *)(op->bytes + sizeof flat);
}
