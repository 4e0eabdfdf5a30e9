/* clock_internal.h - what clock.c shares with the platform's file.
 */
#ifndef MLXR_CLOCK_INTERNAL_H
#define MLXR_CLOCK_INTERNAL_H

#include "clock.h"

/// A descriptor that becomes readable when it is worth comparing clocks.
int mlxr_clock_alarm_open(void);
/// Makes it unreadable until the next time. 0 or a negative errno.
int mlxr_clock_alarm_rearm(int fd);

#endif
