#include <string.h>

#include "answer.h"
#include "answer_walk.h"
#include "rdata.h"

/* A cached answer is canonical and compressed against its question, so a reply
 * is that answer with the header and the question's bytes written over and an
 * OPT record behind. Cutting off is all or nothing: a client has to ask again
 * over TCP anyway and must not use what came with TC (RFC 2181 section 9), half
 * an RRset misleads those that do, and an empty reply is of least use to
 * somebody who sends questions from a stranger's address. */

enum {
  OPT_LEN = 11,
  OPTION_HEADER_LEN = 4,
  OPTION_EDE = 15,
  EDE_CODE_LEN = 2,
  DO_BIT = 0x8000
};

static const mlxr_reply_options_t no_options = {.max_len = MLXR_PACKET_MAX};

static size_t limit_of(const mlxr_reply_options_t *options, size_t cap) {
  size_t limit = options->max_len < cap ? options->max_len : cap;
  return limit < MLXR_PACKET_MAX ? limit : MLXR_PACKET_MAX;
}

static void put_header(uint8_t *packet, const mlxr_request_t *request,
                       uint16_t rcode, bool is_truncated) {
  const uint16_t copied = 0x7800 | MLXR_RD | MLXR_CD; /* with the opcode */
  uint16_t flags = MLXR_QR | MLXR_RA | (request->flags & copied) |
                   (rcode & 0xf) | (is_truncated ? MLXR_TC : 0);
  mlxr_set16(packet, request->id);
  mlxr_set16(packet + 2, flags);
}

/* Space that an OPT record takes, 0 without one. The text goes before the code
 * when the space is short, and the record last. */
static size_t opt_len(const mlxr_request_t *request,
                      const mlxr_reply_options_t *options, size_t left,
                      size_t *text_len) {
  *text_len = 0;
  if (!request->has_edns)
    return 0;
  const size_t bare = OPT_LEN + OPTION_HEADER_LEN + EDE_CODE_LEN;
  if (!options->ede_text || left < bare)
    return OPT_LEN;
  size_t wanted = strlen(options->ede_text);
  if (wanted <= left - bare)
    *text_len = wanted;
  return bare + *text_len;
}

static size_t put_opt(uint8_t *at, const mlxr_request_t *request,
                      uint16_t rcode, const mlxr_reply_options_t *options,
                      size_t len, size_t text_len) {
  if (len == 0)
    return 0;
  at[0] = 0;
  mlxr_set16(at + 1, MLXR_TYPE_OPT);
  mlxr_set16(at + 3, MLXR_EDNS_SIZE);
  at[5] = (uint8_t)(rcode >> 4);
  at[6] = 0;
  mlxr_set16(at + 7, request->is_do ? DO_BIT : 0);
  mlxr_set16(at + 9, (uint16_t)(len - OPT_LEN));
  if (len > OPT_LEN) {
    mlxr_set16(at + OPT_LEN, OPTION_EDE);
    mlxr_set16(at + OPT_LEN + 2, (uint16_t)(EDE_CODE_LEN + text_len));
    mlxr_set16(at + OPT_LEN + OPTION_HEADER_LEN, options->ede_code);
    if (text_len > 0)
      memcpy(at + len - text_len, options->ede_text, text_len);
  }
  return len;
}

static void reverse(uint8_t *records, size_t size, size_t from, size_t to) {
  uint8_t held[32];
  for (; from + 1 < to; from++) {
    to--;
    memcpy(held, records + from * size, size);
    memcpy(records + from * size, records + to * size, size);
    memcpy(records + to * size, held, size);
  }
}

/* Only addresses: names in other records may point at one that would move.
 * They are the last records of the answer, all of one size. */
static void rotate(uint8_t *packet, size_t len, size_t question_end,
                   uint16_t type, uint32_t rotation) {
  const size_t size =
      2 + MLXR_WALK_FIXED_LEN + (type == MLXR_TYPE_A ? 4u : 16u);
  size_t at = question_end, n = 0;
  unsigned left = mlxr_get16(packet + 6);
  if ((type != MLXR_TYPE_A && type != MLXR_TYPE_AAAA) ||
      mlxr_get16(packet + 8) != 0)
    return;
  for (; left > 0 && at < len; left--) {
    size_t fixed_at = mlxr_walk_name(packet, len, at);
    if (fixed_at == 0 || len - fixed_at < MLXR_WALK_FIXED_LEN)
      return;
    if (mlxr_get16(packet + fixed_at) == type)
      break;
    at = fixed_at + MLXR_WALK_FIXED_LEN + mlxr_get16(packet + fixed_at + 8);
  }
  n = left;
  if (n < 2 || at > len || len - at != n * size)
    return;
  size_t first = rotation % n;
  reverse(packet + at, size, 0, first);
  reverse(packet + at, size, first, n);
  reverse(packet + at, size, 0, n);
}

int mlxr_answer_reply(uint8_t *packet, size_t len, size_t cap,
                      const mlxr_request_t *request,
                      const mlxr_reply_options_t *options) {
  if (!options)
    options = &no_options;
  const size_t question_end = MLXR_HEADER_LEN + request->name_len + 4u;
  size_t limit = limit_of(options, cap), text_len;
  if (len < question_end || len > cap)
    return MLXR_EFORMAT;
  if (memcmp(packet + MLXR_HEADER_LEN, request->lower, request->name_len) ||
      mlxr_get16(packet + question_end - 4) != request->type)
    return MLXR_EMISMATCH;
  bool fits = len + (request->has_edns ? OPT_LEN : 0) <= limit;
  if (fits && options->rotate)
    rotate(packet, len, question_end, request->type, options->rotation);
  if (!fits) {
    len = question_end;
    memset(packet + 6, 0, 4);
  }
  size_t opt =
      opt_len(request, options, limit > len ? limit - len : 0, &text_len);
  if (len + opt > limit)
    return MLXR_ENOSPACE;
  uint16_t rcode = mlxr_rcode_of(mlxr_get16(packet + 2));
  put_header(packet, request, rcode, !fits);
  memcpy(packet + MLXR_HEADER_LEN, request->name, request->name_len);
  mlxr_set16(packet + 10, opt > 0);
  len += put_opt(packet + len, request, rcode, options, opt, text_len);
  return (int)len;
}

int mlxr_answer_refuse(const mlxr_request_t *request, uint8_t rcode,
                       const mlxr_reply_options_t *options, uint8_t *out,
                       size_t cap) {
  if (!options)
    options = &no_options;
  size_t limit = limit_of(options, cap), text_len;
  size_t len = MLXR_HEADER_LEN;
  if (request->has_question)
    len += request->name_len + 4u;
  size_t opt =
      opt_len(request, options, limit > len ? limit - len : 0, &text_len);
  if (len + opt > limit)
    return MLXR_ENOSPACE;
  memset(out, 0, MLXR_HEADER_LEN);
  put_header(out, request, rcode, false);
  if (request->has_question) {
    mlxr_set16(out + 4, 1);
    memcpy(out + MLXR_HEADER_LEN, request->name, request->name_len);
    mlxr_set16(out + len - 4, request->type);
    mlxr_set16(out + len - 2, request->class_);
  }
  mlxr_set16(out + 10, opt > 0);
  len += put_opt(out + len, request, rcode, options, opt, text_len);
  return (int)len;
}
