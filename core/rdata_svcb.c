#include <string.h>
#include <strings.h>

#include "rdata_fields.h"

/* Parameters of SVCB and HTTPS (RFC 9460 section 2.1 and appendix A). A value
   that its key does not allow is shown as keyN="bytes", and read as such. */

enum svc_kind {
  SVC_BYTES,     /* any */
  SVC_NONE,      /* no value */
  SVC_KEYS,      /* "mandatory": keys in rising order */
  SVC_PROTOCOLS, /* "alpn": strings with length bytes */
  SVC_PORT,
  SVC_ADDRESSES_4,
  SVC_ADDRESSES_6,
  SVC_BASE64
};

typedef struct svc_key {
  const char *name;
  enum svc_kind kind;
} svc_key_t;

static const svc_key_t keys[] = {
    {"mandatory", SVC_KEYS},       {"alpn", SVC_PROTOCOLS},
    {"no-default-alpn", SVC_NONE}, {"port", SVC_PORT},
    {"ipv4hint", SVC_ADDRESSES_4}, {"ech", SVC_BASE64},
    {"ipv6hint", SVC_ADDRESSES_6}, {"dohpath", SVC_BYTES},
    {"ohttp", SVC_NONE},
};

enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

static unsigned get16(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }

/* ---- to text ---- */

static bool is_protocols(const uint8_t *value, size_t len) {
  size_t at = 0;
  while (at < len && value[at] != 0)
    at += (size_t)value[at] + 1;
  return len > 0 && at == len;
}

static bool is_keys(const uint8_t *value, size_t len) {
  for (size_t at = 2; at + 1 < len; at += 2)
    if (get16(value + at - 2) >= get16(value + at))
      return false;
  return len > 0 && len % 2 == 0;
}

static bool is_sound(unsigned key, const uint8_t *value, size_t len) {
  switch (keys[key].kind) {
  case SVC_NONE:
    return len == 0;
  case SVC_KEYS:
    return is_keys(value, len);
  case SVC_PROTOCOLS:
    return is_protocols(value, len);
  case SVC_PORT:
    return len == 2;
  case SVC_ADDRESSES_4:
    return len > 0 && len % 4 == 0;
  case SVC_ADDRESSES_6:
    return len > 0 && len % 16 == 0;
  case SVC_BASE64:
  case SVC_BYTES:
    return len > 0;
  }
  return false;
}

static void print_key(unsigned key, mlxr_text_t *text) {
  if (key < KEY_COUNT) {
    mlxr_text_put_cstr(text, keys[key].name);
    return;
  }
  mlxr_text_put_cstr(text, "key");
  mlxr_text_put_number(text, key, 0);
}

static void print_keys(const uint8_t *value, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += 2) {
    if (at > 0)
      mlxr_text_put_char(text, ',');
    print_key(get16(value + at), text);
  }
}

static void print_addresses(const uint8_t *value, size_t len, size_t width,
                            mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += width) {
    if (at > 0)
      mlxr_text_put_char(text, ',');
    mlxr_text_put_address(text, value + at, width);
  }
}

/* Comma and backslash are escaped once for the list and once for the text
   (RFC 9460 appendix A.1). */
static void print_protocol(const uint8_t *id, size_t len, mlxr_text_t *text) {
  for (size_t i = 0; i < len; i++) {
    if (id[i] == ',')
      mlxr_text_put_cstr(text, "\\\\,");
    else if (id[i] == '\\')
      mlxr_text_put_cstr(text, "\\\\\\\\");
    else
      mlxr_text_put_word(text, id + i, 1);
  }
}

static void print_protocols(const uint8_t *value, size_t len,
                            mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += (size_t)value[at] + 1) {
    if (at > 0)
      mlxr_text_put_char(text, ',');
    print_protocol(value + at + 1, value[at], text);
  }
}

static void print_value(unsigned key, const uint8_t *value, size_t len,
                        mlxr_text_t *text) {
  switch (keys[key].kind) {
  case SVC_NONE:
    return;
  case SVC_KEYS:
    print_keys(value, len, text);
    return;
  case SVC_PROTOCOLS:
    print_protocols(value, len, text);
    return;
  case SVC_PORT:
    mlxr_text_put_number(text, get16(value), 0);
    return;
  case SVC_ADDRESSES_4:
    print_addresses(value, len, 4, text);
    return;
  case SVC_ADDRESSES_6:
    print_addresses(value, len, 16, text);
    return;
  case SVC_BASE64:
    mlxr_text_put_base64(text, value, len);
    return;
  case SVC_BYTES:
    mlxr_text_put_quoted(text, value, len);
    return;
  }
}

