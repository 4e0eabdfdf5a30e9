/* mlxresolve.h - what every part of the core shares: version, error codes and
 * the words that tell who owns what. Programs may call what is MLXR_PUBLIC
 * here; all else they reach through Lua.
 *
 * Ownership is in the verb of a function's name, and in no other word:
 *
 *   new / free      a heap object is made / destroyed; free(NULL) is allowed
 *   init / deinit   the storage belongs to the caller
 *   open / close    owns resources of the operating system
 *   get             lends: valid until the next change of the container
 *   take            hands over: the caller must free
 *   put             copies in
 *   give            the callee takes over, also on failure
 *   each            calls back for every element; no change meanwhile
 *
 * Functions return 0 (or a count) on success and a negative code on failure;
 * a value comes back through the last parameter. Codes of the operating system
 * pass through as their negated errno. Every I/O object is a descriptor and a
 * step: `fd` tells what to poll for reading, `step(now)` returns what was
 * completed and never calls back. `now` is monotonic time in milliseconds.
 */
#ifndef MLXR_MLXRESOLVE_H
#define MLXR_MLXRESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MLXR_VERSION "0.1.0"

#if defined(__GNUC__)
#define MLXR_PUBLIC __attribute__((visibility("default")))
#else
#define MLXR_PUBLIC
#endif

/// Codes of our own; they lie outside every system's errno range.
enum {
  MLXR_EFORMAT = -20001,   ///< a packet breaks the rules of its format
  MLXR_ETEXT = -20002,     ///< a text (name, address, rdata) cannot be read
  MLXR_ENOSPACE = -20003,  ///< the result does not fit into the buffer
  MLXR_ETIMEOUT = -20004,  ///< nobody answered in time
  MLXR_ENOTFOUND = -20005, ///< nobody knows such a name
  MLXR_EMISMATCH = -20006, ///< a reply that does not belong to the question
  MLXR_EBUSY = -20007,     ///< a bounded resource is used up
  MLXR_ELOOP = -20008,     ///< a chain of names comes back to itself
  MLXR_ECANCELED = -20009, ///< the caller gave up
  MLXR_ECLOSED = -20010    ///< the object is closed
};

/// The name of a code, such as "EFORMAT" or "ECONNREFUSED"; never NULL.
const char *mlxr_error_name(int code);

/// The code of such a name; 0 when there is none.
int mlxr_error_code(const char *name);

/// A sentence fragment for people, such as "malformed packet"; never NULL.
const char *mlxr_error_text(int code);

/// The text for the name of a code; the name itself when it is unknown.
const char *mlxr_error_explain(const char *name);

/// A name could not be reached at an address; NULL: at any of its addresses.
/// The resolvers of this process that take reports (mlx.open with `reports`)
/// look into it and give another answer, if there is one. Any thread may call
/// this; it never waits for them. 0; MLXR_ETEXT when name or address cannot be
/// read; MLXR_EBUSY when too many reports wait; MLXR_ECLOSED when nobody takes
/// them.
MLXR_PUBLIC int mlxr_report_failure(const char *name, const char *address);

#endif
