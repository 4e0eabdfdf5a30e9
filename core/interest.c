#include "interest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "wire.h"

enum {
  REASONS = 2,
  LABELS_MIN = 64,
  LABELS_MAX = 1 << 16,
  SENT_MAX = 128,
  MDNS_PORT = 5353,
  HOPS_MAX = 4, /* more is an attack, and nobody's answer */
  QUESTION_TAIL = 4,
  RECORD_TAIL = 10,
  LENGTH_AT = 8
};

/* Open addressing; the table is at most half full. */
typedef struct label {
  uint64_t hash; /* 0: free */
  uint32_t counts[REASONS];
} label_t;

typedef struct sent {
  uint64_t hashes[SENT_MAX];
  unsigned at;
} sent_t;

struct mlxr_interest {
  uint64_t seed;
  label_t *labels;
  uint32_t size; /* a power of two */
  uint32_t count;
  uint32_t homeless[REASONS]; /* what found no room */
  unsigned expected;
  sent_t asked, said;
  mlxr_address_t *own;
  size_t own_count;
  mlxr_interest_stats_t stats;
};

/* ------------------------------------------------------------ names */

static uint64_t hash_bytes(const mlxr_interest_t *interest,
                           const uint8_t *bytes, size_t len) {
  uint64_t hash = XXH3_64bits_withSeed(bytes, len, interest->seed);
  return hash ? hash : 1;
}

static uint64_t hash_label(const mlxr_interest_t *interest,
                           const uint8_t *label) {
  uint8_t folded[1 + MLXR_LABEL_MAX];
  size_t len = (size_t)label[0] + 1;
  mlxr_name_put_lower(label, len, folded);
  return hash_bytes(interest, folded, len);
}

/* Where a hash is, or where it would be. */
static label_t *place_of(label_t *labels, uint32_t size, uint64_t hash) {
  uint32_t at = (uint32_t)hash & (size - 1);
  while (labels[at].hash != 0 && labels[at].hash != hash)
    at = (at + 1) & (size - 1);
  return &labels[at];
}

static label_t *find(const mlxr_interest_t *interest, uint64_t hash) {
  return place_of(interest->labels, interest->size, hash);
}

static bool grow(mlxr_interest_t *interest) {
  uint32_t size = interest->size * 2;
  label_t *labels = calloc(size, sizeof *labels);
  if (!labels)
    return false;
  for (uint32_t i = 0; i < interest->size; i++)
    if (interest->labels[i].hash != 0)
      *place_of(labels, size, interest->labels[i].hash) = interest->labels[i];
  free(interest->labels);
  interest->labels = labels;
  interest->size = size;
  return true;
}

static bool has_room(mlxr_interest_t *interest) {
  return interest->count < LABELS_MAX &&
         (interest->count < interest->size / 2 || grow(interest));
}

/* What stands behind it moves up, so that no search ends too early. */
static void drop(mlxr_interest_t *interest, label_t *label) {
  uint32_t mask = interest->size - 1;
  uint32_t hole = (uint32_t)(label - interest->labels), at = hole;
  for (;;) {
    at = (at + 1) & mask;
    const label_t *next = &interest->labels[at];
    if (next->hash == 0)
      break;
    uint32_t home = (uint32_t)next->hash & mask;
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      interest->labels[hole] = *next;
      hole = at;
    }
  }
  memset(&interest->labels[hole], 0, sizeof *label);
  interest->count--;
}

static unsigned index_of(unsigned reason) {
  return reason == MLXR_INTEREST_AWAITED ? 0 : 1;
}

void mlxr_interest_add(mlxr_interest_t *interest, const uint8_t *name,
                       unsigned reason) {
  uint64_t hash = hash_label(interest, name);
  label_t *label = find(interest, hash);
  if (label->hash == 0) {
    if (!has_room(interest)) {
      interest->homeless[index_of(reason)]++;
      return;
    }
    label = find(interest, hash);
    label->hash = hash;
    interest->count++;
  }
  label->counts[index_of(reason)]++;
}

