/* native_stress: questions that are answered, fail, hang, are joined, run out
 * of time and are cancelled, while the pool is closed and opened over and
 * over. Every question that was not cancelled must have its result, once.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../clock.h"
#include "../native.h"

enum { ROUNDS = 20, QUESTIONS = 400, NAMES = 24, RESULTS = 16, PATIENCE = 40 };

static const mlxr_native_options_t options = {
    .threads = 4, .max_threads = 8, .max_waiting = 200};
static mlxr_native_result_t results[RESULTS];
static unsigned wrong;

static void complain(const char *what) {
  fprintf(stderr, "native_stress: %s\n", what);
  wrong++;
}

static void check_result(const mlxr_native_result_t *result) {
  bool has_addresses = result->code == 0 && result->count > 0;
  bool has_reason = result->code < 0 && result->count == 0;
  if (!has_addresses && !has_reason)
    complain("a result that is neither an answer nor a failure");
}

static unsigned take_results(mlxr_native_t *native, int wait) {
  struct pollfd ready = {mlxr_native_fd(native), POLLIN, 0};
  unsigned count = 0;
  uint64_t next;
  int n;
  poll(&ready, 1, wait);
  do {
    n = mlxr_native_step(native, mlxr_clock_ms(), results, RESULTS, &next);
    for (int i = 0; i < n; i++)
      check_result(&results[i]);
    count += (unsigned)n;
  } while (n == RESULTS);
  return count;
}

static void make_name(char name[32]) {
  static const char *const kinds[] = {"answer", "answer", "none", "again"};
  int dice = rand() % 40;
  const char *kind = dice == 0   ? "stuck"
                     : dice == 1 ? "slow"
                                 : kinds[rand() % 4];
  snprintf(name, 32, "%s%d", kind, rand() % NAMES);
}

static void ask_and_answer(mlxr_native_t *native, bool to_the_end) {
  unsigned asked = 0, done = 0;
  for (int i = 0; i < QUESTIONS; i++) {
    char name[32];
    uint32_t slot;
    uint64_t now = mlxr_clock_ms();
    make_name(name);
    int rc = mlxr_native_ask(native, name, rand() % 2 ? 4 : 0,
                             now + (uint64_t)(rand() % PATIENCE), now, &slot);
    if (rc == 0 && rand() % 5 == 0)
      mlxr_native_cancel(native, slot);
    else if (rc == 0)
      asked++;
    else if (rc != MLXR_EBUSY)
      complain("a question was refused");
    if (i % 8 == 0)
      done += take_results(native, 1);
  }
  for (int i = 0; to_the_end && done < asked && i < 20 * PATIENCE; i++)
    done += take_results(native, 1);
  if (to_the_end && done != asked)
    complain("questions and results differ in number");
}

int main(void) {
  srand(1);
  for (int round = 0; round < ROUNDS; round++) {
    mlxr_native_t *native;
    if (mlxr_native_open(&options, &native) != 0)
      return 2;
    ask_and_answer(native, round % 2 == 0);
    mlxr_native_close(native);
  }
  usleep(300000); /* the slow ones come back to a pool that is closed */
  printf("%u wrong\n", wrong);
  return wrong != 0;
}
