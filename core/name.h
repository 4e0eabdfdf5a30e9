/* name.h - domain names between their wire form and text.
 *
 * A wire name is the uncompressed form of RFC 1035 section 3.1: length-prefixed
 * labels ending with the root label, at most 255 bytes, at most 63 a label.
 * Text is dotted; controls, space and the characters that mean something in
 * texts
 * (. \ " ( ) ; @ $) are written \DDD (decimal), so that canonical text never
 * holds "\." and suffixes can be compared as strings. Well-formed UTF-8 passes
 * through (RFC 6762 section 16), other high bytes are written \DDD, so that
 * text is always UTF-8. Comparison folds ASCII case only (RFC 4343).
 */
#ifndef MLXR_NAME_H
#define MLXR_NAME_H

#include "mlxresolve.h"

enum {
  MLXR_NAME_MAX = 255,       ///< bytes of the longest wire name
  MLXR_NAME_TEXT_MAX = 1025, ///< bytes of the longest text, with its NUL
  MLXR_LABEL_MAX = 63
};

/// Reads `len` bytes of text, final dot optional, "\DDD" and "\c" understood,
/// into `wire`; "" and "." are the root. Spaces may stand inside a name ("My
/// Printer._ipp._tcp.local"), not around it. MLXR_ETEXT for an empty or too
/// long label or name, a bad escape or a control character.
int mlxr_name_from_text(const char *text, size_t len,
                        uint8_t wire[MLXR_NAME_MAX], size_t *out_len);

/// Writes the text of a well-formed wire name, with final dot and NUL.
/// `out_len` excludes the NUL.
void mlxr_name_to_text(const uint8_t *wire, char text[MLXR_NAME_TEXT_MAX],
                       size_t *out_len);

/// Length in bytes of a well-formed wire name, the root label included.
size_t mlxr_name_len(const uint8_t *wire);

/// Length of the wire name that `bytes` begin with, or 0 when they hold no
/// well-formed, uncompressed name.
size_t mlxr_name_measure(const uint8_t *bytes, size_t len);

/// Copies a name with ASCII letters in lower case; `to` may be `wire`.
void mlxr_name_put_lower(const uint8_t *wire, size_t len, uint8_t *to);

/// Do two wire names spell the same, case aside?
bool mlxr_name_is_equal(const uint8_t *a, const uint8_t *b);

/// Is `name` the zone itself or below it, case aside?
bool mlxr_name_is_under(const uint8_t *name, const uint8_t *zone);

/// A 64-bit hash that is the same for all spellings of a name; `seed` keeps
/// strangers from choosing collisions.
uint64_t mlxr_name_hash(const uint8_t *wire, size_t len, uint64_t seed);

/// The same for a name that is in lower case already.
uint64_t mlxr_name_hash_lower(const uint8_t *lower, size_t len, uint64_t seed);

#endif
