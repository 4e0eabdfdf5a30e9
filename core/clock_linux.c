#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock_internal.h"

/* A timer that never rings, but is cancelled whenever the wall clock is set;
 * the kernel counts waking up as that. */
static int arm(int fd) {
  const struct itimerspec never = {.it_value.tv_sec = INT64_MAX / 1000000000};
  return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                         &never, NULL) != 0
             ? -errno
             : 0;
}

int mlxr_clock_alarm_open(void) {
  int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0)
    return -errno;
  int rc = arm(fd);
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

/* Reading says ECANCELED, once; arming anew makes that the past in any case. */
int mlxr_clock_alarm_rearm(int fd) {
  uint64_t rung;
  ssize_t n = read(fd, &rung, sizeof rung);
  (void)n;
  return arm(fd);
}