static void print_param(unsigned key, const uint8_t *value, size_t len,
                        mlxr_text_t *text) {
  bool is_known = key < KEY_COUNT && is_sound(key, value, len);
  if (is_known) {
    mlxr_text_put_cstr(text, keys[key].name);
  } else {
    mlxr_text_put_cstr(text, "key");
    mlxr_text_put_number(text, key, 0);
  }
  if (len == 0)
    return;
  mlxr_text_put_char(text, '=');
  if (is_known)
    print_value(key, value, len, text);
  else
    mlxr_text_put_quoted(text, value, len);
}

int mlxr_svcparams_print(const uint8_t *data, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len;) {
    size_t value_len = get16(data + at + 2);
    if (at > 0)
      mlxr_text_put_char(text, ' ');
    print_param(get16(data + at), data + at + 4, value_len, text);
    at += value_len + 4;
  }
  return 0;
}

/* ---- from text ---- */

/* `is_bytes`: written as keyN, so the value is taken as it is. */
static int read_key(const mlxr_word_t *word, unsigned *key, bool *is_bytes) {
  for (unsigned i = 0; i < KEY_COUNT; i++) {
    if (mlxr_word_is(word, keys[i].name)) {
      *key = i;
      *is_bytes = false;
      return 0;
    }
  }
  uint64_t value;
  if (word->len < 4 || strncasecmp(word->text, "key", 3) != 0)
    return MLXR_ETEXT;
  mlxr_word_t number = {word->text + 3, word->len - 3, false};
  if (mlxr_word_number(&number, UINT16_MAX, &value) != 0)
    return MLXR_ETEXT;
  *key = (unsigned)value;
  *is_bytes = true;
  return 0;
}

/* The piece of a list up to the next comma. */
static bool next_item(mlxr_word_t *list, mlxr_word_t *out) {
  if (!list->text)
    return false;
  const char *comma = memchr(list->text, ',', list->len);
  size_t len = comma ? (size_t)(comma - list->text) : list->len;
  *out = (mlxr_word_t){list->text, len, false};
  list->len -= comma ? len + 1 : len;
  list->text = comma ? comma + 1 : NULL;
  return true;
}

/* Moves the last two bytes to their place in a rising list. */
static int sort_last_key(uint8_t *list, size_t len) {
  unsigned key = get16(list + len - 2);
  size_t at = len - 2;
  while (at > 0 && get16(list + at - 2) > key)
    at -= 2;
  if (at > 0 && get16(list + at - 2) == key)
    return MLXR_ETEXT;
  memmove(list + at + 2, list + at, len - 2 - at);
  list[at] = (uint8_t)(key >> 8);
  list[at + 1] = (uint8_t)key;
  return 0;
}

static int scan_keys(mlxr_word_t list, mlxr_bytes_t *bytes) {
  size_t start = bytes->len;
  mlxr_word_t item;
  while (next_item(&list, &item)) {
    unsigned key;
    bool is_bytes;
    if (read_key(&item, &key, &is_bytes) != 0)
      return MLXR_ETEXT;
    mlxr_bytes_put_number(bytes, key, 2);
    if (bytes->is_full)
      return 0;
    if (sort_last_key(bytes->bytes + start, bytes->len - start) != 0)
      return MLXR_ETEXT;
  }
  return 0;
}

static int scan_addresses(mlxr_word_t list, unsigned family,
                          mlxr_bytes_t *bytes) {
  mlxr_word_t item;
  while (next_item(&list, &item))
    if (item.len == 0 || mlxr_bytes_scan_address(bytes, &item, family) != 0)
      return MLXR_ETEXT;
  return 0;
}

/* The list is read from the unescaped text; its own backslashes are left. */
static int scan_protocols(const mlxr_word_t *word, mlxr_bytes_t *bytes) {
  uint8_t buffer[MLXR_PACKET_MAX];
  mlxr_bytes_t list = {.bytes = buffer, .cap = sizeof buffer};
  if (mlxr_bytes_scan_escaped(&list, word) != 0 || list.is_full)
    return MLXR_ETEXT;
  for (size_t at = 0; at <= list.len; at++) {
    uint8_t id[255];
    size_t n = 0;
    for (; at < list.len && buffer[at] != ','; at++) {
      at += buffer[at] == '\\';
      if (at == list.len || n == sizeof id)
        return MLXR_ETEXT;
      id[n++] = buffer[at];
    }
    if (n == 0)
      return MLXR_ETEXT;
    mlxr_bytes_put_number(bytes, n, 1);
    mlxr_bytes_put(bytes, id, n);
  }
  return 0;
}

