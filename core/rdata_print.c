#include "rdata_fields.h"

static uint64_t get(const uint8_t *data, size_t len) {
  uint64_t value = 0;
  for (size_t i = 0; i < len; i++)
    value = value << 8 | data[i];
  return value;
}

static void print_type(uint16_t type, mlxr_text_t *text) {
  char scratch[16];
  mlxr_text_put_cstr(text, mlxr_type_to_text(type, scratch));
}

/* Days since 1970 to a date, by Howard Hinnant's civil calendar; the system's
   gmtime is not asked, since time_t may have 32 bits. */
static void print_time(uint32_t seconds, mlxr_text_t *text) {
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
}

static void print_certificate(unsigned type, mlxr_text_t *text) {
  const char *mnemonic = mlxr_certificate_to_text(type);
  if (mnemonic)
    mlxr_text_put_cstr(text, mnemonic);
  else
    mlxr_text_put_number(text, type, 0);
}

static void print_strings(const uint8_t *data, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += (size_t)data[at] + 1) {
    if (at > 0)
      mlxr_text_put_char(text, ' ');
    mlxr_text_put_quoted(text, data + at + 1, data[at]);
  }
}

static void print_names(const uint8_t *data, size_t len, mlxr_text_t *text) {
  for (size_t at = 0; at < len; at += mlxr_name_len(data + at)) {
    if (at > 0)
      mlxr_text_put_char(text, ' ');
    mlxr_text_put_name(text, data + at);
  }
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

static void print_salt(const uint8_t *data, mlxr_text_t *text) {
  if (data[0] == 0)
    mlxr_text_put_char(text, '-');
  mlxr_text_put_hex(text, data + 1, data[0]);
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

static void print_ipsec_gateway(const uint8_t *data, mlxr_text_t *text) {
  mlxr_text_put_number(text, data[0], 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_number(text, data[1], 0);
  mlxr_text_put_char(text, ' ');
  print_gateway(data[0], data + 2, text);
}

static void print_relay(const uint8_t *data, mlxr_text_t *text) {
  unsigned type = data[0] & 0x7f;
  mlxr_text_put_number(text, data[0] >> 7, 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_number(text, type, 0);
  mlxr_text_put_char(text, ' ');
  print_gateway(type, data + 1, text);
}

static void print_hip(const uint8_t *data, size_t len, mlxr_text_t *text) {
  size_t hit = data[0];
  mlxr_text_put_number(text, data[1], 0);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_hex(text, data + 4, hit);
  mlxr_text_put_char(text, ' ');
  mlxr_text_put_base64(text, data + 4 + hit, len - 4 - hit);
}

int mlxr_field_print(char kind, const uint8_t *data, size_t len,
                     mlxr_text_t *text) {
  switch (kind) {
  case MLXR_FIELD_U8:
  case MLXR_FIELD_ALGORITHM:
  case MLXR_FIELD_U16:
  case MLXR_FIELD_U32:
  case MLXR_FIELD_TTL:
  case MLXR_FIELD_U64:
    mlxr_text_put_number(text, get(data, len), 0);
    return 0;
  case MLXR_FIELD_TIME:
    print_time((uint32_t)get(data, 4), text);
    return 0;
  case MLXR_FIELD_TYPE:
    print_type((uint16_t)get(data, 2), text);
    return 0;
  case MLXR_FIELD_CERTIFICATE:
    print_certificate((unsigned)get(data, 2), text);
    return 0;
  case MLXR_FIELD_NAME:
  case MLXR_FIELD_NAME_DNS:
  case MLXR_FIELD_NAME_MDNS:
    mlxr_text_put_name(text, data);
    return 0;
  case MLXR_FIELD_NAMES:
    print_names(data, len, text);
    return 0;
  case MLXR_FIELD_A:
  case MLXR_FIELD_AAAA:
    mlxr_text_put_address(text, data, len);
    return 0;
  case MLXR_FIELD_LOCATOR:
    print_groups(data, 8, 2, ':', text);
    return 0;
  case MLXR_FIELD_EUI48:
  case MLXR_FIELD_EUI64:
    print_groups(data, len, 1, '-', text);
    return 0;
  case MLXR_FIELD_STRING:
  case MLXR_FIELD_STRING_OPTIONAL:
  case MLXR_FIELD_STRINGS:
    print_strings(data, len, text);
    return 0;
  case MLXR_FIELD_WORD:
    mlxr_text_put_word(text, data + 1, data[0]);
    return 0;
  case MLXR_FIELD_REST:
    mlxr_text_put_quoted(text, data, len);
    return 0;
  case MLXR_FIELD_HEX_0X:
    mlxr_text_put(text, "0x", 2);
    mlxr_text_put_hex(text, data, len);
    return 0;
  case MLXR_FIELD_HEX:
    mlxr_text_put_hex(text, data, len);
    return 0;
  case MLXR_FIELD_BASE64:
    mlxr_text_put_base64(text, data, len);
    return 0;
  case MLXR_FIELD_SALT:
    print_salt(data, text);
    return 0;
  case MLXR_FIELD_HASH:
    mlxr_text_put_base32(text, data + 1, data[0]);
    return 0;
  case MLXR_FIELD_BITMAP:
    mlxr_bitmap_print(data, len, text);
    return 0;
  case MLXR_FIELD_BITMAP_NXT:
    mlxr_bitmap_nxt_print(data, len, text);
    return 0;
  case MLXR_FIELD_SERVICES:
    mlxr_services_print(data, len, text);
    return 0;
  case MLXR_FIELD_LOCATION:
    return mlxr_location_print(data, text);
  case MLXR_FIELD_PREFIXES:
    return mlxr_prefixes_print(data, len, text);
  case MLXR_FIELD_GATEWAY:
    print_ipsec_gateway(data, text);
    return 0;
  case MLXR_FIELD_RELAY:
    print_relay(data, text);
    return 0;
  case MLXR_FIELD_HIP:
    print_hip(data, len, text);
    return 0;
  case MLXR_FIELD_SVCPARAMS:
    return mlxr_svcparams_print(data, len, text);
  }
  return MLXR_EFORMAT;
}

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
    int rc = mlxr_field_print(*format, rdata, (size_t)measured, text);
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
