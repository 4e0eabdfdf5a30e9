#include <string.h>

#include "rdata_fields.h"

static int scan_number(mlxr_words_t *words, mlxr_bytes_t *bytes, int width) {
  mlxr_word_t word;
  uint64_t value, max = UINT64_MAX >> (64 - 8 * width);
  if (!mlxr_words_next(words, &word) ||
      mlxr_word_number(&word, max, &value) != 0)
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, value, width);
  return 0;
}

static unsigned unit_of(char c) {
  switch (c | 0x20) {
  case 's':
    return 1;
  case 'm':
    return 60;
  case 'h':
    return 3600;
  case 'd':
    return 86400;
  case 'w':
    return 604800;
  }
  return 0;
}

/* "3600", "1h30m", "2w". */
static int scan_ttl(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  uint64_t total = 0, value = 0;
  bool has_digits = false;
  if (!mlxr_words_next(words, &word) || word.len == 0)
    return MLXR_ETEXT;
  for (size_t i = 0; i < word.len; i++) {
    char c = word.text[i];
    if (c >= '0' && c <= '9') {
      value = value * 10 + (uint64_t)(c - '0');
      has_digits = true;
    } else if (has_digits && unit_of(c) > 0) {
      total += value * unit_of(c);
      value = 0;
      has_digits = false;
    } else {
      return MLXR_ETEXT;
    }
    if (value > UINT32_MAX || total > UINT32_MAX)
      return MLXR_ETEXT;
  }
  if (total + value > UINT32_MAX || (total > 0 && has_digits))
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, total + value, 4);
  return 0;
}

static bool read_digits(const char *text, size_t len, uint32_t *out) {
  *out = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    *out = *out * 10 + (uint32_t)(text[i] - '0');
  }
  return true;
}

static bool is_leap(uint32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Seconds since 1970 of a date that exists, or false. */
static bool to_seconds(const uint32_t at[6], uint64_t *out) {
  static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31};
  static const uint16_t before[] = {0,   31,  59,  90,  120, 151,
                                    181, 212, 243, 273, 304, 334};
  uint32_t year = at[0], month = at[1], day = at[2];
  if (year < 1970 || month < 1 || month > 12 || day < 1 || at[3] > 23 ||
      at[4] > 59 || at[5] > 59)
    return false;
  if (day > lengths[month - 1] + (uint32_t)(month == 2 && is_leap(year)))
    return false;
  uint32_t past = year - 1;
  uint64_t leap_days =
      past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
  uint64_t days = (uint64_t)(year - 1970) * 365 + leap_days +
                  before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
  *out = days * 86400 + at[3] * 3600 + at[4] * 60 + at[5];
  return true;
}

/* YYYYMMDDHHmmSS, or seconds in at most ten digits (RFC 4034 section 3.2). */
static int scan_time(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  static const uint8_t widths[6] = {4, 2, 2, 2, 2, 2};
  mlxr_word_t word;
  uint32_t parts[6];
  uint64_t value = 0;
  if (!mlxr_words_next(words, &word))
    return MLXR_ETEXT;
  if (word.len == 14) {
    const char *at = word.text;
    for (int i = 0; i < 6; at += widths[i++])
      if (!read_digits(at, widths[i], &parts[i]))
        return MLXR_ETEXT;
    if (!to_seconds(parts, &value) || value > UINT32_MAX)
      return MLXR_ETEXT;
  } else if (mlxr_word_number(&word, UINT32_MAX, &value) != 0) {
    return MLXR_ETEXT;
  }
  mlxr_bytes_put_number(bytes, value, 4);
  return 0;
}

static int scan_type(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  uint16_t type;
  if (!mlxr_words_next(words, &word) ||
      mlxr_type_from_text(word.text, word.len, &type) != 0)
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, type, 2);
  return 0;
}

