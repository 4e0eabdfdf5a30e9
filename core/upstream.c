#include "upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "upstream_pool.h"

enum {
  PENDING = 16384,
  PENDING_MAX = 1 << 20,
  FRESH_RATE = 2000,
  LINKS_MIN = 16,
  QUESTIONS_PER_BUCKET = 8,
  DRAWS = 64 ///< numbers that one question may need: its ID, ports, a place,
             ///< a cookie
};

void mlxr_upstream_append(list_t *list, question_t *question) {
  question->list = list;
  question->next = NULL;
  question->prev = list->last;
  if (list->last)
    list->last->next = question;
  else
    list->first = question;
  list->last = question;
}

void mlxr_upstream_unlist(question_t *question) {
  list_t *list = question->list;
  if (!list)
    return;
  if (question->prev)
    question->prev->next = question->next;
  else
    list->first = question->next;
  if (question->next)
    question->next->prev = question->prev;
  else
    list->last = question->prev;
  question->list = NULL;
  question->prev = question->next = NULL;
}

/* ------------------------------------------------------------- life */

/* Half of the descriptors that the process may have; the other half belongs to
 * clients, streams and whatever program we are embedded in. */
static uint32_t link_budget(uint32_t max_pending) {
  struct rlimit limit;
  uint64_t budget = max_pending + MLXR_UPSTREAM_POOLS * MLXR_UPSTREAM_PORTS;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 2 < budget)
    budget = limit.rlim_cur / 2;
  return budget < LINKS_MIN ? LINKS_MIN : (uint32_t)budget;
}

/* Some questions share a bucket when all that may be are under way; usually it
 * is a few hundred, whose buckets then stay in the processor's cache. */
static uint32_t buckets_for(uint32_t questions) {
  uint32_t n = 64;
  while (n < questions / QUESTIONS_PER_BUCKET)
    n *= 2;
  return n;
}

static int allocate(mlxr_upstream_t *upstream) {
  /* A step's results name their slots until the caller has seen them. */
  upstream->question_cap = upstream->options.max_pending + MLXR_UPSTREAM_BATCH;
  upstream->link_cap = link_budget(upstream->options.max_pending);
  uint32_t pools = upstream->link_cap / (2 * MLXR_UPSTREAM_PORTS);
  upstream->pool_cap = pools < 1                     ? 1
                       : pools > MLXR_UPSTREAM_POOLS ? MLXR_UPSTREAM_POOLS
                                                     : pools;
  uint32_t buckets = buckets_for(upstream->question_cap);
  upstream->bucket_mask = buckets - 1;
  upstream->buckets = calloc(buckets, sizeof *upstream->buckets);
  upstream->questions =
      calloc(upstream->question_cap, sizeof *upstream->questions);
  upstream->links = calloc(upstream->link_cap, sizeof *upstream->links);
  upstream->dirty = calloc(upstream->link_cap, sizeof *upstream->dirty);
  upstream->arena = malloc(MLXR_UPSTREAM_ARENA);
  upstream->datagrams =
      malloc(MLXR_UPSTREAM_RECEIVE * sizeof *upstream->datagrams);
  if (!upstream->buckets || !upstream->questions || !upstream->links ||
      !upstream->dirty || !upstream->arena || !upstream->datagrams)
    return -ENOMEM;
  return mlxr_deadlines_init(&upstream->deadlines, upstream->question_cap);
}

int mlxr_upstream_open(const mlxr_upstream_options_t *options,
                       mlxr_upstream_t **out) {
  if (options->max_pending > PENDING_MAX)
    return -EINVAL;
  mlxr_upstream_t *upstream = calloc(1, sizeof *upstream);
  if (!upstream)
    return -ENOMEM;
  upstream->options = *options;
  if (upstream->options.max_pending == 0)
    upstream->options.max_pending = PENDING;
  if (upstream->options.fresh_rate == 0)
    upstream->options.fresh_rate = FRESH_RATE;
  upstream->sweep_at = upstream->streams_at = UINT64_MAX;
  mlxr_entropy_init(&upstream->entropy);
  int rc = allocate(upstream);
  if (rc == 0)
    rc = mlxr_poller_open(&upstream->poller);
  if (rc < 0) {
    mlxr_upstream_close(upstream);
    return rc;
  }
  *out = upstream;
  return 0;
}

void mlxr_upstream_close(mlxr_upstream_t *upstream) {
  if (!upstream)
    return;
  mlxr_upstream_streams_close(upstream);
  mlxr_upstream_links_close(upstream);
  mlxr_poller_close(upstream->poller);
  mlxr_deadlines_deinit(&upstream->deadlines);
  free(upstream->buckets);
  free(upstream->questions);
  free(upstream->links);
  free(upstream->dirty);
  free(upstream->arena);
  free(upstream->datagrams);
  free(upstream);
}

int mlxr_upstream_fd(const mlxr_upstream_t *upstream) {
  return mlxr_poller_fd(upstream->poller);
}

