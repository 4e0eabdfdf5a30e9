/* store_internal.h - what the parts of the store share: the form of an entry
 * in the file (store_record.c), the file itself (store_file.c), the thread
 * (store_thread.c) and what it does with both (store_load.c, store_write.c),
 * and the queue between it and the rest (store_queue.c, store.c).
 */
#ifndef MLXR_STORE_INTERNAL_H
#define MLXR_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>

#include "poller.h"
#include "store.h"

enum {
  STORE_KEY_MAX = MLXR_NAME_MAX + 6,
  STORE_HEAD = 32, ///< of a value; its bytes follow
  STORE_VALUE_MAX = STORE_HEAD + MLXR_INTERFACE_NAME_MAX + 1 + MLXR_PACKET_MAX,
  STORE_EVENTS = 8
};

/* ---- store_record.c: an entry as key and value ---- */

/// The head of a value. `said` is on the store's own clock, in ms.
typedef struct store_head {
  uint32_t sum;
  uint32_t strategy;
  uint64_t said;
  uint32_t min_ttl, max_ttl;
  uint8_t flags;
  uint8_t interface_len;
  uint8_t reserved[6];
} store_head_t;

/// An entry, read. Lends from key and value.
typedef struct store_entry {
  store_head_t head;
  mlxr_cache_key_t key;
  char interface[MLXR_INTERFACE_NAME_MAX]; ///< "" for none
  const uint8_t *packet_head;
  const uint8_t *rest; ///< what follows the question
  size_t rest_len;
} store_entry_t;

size_t store_put_key(const mlxr_cache_key_t *key, uint8_t out[STORE_KEY_MAX]);
/// Writes a value; `head` needs no sum. Returns its length.
size_t store_put_value(const store_head_t *head, const char *interface,
                       const mlxr_cache_key_t *key, const uint8_t *answer,
                       size_t len, uint8_t *out);
/// Sets the time and with it the sum.
void store_seal(const MDB_val *key, MDB_val *value, uint64_t said);
/// False for what we have not written like that.
bool store_read(const MDB_val *key, const MDB_val *value, store_entry_t *out);
/// The answer of an entry, whole. Returns its length; 0 when it does not fit.
size_t store_answer(const store_entry_t *entry, uint8_t *out, size_t cap);

/* ---- a filter that outlives its call ---- */

typedef struct store_filter {
  int64_t before; ///< said until then, on the world's clock
  uint32_t strategy;
  uint32_t purpose;
  uint32_t strategy_count;
  uint16_t type;
  bool is_everything, has_before, has_interface, has_name, has_suffix;
  bool has_strategies, has_purpose;
  char interface[MLXR_INTERFACE_NAME_MAX]; ///< "" for an unknown one
  uint8_t name[MLXR_NAME_MAX];
  uint8_t suffix[MLXR_NAME_MAX];
  uint32_t strategies[]; ///< every one but these
} store_filter_t;

/// `epoch` is what the store's clock is ahead of the world's.
bool store_is_meant(const store_filter_t *filter, const store_entry_t *entry,
                    int64_t epoch);

/* ---- store_file.c: the file; store_clock.c: its time ---- */

/// What the store's clock goes on by, in ms, when nobody knows how much time
/// has passed: more than any answer lives. So what was said before stays old,
/// also for later processes.
#define STORE_AGES ((uint64_t)INT32_MAX * 2000)

typedef struct store_file {
  char *path;
  size_t bytes;
  size_t copied; ///< bytes, into a new file
  int lock_fd;   ///< -1 while closed
  MDB_env *env;
  MDB_dbi table;
  int64_t epoch;       ///< what the store's clock is ahead of the world's
  bool is_age_unknown; ///< of what was written by earlier processes
} store_file_t;

/// The machine's clocks, as far as they are not given.
typedef struct store_clock {
  uint64_t now;    ///< the world's, when the rest was read
  uint64_t steady; ///< monotonic ms at that time
  uint64_t date, uptime;
  uint64_t date_at, uptime_at; ///< what the machine said then
  char boot[64];
} store_clock_t;

void store_clock_init(store_clock_t *clock,
                      const mlxr_store_options_t *options);
/// The world's clock, the wall clock, and the time since boot: now.
uint64_t store_now(const store_clock_t *clock);
uint64_t store_date(const store_clock_t *clock);
uint64_t store_uptime(const store_clock_t *clock);

/// Opens the file or makes it. MLXR_EFORMAT for one that is damaged or not
/// ours, -EBUSY when another process has it, -errno; `text` says it in words.
int store_file_open(store_file_t *file, const store_clock_t *clock,
                    char text[400]);