/* A number or one of the mnemonics of `of`. */
static int scan_mnemonic(mlxr_words_t *words, mlxr_bytes_t *bytes, int width,
                         int (*of)(const mlxr_word_t *word)) {
  mlxr_word_t word;
  mlxr_words_t ahead = *words;
  if (!mlxr_words_next(&ahead, &word))
    return MLXR_ETEXT;
  int value = of(&word);
  if (value < 0)
    return scan_number(words, bytes, width);
  *words = ahead;
  mlxr_bytes_put_number(bytes, (uint64_t)value, width);
  return 0;
}

static int scan_word(mlxr_words_t *words, mlxr_bytes_t *bytes,
                     int (*scan)(mlxr_bytes_t *, const mlxr_word_t *)) {
  mlxr_word_t word;
  return mlxr_words_next(words, &word) ? scan(bytes, &word) : MLXR_ETEXT;
}

static int scan_words(mlxr_words_t *words, mlxr_bytes_t *bytes,
                      int (*scan)(mlxr_bytes_t *, const mlxr_word_t *)) {
  mlxr_word_t word;
  int rc = 0;
  while (rc == 0 && mlxr_words_next(words, &word))
    rc = scan(bytes, &word);
  return rc;
}

static int scan_address(mlxr_words_t *words, mlxr_bytes_t *bytes,
                        unsigned family) {
  mlxr_word_t word;
  return mlxr_words_next(words, &word)
             ? mlxr_bytes_scan_address(bytes, &word, family)
             : MLXR_ETEXT;
}

/* `count` groups of `width` bytes in hex, with a character between them. */
static int scan_groups(mlxr_words_t *words, mlxr_bytes_t *bytes, int count,
                       int width, char between) {
  mlxr_word_t word;
  if (!mlxr_words_next(words, &word))
    return MLXR_ETEXT;
  const char *at = word.text, *end = word.text + word.len;
  for (int i = 0; i < count; i++) {
    char digits[4];
    int n = 0, pad = 2 * width;
    if (i > 0 && (at == end || *at++ != between))
      return MLXR_ETEXT;
    while (at + n < end && at[n] != between && n < pad)
      n++;
    if (n == 0)
      return MLXR_ETEXT;
    memset(digits, '0', sizeof digits);
    memcpy(digits + pad - n, at, (size_t)n);
    mlxr_word_t group = {digits, (size_t)pad, false};
    if (mlxr_bytes_scan_hex(bytes, &group) != 0)
      return MLXR_ETEXT;
    at += n;
  }
  return at == end ? 0 : MLXR_ETEXT;
}

/* With a length byte; "-" is an empty one. */
static int scan_with_length(mlxr_words_t *words, mlxr_bytes_t *bytes,
                            int (*scan)(mlxr_bytes_t *, const mlxr_word_t *)) {
  mlxr_word_t word;
  size_t start = bytes->len;
  if (!mlxr_words_next(words, &word))
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, 0, 1);
  if (mlxr_word_is(&word, "-"))
    return 0;
  int rc = scan(bytes, &word);
  if (rc != 0 || bytes->is_full)
    return rc;
  if (bytes->len - start - 1 > 255)
    return MLXR_ETEXT;
  bytes->bytes[start] = (uint8_t)(bytes->len - start - 1);
  return 0;
}

/* RFC 1706 lets dots stand anywhere between the digits. */
static int scan_hex_0x(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  if (!mlxr_words_next(words, &word) || word.len < 2 || word.text[0] != '0' ||
      (word.text[1] | 0x20) != 'x')
    return MLXR_ETEXT;
  char pair[2];
  size_t n = 0;
  for (size_t i = 2; i < word.len; i++) {
    if (word.text[i] == '.')
      continue;
    pair[n++] = word.text[i];
    mlxr_word_t two = {pair, 2, false};
    if (n == 2 && mlxr_bytes_scan_hex(bytes, &two) != 0)
      return MLXR_ETEXT;
    n %= 2;
  }
  return n == 0 ? 0 : MLXR_ETEXT;
}

