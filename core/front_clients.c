#include <errno.h>
#include <stdlib.h>

#include "front_internal.h"

/* DESIGN NOTE
 *
 * Limits hold for all threads together, though each has connections of its own.
 * Who accepts one looks at all of them here, under a lock, and chooses who
 * makes room: the one idle longest. If that one belongs to another thread it is
 * told to leave and counts no more; its own thread closes it in its next round.
 * Its place is only then free, hence more places than connections.
 */

/* A thread that is late with closing must not have newcomers turned away, even
 * where few connections are allowed. */
enum { LATE = 32 };

static uint32_t places_for(const mlxr_front_options_t *options) {
  return options->max_tcp + (options->threads == 1     ? 1
                             : options->max_tcp < LATE ? LATE
                                                       : options->max_tcp);
}

int mlxr_front_clients_init(front_clients_t *clients,
                            const mlxr_front_options_t *options) {
  clients->count = places_for(options);
  clients->places = calloc(clients->count, sizeof *clients->places);
  if (!clients->places)
    return -ENOMEM;
  pthread_mutex_init(&clients->lock, NULL);
  return 0;
}

void mlxr_front_clients_deinit(front_clients_t *clients) {
  if (!clients->places)
    return;
  pthread_mutex_destroy(&clients->lock);
  free(clients->places);
  clients->places = NULL;
}

static bool is_idler(const front_place_t *a, const front_place_t *b) {
  uint64_t since_a = atomic_load_explicit(&a->since, memory_order_relaxed);
  uint64_t since_b = atomic_load_explicit(&b->since, memory_order_relaxed);
  return since_a < since_b || (since_a == since_b && a->number < b->number);
}

/* The one that has been idle longest and is owed nothing, of one client or of
 * all. `*count` is how many that client, or all of them, have. */
static front_place_t *find_idlest(const front_clients_t *clients,
                                  const mlxr_address_t *client,
                                  uint32_t *count) {
  front_place_t *idlest = NULL;
  *count = 0;
  for (uint32_t i = 0; i < clients->count; i++) {
    front_place_t *place = &clients->places[i];
    if (!place->is_taken || atomic_load(&place->is_leaving) ||
        (client && !mlxr_address_is_same_host(&place->client, client)))
      continue;
    ++*count;
    if (atomic_load_explicit(&place->is_idle, memory_order_relaxed) &&
        (!idlest || is_idler(place, idlest)))
      idlest = place;
  }
  return idlest;
}

static void send_away(mlxr_front_t *front, front_place_t *place,
                      const front_worker_t *self) {
  front_worker_t *owner = front->workers[place->worker];
  atomic_store(&place->is_leaving, true);
  atomic_store(&owner->has_leavers, true);
  if (owner != self)
    mlxr_wakeup_signal(&owner->wakeup);
}

static bool make_place(front_worker_t *self, const mlxr_address_t *client,
                       uint32_t most) {
  uint32_t count;
  front_place_t *idlest = find_idlest(&self->front->clients, client, &count);
  if (count < most)
    return true;
  if (idlest)
    send_away(self->front, idlest, self);
  return idlest != NULL;
}

static front_place_t *find_free(const front_clients_t *clients) {
  for (uint32_t i = 0; i < clients->count; i++)
    if (!clients->places[i].is_taken)
      return &clients->places[i];
  return NULL;
}

static front_place_t *take(front_worker_t *self, const mlxr_address_t *client,
                           uint64_t now) {
  front_clients_t *clients = &self->front->clients;
  front_place_t *place = find_free(clients);
  if (!place)
    return NULL;
  place->is_taken = true;
  place->client = *client;
  place->worker = self->number;
  place->number = ++clients->accepted;
  atomic_store(&place->is_leaving, false);
  mlxr_front_clients_tell(place, now, true);
  return place;
}

front_place_t *mlxr_front_clients_admit(front_worker_t *self,
                                        const mlxr_address_t *client,
                                        uint64_t now) {
  const mlxr_front_options_t *options = &self->front->options;
  front_place_t *place = NULL;
  pthread_mutex_lock(&self->front->clients.lock);
  if (make_place(self, client, options->max_tcp_per_client) &&
      make_place(self, NULL, options->max_tcp))
    place = take(self, client, now);
  pthread_mutex_unlock(&self->front->clients.lock);
  return place;
}

bool mlxr_front_clients_thin(front_worker_t *self) {
  uint32_t count;
  front_clients_t *clients = &self->front->clients;
  pthread_mutex_lock(&clients->lock);
  front_place_t *idlest = find_idlest(clients, NULL, &count);
  bool is_own = idlest && idlest->worker == self->number;
  if (idlest)
    send_away(self->front, idlest, self);
  pthread_mutex_unlock(&clients->lock);
  return is_own;
}

void mlxr_front_clients_give(mlxr_front_t *front, front_place_t *place) {
  pthread_mutex_lock(&front->clients.lock);
  place->is_taken = false;
  pthread_mutex_unlock(&front->clients.lock);
}
