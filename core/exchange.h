/* exchange.h - one question to one server, as a pure state machine.
 *
 * Owns no socket and no clock: it says what to do next (send this over UDP,
 * connect and send over TCP, wait until, done), and is told what arrived. The
 * real and the simulated world both drive it. A reply counts only if it comes
 * from the server's address and port, to our port, with our ID, and repeats our
 * question (RFC 5452 section 9.1); whatever else arrives is ignored, and the
 * wait goes on. With a cookie (RFC 7873) neither counts what bears a false one,
 * nor, over UDP, what bears none though the server is known to give some: then
 * TCP is asked. A truncated reply is asked for again over TCP and otherwise
 * discarded.
 */
#ifndef MLXR_EXCHANGE_H
#define MLXR_EXCHANGE_H

#include "answer.h"

enum { MLXR_COOKIE_CLIENT = 8, MLXR_COOKIE_MAX = 40 };

/// Our part, then the server's, as far as that is known.
typedef struct mlxr_cookie {
  uint8_t len; ///< 0 for none, 8, or 16 to 40
  uint8_t bytes[MLXR_COOKIE_MAX];
} mlxr_cookie_t;

/// What an exchange found out about the server's cookie.
enum mlxr_cookie_news {
  MLXR_COOKIE_NO_NEWS,
  MLXR_COOKIE_LEARNT, ///< it stands in `cookie`
  MLXR_COOKIE_LOST    ///< the server gives none any more
};

typedef struct mlxr_exchange_options {
  uint32_t timeout;  ///< ms for the whole exchange
  uint32_t resend;   ///< ms until the first retransmission; doubles
  uint16_t udp_size; ///< EDNS size to offer; 0 sends no OPT
  bool use_tcp;      ///< begin with TCP
  bool recurse;      ///< set RD
  bool use_cookie;   ///< for whoever keeps cookies: send one
} mlxr_exchange_options_t;

enum mlxr_exchange_action {
  MLXR_EXCHANGE_WAIT,     ///< nothing to do until `deadline` or input
  MLXR_EXCHANGE_SEND_UDP, ///< send `query` to the server
  MLXR_EXCHANGE_SEND_TCP, ///< connect, send `query` with its length prefix
  MLXR_EXCHANGE_DONE      ///< `result` is set
};

typedef struct mlxr_exchange {
  mlxr_address_t server;
  mlxr_exchange_options_t options;
  uint8_t query[MLXR_HEADER_LEN + MLXR_NAME_MAX + 4 + 11 + 4 + MLXR_COOKIE_MAX];
  mlxr_cookie_t cookie; ///< that replies have to show, if they show one
  enum mlxr_cookie_news cookie_news;
  uint16_t query_len;
  uint16_t question_len; ///< of the question in `query`
  uint16_t id;
  uint16_t tries;    ///< datagrams sent
  uint16_t connects; ///< TCP connections asked for
  uint16_t refusals; ///< that may still come for datagrams with EDNS
  uint32_t ignored;  ///< messages that were not ours
  bool is_tcp;
  bool is_edns_off;       ///< the server does not speak EDNS (FORMERR, NOTIMP)
  bool is_cookie_renewed; ///< after BADCOOKIE
  bool is_done;
  uint64_t started;  ///< ms
  uint64_t deadline; ///< ms: when `on_time` wants to be called
  int result;        ///< 0 or a code, once DONE
} mlxr_exchange_t;

/// Makes the query. `id` must be unpredictable.
int mlxr_exchange_init(mlxr_exchange_t *exchange, const mlxr_address_t *server,
                       const uint8_t *name, uint16_t type,
                       const mlxr_exchange_options_t *options, uint16_t id,
                       uint64_t now);

/// Sends a cookie along: after `init`, before anything is sent. Without EDNS
/// there is none.
void mlxr_exchange_put_cookie(mlxr_exchange_t *exchange,
                              const mlxr_cookie_t *cookie);

/// What to do first.
enum mlxr_exchange_action mlxr_exchange_start(mlxr_exchange_t *exchange);

/// A message arrived from `from`. WAIT when it was not ours; DONE with the
/// canonical answer in `out`, or an action when it was truncated.
enum mlxr_exchange_action
mlxr_exchange_on_message(mlxr_exchange_t *exchange, const mlxr_address_t *from,
                         const uint8_t *packet, size_t len, uint64_t now,
                         uint8_t *out, size_t cap, mlxr_answer_info_t *info);

/// The deadline passed: send again (three times in all), or DONE with
/// MLXR_ETIMEOUT.
enum mlxr_exchange_action mlxr_exchange_on_time(mlxr_exchange_t *exchange,
                                                uint64_t now);

/// The transport failed (refused, unreachable, closed early). A connection
/// that was closed early (ECONNRESET, EPIPE) is made again, three in all.
enum mlxr_exchange_action mlxr_exchange_on_error(mlxr_exchange_t *exchange,
                                                 int code, uint64_t now);

#endif
