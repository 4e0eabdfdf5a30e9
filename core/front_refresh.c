#include "front_internal.h"

/* A hit in the last tenth of an answer's life goes to the brain as a miss that
 * nobody waits for. It takes a record like any other, so that clients who ask
 * for much cannot make more work than misses could; other hits pay nothing. */

void mlxr_front_want(front_worker_t *worker, const mlxr_request_t *request) {
  front_miss_t *miss = mlxr_front_take_miss(worker, NULL);
  if (!miss)
    return;
  miss->request = *request;
  miss->peer.any.sa_family = AF_UNSPEC;
  miss->pin_len = 0;
  miss->socket = NULL;
  miss->is_tcp = false;
  miss->is_refresh = true;
  worker->wanted++;
  front_ring_put(&worker->asked, (uint32_t)(miss - worker->front->misses));
}

void mlxr_front_forget_refreshes(mlxr_front_t *front) {
  for (uint32_t i = 0; i < front->refresh_count; i++) {
    front_miss_t *miss = front->refreshes[i];
    size_t index = (size_t)(miss - front->misses);
    miss->is_refresh = false;
    front_ring_put(&front->workers[index / front->misses_each]->back,
                   (uint32_t)index);
  }
  front->refresh_count = 0;
}