void mlxr_interest_remove(mlxr_interest_t *interest, const uint8_t *name,
                          unsigned reason) {
  label_t *label = find(interest, hash_label(interest, name));
  unsigned index = index_of(reason);
  if (label->hash != 0 && label->counts[index] > 0) {
    label->counts[index]--;
    if (label->counts[0] + label->counts[1] == 0)
      drop(interest, label);
  } else if (interest->homeless[index] > 0) {
    interest->homeless[index]--;
  }
}

static unsigned reasons_in(const uint32_t counts[REASONS]) {
  unsigned reasons = 0;
  for (unsigned i = 0; i < REASONS; i++)
    reasons |= counts[i] > 0 ? 1u << i : 0;
  return reasons;
}

/* ------------------------------------------------------------ the glance */

typedef struct glance {
  const mlxr_interest_t *interest;
  const uint8_t *packet;
  size_t len;
  size_t at;
} glance_t;

static unsigned get16(const uint8_t *at) {
  return (unsigned)at[0] << 8 | at[1];
}

/* Why somebody cares for the name that begins at `at`. */
static unsigned reasons_at(const glance_t *glance, size_t at) {
  for (int hop = 0; hop < HOPS_MAX && at + 1 < glance->len; hop++) {
    const uint8_t *label = glance->packet + at;
    if (label[0] < 0xc0) {
      if (label[0] > MLXR_LABEL_MAX || at + label[0] >= glance->len)
        return 0;
      uint64_t hash = hash_label(glance->interest, label);
      return reasons_in(find(glance->interest, hash)->counts);
    }
    at = get16(label) & 0x3fff;
  }
  return 0;
}

static bool skip_name(glance_t *glance) {
  while (glance->at < glance->len) {
    uint8_t length = glance->packet[glance->at];
    if (length == 0 || length >= 0xc0) {
      glance->at += length == 0 ? 1 : 2;
      return true;
    }
    glance->at += (size_t)length + 1;
  }
  return false;
}

static bool is_all(unsigned reasons) {
  return reasons == (MLXR_INTEREST_AWAITED | MLXR_INTEREST_OWNED);
}

static unsigned find_asked(glance_t *glance, unsigned count) {
  unsigned reasons = 0;
  for (unsigned i = 0; i < count && !is_all(reasons); i++) {
    reasons |= reasons_at(glance, glance->at);
    if (!skip_name(glance))
      break;
    glance->at += QUESTION_TAIL;
  }
  return reasons;
}

static bool skip_questions(glance_t *glance, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (!skip_name(glance))
      return false;
    glance->at += QUESTION_TAIL;
  }
  return true;
}

static unsigned find_said(glance_t *glance, unsigned count) {
  unsigned reasons = 0;
  for (unsigned i = 0; i < count && !is_all(reasons); i++) {
    reasons |= reasons_at(glance, glance->at);
    if (!skip_name(glance) || glance->at + RECORD_TAIL > glance->len)
      break;
    glance->at += RECORD_TAIL + get16(glance->packet + glance->at + LENGTH_AT);
  }
  return reasons;
}

static unsigned look_at_response(glance_t *glance) {
  const uint8_t *counts = glance->packet + 4;
  unsigned records = get16(counts + 2) + get16(counts + 4) + get16(counts + 6);
  if (!skip_questions(glance, get16(counts)))
    return 0;
  return find_said(glance, records);
}

static unsigned look_at_query(glance_t *glance) {
  unsigned questions = get16(glance->packet + 4);
  return questions > 0 ? find_asked(glance, questions)
                       : glance->interest->expected;
}

/* ------------------------------------------------------------ our own */

void mlxr_interest_expect(mlxr_interest_t *interest, unsigned reason,
                          bool is_expected) {
  if (is_expected)
    interest->expected |= reason;
  else
    interest->expected &= ~reason;
}