static int scan_gateway(mlxr_words_t *words, mlxr_bytes_t *bytes,
                        uint64_t type) {
  mlxr_word_t word;
  if (!mlxr_words_next(words, &word))
    return MLXR_ETEXT;
  switch (type) {
  case 0:
    return mlxr_word_is(&word, ".") ? 0 : MLXR_ETEXT;
  case 1:
    return mlxr_bytes_scan_address(bytes, &word, 4);
  case 2:
    return mlxr_bytes_scan_address(bytes, &word, 6);
  case 3:
    return mlxr_bytes_scan_name(bytes, &word);
  }
  return MLXR_ETEXT;
}

static int scan_ipsec_gateway(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  uint64_t type;
  if (!mlxr_words_next(words, &word) ||
      mlxr_word_number(&word, 255, &type) != 0)
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, type, 1);
  int rc = scan_number(words, bytes, 1);
  return rc != 0 ? rc : scan_gateway(words, bytes, type);
}

static int scan_relay(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  uint64_t discovery, type;
  if (!mlxr_words_next(words, &word) ||
      mlxr_word_number(&word, 1, &discovery) != 0 ||
      !mlxr_words_next(words, &word) ||
      mlxr_word_number(&word, 127, &type) != 0)
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, discovery << 7 | type, 1);
  return scan_gateway(words, bytes, type);
}

/* The lengths of HIT and key come first on the wire. */
static int scan_hip(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  size_t start = bytes->len;
  mlxr_bytes_put_number(bytes, 0, 1);
  if (scan_number(words, bytes, 1) != 0)
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, 0, 2);
  size_t hit = bytes->len;
  if (scan_word(words, bytes, mlxr_bytes_scan_hex) != 0)
    return MLXR_ETEXT;
  size_t key = bytes->len;
  if (scan_word(words, bytes, mlxr_bytes_scan_base64) != 0)
    return MLXR_ETEXT;
  if (bytes->is_full)
    return 0;
  size_t key_len = bytes->len - key;
  if (key - hit > 255 || key_len > UINT16_MAX)
    return MLXR_ETEXT;
  bytes->bytes[start] = (uint8_t)(key - hit);
  bytes->bytes[start + 2] = (uint8_t)(key_len >> 8);
  bytes->bytes[start + 3] = (uint8_t)key_len;
  return 0;
}

static int scan_algorithm(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_mnemonic(words, bytes, 1, mlxr_algorithm_from_text);
}

static int scan_certificate(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_mnemonic(words, bytes, 2, mlxr_certificate_from_text);
}

static int scan_name(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_word(words, bytes, mlxr_bytes_scan_name);
}

static int scan_names(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_words(words, bytes, mlxr_bytes_scan_name);
}

static int scan_a(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_address(words, bytes, 4);
}

static int scan_aaaa(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_address(words, bytes, 6);
}

static int scan_locator(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_groups(words, bytes, 4, 2, ':');
}

static int scan_eui48(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_groups(words, bytes, 6, 1, '-');
}

static int scan_eui64(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_groups(words, bytes, 8, 1, '-');
}

static int scan_string(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_word(words, bytes, mlxr_bytes_scan_string);
}

static int scan_string_optional(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return mlxr_words_is_done(words) ? 0 : scan_string(words, bytes);
}

static int scan_strings(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_words(words, bytes, mlxr_bytes_scan_string);
}

static int scan_rest(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_word(words, bytes, mlxr_bytes_scan_escaped);
}

static int scan_salt(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_with_length(words, bytes, mlxr_bytes_scan_hex);
}

static int scan_hash(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  return scan_with_length(words, bytes, mlxr_bytes_scan_base32);
}

typedef int (*scan_fn)(mlxr_words_t *words, mlxr_bytes_t *bytes);

