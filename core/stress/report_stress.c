/* report_stress: threads that report the same and different failures, while
 * boxes are opened, emptied and closed. What comes out was put in, whole.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../report.h"

enum { ROUNDS = 300, THREADS = 4, REPORTS = 500, BATCH = 7 };

static atomic_bool is_over;
static atomic_uint wrong, taken;

static void complain(const char *what) {
  fprintf(stderr, "report_stress: %s\n", what);
  atomic_fetch_add(&wrong, 1);
}

/* "hN.test" is reported at 192.0.2.N. */
static void *work(void *arg) {
  (void)arg;
  for (unsigned i = 0; !atomic_load(&is_over); i = (i + 1) % REPORTS) {
    char name[32], address[32];
    snprintf(name, sizeof name, "H%u.test", i % 200);
    snprintf(address, sizeof address, "192.0.2.%u", i % 200);
    int rc = mlxr_report_failure(name, address);
    if (rc != 0 && rc != MLXR_EBUSY && rc != MLXR_ECLOSED)
      complain("a good report was refused");
  }
  return NULL;
}

static void check(const mlxr_report_item_t *item) {
  char text[MLXR_NAME_TEXT_MAX], expected[32];
  size_t len;
  mlxr_name_to_text(item->name, text, &len);
  snprintf(expected, sizeof expected, "h%u.test.", item->address.bytes[3]);
  if (strcmp(text, expected) != 0)
    complain("a name with another's address");
}

static void empty(mlxr_report_t *report) {
  mlxr_report_item_t items[BATCH];
  for (int i = 0; i < 20; i++) {
    int count = mlxr_report_step(report, items, BATCH);
    for (int n = 0; n < count; n++)
      check(&items[n]);
    atomic_fetch_add(&taken, (unsigned)count);
  }
}

int main(void) {
  pthread_t threads[THREADS];
  mlxr_report_t *lasting;
  if (mlxr_report_open(&lasting) != 0)
    return 2;
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, work, NULL);
  for (int round = 0; round < ROUNDS; round++) {
    mlxr_report_t *report;
    if (mlxr_report_open(&report) != 0)
      return 2;
    empty(report);
    empty(lasting);
    mlxr_report_close(report);
  }
  atomic_store(&is_over, true);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  mlxr_report_close(lasting);
  if (atomic_load(&taken) == 0)
    complain("nothing came through");
  printf("%u wrong\n", atomic_load(&wrong));
  return atomic_load(&wrong) != 0;
}
