#include "rdata_fields.h"

static uint64_t get(const uint8_t *data, size_t len) {
  uint64_t value = 0;
  for (size_t i = 0; i < len; i++)
    value = value << 8 | data[i];
  return value;
}

/* All have one form, so that a table can choose: a well-formed field of `len`
   bytes, and 0 or MLXR_EFORMAT. */
typedef int (*print_fn)(const uint8_t *data, size_t len, mlxr_text_t *text);

static int print_number(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_number(text, get(data, len), 0);
  return 0;
}

static int print_type(const uint8_t *data, size_t len, mlxr_text_t *text) {
  char scratch[16];
  uint16_t type = (uint16_t)get(data, len);
  mlxr_text_put_cstr(text, mlxr_type_to_text(type, scratch));
  return 0;
}

/* Days since 1970 to a date, by Howard Hinnant's civil calendar; the system's
   gmtime is not asked, since time_t may have 32 bits. */
static int print_time(const uint8_t *data, size_t len, mlxr_text_t *text) {
  uint32_t seconds = (uint32_t)get(data, len);
  uint32_t z = seconds / 86400 + 719468, rest = seconds % 86400;
  uint32_t era = z / 146097, day_of_era = z % 146097;
  uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                          day_of_era / 146096) /
                         365;
  uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t month = (5 * day_of_year + 2) / 153; /* from March */
  uint32_t day = day_of_year - (153 * month + 2) / 5 + 1;
  month = month < 10 ? month + 3 : month - 9;
  mlxr_text_put_number(text, era * 400 + year_of_era + (month <= 2), 4);
  mlxr_text_put_number(text, month, 2);
  mlxr_text_put_number(text, day, 2);
  mlxr_text_put_number(text, rest / 3600, 2);
  mlxr_text_put_number(text, rest / 60 % 60, 2);
  mlxr_text_put_number(text, rest % 60, 2);
  return 0;
}

static int print_certificate(const uint8_t *data, size_t len,
                             mlxr_text_t *text) {
  unsigned type = (unsigned)get(data, len);
  const char *mnemonic = mlxr_certificate_to_text(type);
  if (mnemonic)
    mlxr_text_put_cstr(text, mnemonic);
  else
    mlxr_text_put_number(text, type, 0);
  return 0;
}

static int print_strings(const uint8_t *data, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += (size_t)data[at] + 1) {
    if (at > 0)
      mlxr_text_put_char(text, ' ');
    mlxr_text_put_quoted(text, data + at + 1, data[at]);
  }
  return 0;
}

static int print_names(const uint8_t *data, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += mlxr_name_len(data + at)) {
    if (at > 0)
      mlxr_text_put_char(text, ' ');
    mlxr_text_put_name(text, data + at);
  }
  return 0;
}

/* Groups of `width` bytes in hex, with a character between them. */
static void print_groups(const uint8_t *data, size_t len, size_t width,
                         char between, mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += width) {
    if (at > 0)
      mlxr_text_put_char(text, between);
    mlxr_text_put_hex(text, data + at, width);
  }
}

static int print_salt(const uint8_t *data, size_t len, mlxr_text_t *text) {
  (void)len;
  if (data[0] == 0)
    mlxr_text_put_char(text, '-');
  mlxr_text_put_hex(text, data + 1, data[0]);
  return 0;
}

/* The address or name of a gateway; a lone dot stands for none. */
static void print_gateway(unsigned type, const uint8_t *data,
                          mlxr_text_t *text) {
  if (type == 1)
    mlxr_text_put_address(text, data, 4);
  else if (type == 2)
    mlxr_text_put_address(text, data, 16);
  else if (type == 3)
    mlxr_text_put_name(text, data);
  else
    mlxr_text_put_char(text, '.');
}

