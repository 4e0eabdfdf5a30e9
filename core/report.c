#include "report.h"

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "poller.h"

enum { CAPACITY = 64 };

struct mlxr_report {
  mlxr_report_t *next;
  mlxr_wakeup_t wakeup;
  uint32_t head, len;
  mlxr_report_item_t ring[CAPACITY];
};

/* One lock for all boxes: reports are rare, and a box must not be closed while
 * somebody puts into it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static mlxr_report_t *boxes;

int mlxr_report_open(mlxr_report_t **out) {
  mlxr_report_t *report = calloc(1, sizeof *report);
  if (!report)
    return -ENOMEM;
  int rc = mlxr_wakeup_open(&report->wakeup);
  if (rc != 0) {
    free(report);
    return rc;
  }
  pthread_mutex_lock(&lock);
  report->next = boxes;
  boxes = report;
  pthread_mutex_unlock(&lock);
  *out = report;
  return 0;
}

void mlxr_report_close(mlxr_report_t *report) {
  if (!report)
    return;
  pthread_mutex_lock(&lock);
  for (mlxr_report_t **at = &boxes; *at; at = &(*at)->next)
    if (*at == report) {
      *at = report->next;
      break;
    }
  pthread_mutex_unlock(&lock);
  mlxr_wakeup_close(&report->wakeup);
  free(report);
}

int mlxr_report_fd(const mlxr_report_t *report) {
  return report->wakeup.read_fd;
}

int mlxr_report_step(mlxr_report_t *report, mlxr_report_item_t *out,
                     size_t count) {
  size_t taken = 0;
  mlxr_wakeup_drain(&report->wakeup);
  pthread_mutex_lock(&lock);
  while (taken < count && report->len > 0) {
    out[taken++] = report->ring[report->head];
    report->head = (report->head + 1) % CAPACITY;
    report->len--;
  }
  bool has_more = report->len > 0;
  pthread_mutex_unlock(&lock);
  if (has_more)
    mlxr_wakeup_signal(&report->wakeup);
  return (int)taken;
}

static bool is_same(const mlxr_report_item_t *a, const mlxr_report_item_t *b) {
  bool is_same_address = a->address.family == b->address.family &&
                         (a->address.family == 0 ||
                          mlxr_address_is_same_host(&a->address, &b->address));
  return is_same_address && mlxr_name_is_equal(a->name, b->name);
}

/* False when the box is full. */
static bool put(mlxr_report_t *report, const mlxr_report_item_t *item) {
  for (uint32_t i = 0; i < report->len; i++)
    if (is_same(&report->ring[(report->head + i) % CAPACITY], item))
      return true;
  if (report->len == CAPACITY)
    return false;
  report->ring[(report->head + report->len++) % CAPACITY] = *item;
  mlxr_wakeup_signal(&report->wakeup);
  return true;
}

static uint32_t scope_of(const char *name) { return if_nametoindex(name); }

static int read_item(const char *name, const char *address,
                     mlxr_report_item_t *item) {
  size_t len;
  int rc = mlxr_name_from_text(name, strlen(name), item->name, &len);
  if (rc != 0)
    return rc;
  mlxr_name_put_lower(item->name, len, item->name);
  if (!address)
    return 0;
  rc = mlxr_address_from_text(address, strlen(address), scope_of,
                              &item->address);
  item->address.port = 0;
  return rc;
}

int mlxr_report_failure(const char *name, const char *address) {
  mlxr_report_item_t item = {0};
  if (!name)
    return -EINVAL;
  int rc = read_item(name, address, &item);
  if (rc != 0)
    return rc;
  rc = MLXR_ECLOSED;
  pthread_mutex_lock(&lock);
  for (mlxr_report_t *report = boxes; report; report = report->next) {
    bool is_in = put(report, &item);
    if (is_in)
      rc = 0;
    else if (rc != 0)
      rc = MLXR_EBUSY;
  }
  pthread_mutex_unlock(&lock);
  return rc;
}
