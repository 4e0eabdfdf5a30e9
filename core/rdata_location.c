#include "rdata_fields.h"

/* LOC (RFC 1876). Angles are thousandths of an arc second around 2^31,
   altitudes centimetres above -100 km, sizes a digit and a power of ten. */

enum {
  DEGREE = 3600000,
  LATITUDE_MAX = 90 * DEGREE,
  LONGITUDE_MAX = 180 * DEGREE,
  ALTITUDE_BASE = 10000000, /* cm */
  SIZE_DEFAULT = 0x12,
  HORIZONTAL_DEFAULT = 0x16,
  VERTICAL_DEFAULT = 0x13
};

static const uint32_t equator = UINT32_C(1) << 31;

static uint32_t get32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
         p[3];
}

/* ---- to text ---- */

static int print_angle(uint32_t value, uint32_t max, char positive,
                       char negative, mlxr_text_t *text) {
  uint32_t angle = value >= equator ? value - equator : equator - value;
  if (angle > max)
    return MLXR_EFORMAT;
  mlxr_text_put_number(text, angle / DEGREE, 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_number(text, angle / 60000 % 60, 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_number(text, angle / 1000 % 60, 0);
  mlxr_text_put_char(text, '.');
  mlxr_text_put_number(text, angle % 1000, 3);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_char(text, value >= equator ? positive : negative);
  mlxr_text_put_char(text, ' ');
  return 0;
}

static void print_metres(uint64_t centimetres, mlxr_text_t *text) {
  mlxr_text_put_number(text, centimetres / 100, 0);
  mlxr_text_put_char(text, '.');
  mlxr_text_put_number(text, centimetres % 100, 2);
  mlxr_text_put_char(text, 'm');
}

static void print_altitude(uint32_t value, mlxr_text_t *text) {
  if (value < ALTITUDE_BASE)
    mlxr_text_put_char(text, '-');
  print_metres(value < ALTITUDE_BASE ? ALTITUDE_BASE - value
                                     : value - ALTITUDE_BASE,
               text);
}

/* Zero with a power, and digits beyond 9, have no text. */
static bool is_size(uint8_t size) {
  return size >> 4 <= 9 && (size & 15) <= 9 && (size >> 4 != 0 || size == 0);
}

static void print_size(uint8_t size, mlxr_text_t *text) {
  uint64_t value = size >> 4;
  for (int i = size & 15; i > 0; i--)
    value *= 10;
  mlxr_text_put_char(text, ' ');
  print_metres(value, text);
}

int mlxr_location_print(const uint8_t *data, size_t len, mlxr_text_t *text) {
  (void)len; /* always 16 */
  if (data[0] != 0 || !is_size(data[1]) || !is_size(data[2]) ||
      !is_size(data[3]))
    return MLXR_EFORMAT;
  if (print_angle(get32(data + 4), LATITUDE_MAX, 'N', 'S', text) != 0 ||
      print_angle(get32(data + 8), LONGITUDE_MAX, 'E', 'W', text) != 0)
    return MLXR_EFORMAT;
  print_altitude(get32(data + 12), text);
  if (data[1] == SIZE_DEFAULT && data[2] == HORIZONTAL_DEFAULT &&
      data[3] == VERTICAL_DEFAULT)
    return 0;
  for (int i = 1; i <= 3; i++)
    print_size(data[i], text);
  return 0;
}

/* ---- from text ---- */

/* A decimal with up to `places` digits behind the point, as a whole number of
   its last place. */
static int read_decimal(mlxr_word_t word, int places, uint64_t max,
                        uint64_t *out) {
  uint64_t value = 0;
  int behind = -1; /* digits seen behind the point */
  if (word.len == 0 || word.text[0] == '.')
    return MLXR_ETEXT;
  for (size_t i = 0; i < word.len; i++) {
    char c = word.text[i];
    if (c == '.' && behind < 0) {
      behind = 0;
      continue;
    }
    if (c < '0' || c > '9' || behind == places || value > max)
      return MLXR_ETEXT;
    value = value * 10 + (uint64_t)(c - '0');
    behind += behind >= 0;
  }
  for (int i = behind < 0 ? 0 : behind; i < places; i++)
    value *= 10;
  *out = value;
  return value <= max ? 0 : MLXR_ETEXT;
}

/* Degrees, then minutes and seconds if they are given, then the hemisphere. */
static int scan_angle(mlxr_words_t *words, uint64_t max, const char *positive,
                      const char *negative, mlxr_bytes_t *bytes) {
  static const uint32_t units[3] = {DEGREE, 60000, 1};
  mlxr_word_t word;
  uint64_t angle = 0, part;
  for (int i = 0; mlxr_words_next(words, &word); i++) {
    bool is_positive = mlxr_word_is(&word, positive);
    if (i > 0 && (is_positive || mlxr_word_is(&word, negative))) {
      if (angle > max)
        return MLXR_ETEXT;
      mlxr_bytes_put_number(bytes,
                            is_positive ? equator + angle : equator - angle, 4);
      return 0;
    }
    uint64_t limit = i == 0 ? 180 : i == 1 ? 59 : 59999;
    if (i > 2 || read_decimal(word, i == 2 ? 3 : 0, limit, &part) != 0)
      return MLXR_ETEXT;
    angle += part * units[i];
  }
  return MLXR_ETEXT;
}

static int read_metres(mlxr_word_t word, uint64_t max, uint64_t *out) {
  if (word.len > 0 && (word.text[word.len - 1] | 0x20) == 'm')
    word.len--;
  return read_decimal(word, 2, max, out);
}

static int scan_altitude(mlxr_words_t *words, uint32_t *out) {
  mlxr_word_t word;
  uint64_t value;
  if (!mlxr_words_next(words, &word))
    return MLXR_ETEXT;
  bool is_below = word.len > 0 && word.text[0] == '-';
  word.text += is_below;
  word.len -= is_below;
  if (read_metres(word, is_below ? ALTITUDE_BASE : UINT32_MAX - ALTITUDE_BASE,
                  &value) != 0)
    return MLXR_ETEXT;
  *out = (uint32_t)(is_below ? ALTITUDE_BASE - value : ALTITUDE_BASE + value);
  return 0;
}

static int scan_size(mlxr_words_t *words, uint8_t *out) {
  mlxr_word_t word;
  uint64_t value;
  unsigned power = 0;
  if (mlxr_words_is_done(words))
    return 0;
  if (!mlxr_words_next(words, &word) ||
      read_metres(word, UINT64_C(9000000000), &value) != 0)
    return MLXR_ETEXT;
  for (; value > 9; value /= 10)
    power++;
  *out = (uint8_t)(value << 4 | power);
  return 0;
}

int mlxr_location_scan(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  uint8_t head[4] = {0, SIZE_DEFAULT, HORIZONTAL_DEFAULT, VERTICAL_DEFAULT};
  uint8_t angles[8];
  mlxr_bytes_t out = {.bytes = angles, .cap = sizeof angles};
  uint32_t altitude;
  if (scan_angle(words, LATITUDE_MAX, "N", "S", &out) != 0 ||
      scan_angle(words, LONGITUDE_MAX, "E", "W", &out) != 0 ||
      scan_altitude(words, &altitude) != 0)
    return MLXR_ETEXT;
  for (int i = 1; i <= 3; i++)
    if (scan_size(words, &head[i]) != 0)
      return MLXR_ETEXT;
  mlxr_bytes_put(bytes, head, sizeof head);
  mlxr_bytes_put(bytes, angles, sizeof angles);
  mlxr_bytes_put_number(bytes, altitude, 4);
  return 0;
}
