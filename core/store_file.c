#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_check.h"
#include "store_internal.h"

/* One process at a time: an flock on the file itself stands in for LMDB's lock
 * file, since LMDB's own would let several in. It is gone with the process,
 * however that ends.
 *
 * Nothing is synced: what is written survives the process in any case. After a
 * power cut pages of different ages may lie side by side; store_check.c sees
 * that, and a cache is not worth the disk's time (or a laptop's battery).
 */

enum {
  VERSION = 1,
  TRIES = 3,
  ENV_FLAGS = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_NOSYNC
};

/* Before all names, so that those can be appended in order. */
static const uint8_t mark_key[] = {0};
static const char magic[24] = "mlxresolve cache\n";

typedef struct mark {
  char magic[24];
  uint32_t version;
  uint32_t unused;
  uint64_t time; /* on the store's clock, when the rest was true */
  uint64_t date, uptime;
  char boot[64];
} mark_t;

static int say(char text[400], int code, const char *form, ...) {
  va_list arguments;
  va_start(arguments, form);
  vsnprintf(text, 400, form, arguments);
  va_end(arguments);
  return code;
}

int store_code(int rc) {
  if (rc >= 0)
    return -rc;
  switch (rc) {
  case MDB_MAP_FULL:
    return MLXR_ENOSPACE;
  case MDB_CORRUPTED:
  case MDB_INVALID:
  case MDB_PAGE_NOTFOUND:
  case MDB_VERSION_MISMATCH:
    return MLXR_EFORMAT;
  default:
    return -EIO;
  }
}

/* ---- the file itself ---- */

static int make_folders(const char *path, char text[400]) {
  char folder[4096];
  size_t len = strlen(path);
  if (len >= sizeof folder)
    return say(text, -ENAMETOOLONG, "the path is too long");
  for (size_t i = 1; i < len; i++) {
    if (path[i] != '/')
      continue;
    memcpy(folder, path, i);
    folder[i] = '\0';
    if (mkdir(folder, 0700) != 0 && errno != EEXIST && access(folder, F_OK))
      return say(text, -errno, "%s: the folder cannot be made: %s", folder,
                 strerror(errno));
  }
  return 0;
}

static int open_locked(const char *path, struct stat *status, int *out,
                       char text[400]) {
  for (int i = 0; i < TRIES; i++) {
    struct stat named;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
      return say(text, -errno, "%s: %s", path, strerror(errno));
    int rc = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
    if (rc == 0 && fstat(fd, status) != 0)
      rc = -errno;
    if (rc == 0 && !S_ISREG(status->st_mode)) {
      close(fd);
      return say(text, -EINVAL, "%s: is no file", path);
    }
    /* it may have been renamed between the two */
    if (rc == 0 && stat(path, &named) == 0 && named.st_ino == status->st_ino &&
        named.st_dev == status->st_dev) {
      *out = fd;
      return 0;
    }
    close(fd);
    if (rc == -EWOULDBLOCK)
      return say(text, -EBUSY, "%s: another process has it", path);
    if (rc != 0)
      return say(text, rc, "%s: cannot be locked: %s", path, strerror(-rc));
  }
  return say(text, -EBUSY, "%s: another process is replacing it", path);
}

static int check_bytes(int fd, size_t len) {
  void *bytes = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED)
    return -errno;
  int rc = mlxr_store_check(bytes, len);
  munmap(bytes, len);
  return rc;
}

/* ---- what LMDB makes of it ---- */

static int open_env(store_file_t *file) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  int rc = mdb_env_create(&file->env);
  if (rc != 0)
    return store_code(rc);
  rc = mdb_env_set_mapsize(file->env, file->bytes / page * page + page);
  if (rc == 0)
    rc = mdb_env_open(file->env, file->path, ENV_FLAGS, 0600);
  if (rc == 0)
    return 0;
  mdb_env_close(file->env);
  file->env = NULL;
  return store_code(rc);
}

bool store_file_is_mark(const MDB_val *key) {
  return key->mv_size == sizeof mark_key &&
         memcmp(key->mv_data, mark_key, sizeof mark_key) == 0;
}

int store_file_sign(store_file_t *file, const store_clock_t *clock,
                    MDB_txn *txn) {
  mark_t mark = {.version = VERSION,
                 .time = store_now(clock) + (uint64_t)file->epoch,
                 .date = store_date(clock),
                 .uptime = store_uptime(clock)};
  memcpy(mark.magic, magic, sizeof magic);
  memcpy(mark.boot, clock->boot, sizeof mark.boot);
  MDB_val key = {sizeof mark_key, (void *)(uintptr_t)mark_key};
  MDB_val value = {sizeof mark, &mark};
  return mdb_put(txn, file->table, &key, &value, 0);
}

/* How long ago the mark was written. Where neither the machine's own clock nor
 * the wall clock can tell, ages are not known. */
static uint64_t time_since(const mark_t *mark, const store_clock_t *clock,
                           bool *is_unknown) {
  uint64_t date = store_date(clock), uptime = store_uptime(clock);
  *is_unknown = false;
  if (clock->boot[0] && memcmp(mark->boot, clock->boot, 64) == 0 &&
      uptime >= mark->uptime)
    return uptime - mark->uptime;
  *is_unknown = date < mark->date;
  return date < mark->date ? STORE_AGES : date - mark->date;
}

/* Far enough from 0 for what was said long before the machine was started, also
 * where its clock begins in 1970. */
static void begin_time(store_file_t *file, const store_clock_t *clock) {
  const int64_t before = INT64_C(1) << 41;
  file->is_age_unknown = false;
  file->epoch = (int64_t)store_date(clock) - (int64_t)store_now(clock) + before;
}

