/* store_internal.h - what the parts of the storage share: the form of an entry
 * in the file (store_record.c), the file itself (store_file.c), what the thread
 * does with both (store_work.c), and the queue between it and the rest
 * (store.c).
 */
#ifndef MLXR_STORE_INTERNAL_H
#define MLXR_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>

#include "poller.h"
#include "store.h"

enum {
  STORAGE_KEY_MAX = MLXR_NAME_MAX + 6,
  STORAGE_HEAD = 32, ///< of a value; its bytes follow
  STORAGE_VALUE_MAX =
      STORAGE_HEAD + MLXR_INTERFACE_NAME_MAX + 1 + MLXR_PACKET_MAX,
  STORAGE_EVENTS = 8
};

/* ---- store_record.c: an entry as key and value ---- */

/// The head of a value. `said` is on the storage's own clock, in ms.
typedef struct storage_head {
  uint32_t sum;
  uint32_t strategy;
  uint64_t said;
  uint32_t min_ttl, max_ttl;
  uint8_t flags;
  uint8_t interface_len;
  uint8_t reserved[6];
} storage_head_t;

/// An entry, read. Lends from key and value.
typedef struct storage_entry {
  storage_head_t head;
  mlxr_cache_key_t key;
  char interface[MLXR_INTERFACE_NAME_MAX]; ///< "" for none
  const uint8_t *packet_head;
  const uint8_t *rest; ///< what follows the question
  size_t rest_len;
} storage_entry_t;

size_t storage_put_key(const mlxr_cache_key_t *key,
                       uint8_t out[STORAGE_KEY_MAX]);
/// Writes a value; `head` needs no sum. Returns its length.
size_t storage_put_value(const storage_head_t *head, const char *interface,
                         const mlxr_cache_key_t *key, const uint8_t *answer,
                         size_t len, uint8_t *out);
/// Sets the time and with it the sum.
void storage_seal(const MDB_val *key, MDB_val *value, uint64_t said);
/// False for what we have not written like that.
bool storage_read(const MDB_val *key, const MDB_val *value,
                  storage_entry_t *out);
/// The answer of an entry, whole. Returns its length; 0 when it does not fit.
size_t storage_answer(const storage_entry_t *entry, uint8_t *out, size_t cap);

/* ---- a filter that outlives its call ---- */

typedef struct storage_filter {
  int64_t before; ///< said until then, on the world's clock
  uint32_t strategy;
  uint32_t strategy_count;
  uint16_t type;
  bool is_everything, has_before, has_interface, has_name, has_suffix;
  bool has_strategies;
  char interface[MLXR_INTERFACE_NAME_MAX]; ///< "" for an unknown one
  uint8_t name[MLXR_NAME_MAX];
  uint8_t suffix[MLXR_NAME_MAX];
  uint32_t strategies[]; ///< every one but these
} storage_filter_t;

/// `epoch` is what the storage's clock is ahead of the world's.
bool storage_is_meant(const storage_filter_t *filter,
                      const storage_entry_t *entry, int64_t epoch);

/* ---- store_file.c: the file; store_clock.c: its time ---- */

typedef struct storage_file {
  char *path;
  size_t bytes;
  size_t copied; ///< bytes, into a new file
  int lock_fd;   ///< -1 while closed
  MDB_env *env;
  MDB_dbi table;
  int64_t epoch;       ///< what the storage's clock is ahead of the world's
  bool is_age_unknown; ///< of what was written by earlier processes
} storage_file_t;

/// The machine's clocks, as far as they are not given.
typedef struct storage_clock {
  uint64_t now;    ///< the world's, when the rest was read
  uint64_t steady; ///< monotonic ms at that time
  uint64_t date, uptime;
  uint64_t date_at, uptime_at; ///< what the machine said then
  char boot[64];
} storage_clock_t;

void storage_clock_init(storage_clock_t *clock,
                        const mlxr_storage_options_t *options);
/// The world's clock, the wall clock, and the time since boot: now.
uint64_t storage_now(const storage_clock_t *clock);
uint64_t storage_date(const storage_clock_t *clock);
uint64_t storage_uptime(const storage_clock_t *clock);

/// Opens the file or makes it. MLXR_EFORMAT for one that is damaged or not
/// ours, -EBUSY when another process has it, -errno; `text` says it in words.
int storage_file_open(storage_file_t *file, const storage_clock_t *clock,
                      char text[400]);
void storage_file_close(storage_file_t *file);
/// Renames the file; `text` says where it is.
int storage_file_set_aside(storage_file_t *file, char text[400]);
/// Begins an empty file beside the one that is open, in `fresh`; `adopt` then
/// puts it in its place, or `abandon` removes it.
int storage_file_begin(const storage_file_t *file, const storage_clock_t *clock,
                       storage_file_t *fresh);
