#include "rdata_text.h"

#include <string.h>
#include <strings.h>

#include "address.h"
#include "name.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base32_digits[] = "0123456789abcdefghijklmnopqrstuv";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- writing text ---- */

void mlxr_text_put(mlxr_text_t *text, const char *from, size_t len) {
  if (text->is_full || text->cap - text->len < len) {
    text->is_full = true;
    return;
  }
  if (len > 0)
    memcpy(text->text + text->len, from, len);
  text->len += len;
}

void mlxr_text_put_char(mlxr_text_t *text, char c) {
  mlxr_text_put(text, &c, 1);
}

void mlxr_text_put_cstr(mlxr_text_t *text, const char *from) {
  mlxr_text_put(text, from, strlen(from));
}

void mlxr_text_put_number(mlxr_text_t *text, uint64_t value, int digits) {
  char buffer[20];
  size_t at = sizeof buffer;
  do {
    buffer[--at] = (char)('0' + value % 10);
    value /= 10;
    digits--;
  } while (at > 0 && (value > 0 || digits > 0));
  mlxr_text_put(text, buffer + at, sizeof buffer - at);
}

void mlxr_text_put_hex(mlxr_text_t *text, const uint8_t *from, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char pair[2] = {hex_digits[from[i] >> 4], hex_digits[from[i] & 15]};
    mlxr_text_put(text, pair, 2);
  }
}

void mlxr_text_put_base64(mlxr_text_t *text, const uint8_t *from, size_t len) {
  for (size_t i = 0; i < len; i += 3) {
    size_t n = len - i < 3 ? len - i : 3;
    unsigned bits = (unsigned)from[i] << 16;
    bits |= n > 1 ? (unsigned)from[i + 1] << 8 : 0;
    bits |= n > 2 ? from[i + 2] : 0;
    char four[4] = {base64_digits[bits >> 18], base64_digits[bits >> 12 & 63],
                    n > 1 ? base64_digits[bits >> 6 & 63] : '=',
                    n > 2 ? base64_digits[bits & 63] : '='};
    mlxr_text_put(text, four, 4);
  }
}

void mlxr_text_put_base32(mlxr_text_t *text, const uint8_t *from, size_t len) {
  unsigned bits = 0, count = 0;
  for (size_t i = 0; i < len; i++) {
    bits = (bits << 8 | from[i]) & 0xffff;
    for (count += 8; count >= 5; count -= 5)
      mlxr_text_put_char(text, base32_digits[bits >> (count - 5) & 31]);
  }
  if (count > 0)
    mlxr_text_put_char(text, base32_digits[bits << (5 - count) & 31]);
}

static void put_escape(mlxr_text_t *text, uint8_t byte) {
  mlxr_text_put_char(text, '\\');
  mlxr_text_put_number(text, byte, 3);
}

void mlxr_text_put_quoted(mlxr_text_t *text, const uint8_t *from, size_t len) {
  mlxr_text_put_char(text, '"');
  for (size_t i = 0; i < len; i++) {
    if (from[i] < 0x20 || from[i] >= 0x7f) {
      put_escape(text, from[i]);
      continue;
    }
    if (from[i] == '"' || from[i] == '\\')
      mlxr_text_put_char(text, '\\');
    mlxr_text_put_char(text, (char)from[i]);
  }
  mlxr_text_put_char(text, '"');
}

static bool is_plain(uint8_t c) {
  return c > 0x20 && c < 0x7f && !strchr("\"\\;()", c);
}

void mlxr_text_put_word(mlxr_text_t *text, const uint8_t *from, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (is_plain(from[i]))
      mlxr_text_put_char(text, (char)from[i]);
    else
      put_escape(text, from[i]);
  }
}

void mlxr_text_put_name(mlxr_text_t *text, const uint8_t *wire) {
  char name[MLXR_NAME_TEXT_MAX];
  size_t len;
  mlxr_name_to_text(wire, name, &len);
  mlxr_text_put(text, name, len);
}

void mlxr_text_put_address(mlxr_text_t *text, const uint8_t *from, size_t len) {
  char buffer[MLXR_ADDRESS_TEXT_MAX];
  mlxr_address_t address = {.family = len == 4 ? 4 : 6};
  memcpy(address.bytes, from, len == 4 ? 4 : 16);
  mlxr_address_to_text(&address, NULL, buffer);
  mlxr_text_put_cstr(text, buffer);
}

