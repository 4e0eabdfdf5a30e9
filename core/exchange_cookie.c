#include "exchange_cookie.h"

#include <string.h>

#include "rdata.h"

enum {
  OPTION_COOKIE = 10,
  OPTION_HEAD = 4,
  SERVER_MIN = 8, /* RFC 7873 section 4 */
  OPT_LEN = 11,
  BADCOOKIE = 23
};

static void put16(uint8_t *at, size_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static size_t end_of_opt(const mlxr_exchange_t *exchange) {
  return (size_t)MLXR_HEADER_LEN + exchange->question_len + OPT_LEN;
}

/* The OPT record stands last, and the option last in it. */
static void write_option(mlxr_exchange_t *exchange, size_t len) {
  size_t end = end_of_opt(exchange);
  uint8_t *at = exchange->query + end;
  put16(at - 2, len > 0 ? OPTION_HEAD + len : 0);
  exchange->query_len = (uint16_t)end;
  if (len == 0)
    return;
  put16(at, OPTION_COOKIE);
  put16(at + 2, len);
  memcpy(at + OPTION_HEAD, exchange->cookie.bytes, len);
  exchange->query_len = (uint16_t)(end + OPTION_HEAD + len);
}

void mlxr_exchange_put_cookie(mlxr_exchange_t *exchange,
                              const mlxr_cookie_t *cookie) {
  if (exchange->query_len != end_of_opt(exchange))
    return;
  exchange->cookie = *cookie;
  write_option(exchange, cookie->len);
}

void mlxr_exchange_drop_cookie(mlxr_exchange_t *exchange) {
  if (exchange->query_len > end_of_opt(exchange))
    write_option(exchange, 0);
}

bool mlxr_exchange_renew_cookie(mlxr_exchange_t *exchange) {
  if (exchange->is_edns_off || exchange->is_cookie_renewed ||
      exchange->cookie_news != MLXR_COOKIE_LEARNT)
    return false;
  exchange->is_cookie_renewed = true;
  write_option(exchange, exchange->cookie.len);
  return true;
}

/* ------------------------------------------------------------ replies */

static bool find_edns(const uint8_t *packet, size_t len, mlxr_edns_t *edns) {
  mlxr_reader_t reader;
  mlxr_record_t record;
  if (mlxr_reader_init(&reader, packet, len) != 0)
    return false;
  while (mlxr_reader_record(&reader, &record) == 1)
    if (record.type == MLXR_TYPE_OPT)
      return mlxr_wire_read_edns(packet, &record, edns) == 0;
  return false;
}

/* Of several only the first counts (RFC 7873 section 5.3). */
static bool find_option(const uint8_t *packet, const mlxr_edns_t *edns,
                        size_t *data_at, uint16_t *data_len) {
  size_t at = edns->options_at;
  uint16_t code;
  while (mlxr_wire_read_option(packet, edns, &at, &code, data_at, data_len) ==
         1)
    if (code == OPTION_COOKIE)
      return true;
  return false;
}

static bool is_true(const mlxr_cookie_t *ours, const uint8_t *said,
                    size_t len) {
  return len >= MLXR_COOKIE_CLIENT + SERVER_MIN && len <= MLXR_COOKIE_MAX &&
         memcmp(said, ours->bytes, MLXR_COOKIE_CLIENT) == 0;
}

mlxr_cookie_verdict_t
mlxr_exchange_judge_cookie(const mlxr_exchange_t *exchange,
                           const uint8_t *packet, size_t len,
                           mlxr_cookie_t *said) {
  mlxr_cookie_verdict_t verdict = {0};
  mlxr_edns_t edns;
  size_t at;
  uint16_t said_len;
  if (exchange->cookie.len == 0 || !find_edns(packet, len, &edns) ||
      !find_option(packet, &edns, &at, &said_len))
    return verdict;
  verdict.is_there = true;
  verdict.is_true = is_true(&exchange->cookie, packet + at, said_len);
  if (!verdict.is_true)
    return verdict;
  said->len = (uint8_t)said_len;
  memcpy(said->bytes, packet + at, said_len);
  verdict.is_refusal =
      (edns.extended_rcode << 4 | (packet[3] & 0xf)) == BADCOOKIE;
  return verdict;
}

void mlxr_exchange_learn_cookie(mlxr_exchange_t *exchange,
                                const mlxr_cookie_t *said) {
  exchange->cookie = *said;
  exchange->cookie_news = MLXR_COOKIE_LEARNT;
}
