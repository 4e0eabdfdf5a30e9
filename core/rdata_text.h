/* rdata_text.h - what the text form of rdata is made of: a bounded text that is
 * written, words that are read, bytes that they become. Private to rdata*.c.
 *
 * Writing past the end of a text or of bytes is remembered, not done; whoever
 * began asks once, at the end.
 */
#ifndef MLXR_RDATA_TEXT_H
#define MLXR_RDATA_TEXT_H

#include "mlxresolve.h"

typedef struct mlxr_text {
  char *text;
  size_t cap;
  size_t len;
  bool is_full;
} mlxr_text_t;

void mlxr_text_put(mlxr_text_t *text, const char *from, size_t len);
void mlxr_text_put_char(mlxr_text_t *text, char c);
void mlxr_text_put_cstr(mlxr_text_t *text, const char *from);
/// Decimal, with leading zeros up to `digits`.
void mlxr_text_put_number(mlxr_text_t *text, uint64_t value, int digits);
void mlxr_text_put_hex(mlxr_text_t *text, const uint8_t *from, size_t len);
void mlxr_text_put_base64(mlxr_text_t *text, const uint8_t *from, size_t len);
/// The "extended hex" alphabet, lower case, without padding (RFC 4648, 5155).
void mlxr_text_put_base32(mlxr_text_t *text, const uint8_t *from, size_t len);
/// In quotes, with \" \\ and \DDD.
void mlxr_text_put_quoted(mlxr_text_t *text, const uint8_t *from, size_t len);
/// Without quotes; what would end a word or begin a comment is \DDD.
void mlxr_text_put_word(mlxr_text_t *text, const uint8_t *from, size_t len);
void mlxr_text_put_name(mlxr_text_t *text, const uint8_t *wire);
/// Family 4 or 6, by their number of bytes.
void mlxr_text_put_address(mlxr_text_t *text, const uint8_t *from, size_t len);

typedef struct mlxr_words {
  const char *at;
  const char *end;
} mlxr_words_t;

/// A piece of the text, its escapes still in it; quotes around it are left out.
typedef struct mlxr_word {
  const char *text;
  size_t len;
  bool is_quoted;
} mlxr_word_t;

typedef struct mlxr_bytes {
  uint8_t *bytes;
  size_t cap;
  size_t len;
  bool is_full;
} mlxr_bytes_t;

/// The next word, or false when there is none (or a quote is left open: then
/// `mlxr_words_is_done` says no).
bool mlxr_words_next(mlxr_words_t *words, mlxr_word_t *out);
bool mlxr_words_is_done(mlxr_words_t *words);

/// Is it this keyword, case aside?
bool mlxr_word_is(const mlxr_word_t *word, const char *keyword);
/// Unsigned decimal up to `max`.
int mlxr_word_number(const mlxr_word_t *word, uint64_t max, uint64_t *out);

void mlxr_bytes_put(mlxr_bytes_t *bytes, const uint8_t *from, size_t len);
/// Big-endian, `width` bytes.
void mlxr_bytes_put_number(mlxr_bytes_t *bytes, uint64_t value, int width);

/* Each reads a word, or all words that are left, and appends what it means:
   0 or MLXR_ETEXT. */
int mlxr_bytes_scan_escaped(mlxr_bytes_t *bytes, const mlxr_word_t *word);
int mlxr_bytes_scan_string(mlxr_bytes_t *bytes, const mlxr_word_t *word);
int mlxr_bytes_scan_name(mlxr_bytes_t *bytes, const mlxr_word_t *word);
int mlxr_bytes_scan_address(mlxr_bytes_t *bytes, const mlxr_word_t *word,
                            unsigned family);
int mlxr_bytes_scan_hex(mlxr_bytes_t *bytes, const mlxr_word_t *word);
int mlxr_bytes_scan_base32(mlxr_bytes_t *bytes, const mlxr_word_t *word);
int mlxr_bytes_scan_base64(mlxr_bytes_t *bytes, const mlxr_word_t *word);
int mlxr_bytes_scan_all_hex(mlxr_words_t *words, mlxr_bytes_t *bytes);
int mlxr_bytes_scan_all_base64(mlxr_words_t *words, mlxr_bytes_t *bytes);

#endif