/* ---- reading words ---- */

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The quote that closes, or NULL. */
static const char *find_quote(const char *at, const char *end) {
  for (; at < end && *at != '"'; at++)
    if (*at == '\\')
      at++;
  return at < end ? at : NULL;
}

bool mlxr_words_is_done(mlxr_words_t *words) {
  while (words->at < words->end && is_space(*words->at))
    words->at++;
  return words->at == words->end;
}

static bool next_quoted(mlxr_words_t *words, mlxr_word_t *out) {
  const char *start = words->at + 1;
  const char *close = find_quote(start, words->end);
  if (!close)
    return false;
  *out = (mlxr_word_t){start, (size_t)(close - start), true};
  words->at = close + 1;
  return true;
}

bool mlxr_words_next(mlxr_words_t *words, mlxr_word_t *out) {
  if (mlxr_words_is_done(words))
    return false;
  if (*words->at == '"')
    return next_quoted(words, out);
  /* A quote inside a word, as in key="a b", holds its spaces together. */
  const char *at = words->at;
  for (; at < words->end && !is_space(*at); at++) {
    if (*at == '"')
      at = find_quote(at + 1, words->end);
    else if (*at == '\\')
      at++;
    if (!at || at >= words->end)
      return false;
  }
  *out = (mlxr_word_t){words->at, (size_t)(at - words->at), false};
  words->at = at;
  return true;
}

bool mlxr_word_is(const mlxr_word_t *word, const char *keyword) {
  return strlen(keyword) == word->len &&
         strncasecmp(keyword, word->text, word->len) == 0;
}

int mlxr_word_number(const mlxr_word_t *word, uint64_t max, uint64_t *out) {
  uint64_t value = 0;
  if (word->len == 0)
    return MLXR_ETEXT;
  for (size_t i = 0; i < word->len; i++) {
    unsigned digit = (unsigned)(unsigned char)word->text[i] - '0';
    if (digit > 9 || digit > max || value > (max - digit) / 10)
      return MLXR_ETEXT;
    value = value * 10 + digit;
  }
  *out = value;
  return 0;
}

/* ---- from words to bytes ---- */

void mlxr_bytes_put(mlxr_bytes_t *bytes, const uint8_t *from, size_t len) {
  if (bytes->is_full || bytes->cap - bytes->len < len) {
    bytes->is_full = true;
    return;
  }
  if (len > 0)
    memcpy(bytes->bytes + bytes->len, from, len);
  bytes->len += len;
}

void mlxr_bytes_put_number(mlxr_bytes_t *bytes, uint64_t value, int width) {
  uint8_t buffer[8];
  for (int i = width; i-- > 0; value >>= 8)
    buffer[i] = (uint8_t)value;
  mlxr_bytes_put(bytes, buffer, (size_t)width);
}

static bool read_ddd(const char *text, size_t len, uint8_t *out) {
  unsigned value = 0;
  if (len < 3)
    return false;
  for (int i = 0; i < 3; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    value = value * 10 + (unsigned)(text[i] - '0');
  }
  *out = (uint8_t)value;
  return value <= 255;
}

int mlxr_bytes_scan_escaped(mlxr_bytes_t *bytes, const mlxr_word_t *word) {
  for (size_t i = 0; i < word->len; i++) {
    uint8_t byte = (uint8_t)word->text[i];
    if (byte == '\\') {
      if (++i == word->len)
        return MLXR_ETEXT;
      byte = (uint8_t)word->text[i];
      if (byte >= '0' && byte <= '9') {
        if (!read_ddd(word->text + i, word->len - i, &byte))
          return MLXR_ETEXT;
        i += 2;
      }
    }
    mlxr_bytes_put(bytes, &byte, 1);
  }
  return 0;
}

/* Puts the length byte that was left open at `start`. */
static int close_length(mlxr_bytes_t *bytes, size_t start) {
  if (bytes->is_full)
    return 0;
  size_t len = bytes->len - start - 1;
  if (len > 255)
    return MLXR_ETEXT;
  bytes->bytes[start] = (uint8_t)len;
  return 0;
}

int mlxr_bytes_scan_string(mlxr_bytes_t *bytes, const mlxr_word_t *word) {
  size_t start = bytes->len;
  mlxr_bytes_put_number(bytes, 0, 1);
  int rc = mlxr_bytes_scan_escaped(bytes, word);
  return rc != 0 ? rc : close_length(bytes, start);
}

