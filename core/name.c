#include "name.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* What a byte of a label becomes in text. */
enum { PLAIN = 0, ESCAPE = 1, HIGH = 2 };

static const uint8_t kinds[256] = {
    [0 ... ' '] = ESCAPE, ['"'] = ESCAPE,        ['$'] = ESCAPE,
    ['('] = ESCAPE,       [')'] = ESCAPE,        ['.'] = ESCAPE,
    [';'] = ESCAPE,       ['@'] = ESCAPE,        ['\\'] = ESCAPE,
    [0x7f] = ESCAPE,      [0x80 ... 0xff] = HIGH};

static uint8_t lower(uint8_t c) {
  return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

/* "\DDD" or "\c" behind the backslash: bytes used, or 0. */
static size_t read_escape(const char *text, size_t len, uint8_t *out) {
  if (len == 0)
    return 0;
  if (text[0] < '0' || text[0] > '9') {
    *out = (uint8_t)text[0];
    return 1;
  }
  unsigned value = 0;
  for (size_t i = 0; i < 3; i++) {
    if (i >= len || text[i] < '0' || text[i] > '9')
      return 0;
    value = value * 10 + (unsigned)(text[i] - '0');
  }
  *out = (uint8_t)value;
  return value <= 255 ? 3 : 0;
}

static bool is_control(char c) { return (uint8_t)c < 0x20 || c == 0x7f; }

int mlxr_name_from_text(const char *text, size_t len,
                        uint8_t wire[MLXR_NAME_MAX], size_t *out_len) {
  if (len == 0 || (len == 1 && text[0] == '.')) {
    wire[0] = 0;
    *out_len = 1;
    return 0;
  }
  if (text[0] == ' ' || (text[len - 1] == ' ' && text[len - 2] != '\\'))
    return MLXR_ETEXT;
  size_t label = 0,
         n = 1; /* where the label's length goes, and the next byte */
  for (size_t i = 0; i < len; i++) {
    uint8_t byte = (uint8_t)text[i];
    if (byte == '.') {
      if (n - label == 1)
        return MLXR_ETEXT;
      wire[label] = (uint8_t)(n - label - 1);
      label = n++;
      continue;
    }
    if (byte == '\\') {
      size_t used = read_escape(text + i + 1, len - i - 1, &byte);
      if (used == 0)
        return MLXR_ETEXT;
      i += used;
    } else if (is_control(text[i])) {
      return MLXR_ETEXT;
    }
    /* One byte must be left for the root label. */
    if (n >= MLXR_NAME_MAX - 1 || n - label > MLXR_LABEL_MAX)
      return MLXR_ETEXT;
    wire[n++] = byte;
  }
  wire[label] = (uint8_t)(n - label - 1);
  if (wire[label] != 0)
    wire[n++] = 0;
  *out_len = n;
  return 0;
}

/* Length of the UTF-8 sequence at `p`, or 0. C1 controls count as broken: a
   terminal obeys them. */
static size_t utf8_len(const uint8_t *p, size_t left) {
  size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
  if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
    return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  bool is_c1 = p[0] == 0xc2 && p[1] < 0xa0;
  bool is_overlong =
      (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
  bool is_surrogate = p[0] == 0xed && p[1] >= 0xa0;
  bool is_beyond = p[0] == 0xf4 && p[1] >= 0x90;
  return is_c1 || is_overlong || is_surrogate || is_beyond ? 0 : n;
}

static char *put_escape(char *to, uint8_t byte) {
  *to++ = '\\';
  *to++ = (char)('0' + byte / 100);
  *to++ = (char)('0' + byte / 10 % 10);
  *to++ = (char)('0' + byte % 10);
  return to;
}

static char *put_label(char *to, const uint8_t *label, size_t len) {
  for (size_t i = 0; i < len; i++) {
    uint8_t kind = kinds[label[i]];
    size_t n = kind == HIGH ? utf8_len(label + i, len - i) : 0;
    if (kind == PLAIN) {
      *to++ = (char)label[i];
    } else if (n > 0) {
      memcpy(to, label + i, n);
      to += n;
      i += n - 1;
    } else {
      to = put_escape(to, label[i]);
    }
  }
  return to;
}

void mlxr_name_to_text(const uint8_t *wire, char text[MLXR_NAME_TEXT_MAX],
                       size_t *out_len) {
  char *to = text;
  while (*wire) {
    to = put_label(to, wire + 1, *wire);
    *to++ = '.';
    wire += *wire + 1;
  }
  if (to == text)
    *to++ = '.';
  *to = '\0';
  *out_len = (size_t)(to - text);
}

size_t mlxr_name_len(const uint8_t *wire) {
  size_t n = 0;
  while (wire[n])
    n += (size_t)wire[n] + 1;
  return n + 1;
}

size_t mlxr_name_measure(const uint8_t *bytes, size_t len) {
  size_t n = 0;
  while (n < len && bytes[n]) {
    if (bytes[n] > MLXR_LABEL_MAX)
      return 0;
    n += (size_t)bytes[n] + 1;
    if (n >= MLXR_NAME_MAX)
      return 0;
  }
  return n < len ? n + 1 : 0;
}

/* Eight bytes at once. Lengths of labels are below 'A', so the whole name can
   be treated as letters; bytes above 127 must stay as they are. */
static uint64_t lower8(uint64_t word) {
  const uint64_t ones = 0x0101010101010101u;
  uint64_t low7 = word & (0x7f * ones);
  uint64_t is_from_a = low7 + (0x80 - 'A') * ones;
  uint64_t is_past_z = low7 + (0x80 - 'Z' - 1) * ones;
  uint64_t is_upper = (is_from_a & ~is_past_z & ~word) & (0x80 * ones);
  return word | (is_upper >> 2);
}

void mlxr_name_put_lower(const uint8_t *wire, size_t len, uint8_t *to) {
  size_t i = 0;
  for (; i + 8 <= len; i += 8) {
    uint64_t word;
    memcpy(&word, wire + i, 8);
    word = lower8(word);
    memcpy(to + i, &word, 8);
  }
  for (; i < len; i++)
    to[i] = lower(wire[i]);
}

/* While the bytes agree both names have the same labels, so neither is read
   beyond its end. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

bool mlxr_name_is_equal(const uint8_t *a, const uint8_t *b) {
  return is_same(a, b, mlxr_name_len(a));
}

bool mlxr_name_is_under(const uint8_t *name, const uint8_t *zone) {
  size_t name_len = mlxr_name_len(name), zone_len = mlxr_name_len(zone);
  while (name_len > zone_len) {
    name_len -= (size_t)*name + 1;
    name += *name + 1;
  }
  return name_len == zone_len && is_same(name, zone, name_len);
}

uint64_t mlxr_name_hash(const uint8_t *wire, size_t len, uint64_t seed) {
  uint8_t folded[MLXR_NAME_MAX];
  mlxr_name_put_lower(wire, len, folded);
  return mlxr_name_hash_lower(folded, len, seed);
}

uint64_t mlxr_name_hash_lower(const uint8_t *lower, size_t len, uint64_t seed) {
  return XXH3_64bits_withSeed(lower, len, seed);
}
