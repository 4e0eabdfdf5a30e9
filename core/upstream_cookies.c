#include <string.h>
#include <sys/socket.h>

#include "sockaddr.h"
#include "upstream_pool.h"

/* DESIGN NOTE
 *
 * A server's cookie is 64 random bits, drawn when it is first asked, with what
 * the server added (RFC 7873). Derived from a secret it would need neither
 * memory nor anything better than this; but there is memory for the server's
 * part anyway, and random bits need no function to be trusted.
 *
 * Cookies would let a server know a client again on another network (RFC 9018
 * section 8.1): one made behind another address of ours is not used. The
 * socket's own address is looked at once a second at most. */

enum { LOOK = 1000 };

static const uint64_t LIFE = 26ull * 3600 * 1000; /* RFC 7873 appendix A.1 */

static bool is_for(const jar_t *jar, const mlxr_address_t *server) {
  return jar->server.port == server->port &&
         mlxr_address_is_same_host(&jar->server, server);
}

static jar_t *find(mlxr_upstream_t *upstream, const mlxr_address_t *server) {
  for (uint32_t i = 0; i < upstream->jar_count; i++)
    if (is_for(&upstream->jars[i], server))
      return &upstream->jars[i];
  return NULL;
}

static void bake(mlxr_upstream_t *upstream, jar_t *jar, uint64_t now) {
  jar->cookie.len = MLXR_COOKIE_CLIENT;
  for (int i = 0; i < MLXR_COOKIE_CLIENT; i++)
    jar->cookie.bytes[i] = (uint8_t)mlxr_entropy_below(&upstream->entropy, 256);
  jar->made_at = now;
}

/* The one that was not used for longest makes room. */
static jar_t *take(mlxr_upstream_t *upstream, const mlxr_address_t *server) {
  jar_t *jar = &upstream->jars[0];
  if (upstream->jar_count < MLXR_UPSTREAM_JARS)
    jar = &upstream->jars[upstream->jar_count++];
  else
    for (uint32_t i = 1; i < MLXR_UPSTREAM_JARS; i++)
      if (upstream->jars[i].used_at < jar->used_at)
        jar = &upstream->jars[i];
  memset(jar, 0, sizeof *jar);
  jar->server = *server;
  return jar;
}

static bool has_moved(jar_t *jar, int fd) {
  struct sockaddr_storage address = {0};
  socklen_t len = sizeof address;
  mlxr_address_t own = {0};
  if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
    mlxr_sockaddr_read((struct sockaddr *)&address, &own);
  bool is_other = !mlxr_address_is_same_host(&own, &jar->own);
  jar->own = own;
  return is_other;
}

void mlxr_upstream_cookies_attach(mlxr_upstream_t *upstream,
                                  question_t *question, uint64_t now) {
  mlxr_exchange_t *exchange = &question->exchange;
  jar_t *jar = find(upstream, &exchange->server);
  bool is_new = !jar;
  if (is_new)
    jar = take(upstream, &exchange->server);
  if (is_new || now - jar->looked_at >= LOOK) {
    jar->looked_at = now;
    if (has_moved(jar, question->link->fd) || is_new ||
        now - jar->made_at >= LIFE)
      bake(upstream, jar, now);
  }
  jar->used_at = now;
  mlxr_exchange_put_cookie(exchange, &jar->cookie);
}

void mlxr_upstream_cookies_follow(mlxr_upstream_t *upstream,
                                  const mlxr_exchange_t *exchange) {
  jar_t *jar = find(upstream, &exchange->server);
  if (!jar || memcmp(jar->cookie.bytes, exchange->cookie.bytes,
                     MLXR_COOKIE_CLIENT) != 0)
    return;
  if (exchange->cookie_news == MLXR_COOKIE_LEARNT)
    jar->cookie = exchange->cookie;
  else
    jar->cookie.len = MLXR_COOKIE_CLIENT;
}