static int scan_value(unsigned key, const mlxr_word_t *word,
                      mlxr_bytes_t *bytes) {
  uint64_t port;
  switch (keys[key].kind) {
  case SVC_NONE:
    return word->len == 0 ? 0 : MLXR_ETEXT;
  case SVC_KEYS:
    return scan_keys(*word, bytes);
  case SVC_PROTOCOLS:
    return scan_protocols(word, bytes);
  case SVC_PORT:
    if (mlxr_word_number(word, UINT16_MAX, &port) != 0)
      return MLXR_ETEXT;
    mlxr_bytes_put_number(bytes, port, 2);
    return 0;
  case SVC_ADDRESSES_4:
    return scan_addresses(*word, 4, bytes);
  case SVC_ADDRESSES_6:
    return scan_addresses(*word, 6, bytes);
  case SVC_BASE64:
    return word->len == 0 ? MLXR_ETEXT : mlxr_bytes_scan_base64(bytes, word);
  case SVC_BYTES:
    return word->len == 0 ? MLXR_ETEXT : mlxr_bytes_scan_escaped(bytes, word);
  }
  return MLXR_ETEXT;
}

/* key, key=value or key="value". */
static int split(const mlxr_word_t *word, mlxr_word_t *key,
                 mlxr_word_t *value) {
  const char *equals = memchr(word->text, '=', word->len);
  size_t len = equals ? (size_t)(equals - word->text) : word->len;
  *key = (mlxr_word_t){word->text, len, false};
  *value = (mlxr_word_t){word->text + word->len, 0, false};
  if (!equals)
    return 0;
  *value = (mlxr_word_t){equals + 1, word->len - len - 1, false};
  if (value->len > 0 && value->text[0] == '"') {
    if (value->len < 2 || value->text[value->len - 1] != '"')
      return MLXR_ETEXT;
    value->text++;
    value->len -= 2;
  }
  return 0;
}

static void reverse(uint8_t *data, size_t len) {
  for (size_t i = 0; i < len / 2; i++) {
    uint8_t byte = data[i];
    data[i] = data[len - 1 - i];
    data[len - 1 - i] = byte;
  }
}

/* Moves the parameter that was put last, at `start`, to its place by key. */
static int sort_last(mlxr_bytes_t *bytes, size_t first, size_t start) {
  uint8_t *data = bytes->bytes;
  unsigned key = get16(data + start);
  size_t at = first;
  while (at < start && get16(data + at) < key)
    at += get16(data + at + 2) + 4;
  if (at == start)
    return 0;
  if (get16(data + at) == key)
    return MLXR_ETEXT;
  reverse(data + at, start - at);
  reverse(data + start, bytes->len - start);
  reverse(data + at, bytes->len - at);
  return 0;
}

static int scan_param(const mlxr_word_t *word, mlxr_bytes_t *bytes) {
  mlxr_word_t name, value;
  unsigned key;
  bool is_bytes;
  if (split(word, &name, &value) != 0 || read_key(&name, &key, &is_bytes) != 0)
    return MLXR_ETEXT;
  size_t start = bytes->len;
  mlxr_bytes_put_number(bytes, key, 2);
  mlxr_bytes_put_number(bytes, 0, 2);
  int rc = is_bytes ? mlxr_bytes_scan_escaped(bytes, &value)
                    : scan_value(key, &value, bytes);
  if (rc != 0 || bytes->is_full)
    return rc;
  size_t len = bytes->len - start - 4;
  bytes->bytes[start + 2] = (uint8_t)(len >> 8);
  bytes->bytes[start + 3] = (uint8_t)len;
  return 0;
}

int mlxr_svcparams_scan(mlxr_words_t *words, mlxr_bytes_t *bytes) {
  size_t first = bytes->len;
  mlxr_word_t word;
  while (mlxr_words_next(words, &word)) {
    size_t start = bytes->len;
    int rc = word.is_quoted ? MLXR_ETEXT : scan_param(&word, bytes);
    if (rc == 0 && !bytes->is_full)
      rc = sort_last(bytes, first, start);
    if (rc != 0)
      return rc;
  }
  return 0;
}
