/* wire.h - DNS and mDNS messages: reading without allocation, and writing.
 *
 * A reader walks a packet that it borrows; names are expanded into the caller's
 * structs. Every length and pointer is checked, compression pointers must point
 * strictly backwards (RFC 1035 section 4.1.4) and the work per packet is linear
 * in its size. A writer fills the caller's buffer, compresses names where the
 * RFCs allow it (RFC 3597 section 4, RFC 6762 section 18.14) and can be rewound
 * to the end of the last complete record, which is how truncation works. It
 * points only at names of the very same spelling, so that case is preserved.
 */
#ifndef MLXR_WIRE_H
#define MLXR_WIRE_H

#include "name.h"

enum {
  MLXR_HEADER_LEN = 12,
  MLXR_PACKET_MAX = 65535,
  MLXR_MDNS_PACKET_MAX = 9000, ///< RFC 6762 section 17
  MLXR_EDNS_SIZE = 1232,       ///< DNS flag day 2020; RFC 9715 section 3.2
  MLXR_TARGETS_MAX = 128       ///< names a writer remembers for compression
};

/// Header flags, as bits of the 16-bit flags word.
enum {
  MLXR_QR = 0x8000,
  MLXR_AA = 0x0400,
  MLXR_TC = 0x0200,
  MLXR_RD = 0x0100,
  MLXR_RA = 0x0080,
  MLXR_AD = 0x0020,
  MLXR_CD = 0x0010
};

enum {
  MLXR_NOERROR = 0,
  MLXR_FORMERR = 1,
  MLXR_SERVFAIL = 2,
  MLXR_NXDOMAIN = 3,
  MLXR_NOTIMP = 4,
  MLXR_REFUSED = 5,
  MLXR_BADVERS = 16
};

enum mlxr_section {
  MLXR_QUESTION,
  MLXR_ANSWER,
  MLXR_AUTHORITY,
  MLXR_ADDITIONAL
};

typedef struct mlxr_header {
  uint16_t id;
  uint16_t flags;    ///< the whole second word, opcode and rcode included
  uint16_t count[4]; ///< by mlxr_section, as claimed; never believed
} mlxr_header_t;

#define mlxr_opcode_of(flags) (((flags) >> 11) & 0xf)
#define mlxr_rcode_of(flags) ((flags)&0xf)

typedef struct mlxr_question {
  uint8_t name[MLXR_NAME_MAX]; ///< as spelled in the packet
  size_t name_len;
  uint16_t type;
  uint16_t class_; ///< without the top bit
  bool is_unicast; ///< the QU bit (RFC 6762 section 5.4)
} mlxr_question_t;

typedef struct mlxr_record {
  uint8_t name[MLXR_NAME_MAX];
  size_t name_len;
  enum mlxr_section section;
  uint16_t type;
  uint16_t class_;     ///< without the top bit, except for OPT
  bool is_cache_flush; ///< RFC 6762 section 10.2
  uint32_t ttl;        ///< top bit set counts as 0 (RFC 2181 section 8)
  size_t at;           ///< offset of the owner name in the packet
  size_t rdata_at;
  uint16_t rdata_len;
} mlxr_record_t;

typedef struct mlxr_edns {
  bool is_present;
  uint16_t udp_size; ///< at least 512 (RFC 6891 section 6.2.3)
  uint8_t extended_rcode;
  uint8_t version;
  bool is_do;
  size_t options_at; ///< offset in the packet
  uint16_t options_len;
} mlxr_edns_t;

typedef struct mlxr_reader {
  const uint8_t *packet; ///< borrowed
  size_t len;
  size_t at;
  mlxr_header_t header;
  unsigned section;
  unsigned left; ///< entries that the current section still claims
} mlxr_reader_t;

/// Reads the header. MLXR_EFORMAT for fewer than 12 bytes.
int mlxr_reader_init(mlxr_reader_t *reader, const uint8_t *packet, size_t len);

/// The next question: 1 and `*out`, 0 when there are no more, or
/// MLXR_EFORMAT.
int mlxr_reader_question(mlxr_reader_t *reader, mlxr_question_t *out);

/// The next record of any section (questions that were not read are skipped):
/// 1 and `*out`, 0 at the end, or MLXR_EFORMAT. After 0, `at < len` tells
/// of trailing bytes.
int mlxr_reader_record(mlxr_reader_t *reader, mlxr_record_t *out);

/// Reads an OPT record (RFC 6891 section 6.1.2). MLXR_EFORMAT when it stands
/// outside the additional section, has an owner or its options overrun.
int mlxr_wire_read_edns(const uint8_t *packet, const mlxr_record_t *opt,
                        mlxr_edns_t *out);

/// The next EDNS option from `*at` on: 1, 0 at the end, or MLXR_EFORMAT.
int mlxr_wire_read_option(const uint8_t *packet, const mlxr_edns_t *edns,
                          size_t *at, uint16_t *code, size_t *data_at,
                          uint16_t *data_len);

/// Expands the name at `at`. `*end` is the offset behind it in the packet.
int mlxr_wire_read_name(const uint8_t *packet, size_t len, size_t at,
                        uint8_t name[MLXR_NAME_MAX], size_t *name_len,
                        size_t *end);

typedef struct mlxr_writer {
  uint8_t *packet; ///< borrowed, filled
  size_t cap;
  size_t len;
  uint16_t count[4];
  bool is_full; ///< something did not fit; the packet stays valid
  bool is_mdns; ///< set by the caller: compress SRV and NSEC too
  unsigned target_count;
  uint16_t targets[MLXR_TARGETS_MAX]; ///< offsets of names to point at
  uint32_t hashes[MLXR_TARGETS_MAX];  ///< of those names, as spelled
} mlxr_writer_t;

/// Begins a message. `cap` below 12 is an error of the caller's
/// (MLXR_ENOSPACE).
int mlxr_writer_init(mlxr_writer_t *writer, uint8_t *packet, size_t cap,
                     uint16_t id, uint16_t flags);

/// Adds a question; class without the top bit.
int mlxr_writer_question(mlxr_writer_t *writer, const uint8_t *name,
                         uint16_t type, uint16_t class_, bool is_unicast);

/// Adds a record with uncompressed rdata, names in it compressed where allowed.
/// On MLXR_ENOSPACE the writer is as before, and `is_full`.
int mlxr_writer_record(mlxr_writer_t *writer, enum mlxr_section section,
                       const uint8_t *name, uint16_t type, uint16_t class_,
                       bool is_cache_flush, uint32_t ttl, const uint8_t *rdata,
                       size_t rdata_len);

/// Adds a record of another packet, with the names in its rdata expanded and
/// compressed anew.
int mlxr_writer_copy(mlxr_writer_t *writer, enum mlxr_section section,
                     const uint8_t *packet, size_t packet_len,
                     const mlxr_record_t *record);

/// Adds an OPT record with its options already in wire form.
int mlxr_writer_edns(mlxr_writer_t *writer, uint16_t udp_size,
                     uint8_t extended_rcode, bool is_do, const uint8_t *options,
                     size_t options_len);

/// Writes the counts into the header and returns the length of the message.
size_t mlxr_writer_finish(mlxr_writer_t *writer);

/// Sets or clears flags of a finished packet.
void mlxr_wire_set_flags(uint8_t *packet, uint16_t set, uint16_t clear);

#endif
