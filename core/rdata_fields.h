/* rdata_fields.h - the parts that rdata is made of; private to rdata*.c.
 *
 * A type's format is a string of the letters below, in the order of its fields.
 * The row of a type without format has a mnemonic only: its rdata is opaque.
 */
#ifndef MLXR_RDATA_FIELDS_H
#define MLXR_RDATA_FIELDS_H

#include "rdata.h"
#include "rdata_text.h"

enum mlxr_field {
  MLXR_FIELD_U8 = '1',
  MLXR_FIELD_U16 = '2',
  MLXR_FIELD_U32 = '4',
  MLXR_FIELD_U64 = '8',
  MLXR_FIELD_TTL = 't',         ///< 32 bits; units such as "1h" are read
  MLXR_FIELD_TIME = 'T',        ///< 32 bits, YYYYMMDDHHmmSS (RFC 4034)
  MLXR_FIELD_TYPE = 'q',        ///< 16 bits, a mnemonic
  MLXR_FIELD_ALGORITHM = 'a',   ///< 8 bits; DNSSEC mnemonics are read
  MLXR_FIELD_CERTIFICATE = 'k', ///< 16 bits, a mnemonic (RFC 4398)
  MLXR_FIELD_NAME = 'n',        ///< never compressed when written
  MLXR_FIELD_NAME_DNS = 'c',    ///< compressed (RFC 1035)
  MLXR_FIELD_NAME_MDNS = 'm',   ///< compressed in mDNS (RFC 6762 18.14)
  MLXR_FIELD_NAMES = 'v',       ///< uncompressed names to the end
  MLXR_FIELD_A = 'A',
  MLXR_FIELD_AAAA = '6',
  MLXR_FIELD_LOCATOR = 'i', ///< 64 bits, 4 groups of hex (RFC 6742)
  MLXR_FIELD_EUI48 = 'e',
  MLXR_FIELD_EUI64 = 'E',
  MLXR_FIELD_STRING = 's',          ///< with length byte, quoted
  MLXR_FIELD_STRING_OPTIONAL = 'o', ///< the same or nothing, at the end
  MLXR_FIELD_STRINGS = 'S',         ///< one or more to the end
  MLXR_FIELD_WORD = 'f',            ///< with length byte, not quoted
  MLXR_FIELD_REST = 'u',            ///< to the end, quoted, without length
  MLXR_FIELD_HEX = 'h',             ///< to the end
  MLXR_FIELD_HEX_0X = 'z',          ///< to the end, after "0x" (RFC 1706)
  MLXR_FIELD_BASE64 = 'b',          ///< to the end
  MLXR_FIELD_SALT = 'H',            ///< with length byte, hex, "-" for none
  MLXR_FIELD_HASH = 'B',            ///< with length byte, base32hex
  MLXR_FIELD_BITMAP = 'w',          ///< types in windows (RFC 4034 4.1.2)
  MLXR_FIELD_BITMAP_NXT = 'N',      ///< types in one bitmap (RFC 2535 5.2)
  MLXR_FIELD_SERVICES = 'W',        ///< protocol and ports (RFC 1035 3.4.2)
  MLXR_FIELD_LOCATION = 'l',        ///< RFC 1876
  MLXR_FIELD_PREFIXES = 'y',        ///< RFC 3123
  MLXR_FIELD_GATEWAY = 'g',         ///< type, algorithm, gateway (RFC 4025)
  MLXR_FIELD_RELAY = 'r',           ///< D bit, type, relay (RFC 8777)
  MLXR_FIELD_HIP = 'd',             ///< algorithm, HIT, key (RFC 8005)
  MLXR_FIELD_SVCPARAMS = 'P'        ///< RFC 9460 section 2.1
};

enum { MLXR_FIELD_KINDS = 128 };

typedef struct mlxr_type_row {
  uint16_t type;
  bool is_internet; ///< the format holds in class IN only
  const char *mnemonic;
  const char *format; ///< NULL when opaque
} mlxr_type_row_t;

/// The row of a type, or NULL.
const mlxr_type_row_t *mlxr_type_find(uint16_t type);

/// Bytes of the kinds that always have the same number; else 0.
extern const uint8_t mlxr_field_lengths[MLXR_FIELD_KINDS];

/// Length of the field of kind `kind` that `data` begins with, names
/// uncompressed, or -1 when it is malformed.
ptrdiff_t mlxr_field_measure(char kind, const uint8_t *data, size_t left);

/// The mnemonic of a certificate type, or NULL.
const char *mlxr_certificate_to_text(unsigned type);
/// The number of a mnemonic, or -1.
int mlxr_certificate_from_text(const mlxr_word_t *word);
int mlxr_algorithm_from_text(const mlxr_word_t *word);

/* The kinds that fill files of their own. Printing takes a well-formed field;
   MLXR_EFORMAT when the text form cannot tell it. Scanning: 0 or MLXR_ETEXT. */
int mlxr_location_print(const uint8_t *data, size_t len, mlxr_text_t *text);
int mlxr_location_scan(mlxr_words_t *words, mlxr_bytes_t *bytes);
int mlxr_svcparams_print(const uint8_t *data, size_t len, mlxr_text_t *text);
int mlxr_svcparams_scan(mlxr_words_t *words, mlxr_bytes_t *bytes);
int mlxr_prefixes_print(const uint8_t *data, size_t len, mlxr_text_t *text);
int mlxr_prefixes_scan(mlxr_words_t *words, mlxr_bytes_t *bytes);
int mlxr_bitmap_print(const uint8_t *data, size_t len, mlxr_text_t *text);
int mlxr_bitmap_scan(mlxr_words_t *words, mlxr_bytes_t *bytes);
int mlxr_bitmap_nxt_print(const uint8_t *data, size_t len, mlxr_text_t *text);
int mlxr_bitmap_nxt_scan(mlxr_words_t *words, mlxr_bytes_t *bytes);
int mlxr_services_print(const uint8_t *data, size_t len, mlxr_text_t *text);
int mlxr_services_scan(mlxr_words_t *words, mlxr_bytes_t *bytes);

#endif
