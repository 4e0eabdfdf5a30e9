#include "ending.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int signals[] = {SIGTERM, SIGINT};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static struct sigaction passed_on[SIGNALS];
static volatile sig_atomic_t patience, is_ending;

static void on_end(int number) {
  if (!is_ending)
    alarm((unsigned)patience);
  is_ending = 1;
  for (size_t i = 0; i < SIGNALS; i++)
    if (signals[i] == number)
      passed_on[i].sa_handler(number);
}

static void on_alarm(int number) {
  static const char text[] =
      "mlxresolve: ended in the middle of something: a function of the policy "
      "computes without end, or waits for the system\n";
  (void)number;
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
    // nobody can be told
  }
  _exit(1);
}

void mlxr_ending_limit(unsigned seconds) {
  struct sigaction action = {.sa_handler = on_alarm};
  patience = (sig_atomic_t)seconds;
  sigaction(SIGALRM, &action, NULL);
  for (size_t i = 0; i < SIGNALS; i++) {
    sigaction(signals[i], NULL, &passed_on[i]);
    if (passed_on[i].sa_handler == SIG_DFL ||
        passed_on[i].sa_handler == SIG_IGN)
      continue;
    action = passed_on[i];
    action.sa_handler = on_end;
    sigaction(signals[i], &action, NULL);
  }
}