/* -------------------------------------------------------- questions */

static question_t *take_question(mlxr_upstream_t *upstream) {
  question_t *question = upstream->free;
  if (question) {
    upstream->free = question->next;
  } else {
    if (upstream->question_top == upstream->question_cap)
      return NULL;
    question = &upstream->questions[upstream->question_top++];
    question->slot = upstream->question_top;
  }
  question->prev = question->next = NULL;
  question->list = NULL;
  question->link = NULL;
  question->stream = NULL;
  question->state = QUESTION_ASKED;
  return question;
}

static void give_question(question_t **to, question_t *question) {
  question->state = QUESTION_FREE;
  question->next = *to;
  *to = question;
}

/* Leaves nothing behind but the question itself. */
static void detach(mlxr_upstream_t *upstream, question_t *question) {
  mlxr_deadlines_clear(&upstream->deadlines, question->slot - 1);
  mlxr_upstream_links_detach(upstream, question);
  mlxr_upstream_streams_detach(upstream, question);
  mlxr_upstream_unlist(question);
}

static void end_without_answer(mlxr_upstream_t *upstream,
                               question_t *question) {
  detach(upstream, question);
  question->state = QUESTION_DONE;
  mlxr_upstream_append(&upstream->done, question);
}

void mlxr_upstream_act(mlxr_upstream_t *upstream, question_t *question,
                       enum mlxr_exchange_action action, uint64_t now) {
  while (action == MLXR_EXCHANGE_SEND_TCP) {
    mlxr_upstream_links_detach(upstream, question);
    mlxr_upstream_streams_detach(upstream, question);
    int rc = mlxr_upstream_streams_attach(upstream, question);
    if (rc == 0)
      break;
    action = mlxr_exchange_on_error(&question->exchange, rc, now);
  }
  if (action == MLXR_EXCHANGE_DONE) {
    end_without_answer(upstream, question);
    return;
  }
  if (action == MLXR_EXCHANGE_SEND_UDP)
    mlxr_upstream_links_resend(upstream, question);
  mlxr_deadlines_put(&upstream->deadlines, question->slot - 1,
                     question->exchange.deadline);
}

void mlxr_upstream_fail(mlxr_upstream_t *upstream, question_t *question,
                        int code, uint64_t now) {
  mlxr_upstream_act(upstream, question,
                    mlxr_exchange_on_error(&question->exchange, code, now),
                    now);
}

static int attach(mlxr_upstream_t *upstream, question_t *question,
                  uint64_t now) {
  if (mlxr_exchange_start(&question->exchange) == MLXR_EXCHANGE_SEND_TCP)
    return mlxr_upstream_streams_attach(upstream, question);
  int rc = mlxr_upstream_links_attach(upstream, question, now);
  if (rc == 0 && question->exchange.options.use_cookie)
    mlxr_upstream_cookies_attach(upstream, question, now);
  return rc;
}

int mlxr_upstream_ask(mlxr_upstream_t *upstream, const mlxr_address_t *server,
                      const uint8_t *name, uint16_t type,
                      const mlxr_exchange_options_t *options, uint64_t now,
                      uint32_t *slot) {
  int rc = mlxr_entropy_reserve(&upstream->entropy, DRAWS);
  if (rc < 0)
    return rc;
  if (upstream->stats.pending >= upstream->options.max_pending)
    return MLXR_EBUSY;
  question_t *question = take_question(upstream);
  if (!question)
    return MLXR_EBUSY;
  uint16_t id = (uint16_t)mlxr_entropy_below(&upstream->entropy, 65536);
  rc = mlxr_exchange_init(&question->exchange, server, name, type, options, id,
                          now);
  if (rc == 0)
    rc = attach(upstream, question, now);
  if (rc < 0) {
    give_question(&upstream->free, question);
    return rc;
  }
  mlxr_deadlines_put(&upstream->deadlines, question->slot - 1,
                     question->exchange.deadline);
  upstream->stats.asked++;
  upstream->stats.pending++;
  *slot = question->slot;
  return 0;
}

void mlxr_upstream_cancel(mlxr_upstream_t *upstream, uint32_t slot) {
  if (slot < 1 || slot > upstream->question_top)
    return;
  question_t *question = &upstream->questions[slot - 1];
  if (question->state == QUESTION_FREE)
    return;
  detach(upstream, question);
  give_question(&upstream->free, question);
  upstream->stats.pending--;
}

/* ------------------------------------------------------------- steps */

static mlxr_upstream_result_t *release(mlxr_upstream_t *upstream,
                                       question_t *question, uint64_t now) {
  mlxr_upstream_result_t *result = &upstream->out[upstream->out_count++];
  uint64_t started = question->exchange.started;
  *result = (mlxr_upstream_result_t){
      .slot = question->slot,
      .code = question->exchange.result,
      .ms = now > started ? (uint32_t)(now - started) : 0};
  give_question(&upstream->released, question);
  upstream->stats.pending--;
  return result;
}