void mlxr_interest_put_sent(mlxr_interest_t *interest, unsigned reason,
                            const uint8_t *packet, size_t len) {
  sent_t *sent =
      reason == MLXR_INTEREST_AWAITED ? &interest->asked : &interest->said;
  sent->hashes[sent->at] = hash_bytes(interest, packet, len);
  sent->at = (sent->at + 1) % SENT_MAX;
}

int mlxr_interest_put_own(mlxr_interest_t *interest,
                          const mlxr_address_t *addresses, size_t count) {
  mlxr_address_t *own = calloc(count > 0 ? count : 1, sizeof *own);
  if (!own)
    return -ENOMEM;
  if (count > 0)
    memcpy(own, addresses, count * sizeof *own);
  free(interest->own);
  interest->own = own;
  interest->own_count = count;
  return 0;
}

static bool is_own(const mlxr_interest_t *interest,
                   const mlxr_address_t *from) {
  for (size_t i = 0; i < interest->own_count; i++) {
    const mlxr_address_t *own = &interest->own[i];
    if (own->family == from->family &&
        memcmp(own->bytes, from->bytes, from->family == 6 ? 16 : 4) == 0)
      return from->port == MDNS_PORT;
  }
  return false;
}

static bool is_sent(const sent_t *sent, uint64_t hash) {
  for (unsigned i = 0; i < SENT_MAX; i++)
    if (sent->hashes[i] == hash)
      return true;
  return false;
}

/* Another process on this machine may say the same as we: from what it says
 * nothing can be learnt that is not known already. */
static unsigned without_echo(const mlxr_interest_t *interest, unsigned reasons,
                             const uint8_t *packet, size_t len) {
  uint64_t hash = hash_bytes(interest, packet, len);
  if (is_sent(&interest->asked, hash))
    reasons &= ~(unsigned)MLXR_INTEREST_AWAITED;
  if (is_sent(&interest->said, hash))
    reasons &= ~(unsigned)MLXR_INTEREST_OWNED;
  return reasons;
}

/* ------------------------------------------------------------ the verdict */

unsigned mlxr_interest_admit(mlxr_interest_t *interest, const uint8_t *packet,
                             size_t len, const mlxr_address_t *from) {
  glance_t glance = {interest, packet, len, MLXR_HEADER_LEN};
  /* RFC 6762 section 18: opcode and rcode are zero. */
  bool is_message = len >= MLXR_HEADER_LEN && (packet[2] & 0x78) == 0 &&
                    (packet[3] & 0x0f) == 0;
  bool is_response = is_message && (packet[2] & 0x80) != 0;
  unsigned reasons = is_response  ? look_at_response(&glance)
                     : is_message ? look_at_query(&glance)
                                  : 0;
  if (is_message)
    reasons |= reasons_in(interest->homeless);
  if (reasons == 0) {
    if (is_response)
      interest->stats.unawaited++;
    else
      interest->stats.query++;
    return 0;
  }
  if (is_own(interest, from))
    reasons = without_echo(interest, reasons, packet, len);
  if (reasons == 0)
    interest->stats.echo++;
  return reasons;
}

mlxr_interest_stats_t mlxr_interest_stats(const mlxr_interest_t *interest) {
  mlxr_interest_stats_t stats = interest->stats;
  stats.labels = interest->count;
  return stats;
}

/* ------------------------------------------------------------ make, end */

int mlxr_interest_new(uint64_t seed, mlxr_interest_t **out) {
  mlxr_interest_t *interest = calloc(1, sizeof *interest);
  label_t *labels = calloc(LABELS_MIN, sizeof *labels);
  if (!interest || !labels) {
    free(interest);
    free(labels);
    return -ENOMEM;
  }
  interest->seed = seed;
  interest->labels = labels;
  interest->size = LABELS_MIN;
  *out = interest;
  return 0;
}

void mlxr_interest_free(mlxr_interest_t *interest) {
  if (!interest)
    return;
  free(interest->labels);
  free(interest->own);
  free(interest);
}
