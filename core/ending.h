/* ending.h - a program that is told to end, and does not come to it.
 *
 * Signals are handled between two turns of the loop. Where a function of a
 * policy computes without end there is no other turn, and nobody would heed
 * them. For programs only: it takes SIGALRM.
 */
#ifndef MLXR_ENDING_H
#define MLXR_ENDING_H

/// From now on SIGTERM and SIGINT, which must have handlers already, go to
/// these as before; when the process still runs so many seconds after the first
/// of them, it says so on stderr and exits with 1.
void mlxr_ending_limit(unsigned seconds);

#endif
