/* lookups_cares NAMES ROUNDS: names of the hosts file through c-ares, all at
 * once; prints thousands of lookups a second, the median of the rounds.
 */
#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { NAMES_MAX = 10000, ROUNDS_MAX = 100, WIDTH = 64 };

static char names[NAMES_MAX][WIDTH];

static void on_answer(void *found, int status, int timeouts,
                      struct ares_addrinfo *result) {
  (void)timeouts;
  if (status == ARES_SUCCESS)
    ++*(int *)found;
  ares_freeaddrinfo(result);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int read_names(const char *path) {
  int count = 0;
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  while (count < NAMES_MAX && fgets(names[count], WIDTH, file))
    names[count][strcspn(names[count], "\n")] = '\0', count++;
  fclose(file);
  return count;
}

/* What stands in a file is found within the call. */
static double run_round(ares_channel channel, int count) {
  struct ares_addrinfo_hints hints = {.ai_family = AF_INET,
                                      .ai_socktype = SOCK_STREAM};
  int found = 0;
  double started = now();
  for (int i = 0; i < count; i++)
    ares_getaddrinfo(channel, names[i], NULL, &hints, on_answer, &found);
  double took = now() - started;
  if (found != count) {
    fprintf(stderr, "lookups_cares: %d of %d names found\n", found, count);
    exit(1);
  }
  return count / took / 1000;
}

int main(int argc, char **argv) {
  char files[] = "f";
  struct ares_options options = {.lookups = files};
  ares_channel channel;
  double rates[ROUNDS_MAX];
  if (argc != 3)
    return 2;
  int count = read_names(argv[1]), rounds = atoi(argv[2]);
  if (count == 0 || rounds < 1 || rounds > ROUNDS_MAX ||
      ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
      ares_init_options(&channel, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS)
    return 2;
  run_round(channel, count);
  for (int i = 0; i < rounds; i++)
    rates[i] = run_round(channel, count);
  qsort(rates, (size_t)rounds, sizeof *rates, compare);
  printf("%.1f\n", rates[rounds / 2]);
  ares_destroy(channel);
  return 0;
}
