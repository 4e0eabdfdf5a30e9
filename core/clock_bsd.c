#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock_internal.h"

enum { EVERY = 5 }; /* s; nothing else tells */

/* One that counts sleep rings at once on waking up. */
#ifdef NOTE_MACH_CONTINUOUS_TIME
#define TIMER_FLAGS (NOTE_SECONDS | NOTE_MACH_CONTINUOUS_TIME)
#else
#define TIMER_FLAGS NOTE_SECONDS
#endif

int mlxr_clock_alarm_open(void) {
  int fd = kqueue();
  if (fd < 0)
    return -errno;
  struct kevent timer;
  EV_SET(&timer, 1, EVFILT_TIMER, EV_ADD, TIMER_FLAGS, EVERY, NULL);
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
      kevent(fd, &timer, 1, NULL, 0, NULL) == 0)
    return fd;
  int code = -errno;
  close(fd);
  return code;
}

int mlxr_clock_alarm_rearm(int fd) {
  struct kevent event;
  const struct timespec none = {0};
  return kevent(fd, NULL, 0, &event, 1, &none) < 0 ? -errno : 0;
}
