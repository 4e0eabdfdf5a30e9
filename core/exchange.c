#include "exchange.h"

#include <errno.h>
#include <string.h>

#include "exchange_cookie.h"
#include "rdata.h"

/* RFC 9520 section 3.1: three questions to a server over a transport, no more.
 * One that accepts and closes gets three connections, not one per
 * retransmission for ever (CVE-2023-26249 of another resolver). */
enum { TRIES_MAX = 3, CONNECTS_MAX = 3 };

enum { OPT_LEN = 11, CLASS_IN = 1 };

static void put16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at) {
  return (uint16_t)(at[0] << 8 | at[1]);
}

static uint64_t end_of(const mlxr_exchange_t *exchange) {
  return exchange->started + exchange->options.timeout;
}

static enum mlxr_exchange_action finish(mlxr_exchange_t *exchange, int result) {
  exchange->is_done = true;
  exchange->result = result;
  return MLXR_EXCHANGE_DONE;
}

/* The OPT record stands last, so that speaking without EDNS is a cut. */
static void write_query(mlxr_exchange_t *exchange, const uint8_t *name,
                        size_t name_len, uint16_t type) {
  uint8_t *at = exchange->query;
  memset(at, 0, MLXR_HEADER_LEN);
  put16(at, exchange->id);
  put16(at + 2, exchange->options.recurse ? MLXR_RD : 0);
  put16(at + 4, 1);
  at += MLXR_HEADER_LEN;
  memcpy(at, name, name_len);
  put16(at + name_len, type);
  put16(at + name_len + 2, CLASS_IN);
  exchange->question_len = (uint16_t)(name_len + 4);
  exchange->query_len = (uint16_t)(MLXR_HEADER_LEN + exchange->question_len);
  if (exchange->options.udp_size == 0)
    return;
  put16(exchange->query + 10, 1);
  at += exchange->question_len;
  memset(at, 0, OPT_LEN);
  put16(at + 1, MLXR_TYPE_OPT);
  put16(at + 3, exchange->options.udp_size);
  exchange->query_len = (uint16_t)(exchange->query_len + OPT_LEN);
}

static void leave_edns_out(mlxr_exchange_t *exchange) {
  exchange->is_edns_off = true;
  exchange->refusals = exchange->tries > 0 ? exchange->tries - 1 : 0;
  exchange->query_len = (uint16_t)(MLXR_HEADER_LEN + exchange->question_len);
  put16(exchange->query + 10, 0);
}

int mlxr_exchange_init(mlxr_exchange_t *exchange, const mlxr_address_t *server,
                       const uint8_t *name, uint16_t type,
                       const mlxr_exchange_options_t *options, uint16_t id,
                       uint64_t now) {
  size_t name_len = mlxr_name_len(name);
  if (name_len == 0 || name_len > MLXR_NAME_MAX || server->family == 0)
    return -EINVAL;
  exchange->server = *server;
  exchange->options = *options;
  exchange->id = id;
  exchange->tries = 0;
  exchange->connects = 0;
  exchange->refusals = 0;
  exchange->ignored = 0;
  exchange->is_tcp = false;
  exchange->is_edns_off = false;
  exchange->is_cookie_renewed = false;
  exchange->cookie.len = 0;
  exchange->cookie_news = MLXR_COOKIE_NO_NEWS;
  exchange->is_done = false;
  exchange->started = now;
  exchange->deadline = end_of(exchange);
  exchange->result = 0;
  write_query(exchange, name, name_len, type);
  return 0;
}

static enum mlxr_exchange_action send_udp(mlxr_exchange_t *exchange,
                                          uint64_t now) {
  uint64_t wait = (uint64_t)exchange->options.resend << exchange->tries;
  exchange->tries++;
  exchange->deadline = end_of(exchange);
  if (wait > 0 && exchange->tries < TRIES_MAX &&
      now + wait < exchange->deadline)
    exchange->deadline = now + wait;
  return MLXR_EXCHANGE_SEND_UDP;
}

static enum mlxr_exchange_action send_tcp(mlxr_exchange_t *exchange) {
  if (exchange->connects == CONNECTS_MAX)
    return finish(exchange, -ECONNRESET);
  exchange->is_tcp = true;
  exchange->connects++;
  exchange->deadline = end_of(exchange);
  return MLXR_EXCHANGE_SEND_TCP;
}

enum mlxr_exchange_action mlxr_exchange_start(mlxr_exchange_t *exchange) {
  if (exchange->options.use_tcp)
    return send_tcp(exchange);
  return send_udp(exchange, exchange->started);
}

/* Servers repeat the question byte for byte, nearly always; a server that
 * spells it otherwise (case, compression) is read with care. */
static bool is_our_question(const mlxr_exchange_t *exchange,
                            const uint8_t *packet, size_t len) {
  const uint8_t *ours = exchange->query + MLXR_HEADER_LEN;
  if (get16(packet + 4) != 1)
    return false;
  if (len >= (size_t)MLXR_HEADER_LEN + exchange->question_len &&
      memcmp(packet + MLXR_HEADER_LEN, ours, exchange->question_len) == 0)
    return true;
  mlxr_reader_t reader;
  mlxr_question_t question;
  if (mlxr_reader_init(&reader, packet, len) != 0 ||
      mlxr_reader_question(&reader, &question) != 1)
    return false;
  const uint8_t *tail = ours + exchange->question_len - 4;
  return question.type == get16(tail) && question.class_ == CLASS_IN &&
         !question.is_unicast && mlxr_name_is_equal(question.name, ours);
}

/* Servers from before EDNS answer FORMERR with nothing but a header. That is
 * believed as a hint to ask again without EDNS, never as an answer. */