static int read_mark(store_file_t *file, const store_clock_t *clock,
                     MDB_txn *txn, bool *is_new, char text[400]) {
  MDB_val key = {sizeof mark_key, (void *)(uintptr_t)mark_key}, value;
  MDB_stat stat;
  mark_t mark;
  int rc = mdb_get(txn, file->table, &key, &value);
  *is_new = rc == MDB_NOTFOUND && mdb_stat(txn, file->table, &stat) == 0 &&
            stat.ms_entries == 0;
  if (*is_new) {
    begin_time(file, clock);
    return 0;
  }
  if (rc != 0 && rc != MDB_NOTFOUND)
    return say(text, store_code(rc), "%s: %s", file->path, mdb_strerror(rc));
  if (rc == MDB_NOTFOUND || value.mv_size < sizeof mark.magic ||
      memcmp(value.mv_data, magic, sizeof magic) != 0)
    return say(text, MLXR_EFORMAT, "%s: is no cache of mlxresolve", file->path);
  if (value.mv_size == sizeof mark)
    memcpy(&mark, value.mv_data, sizeof mark);
  if (value.mv_size != sizeof mark || mark.version != VERSION)
    return say(text, MLXR_EFORMAT, "%s: was written by another version",
               file->path);
  uint64_t since = time_since(&mark, clock, &file->is_age_unknown);
  file->epoch = (int64_t)(mark.time + since) - (int64_t)store_now(clock);
  return 0;
}

/* A new file bears its mark from the first commit. */
static int enter(store_file_t *file, const store_clock_t *clock,
                 char text[400]) {
  MDB_txn *txn;
  bool is_new = false;
  int rc = mdb_txn_begin(file->env, NULL, 0, &txn);
  if (rc != 0)
    return say(text, store_code(rc), "%s: %s", file->path, mdb_strerror(rc));
  rc = mdb_dbi_open(txn, NULL, 0, &file->table);
  if (rc == 0) {
    int code = read_mark(file, clock, txn, &is_new, text);
    if (code != 0) {
      mdb_txn_abort(txn);
      return code;
    }
    if (is_new)
      rc = store_file_sign(file, clock, txn);
  }
  if (rc == 0)
    rc = mdb_txn_commit(txn);
  else
    mdb_txn_abort(txn);
  return rc == 0 ? 0
                 : say(text, store_code(rc), "%s: %s", file->path,
                       mdb_strerror(rc));
}

int store_file_open(store_file_t *file, const store_clock_t *clock,
                    char text[400]) {
  struct stat status;
  int rc = make_folders(file->path, text);
  if (rc == 0)
    rc = open_locked(file->path, &status, &file->lock_fd, text);
  if (rc != 0)
    return rc;
  if (status.st_size > 0) {
    rc = check_bytes(file->lock_fd, (size_t)status.st_size);
    if (rc == MLXR_EFORMAT)
      say(text, rc, "%s: is damaged, or no cache of mlxresolve", file->path);
    else if (rc != 0)
      say(text, rc, "%s: %s", file->path, mlxr_error_text(rc));
  }
  if (rc == 0) {
    rc = open_env(file);
    if (rc != 0)
      say(text, rc, "%s: %s", file->path, mlxr_error_text(rc));
  }
  if (rc == 0)
    rc = enter(file, clock, text);
  if (rc == 0)
    fchmod(file->lock_fd, 0600);
  else if (rc != MLXR_EFORMAT)
    store_file_close(file);
  return rc;
}

void store_file_close(store_file_t *file) {
  if (file->env) {
    mdb_env_close(file->env);
    file->env = NULL;
  }
  if (file->lock_fd >= 0)
    close(file->lock_fd);
  file->lock_fd = -1;
}

/* One such file is kept: a disk that damages files must not fill up with them.
 */
int store_file_set_aside(store_file_t *file, char text[400]) {
  char path[4096];
  size_t len = strlen(text);
  snprintf(path, sizeof path, "%s.damaged", file->path);
  int rc = rename(file->path, path) == 0 ? 0 : -errno;
  store_file_close(file);
  if (rc != 0)
    snprintf(text + len, 400 - len, "; it cannot be renamed: %s",
             strerror(-rc));
  else
    snprintf(text + len, 400 - len, "; it is %s now, and a new one begins",
             path);
  return rc;
}

/* ---- a new one in its place ---- */

int store_file_begin(const store_file_t *file, const store_clock_t *clock,
                     store_file_t *fresh) {
  struct stat status;
  char text[400];
  size_t size = strlen(file->path) + sizeof ".new";
  *fresh = (store_file_t){.lock_fd = -1, .bytes = file->bytes};
  fresh->path = malloc(size);
  if (!fresh->path)
    return -ENOMEM;
  snprintf(fresh->path, size, "%s.new", file->path);
  unlink(fresh->path);
  int rc = open_locked(fresh->path, &status, &fresh->lock_fd, text);
  if (rc == 0)
    rc = open_env(fresh);
  if (rc == 0)
    rc = enter(fresh, clock, text);
  if (rc != 0)
    store_file_abandon(fresh);
  return rc;
}

int store_file_adopt(store_file_t *file, store_file_t *fresh) {
  int rc = store_code(mdb_env_sync(fresh->env, 1));
  if (rc == 0 && rename(fresh->path, file->path) != 0)
    rc = -errno;
  if (rc != 0) {
    store_file_abandon(fresh);
    return rc;
  }
  char *path = file->path;
  store_file_close(file);
  free(fresh->path);
  *file = *fresh;
  file->path = path;
  return 0;
}

void store_file_abandon(store_file_t *fresh) {
  if (fresh->path)
    unlink(fresh->path);
  store_file_close(fresh);
  free(fresh->path);
  fresh->path = NULL;
}
