/* answer.h - the canonical answer: the one currency of cache, front and Lua.
 *
 * A canonical answer is a complete DNS message: header (QR, RA, the rcode), one
 * question in lower case, in the answer section nothing but the chain of CNAMEs
 * from the question's name and the RRset at its end, in the authority section
 * at most one SOA, no additional section, class IN, every owner and rdata name
 * compressed. TTLs within an RRset are equal (RFC 2181 section 5.2). Whatever
 * came from a network goes through `scrub` first, so its consumers need not
 * doubt it.
 */
#ifndef MLXR_ANSWER_H
#define MLXR_ANSWER_H

#include "address.h"
#include "request.h"

/// What an answer says.
enum mlxr_status {
  MLXR_STATUS_ANSWER = 0,   ///< there are records of the type
  MLXR_STATUS_NODATA = 1,   ///< the name exists, the type does not
  MLXR_STATUS_NXDOMAIN = 2, ///< the name does not exist
  MLXR_STATUS_FAILURE = 3   ///< any other rcode; says nothing of the name
};

enum { MLXR_CHAIN_MAX = 12 }; ///< CNAMEs followed within one answer

typedef struct mlxr_answer_info {
  enum mlxr_status status;
  uint8_t rcode;
  uint32_t ttl; ///< of the answer or of the denial (RFC 2308 section 5)
  bool is_truncated;
  size_t len; ///< bytes written
} mlxr_answer_info_t;

/// Makes a canonical answer of a reply whose question is known to match. Only
/// what belongs to the question survives (RFC 2181 section 5.4.1). MLXR_EFORMAT
/// for a malformed reply, MLXR_ELOOP for a chain that loops or is too long.
int mlxr_answer_scrub(const uint8_t *packet, size_t len, uint8_t *out,
                      size_t cap, mlxr_answer_info_t *info);

/// Reads what a canonical answer says, without copying it.
int mlxr_answer_read(const uint8_t *answer, size_t len,
                     mlxr_answer_info_t *info);

/// Lowers every TTL by `age` seconds, raises what is below `floor` to it, and
/// then limits it to `ceiling`. In place.
void mlxr_answer_age(uint8_t *answer, size_t len, uint32_t age, uint32_t floor,
                     uint32_t ceiling);

/// Puts a CNAME from `owner` before an answer for another name. The result is
/// canonical for `owner`. MLXR_ENOSPACE, MLXR_ELOOP.
int mlxr_answer_alias(const uint8_t *answer, size_t len, const uint8_t *owner,
                      uint32_t ttl, uint8_t *out, size_t cap, size_t *out_len);

/// Where the data of the first record of the last RRset lies: 1, 0 when there
/// is none, MLXR_EFORMAT.
int mlxr_answer_first(const uint8_t *answer, size_t len, size_t *rdata_at,
                      size_t *rdata_len);

/// Puts the records of the last RRset into the order given by `order`, which
/// holds zero-based positions; positions left out are dropped. `n` of 0 leaves
/// NODATA. The result is canonical. -EINVAL for a position that there is not,
/// or that comes twice.
int mlxr_answer_reorder(const uint8_t *answer, size_t len,
                        const uint16_t *order, size_t n, uint8_t *out,
                        size_t cap, size_t *out_len);

/// Makes a denial, or any answer without records: `rcode` is MLXR_NOERROR for
/// NODATA or MLXR_NXDOMAIN, with a SOA that makes it last `ttl` seconds.
int mlxr_answer_deny(const uint8_t *name, uint16_t type, uint8_t rcode,
                     uint32_t ttl, uint8_t *out, size_t cap, size_t *out_len);

typedef struct mlxr_reply_options {
  size_t max_len;       ///< UDP: the smaller of the client's and our size
  uint16_t ede_code;    ///< RFC 8914 info code; used when `ede_text` is set
  const char *ede_text; ///< borrowed, or NULL; left out when it does not fit
  bool rotate;          ///< cyclic order of the RRset, by `rotation`
  uint32_t rotation;
} mlxr_reply_options_t;

/// Turns a canonical answer into a reply to `request`: its ID, its spelling of
/// the name, RD and CD copied, OPT when it sent one, EDE; what does not fit
/// becomes an empty reply with TC. `packet` holds the answer and has room for
/// `cap` bytes. `options` may be NULL. Returns the length, MLXR_EMISMATCH for
/// an answer to another question, or MLXR_ENOSPACE.
int mlxr_answer_reply(uint8_t *packet, size_t len, size_t cap,
                      const mlxr_request_t *request,
                      const mlxr_reply_options_t *options);

/// Writes a reply without records: a refusal or an error, with as much of the
/// question as the request had. `options` may be NULL.
int mlxr_answer_refuse(const mlxr_request_t *request, uint8_t rcode,
                       const mlxr_reply_options_t *options, uint8_t *out,
                       size_t cap);

#endif