static bool is_edns_refusal(const mlxr_exchange_t *exchange,
                            const uint8_t *packet, size_t len) {
  if (exchange->options.udp_size == 0)
    return false;
  unsigned rcode = mlxr_rcode_of(get16(packet + 2));
  if (rcode != MLXR_FORMERR && rcode != MLXR_NOTIMP)
    return false;
  return (len == MLXR_HEADER_LEN && get16(packet + 4) == 0) ||
         is_our_question(exchange, packet, len);
}

static bool is_from_server(const mlxr_exchange_t *exchange,
                           const mlxr_address_t *from) {
  return from->port == exchange->server.port &&
         mlxr_address_is_same_host(from, &exchange->server);
}

static bool is_our_reply(const mlxr_exchange_t *exchange,
                         const mlxr_address_t *from, const uint8_t *packet,
                         size_t len) {
  if (len < MLXR_HEADER_LEN || !is_from_server(exchange, from))
    return false;
  uint16_t flags = get16(packet + 2);
  return get16(packet) == exchange->id && (flags & MLXR_QR) &&
         mlxr_opcode_of(flags) == 0;
}

static enum mlxr_exchange_action ask_without_edns(mlxr_exchange_t *exchange,
                                                  uint64_t now) {
  leave_edns_out(exchange);
  return exchange->is_tcp ? send_tcp(exchange) : send_udp(exchange, now);
}

static enum mlxr_exchange_action ignore(mlxr_exchange_t *exchange) {
  exchange->ignored++;
  return MLXR_EXCHANGE_WAIT;
}

/* Repeated, it speaks of servers at one address that do not share their
 * secret: TCP is proof enough for them (RFC 7873 section 5.3). */
static enum mlxr_exchange_action ask_with_cookie(mlxr_exchange_t *exchange,
                                                 uint64_t now) {
  if (mlxr_exchange_renew_cookie(exchange) && exchange->tries < TRIES_MAX)
    return send_udp(exchange, now);
  return send_tcp(exchange);
}

/* The server gave cookies, and this reply has none: it may be forged, or the
 * server of another configuration. Over TCP it is known which. */
static bool lacks_cookie(const mlxr_exchange_t *exchange,
                         const mlxr_cookie_verdict_t *cookie) {
  return !cookie->is_there && !exchange->is_edns_off &&
         exchange->cookie.len > MLXR_COOKIE_CLIENT;
}

static enum mlxr_exchange_action accept_reply(mlxr_exchange_t *exchange,
                                              const uint8_t *packet, size_t len,
                                              uint8_t *out, size_t cap,
                                              mlxr_answer_info_t *info) {
  int rc = mlxr_answer_scrub(packet, len, out, cap, info);
  if (rc == MLXR_EFORMAT && !exchange->is_tcp)
    return ignore(exchange);
  return finish(exchange, rc < 0 ? rc : 0);
}

enum mlxr_exchange_action
mlxr_exchange_on_message(mlxr_exchange_t *exchange, const mlxr_address_t *from,
                         const uint8_t *packet, size_t len, uint64_t now,
                         uint8_t *out, size_t cap, mlxr_answer_info_t *info) {
  if (exchange->is_done || !is_our_reply(exchange, from, packet, len))
    return ignore(exchange);
  mlxr_cookie_t said;
  mlxr_cookie_verdict_t cookie =
      mlxr_exchange_judge_cookie(exchange, packet, len, &said);
  if (cookie.is_there && !cookie.is_true)
    return ignore(exchange);
  if (is_edns_refusal(exchange, packet, len)) {
    if (!exchange->is_edns_off)
      return ask_without_edns(exchange, now);
    /* Each datagram that went out with EDNS may bring a refusal of its own;
     * only a later one refuses the question without it. */
    if (!exchange->is_tcp && exchange->refusals > 0) {
      exchange->refusals--;
      return ignore(exchange);
    }
  }
  if (!is_our_question(exchange, packet, len))
    return ignore(exchange);
  if (cookie.is_true)
    mlxr_exchange_learn_cookie(exchange, &said);
  if (!exchange->is_tcp && cookie.is_refusal)
    return ask_with_cookie(exchange, now);
  if (lacks_cookie(exchange, &cookie)) {
    if (!exchange->is_tcp)
      return send_tcp(exchange);
    exchange->cookie_news = MLXR_COOKIE_LOST;
  }
  if (get16(packet + 2) & MLXR_TC)
    return exchange->is_tcp ? finish(exchange, MLXR_EFORMAT)
                            : send_tcp(exchange);
  return accept_reply(exchange, packet, len, out, cap, info);
}

enum mlxr_exchange_action mlxr_exchange_on_time(mlxr_exchange_t *exchange,
                                                uint64_t now) {
  if (exchange->is_done)
    return MLXR_EXCHANGE_DONE;
  if (now >= end_of(exchange))
    return finish(exchange, MLXR_ETIMEOUT);
  if (now < exchange->deadline || exchange->is_tcp)
    return MLXR_EXCHANGE_WAIT;
  /* There are firewalls that drop what they do not know. */
  if (exchange->cookie.len == MLXR_COOKIE_CLIENT)
    mlxr_exchange_drop_cookie(exchange);
  return send_udp(exchange, now);
}

enum mlxr_exchange_action mlxr_exchange_on_error(mlxr_exchange_t *exchange,
                                                 int code, uint64_t now) {
  if (exchange->is_done)
    return MLXR_EXCHANGE_DONE;
  if (now >= end_of(exchange))
    return finish(exchange, MLXR_ETIMEOUT);
  bool is_closed_early = code == -ECONNRESET || code == -EPIPE;
  if (exchange->is_tcp && is_closed_early)
    return send_tcp(exchange);
  return finish(exchange, code);
}