static void release_answer(mlxr_upstream_t *upstream, question_t *question,
                           const mlxr_answer_info_t *info, uint64_t now) {
  detach(upstream, question);
  mlxr_upstream_result_t *result = release(upstream, question, now);
  result->info = *info;
  result->answer = upstream->arena + upstream->arena_used;
  upstream->arena_used += info->len;
  upstream->stats.answered++;
}

bool mlxr_upstream_give_message(mlxr_upstream_t *upstream, question_t *question,
                                const uint8_t *packet, size_t len,
                                uint64_t now) {
  mlxr_answer_info_t info;
  mlxr_exchange_t *exchange = &question->exchange;
  enum mlxr_exchange_action action = mlxr_exchange_on_message(
      exchange, &exchange->server, packet, len, now,
      upstream->arena + upstream->arena_used, MLXR_PACKET_MAX, &info);
  if (action == MLXR_EXCHANGE_WAIT)
    return false;
  if (exchange->cookie_news != MLXR_COOKIE_NO_NEWS)
    mlxr_upstream_cookies_follow(upstream, exchange);
  if (action == MLXR_EXCHANGE_DONE && exchange->result == 0)
    release_answer(upstream, question, &info, now);
  else
    mlxr_upstream_act(upstream, question, action, now);
  return true;
}

static void drain_done(mlxr_upstream_t *upstream, uint64_t now) {
  while (upstream->done.first && upstream->out_count < upstream->out_cap) {
    question_t *question = upstream->done.first;
    mlxr_upstream_unlist(question);
    if (question->exchange.result == MLXR_ETIMEOUT)
      upstream->stats.timed_out++;
    else
      upstream->stats.failed++;
    release(upstream, question, now);
  }
}

static void reuse_released(mlxr_upstream_t *upstream) {
  while (upstream->released) {
    question_t *question = upstream->released;
    upstream->released = question->next;
    give_question(&upstream->free, question);
  }
}

static void expire(mlxr_upstream_t *upstream, uint64_t now) {
  const mlxr_deadline_t *due;
  while ((due = mlxr_deadlines_get(&upstream->deadlines)) && due->at <= now) {
    question_t *question = &upstream->questions[due->id];
    mlxr_upstream_act(upstream, question,
                      mlxr_exchange_on_time(&question->exchange, now), now);
  }
  if (now >= upstream->sweep_at)
    mlxr_upstream_links_sweep(upstream, now);
}

/* Level-triggered: what there is no room for shows again in the next step. */
static int receive(mlxr_upstream_t *upstream, uint64_t now) {
  mlxr_poll_event_t events[MLXR_UPSTREAM_BATCH];
  int n = mlxr_poller_wait(upstream->poller, events, MLXR_UPSTREAM_BATCH, 0);
  for (int i = 0; i < n && upstream->out_count < upstream->out_cap; i++) {
    if (events[i].tag >> 63)
      mlxr_upstream_streams_on_event(upstream, events[i].tag, events[i].events,
                                     now);
    else
      mlxr_upstream_links_on_event(upstream, events[i].tag, now);
  }
  return n < 0 ? n : 0;
}

static uint64_t next_deadline(const mlxr_upstream_t *upstream, uint64_t now) {
  if (upstream->done.first || upstream->stream_unread > 0)
    return now;
  const mlxr_deadline_t *due = mlxr_deadlines_get(&upstream->deadlines);
  uint64_t at = due ? due->at : UINT64_MAX;
  if (upstream->streams_at < at)
    at = upstream->streams_at;
  return at < upstream->sweep_at ? at : upstream->sweep_at;
}

uint64_t mlxr_upstream_flush(mlxr_upstream_t *upstream, uint64_t now) {
  mlxr_upstream_streams_next(upstream, now);
  mlxr_upstream_links_flush(upstream, now);
  return next_deadline(upstream, now);
}

int mlxr_upstream_step(mlxr_upstream_t *upstream, uint64_t now,
                       mlxr_upstream_result_t *out, size_t count,
                       uint64_t *deadline) {
  upstream->out = out;
  upstream->out_count = 0;
  upstream->out_cap = count < MLXR_UPSTREAM_BATCH ? count : MLXR_UPSTREAM_BATCH;
  upstream->arena_used = 0;
  reuse_released(upstream);
  drain_done(upstream, now);
  mlxr_upstream_streams_resume(upstream, now);
  /* Read before the clock is looked at: what came in time counts, even when
   * this step itself came late. */
  int rc = receive(upstream, now);
  if (upstream->out_count < upstream->out_cap)
    expire(upstream, now);
  uint64_t next = mlxr_upstream_flush(upstream, now);
  drain_done(upstream, now);
  if (deadline)
    *deadline = upstream->done.first ? now : next;
  return upstream->out_count > 0 ? (int)upstream->out_count : rc;
}

void mlxr_upstream_stats(const mlxr_upstream_t *upstream,
                         mlxr_upstream_stats_t *out) {
  *out = upstream->stats;
}
