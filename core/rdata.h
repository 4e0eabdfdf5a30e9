/* rdata.h - the record types that we know, as one table of fields.
 *
 * One table row a type (mnemonic, number, fields, compression) drives the
 * checks, the expansion and compression of names, the text form and its
 * reading. Types without a row are opaque: "TYPE65280" and "\# 4 0a000001"
 * (RFC 3597 section 5).
 */
#ifndef MLXR_RDATA_H
#define MLXR_RDATA_H

#include "wire.h"

enum mlxr_type {
  MLXR_TYPE_A = 1,
  MLXR_TYPE_NS = 2,
  MLXR_TYPE_CNAME = 5,
  MLXR_TYPE_SOA = 6,
  MLXR_TYPE_NULL = 10,
  MLXR_TYPE_PTR = 12,
  MLXR_TYPE_HINFO = 13,
  MLXR_TYPE_MX = 15,
  MLXR_TYPE_TXT = 16,
  MLXR_TYPE_AAAA = 28,
  MLXR_TYPE_SRV = 33,
  MLXR_TYPE_DNAME = 39,
  MLXR_TYPE_OPT = 41,
  MLXR_TYPE_NSEC = 47,
  MLXR_TYPE_ANY = 255
};

/// The mnemonic of a type, or "TYPE1234" written into `scratch`.
const char *mlxr_type_to_text(uint16_t type, char scratch[16]);

/// Reads "A", "aaaa" or "TYPE1234". MLXR_ETEXT when it is no type.
int mlxr_type_from_text(const char *text, size_t len, uint16_t *out);

/// "IN", "CH", "HS", "NONE", "ANY", or "CLASS7" written into `scratch`.
const char *mlxr_class_to_text(uint16_t class_, char scratch[16]);

/// Reads "IN", "any" or "CLASS7". MLXR_ETEXT when it is no class.
int mlxr_class_from_text(const char *text, size_t len, uint16_t *out);

/// Is rdata of the type a row of bytes to us? Some formats hold in class IN
/// only (RFC 3597 section 5 calls the others class-specific).
bool mlxr_type_is_opaque(uint16_t type, uint16_t class_);

/// Does uncompressed rdata keep the rules of its type? 0 or MLXR_EFORMAT.
int mlxr_rdata_check(uint16_t type, const uint8_t *rdata, size_t len);

/// Checks rdata in a packet and writes it uncompressed. MLXR_EFORMAT when
/// it breaks its type's rules, MLXR_ENOSPACE when `cap` is too small.
int mlxr_rdata_expand(const uint8_t *packet, size_t len,
                      const mlxr_record_t *record, uint8_t *out, size_t cap,
                      size_t *out_len);

/// Writes uncompressed rdata as text with NUL (RFC 1035 section 5.1 and the
/// type's own RFC); what the type's text form cannot tell comes out generic.
/// MLXR_EFORMAT for malformed rdata, MLXR_ENOSPACE when `cap` is too small.
int mlxr_rdata_to_text(uint16_t type, const uint8_t *rdata, size_t len,
                       char *text, size_t cap, size_t *out_len);

/// Writes any rdata as "\# 4 0a000001". MLXR_ENOSPACE when `cap` is too small.
int mlxr_rdata_to_generic(const uint8_t *rdata, size_t len, char *text,
                          size_t cap, size_t *out_len);

/// Reads the text form into uncompressed rdata; "\# n hex" goes for every type.
int mlxr_rdata_from_text(uint16_t type, const char *text, size_t text_len,
                         uint8_t *rdata, size_t cap, size_t *out_len);

/// How the writer treats the next name in rdata of `type`: used by wire.c.
/// Calls for the fields in order: returns the offset of the first embedded
/// name at or after `from` in uncompressed rdata, or SIZE_MAX; `*compress`
/// tells whether it may be compressed (`is_mdns` widens that).
size_t mlxr_rdata_next_name(uint16_t type, const uint8_t *rdata, size_t len,
                            size_t from, bool is_mdns, bool *compress);

#endif
