#include <string.h>

#include "address.h"
#include "rdata_fields.h"

/* ---- sets of types: NSEC, NSEC3, CSYNC, NXT ---- */

static bool has_bit(const uint8_t *bits, size_t i) {
  return (bits[i / 8] & (0x80 >> (i % 8))) != 0;
}

static void print_window(unsigned first, const uint8_t *bits, size_t len,
                         mlxr_text_t *text, bool *is_first) {
  char scratch[16];
  for (size_t i = 0; i < len * 8; i++) {
    if (!has_bit(bits, i))
      continue;
    if (!*is_first)
      mlxr_text_put_char(text, ' ');
    *is_first = false;
    uint16_t type = (uint16_t)(first + i);
    mlxr_text_put_cstr(text, mlxr_type_to_text(type, scratch));
  }
}

int mlxr_bitmap_print(const uint8_t *data, size_t len, mlxr_text_t *text) {
  bool is_first = true;
  for (size_t at = 0; at < len; at += (size_t)data[at + 1] + 2)
    print_window((unsigned)data[at] << 8, data + at + 2, data[at + 1], text,
                 &is_first);
  return 0;
}

int mlxr_bitmap_nxt_print(const uint8_t *data, size_t len, mlxr_text_t *text) {
  bool is_first = true;
  print_window(0, data, len, text, &is_first);
  return 0;
}

/* Reads the types that are left into a set; returns bytes in use, or -1. */
static ptrdiff_t scan_types(mlxr_words_t *words, uint8_t *bits, size_t cap) {
  mlxr_word_t word;
  uint16_t type;
  size_t used = 0;
  memset(bits, 0, cap);
  while (mlxr_words_next(words, &word)) {
    if (mlxr_type_from_text(word.text, word.len, &type) != 0 || type >= cap * 8)
      return -1;
    bits[type / 8] |= (uint8_t)(0x80 >> (type % 8));
    if (used < (size_t)type / 8 + 1)
      used = (size_t)type / 8 + 1;
  }
  return (ptrdiff_t)used;
}

int mlxr_bitmap_scan(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  uint8_t bits[8192];
  ptrdiff_t used = scan_types(words, bits, sizeof bits);
  for (ptrdiff_t at = 0; at < used; at += 32) {
    ptrdiff_t len = used - at < 32 ? used - at : 32;
    while (len > 0 && bits[at + len - 1] == 0)
      len--;
    if (len == 0)
      continue;
    mlxr_bytes_put_number(bytes, (uint64_t)at / 32, 1);
    mlxr_bytes_put_number(bytes, (uint64_t)len, 1);
    mlxr_bytes_put(bytes, bits + at, (size_t)len);
  }
  return used < 0 ? MLXR_ETEXT : 0;
}

int mlxr_bitmap_nxt_scan(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  uint8_t bits[16];
  ptrdiff_t used = scan_types(words, bits, sizeof bits);
  if (used < 0)
    return MLXR_ETEXT;
  mlxr_bytes_put(bytes, bits, used > 0 ? (size_t)used : 1);
  return 0;
}

/* ---- WKS: a protocol and the ports that listen ---- */

int mlxr_services_print(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_number(text, data[0], 0);
  for (size_t i = 0; i < (len - 1) * 8; i++) {
    if (!has_bit(data + 1, i))
      continue;
    mlxr_text_put_char(text, ' ');
    mlxr_text_put_number(text, i, 0);
  }
  return 0;
}

static int scan_protocol(const mlxr_word_t *word, uint64_t *out) {
  if (mlxr_word_is(word, "tcp"))
    *out = 6;
  else if (mlxr_word_is(word, "udp"))
    *out = 17;
  else
    return mlxr_word_number(word, 255, out);
  return 0;
}

int mlxr_services_scan(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  uint8_t bits[8192] = {0};
  mlxr_word_t word;
  uint64_t number;
  size_t used = 0;
  if (!mlxr_words_next(words, &word) || scan_protocol(&word, &number) != 0)
    return MLXR_ETEXT;
  mlxr_bytes_put_number(bytes, number, 1);
  while (mlxr_words_next(words, &word)) {
    if (mlxr_word_number(&word, UINT16_MAX, &number) != 0)
      return MLXR_ETEXT;
    bits[number / 8] |= (uint8_t)(0x80 >> (number % 8));
    if (used < number / 8 + 1)
      used = number / 8 + 1;
  }
  mlxr_bytes_put(bytes, bits, used);
  return 0;
}

/* ---- APL: "1:192.0.2.0/24 !2:2001:db8::/32" ---- */

int mlxr_prefixes_print(const uint8_t *data, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len;) {
    unsigned family = (unsigned)data[at] << 8 | data[at + 1];
    size_t part = data[at + 3] & 0x7f;
    uint8_t address[16] = {0};
    if (family != 1 && family != 2)
      return MLXR_EFORMAT;
    memcpy(address, data + at + 4, part);
    if (at > 0)
      mlxr_text_put_char(text, ' ');
    if (data[at + 3] & 0x80)
      mlxr_text_put_char(text, '!');
    mlxr_text_put_number(text, family, 0);
    mlxr_text_put_char(text, ':');
    mlxr_text_put_address(text, address, family == 1 ? 4 : 16);
    mlxr_text_put_char(text, '/');
    mlxr_text_put_number(text, data[at + 2], 0);
    at += part + 4;
  }
  return 0;
}

static int scan_prefix(const mlxr_word_t *word, mlxr_bytes_t *bytes) {
  const char *text = word->text, *end = text + word->len;
  bool is_negated = text < end && *text == '!';
  text += is_negated;
  const char *slash = memchr(text, '/', (size_t)(end - text));
  if (!slash || slash - text < 3 || text[1] != ':' ||
      (text[0] != '1' && text[0] != '2'))
    return MLXR_ETEXT;
  unsigned family = text[0] == '1' ? 4 : 6;
  mlxr_word_t prefix = {slash + 1, (size_t)(end - slash - 1), false};
  mlxr_word_t host = {text + 2, (size_t)(slash - text - 2), false};
  uint64_t bits;
  uint8_t address[16];
  mlxr_bytes_t whole = {.bytes = address, .cap = sizeof address};
  if (mlxr_word_number(&prefix, family == 4 ? 32 : 128, &bits) != 0 ||
      mlxr_bytes_scan_address(&whole, &host, family) != 0)
    return MLXR_ETEXT;
  size_t len = whole.len;
  while (len > 0 && address[len - 1] == 0)
    len--;
  mlxr_bytes_put_number(bytes, family == 4 ? 1 : 2, 2);
  mlxr_bytes_put_number(bytes, bits, 1);
  mlxr_bytes_put_number(bytes, len | (is_negated ? 0x80u : 0u), 1);
  mlxr_bytes_put(bytes, address, len);
  return 0;
}

int mlxr_prefixes_scan(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  mlxr_word_t word;
  int rc = 0;
  while (rc == 0 && mlxr_words_next(words, &word))
    rc = scan_prefix(&word, bytes);
  return rc;
}