void store_file_close(store_file_t *file);
/// Renames the file; `text` says where it is.
int store_file_set_aside(store_file_t *file, char text[400]);
/// Begins an empty file beside the one that is open, in `fresh`; `adopt` then
/// puts it in its place, or `abandon` removes it.
int store_file_begin(const store_file_t *file, const store_clock_t *clock,
                     store_file_t *fresh);
int store_file_adopt(store_file_t *file, store_file_t *fresh);
void store_file_abandon(store_file_t *fresh);
/// Puts into a transaction what the next start needs to know.
int store_file_sign(store_file_t *file, const store_clock_t *clock,
                    MDB_txn *txn);
bool store_file_is_mark(const MDB_val *key);
/// 0 or a code of ours for what LMDB returned.
int store_code(int rc);

/* ---- store_queue.c: what is to be written ---- */

enum {
  OP_PUT = 1,
  OP_DELETE = 2,
  OP_FLUSH = 3,
  OP_PUT_OLD = 4 ///< unless there is a younger one
};

/// An operation in the queue; a multiple of 8 bytes.
typedef struct store_op {
  uint32_t size; ///< with this
  uint32_t value_len;
  uint16_t kind;
  uint16_t key_len;
  uint32_t sequence;
  int64_t said;    ///< on the world's clock; of a flush: where the next is
  uint8_t bytes[]; ///< key and value, or a filter and its strategies
} store_op_t;

typedef struct store_queue {
  uint8_t *bytes;
  size_t len, cap;
  uint32_t count, flushes;
  uint32_t vital; ///< flushes of what must not come back
  size_t first_flush, last_flush;
} store_queue_t;

/// Memory enough that a flush of everything always fits. 0 or -ENOMEM.
int store_queue_init(store_queue_t *queue);
/// Adds an operation with room for `len` bytes; NULL when the queue would grow
/// beyond `most` bytes, or without memory.
store_op_t *store_queue_add(store_queue_t *queue, unsigned kind, size_t len,
                            size_t most);
/// Gives back what the last operation does not need.
void store_queue_trim(store_queue_t *queue, store_op_t *op, size_t len);
void store_queue_clear(store_queue_t *queue);
/// Leaves only the flushes.
void store_queue_keep_flushes(store_queue_t *queue);
/// The next operation after `at`, the first for NULL; NULL at the end.
store_op_t *store_queue_next(const store_queue_t *queue, const store_op_t *at);

/// False when there is no room for it.
bool store_queue_flush(store_queue_t *queue, const mlxr_cache_filter_t *filter,
                       const char *interface, uint64_t now, size_t most);
/// The filter of a flush.
const store_filter_t *store_get_filter(const store_op_t *op);
/// The next flush after one, the first for NULL; NULL at the end.
const store_op_t *store_queue_next_flush(const store_queue_t *queue,
                                         const store_op_t *at);

/* ---- store.c: the thread, and what is shared with it ---- */

typedef enum store_sleep { AWAKE, IDLE, PAUSING } store_sleep_t;

struct mlxr_store {
  store_file_t file; ///< the thread's, as all up to the lock
  store_clock_t clock;
  store_queue_t batch;
  uint64_t last_took; ///< ms that the last batch took
  bool has_loaded;
  bool has_told; ///< of a problem that lasts
  mlxr_cache_t *cache;
  uint32_t min_ttl;
  pthread_t thread;

  pthread_mutex_t lock; ///< all below
  store_queue_t queue;
  store_sleep_t sleep; ///< what the thread waits for
  bool is_urgent;      ///< a flush is in the queue
  bool is_off;         ///< there is no file at present
  bool is_closing;
  bool is_over;    ///< the thread has ended
  bool is_orphan;  ///< and is to free everything then
  bool uses_cache; ///< which may not be freed meanwhile
  bool is_behind;  ///< something was lost: write everything anew
  bool wants_anew; ///< the file; to be written anew, though nothing was lost
  bool is_written; ///< nothing was left at the end
  mlxr_store_stats_t stats;
  mlxr_store_event_t events[STORE_EVENTS];
  unsigned event_count;
  mlxr_wakeup_t work;   ///< for the thread
  mlxr_wakeup_t wakeup; ///< of the thread, for who steps
};

void store_free(mlxr_store_t *store);
bool store_is_closing(mlxr_store_t *store);
/// Something is not in the file that is in the cache.
void store_fall_behind(mlxr_store_t *store);

/* ---- store_thread.c ---- */

void *store_run(void *context);

/* ---- store_load.c, store_write.c: what the thread does ---- */

/// Loads the file into the cache. MLXR_EFORMAT when it turns out damaged;
/// MLXR_ECANCELED at the end.
int store_load(mlxr_store_t *store);
/// Carries out the batch, in one transaction.
int store_apply(mlxr_store_t *store);
/// Writes the cache into a new file that takes the place of the old one.
int store_rewrite(mlxr_store_t *store);

#endif
