/* exchange_cookie.h - the part of an exchange that deals with DNS cookies (RFC
 * 7873): the option in the query, and what a reply's option proves.
 */
#ifndef MLXR_EXCHANGE_COOKIE_H
#define MLXR_EXCHANGE_COOKIE_H

#include "exchange.h"

typedef struct mlxr_cookie_verdict {
  bool is_there;   ///< the reply bears a cookie
  bool is_true;    ///< with our part in it, and of a length that may be
  bool is_refusal; ///< and says BADCOOKIE
} mlxr_cookie_verdict_t;

/// What a reply's cookie proves; a true one is copied to `*said`.
mlxr_cookie_verdict_t
mlxr_exchange_judge_cookie(const mlxr_exchange_t *exchange,
                           const uint8_t *packet, size_t len,
                           mlxr_cookie_t *said);

/// Keeps what the server said, for whoever keeps cookies.
void mlxr_exchange_learn_cookie(mlxr_exchange_t *exchange,
                                const mlxr_cookie_t *said);

/// Puts what was learnt into the query, once: false when that was done, or
/// there is nothing new.
bool mlxr_exchange_renew_cookie(mlxr_exchange_t *exchange);

/// Asks on without a cookie.
void mlxr_exchange_drop_cookie(mlxr_exchange_t *exchange);

#endif