static int print_ipsec_gateway(const uint8_t *data, size_t len,
                               mlxr_text_t *text) {
  (void)len;
  mlxr_text_put_number(text, data[0], 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_number(text, data[1], 0);
  mlxr_text_put_char(text, ' ');
  print_gateway(data[0], data + 2, text);
  return 0;
}

static int print_relay(const uint8_t *data, size_t len, mlxr_text_t *text) {
  (void)len;
  unsigned type = data[0] & 0x7f;
  mlxr_text_put_number(text, data[0] >> 7, 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_number(text, type, 0);
  mlxr_text_put_char(text, ' ');
  print_gateway(type, data + 1, text);
  return 0;
}

static int print_hip(const uint8_t *data, size_t len, mlxr_text_t *text) {
  size_t hit = data[0];
  mlxr_text_put_number(text, data[1], 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_hex(text, data + 4, hit);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_base64(text, data + 4 + hit, len - 4 - hit);
  return 0;
}

static int print_name(const uint8_t *data, size_t len, mlxr_text_t *text) {
  (void)len;
  mlxr_text_put_name(text, data);
  return 0;
}

static int print_address(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_address(text, data, len);
  return 0;
}

static int print_locator(const uint8_t *data, size_t len, mlxr_text_t *text) {
  print_groups(data, len, 2, ':', text);
  return 0;
}

static int print_eui(const uint8_t *data, size_t len, mlxr_text_t *text) {
  print_groups(data, len, 1, '-', text);
  return 0;
}

static int print_word(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_word(text, data + 1, len - 1);
  return 0;
}

static int print_rest(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_quoted(text, data, len);
  return 0;
}

static int print_hex(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_hex(text, data, len);
  return 0;
}

static int print_hex_0x(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put(text, "0x", 2);
  mlxr_text_put_hex(text, data, len);
  return 0;
}

static int print_base64(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_base64(text, data, len);
  return 0;
}

static int print_hash(const uint8_t *data, size_t len, mlxr_text_t *text) {
  mlxr_text_put_base32(text, data + 1, len - 1);
  return 0;
}

static const print_fn printers[MLXR_FIELD_KINDS] = {
    [MLXR_FIELD_U8] = print_number,
    [MLXR_FIELD_U16] = print_number,
    [MLXR_FIELD_U32] = print_number,
    [MLXR_FIELD_U64] = print_number,
    [MLXR_FIELD_TTL] = print_number,
    [MLXR_FIELD_ALGORITHM] = print_number,
    [MLXR_FIELD_TIME] = print_time,
    [MLXR_FIELD_TYPE] = print_type,
    [MLXR_FIELD_CERTIFICATE] = print_certificate,
    [MLXR_FIELD_NAME] = print_name,
    [MLXR_FIELD_NAME_DNS] = print_name,
    [MLXR_FIELD_NAME_MDNS] = print_name,
    [MLXR_FIELD_NAMES] = print_names,
    [MLXR_FIELD_A] = print_address,
    [MLXR_FIELD_AAAA] = print_address,
    [MLXR_FIELD_LOCATOR] = print_locator,
    [MLXR_FIELD_EUI48] = print_eui,
    [MLXR_FIELD_EUI64] = print_eui,
    [MLXR_FIELD_STRING] = print_strings,
    [MLXR_FIELD_STRING_OPTIONAL] = print_strings,
    [MLXR_FIELD_STRINGS] = print_strings,
    [MLXR_FIELD_WORD] = print_word,
    [MLXR_FIELD_REST] = print_rest,
    [MLXR_FIELD_HEX] = print_hex,
    [MLXR_FIELD_HEX_0X] = print_hex_0x,
    [MLXR_FIELD_BASE64] = print_base64,
    [MLXR_FIELD_SALT] = print_salt,
    [MLXR_FIELD_HASH] = print_hash,
    [MLXR_FIELD_BITMAP] = mlxr_bitmap_print,
    [MLXR_FIELD_BITMAP_NXT] = mlxr_bitmap_nxt_print,
    [MLXR_FIELD_SERVICES] = mlxr_services_print,
    [MLXR_FIELD_LOCATION] = mlxr_location_print,
    [MLXR_FIELD_PREFIXES] = mlxr_prefixes_print,
    [MLXR_FIELD_GATEWAY] = print_ipsec_gateway,
    [MLXR_FIELD_RELAY] = print_relay,
    [MLXR_FIELD_HIP] = print_hip,
    [MLXR_FIELD_SVCPARAMS] = mlxr_svcparams_print};

/* ---- whole rdata ---- */

static int finish(mlxr_text_t *text, size_t *out_len) {
  *out_len = text->len;
  mlxr_text_put_char(text, '\0');
  return text->is_full ? MLXR_ENOSPACE : 0;
}

int mlxr_rdata_to_generic(const uint8_t *rdata, size_t len, char *text,
                          size_t cap, size_t *out_len) {
  mlxr_text_t out = {.text = text, .cap = cap};
  mlxr_text_put_cstr(&out, "\\# ");
  mlxr_text_put_number(&out, len, 0);
  if (len > 0)
    mlxr_text_put_char(&out, ' ');
  mlxr_text_put_hex(&out, rdata, len);
  return finish(&out, out_len);
}

/* A field may be empty in text; then its space goes too. */
static int print_fields(const char *format, const uint8_t *rdata, size_t len,
                        mlxr_text_t *text) {
  for (; *format; format++) {
    ptrdiff_t measured = mlxr_field_measure(*format, rdata, len);
    if (measured < 0)
      return MLXR_EFORMAT;
    size_t before = text->len;
    if (before > 0)
      mlxr_text_put_char(text, ' ');
    size_t start = text->len;
    print_fn print = printers[(unsigned char)*format];
    int rc = print(rdata, (size_t)measured, text);
    if (rc != 0)
      return rc;
    if (text->len == start)
      text->len = before;
    rdata += measured;
    len -= (size_t)measured;
  }
  return 0;
}

int mlxr_rdata_to_text(uint16_t type, const uint8_t *rdata, size_t len,
                       char *text, size_t cap, size_t *out_len) {
  const mlxr_type_row_t *row = mlxr_type_find(type);
  mlxr_text_t out = {.text = text, .cap = cap};
  if (mlxr_rdata_check(type, rdata, len) != 0)
    return MLXR_EFORMAT;
  if (!row || !row->format ||
      print_fields(row->format, rdata, len, &out) != 0 ||
      (out.len == 0 && !out.is_full))
    return mlxr_rdata_to_generic(rdata, len, text, cap, out_len);
  return finish(&out, out_len);
}