/* Plain numbers are not here: their length says all. */
static const scan_fn scanners[MLXR_FIELD_KINDS] = {
    [MLXR_FIELD_TTL] = scan_ttl,
    [MLXR_FIELD_TIME] = scan_time,
    [MLXR_FIELD_TYPE] = scan_type,
    [MLXR_FIELD_ALGORITHM] = scan_algorithm,
    [MLXR_FIELD_CERTIFICATE] = scan_certificate,
    [MLXR_FIELD_NAME] = scan_name,
    [MLXR_FIELD_NAME_DNS] = scan_name,
    [MLXR_FIELD_NAME_MDNS] = scan_name,
    [MLXR_FIELD_NAMES] = scan_names,
    [MLXR_FIELD_A] = scan_a,
    [MLXR_FIELD_AAAA] = scan_aaaa,
    [MLXR_FIELD_LOCATOR] = scan_locator,
    [MLXR_FIELD_EUI48] = scan_eui48,
    [MLXR_FIELD_EUI64] = scan_eui64,
    [MLXR_FIELD_STRING] = scan_string,
    [MLXR_FIELD_STRING_OPTIONAL] = scan_string_optional,
    [MLXR_FIELD_STRINGS] = scan_strings,
    [MLXR_FIELD_WORD] = scan_string,
    [MLXR_FIELD_REST] = scan_rest,
    [MLXR_FIELD_HEX] = mlxr_bytes_scan_all_hex,
    [MLXR_FIELD_HEX_0X] = scan_hex_0x,
    [MLXR_FIELD_BASE64] = mlxr_bytes_scan_all_base64,
    [MLXR_FIELD_SALT] = scan_salt,
    [MLXR_FIELD_HASH] = scan_hash,
    [MLXR_FIELD_BITMAP] = mlxr_bitmap_scan,
    [MLXR_FIELD_BITMAP_NXT] = mlxr_bitmap_nxt_scan,
    [MLXR_FIELD_SERVICES] = mlxr_services_scan,
    [MLXR_FIELD_LOCATION] = mlxr_location_scan,
    [MLXR_FIELD_PREFIXES] = mlxr_prefixes_scan,
    [MLXR_FIELD_GATEWAY] = scan_ipsec_gateway,
    [MLXR_FIELD_RELAY] = scan_relay,
    [MLXR_FIELD_HIP] = scan_hip,
    [MLXR_FIELD_SVCPARAMS] = mlxr_svcparams_scan};

static int scan_field(char kind, mlxr_words_t *words, mlxr_bytes_t *bytes) {
  scan_fn scan = scanners[(unsigned char)kind];
  return scan ? scan(words, bytes)
              : scan_number(words, bytes,
                            mlxr_field_lengths[(unsigned char)kind]);
}

/* ---- whole rdata ---- */

/* "\# 4 0a000001", for types that we know too (RFC 3597 section 5). */
static int scan_generic(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  uint64_t len;
  if (!mlxr_words_next(words, &word) ||
      mlxr_word_number(&word, UINT16_MAX, &len) != 0 ||
      mlxr_bytes_scan_all_hex(words, bytes) != 0)
    return MLXR_ETEXT;
  return bytes->is_full || bytes->len == len ? 0 : MLXR_ETEXT;
}

static int scan_fields(const char *format, mlxr_words_t *words,
                       mlxr_bytes_t *bytes) {
  int rc = 0;
  for (; rc == 0 && *format; format++)
    rc = scan_field(*format, words, bytes);
  return rc;
}

int mlxr_rdata_from_text(uint16_t type, const char *text, size_t text_len,
                         uint8_t *rdata, size_t cap, size_t *out_len) {
  const mlxr_type_row_t *row = mlxr_type_find(type);
  mlxr_words_t words = {text, text + text_len}, rest = words;
  mlxr_bytes_t bytes = {.bytes = rdata,
                        .cap = cap < UINT16_MAX ? cap : UINT16_MAX};
  mlxr_word_t first;
  int rc = MLXR_ETEXT;
  if (mlxr_words_next(&rest, &first) && !first.is_quoted &&
      mlxr_word_is(&first, "\\#")) {
    words = rest;
    rc = scan_generic(&words, &bytes);
  } else if (row && row->format) {
    rc = scan_fields(row->format, &words, &bytes);
  }
  if (rc != 0 || !mlxr_words_is_done(&words))
    return MLXR_ETEXT;
  if (bytes.is_full)
    return MLXR_ENOSPACE;
  if (mlxr_rdata_check(type, rdata, bytes.len) != 0)
    return MLXR_ETEXT;
  *out_len = bytes.len;
  return 0;
}