int storage_file_adopt(storage_file_t *file, storage_file_t *fresh);
void storage_file_abandon(storage_file_t *fresh);
/// Puts into a transaction what the next start needs to know.
int storage_file_sign(storage_file_t *file, const storage_clock_t *clock,
                      MDB_txn *txn);
bool storage_file_is_mark(const MDB_val *key);
/// 0 or a code of ours for what LMDB returned.
int storage_code(int rc);

/* ---- store_queue.c: what is to be written ---- */

enum { OP_PUT = 1, OP_DELETE = 2, OP_FLUSH = 3 };

/// An operation in the queue; a multiple of 8 bytes.
typedef struct storage_op {
  uint32_t size; ///< with this
  uint32_t value_len;
  uint16_t kind;
  uint16_t key_len;
  uint32_t sequence;
  uint64_t said;   ///< on the world's clock; of a flush: where the next is
  uint8_t bytes[]; ///< key and value, or a filter and its strategies
} storage_op_t;

typedef struct storage_queue {
  uint8_t *bytes;
  size_t len, cap;
  uint32_t count, flushes;
  uint32_t vital; ///< flushes of what must not come back
  size_t first_flush, last_flush;
} storage_queue_t;

/// Memory enough that a flush of everything always fits. 0 or -ENOMEM.
int storage_queue_init(storage_queue_t *queue);
/// Adds an operation with room for `len` bytes; NULL when the queue would grow
/// beyond `most` bytes, or without memory.
storage_op_t *storage_queue_add(storage_queue_t *queue, unsigned kind,
                                size_t len, size_t most);
/// Gives back what the last operation does not need.
void storage_queue_trim(storage_queue_t *queue, storage_op_t *op, size_t len);
void storage_queue_clear(storage_queue_t *queue);
/// Leaves only the flushes.
void storage_queue_keep_flushes(storage_queue_t *queue);
/// The next operation after `at`, the first for NULL; NULL at the end.
storage_op_t *storage_queue_next(const storage_queue_t *queue,
                                 const storage_op_t *at);

/// False when there is no room for it.
bool storage_queue_flush(storage_queue_t *queue,
                         const mlxr_cache_filter_t *filter,
                         const char *interface, uint64_t now, size_t most);
/// The filter of a flush.
const storage_filter_t *storage_get_filter(const storage_op_t *op);
/// The next flush after one, the first for NULL; NULL at the end.
const storage_op_t *storage_queue_next_flush(const storage_queue_t *queue,
                                             const storage_op_t *at);

/* ---- store.c: the thread, and what is shared with it ---- */

typedef enum storage_sleep { AWAKE, IDLE, PAUSING } storage_sleep_t;

struct mlxr_storage {
  storage_file_t file; ///< the thread's, as all up to the lock
  storage_clock_t clock;
  storage_queue_t batch;
  uint64_t last_took; ///< ms that the last batch took
  bool has_loaded;
  bool has_told; ///< of a problem that lasts
  mlxr_cache_t *cache;
  uint32_t min_ttl;
  pthread_t thread;

  pthread_mutex_t lock; ///< all below
  storage_queue_t queue;
  storage_sleep_t sleep; ///< what the thread waits for
  bool is_urgent;        ///< a flush is in the queue
  bool is_off;           ///< there is no file at present
  bool is_closing;
  bool is_over;    ///< the thread has ended
  bool is_orphan;  ///< and is to free everything then
  bool uses_cache; ///< which may not be freed meanwhile
  bool is_behind;  ///< something was lost: write everything anew
  bool is_written; ///< nothing was left at the end
  mlxr_storage_stats_t stats;
  mlxr_storage_event_t events[STORAGE_EVENTS];
  unsigned event_count;
  mlxr_wakeup_t work;   ///< for the thread
  mlxr_wakeup_t wakeup; ///< of the thread, for who steps
};

void storage_free(mlxr_storage_t *storage);
bool storage_is_closing(mlxr_storage_t *storage);

/* ---- store_thread.c ---- */

void *storage_run(void *context);

/* ---- store_load.c, store_write.c: what the thread does ---- */

/// Loads the file into the cache. MLXR_EFORMAT when it turns out damaged;
/// MLXR_ECANCELED at the end.
int storage_load(mlxr_storage_t *storage);
/// Carries out the batch, in one transaction.
int storage_apply(mlxr_storage_t *storage);
/// Writes the cache into a new file that takes the place of the old one.
int storage_rewrite(mlxr_storage_t *storage);

#endif