int mlxr_bytes_scan_name(mlxr_bytes_t *bytes, const mlxr_word_t *word) {
  uint8_t wire[MLXR_NAME_MAX];
  size_t len;
  if (word->len == 0)
    return MLXR_ETEXT;
  int rc = mlxr_name_from_text(word->text, word->len, wire, &len);
  if (rc == 0)
    mlxr_bytes_put(bytes, wire, len);
  return rc;
}

int mlxr_bytes_scan_address(mlxr_bytes_t *bytes, const mlxr_word_t *word,
                            unsigned family) {
  mlxr_address_t address;
  int rc = mlxr_address_from_text(word->text, word->len, NULL, &address);
  if (rc != 0 || address.family != family || address.port != 0 ||
      address.scope != 0 || word->text[0] == '[')
    return MLXR_ETEXT;
  mlxr_bytes_put(bytes, address.bytes, family == 4 ? 4 : 16);
  return 0;
}

/* Digits of 4, 5 or 6 bits each, gathered into bytes. */
typedef struct digits {
  const char *alphabet;
  unsigned width;
  unsigned bits;
  unsigned count;  ///< of bits that are waiting
  unsigned padded; ///< '=' seen
  uint64_t total;  ///< of digits
} digits_t;

static int find_digit(const digits_t *digits, char c) {
  if (digits->width < 6 && c >= 'A' && c <= 'Z')
    c = (char)(c | 0x20);
  const char *found = c ? strchr(digits->alphabet, c) : NULL;
  return found ? (int)(found - digits->alphabet) : -1;
}

static int add_digits(digits_t *digits, const mlxr_word_t *word,
                      mlxr_bytes_t *bytes) {
  for (size_t i = 0; i < word->len; i++) {
    if (word->text[i] == '=' && digits->width == 6 && ++digits->padded <= 2)
      continue;
    int digit = find_digit(digits, word->text[i]);
    if (digit < 0 || digits->padded > 0)
      return MLXR_ETEXT;
    digits->bits = (digits->bits << digits->width | (unsigned)digit) & 0xffff;
    digits->count += digits->width;
    digits->total++;
    if (digits->count >= 8) {
      digits->count -= 8;
      mlxr_bytes_put_number(bytes, digits->bits >> digits->count & 0xff, 1);
    }
  }
  return 0;
}

/* Left-over bits must be fewer than a digit and zero, padding exact. */
static int end_digits(const digits_t *digits) {
  bool has_rest = (digits->bits & ((1u << digits->count) - 1)) != 0;
  if (digits->count >= digits->width || has_rest)
    return MLXR_ETEXT;
  if (digits->width == 6 && (digits->total + digits->padded) % 4 != 0)
    return MLXR_ETEXT;
  return 0;
}

static int scan_digits(mlxr_bytes_t *bytes, const mlxr_word_t *word,
                       const char *alphabet, unsigned width) {
  digits_t digits = {alphabet, width, 0, 0, 0, 0};
  int rc = add_digits(&digits, word, bytes);
  return rc != 0 ? rc : end_digits(&digits);
}

static int scan_all_digits(mlxr_bytes_t *bytes, mlxr_words_t *words,
                           const char *alphabet, unsigned width) {
  digits_t digits = {alphabet, width, 0, 0, 0, 0};
  mlxr_word_t word;
  int rc = 0;
  while (rc == 0 && mlxr_words_next(words, &word))
    rc = add_digits(&digits, &word, bytes);
  return rc != 0 ? rc : end_digits(&digits);
}

int mlxr_bytes_scan_hex(mlxr_bytes_t *bytes, const mlxr_word_t *word) {
  return scan_digits(bytes, word, hex_digits, 4);
}

int mlxr_bytes_scan_base32(mlxr_bytes_t *bytes, const mlxr_word_t *word) {
  return scan_digits(bytes, word, base32_digits, 5);
}

int mlxr_bytes_scan_base64(mlxr_bytes_t *bytes, const mlxr_word_t *word) {
  return scan_digits(bytes, word, base64_digits, 6);
}

int mlxr_bytes_scan_all_hex(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_all_digits(bytes, words, hex_digits, 4);
}

int mlxr_bytes_scan_all_base64(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_all_digits(bytes, words, base64_digits, 6);
}
