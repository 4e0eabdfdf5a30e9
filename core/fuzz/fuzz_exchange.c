/* Any reply to a question: the first byte chooses how much of it is made to
 * fit, and whether the question bears a cookie. Only a reply that belongs to
 * the question ends it, and what comes out reads as a canonical answer;
 * whatever came before, the true reply is taken.
 */
#include <string.h>

#include "../exchange.h"
#include "fuzz.h"

enum {
  FITS_HEADER = 1,
  FITS_QUESTION = 2,
  TCP = 4,
  NO_EDNS = 8,
  COOKIE = 16,
  SERVER_COOKIE = 32
};

static uint8_t packet[MLXR_PACKET_MAX], answer[MLXR_PACKET_MAX];

static const uint8_t name[] = "\3www\7example\3com";
static const mlxr_address_t server = {
    .family = 4, .bytes = {192, 0, 2, 53}, .port = 53};

static void make_fit(const mlxr_exchange_t *exchange, uint8_t how, size_t len) {
  if ((how & FITS_HEADER) && len >= 3) {
    memcpy(packet, exchange->query, 2);
    packet[2] = (uint8_t)((packet[2] & 0x07) | 0x80);
  }
  size_t end = (size_t)MLXR_HEADER_LEN + exchange->question_len;
  if ((how & FITS_QUESTION) && len >= end) {
    memcpy(packet + 4, exchange->query + 4, 2);
    memcpy(packet + MLXR_HEADER_LEN, exchange->query + MLXR_HEADER_LEN,
           exchange->question_len);
  }
}

static enum mlxr_exchange_action give(mlxr_exchange_t *exchange, size_t len) {
  mlxr_answer_info_t info, again;
  enum mlxr_exchange_action action = mlxr_exchange_on_message(
      exchange, &server, packet, len, 1, answer, sizeof answer, &info);
  if (action == MLXR_EXCHANGE_DONE && exchange->result == 0) {
    MLXR_PROMISE(len >= MLXR_HEADER_LEN);
    MLXR_PROMISE(memcmp(packet, exchange->query, 2) == 0);
    MLXR_PROMISE((packet[2] & 0xfa) == 0x80); // QR, no opcode, not truncated
    MLXR_PROMISE(mlxr_answer_read(answer, info.len, &again) == 0);
    MLXR_PROMISE(again.status == info.status);
    MLXR_PROMISE(info.rcode > 15 || again.rcode == info.rcode);
    MLXR_PROMISE(exchange->is_tcp || exchange->is_edns_off ||
                 exchange->cookie.len <= MLXR_COOKIE_CLIENT ||
                 exchange->cookie_news == MLXR_COOKIE_LEARNT);
    MLXR_PROMISE(exchange->query_len <= sizeof exchange->query);
  }
  return action;
}

static void take_true_reply(mlxr_exchange_t *exchange) {
  size_t len = (size_t)MLXR_HEADER_LEN + exchange->question_len;
  memcpy(packet, exchange->query, len);
  packet[2] |= 0x80;
  memset(packet + 6, 0, 6);
  enum mlxr_exchange_action action = give(exchange, len);
  if (action == MLXR_EXCHANGE_SEND_TCP) { // since it bears no cookie
    MLXR_PROMISE(exchange->cookie.len > MLXR_COOKIE_CLIENT);
    action = give(exchange, len);
  }
  MLXR_PROMISE(action == MLXR_EXCHANGE_DONE);
  MLXR_PROMISE(exchange->result == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlxr_exchange_t exchange;
  if (size < 1 || size - 1 > sizeof packet)
    return 0;
  mlxr_exchange_options_t options = {.timeout = 1000,
                                     .resend = 100,
                                     .udp_size = data[0] & NO_EDNS ? 0 : 1232,
                                     .use_tcp = (data[0] & TCP) != 0,
                                     .recurse = true};
  MLXR_PROMISE(mlxr_exchange_init(&exchange, &server, name, 1, &options, 0x1234,
                                  0) == 0);
  mlxr_cookie_t cookie = {.len = 0, .bytes = "abcdefgh12345678"};
  if (data[0] & (COOKIE | SERVER_COOKIE))
    cookie.len = data[0] & SERVER_COOKIE ? 16 : MLXR_COOKIE_CLIENT;
  mlxr_exchange_put_cookie(&exchange, &cookie);
  mlxr_exchange_start(&exchange);
  memcpy(packet, data + 1, size - 1);
  make_fit(&exchange, data[0], size - 1);
  if (give(&exchange, size - 1) != MLXR_EXCHANGE_DONE)
    take_true_reply(&exchange);
  return 0;
}
