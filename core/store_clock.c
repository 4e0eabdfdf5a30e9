#include <stdio.h>
#include <string.h>
#include <time.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#include <sys/types.h>
#endif

#include "clock.h"
#include "store_internal.h"

static uint64_t read_date(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Text that is another after each boot; "" where there is none. */
static void read_boot(char out[64]) {
  memset(out, 0, 64);
#ifdef __APPLE__
  size_t len = 63;
  if (sysctlbyname("kern.bootsessionuuid", out, &len, NULL, 0) != 0)
    out[0] = '\0';
#else
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
  if (!file)
    return;
  if (!fgets(out, 64, file))
    out[0] = '\0';
  fclose(file);
  out[strcspn(out, "\n")] = '\0';
#endif
}

void store_clock_init(store_clock_t *clock,
                      const mlxr_store_options_t *options) {
  clock->now = options->now;
  clock->steady = mlxr_clock_ms();
  clock->date_at = read_date();
  clock->uptime_at = clock->steady;
  clock->date = options->date ? options->date : clock->date_at;
  clock->uptime = options->uptime ? options->uptime : clock->uptime_at;
  if (!options->boot) {
    read_boot(clock->boot);
    return;
  }
  memset(clock->boot, 0, sizeof clock->boot);
  strncpy(clock->boot, options->boot, sizeof clock->boot - 1);
}

uint64_t store_now(const store_clock_t *clock) {
  return clock->now + (mlxr_clock_ms() - clock->steady);
}

uint64_t store_date(const store_clock_t *clock) {
  return clock->date + (read_date() - clock->date_at);
}

uint64_t store_uptime(const store_clock_t *clock) {
  return clock->uptime + (mlxr_clock_ms() - clock->uptime_at);
}
