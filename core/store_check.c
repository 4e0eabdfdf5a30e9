#include "store_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The layout of LMDB 0.9 (version 1 of its format), in the machine's own byte
 * order and word size, which is how LMDB writes. A page may be reached once
 * only, so that neither cycles nor a free list that lists a page in use get
 * through: the latter would be overwritten. */

enum {
  MAGIC_AT_META = 0xBEEFC0DE - 0x100000000, /* as an int */
  FORMAT = 1,
  PAGE_BRANCH = 1,
  PAGE_LEAF = 2,
  PAGE_OVERFLOW = 4,
  PAGE_META = 8,
  NODE_BIG = 1,
  DEPTH_MAX = 32,
  KEY_MAX = 511,
  PAGE_SIZE_MIN = 512,
  PAGE_SIZE_MAX = 65536,
  FREE_TABLE = 0,
  MAIN_TABLE = 1,
  FIRST_PAGE = 2
};

typedef size_t page_number_t;

typedef struct page {
  page_number_t number;
  uint16_t pad;
  uint16_t flags;
  uint16_t lower, upper; /* one 32-bit number of pages in overflow pages */
} page_t;

typedef struct node {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint16_t low, high;
#else
  uint16_t high, low;
#endif
  uint16_t flags;
  uint16_t key_len;
} node_t;

typedef struct table {
  uint32_t pad; /* of the free table: the size of a page */
  uint16_t flags;
  uint16_t depth;
  page_number_t branch_pages, leaf_pages, overflow_pages;
  size_t entries;
  page_number_t root;
} table_t;

typedef struct meta {
  uint32_t magic;
  uint32_t version;
  void *address;
  size_t map_size;
  table_t tables[2];
  page_number_t last_page;
  size_t transaction;
} meta_t;

typedef struct check {
  const uint8_t *bytes;
  size_t len, page_size;
  meta_t meta;
  uint8_t *seen; /* a bit a page */
  int table;
  size_t entries;
  const uint8_t *last_key;
  size_t last_key_len;
} check_t;

static const page_number_t NO_PAGE = ~(page_number_t)0;

/* Marks a page as reached; false for one that cannot be or has been. Free pages
 * at the end need not be in the file. */
static bool reach(check_t *check, page_number_t number, bool is_free) {
  if (number < FIRST_PAGE || number > check->meta.last_page ||
      (!is_free && number >= check->len / check->page_size))
    return false;
  uint8_t bit = (uint8_t)(1u << (number & 7));
  if (check->seen[number >> 3] & bit)
    return false;
  check->seen[number >> 3] |= bit;
  return true;
}

static const uint8_t *page_at(const check_t *check, page_number_t number,
                              page_t *page) {
  const uint8_t *at = check->bytes + number * check->page_size;
  memcpy(page, at, sizeof *page);
  return at;
}

/* ---- values ---- */

static bool is_free_list(check_t *check, const uint8_t *value, size_t len) {
  size_t count, number;
  if (len < sizeof count)
    return false;
  memcpy(&count, value, sizeof count);
  if (count > len / sizeof count - 1)
    return false;
  for (size_t i = 1; i <= count; i++) {
    memcpy(&number, value + i * sizeof number, sizeof number);
    if (!reach(check, number, true))
      return false;
  }
  return true;
}

/* A value with pages of its own. */
static const uint8_t *big_value(check_t *check, const uint8_t *at, size_t len) {
  page_number_t number;
  page_t page;
  uint32_t count;
  memcpy(&number, at, sizeof number);
  if (!reach(check, number, false))
    return NULL;
  const uint8_t *first = page_at(check, number, &page);
  memcpy(&count, first + offsetof(page_t, lower), sizeof count);
  if (page.flags != PAGE_OVERFLOW || page.number != number || count == 0 ||
      count > check->len / check->page_size ||
      len > count * check->page_size - sizeof page)
    return NULL;
  for (uint32_t i = 1; i < count; i++)
    if (!reach(check, number + i, false))
      return NULL;
  return first + sizeof page;
}

static bool is_leaf_sound(check_t *check, const node_t *node,
                          const uint8_t *value, size_t room) {
  size_t len = node->low | (size_t)node->high << 16;
  bool is_big = node->flags == NODE_BIG;
  if ((node->flags != 0 && !is_big) ||
      (is_big ? sizeof(page_number_t) : len) > room)
    return false;
  if (is_big)
    value = big_value(check, value, len);
  check->entries++;
  return value &&
         (check->table == MAIN_TABLE || is_free_list(check, value, len));
}

/* ---- pages ---- */

static bool is_key_in_order(check_t *check, const uint8_t *key, size_t len) {
  const uint8_t *last = check->last_key;
  size_t last_len = check->last_key_len;
  check->last_key = key;
  check->last_key_len = len;
  if (check->table == FREE_TABLE) {
    size_t number, previous = 0;
    if (len != sizeof number)
      return false;
    memcpy(&number, key, sizeof number);
    if (last)
      memcpy(&previous, last, sizeof previous);
    return number > previous && number <= check->meta.transaction;
  }
  if (len == 0 || len > KEY_MAX)
    return false;
  if (!last)
    return true;
  int order = memcmp(last, key, last_len < len ? last_len : len);
  return order < 0 || (order == 0 && last_len < len);
}

static bool is_tree_sound(check_t *check, page_number_t number, unsigned depth);

static bool is_node_sound(check_t *check, const page_t *page, const uint8_t *at,
                          unsigned i, unsigned depth) {
  uint16_t offset;
  node_t node;
  memcpy(&offset, at + sizeof *page + i * sizeof offset, sizeof offset);
  if (offset < page->upper || (offset & 1) ||
      offset + sizeof node > check->page_size)
    return false;
  memcpy(&node, at + offset, sizeof node);
  size_t room = check->page_size - offset - sizeof node;
  const uint8_t *key = at + offset + sizeof node;
  if (node.key_len > room)
    return false;
  if (page->flags == PAGE_LEAF)
    return is_key_in_order(check, key, node.key_len) &&
           is_leaf_sound(check, &node, key + node.key_len, room - node.key_len);
  page_number_t child = node.low | (page_number_t)node.high << 16;
  if (sizeof child > 4)
    child |= (page_number_t)((uint64_t)node.flags << 32);
  return is_tree_sound(check, child, depth - 1);
}

static bool is_tree_sound(check_t *check, page_number_t number,
                          unsigned depth) {
  page_t page;
  if (depth == 0 || !reach(check, number, false))
    return false;
  const uint8_t *at = page_at(check, number, &page);
  bool is_leaf = depth == 1;
  if (page.number != number ||
      page.flags != (is_leaf ? PAGE_LEAF : PAGE_BRANCH) ||
      page.lower < sizeof page || page.lower > page.upper ||
      page.upper > check->page_size || (page.lower & 1))
    return false;
  unsigned count = (unsigned)(page.lower - sizeof page) / 2;
  if (count < (is_leaf || check->table == FREE_TABLE ? 1 : 2))
    return false;
  for (unsigned i = 0; i < count; i++)
    if (!is_node_sound(check, &page, at, i, depth))
      return false;
  return true;
}

static bool is_table_sound(check_t *check, int index) {
  const table_t *table = &check->meta.tables[index];
  check->table = index;
  check->entries = 0;
  check->last_key = NULL;
  if (table->root == NO_PAGE)
    return table->entries == 0;
  return table->depth <= DEPTH_MAX && (index == FREE_TABLE || !table->flags) &&
         is_tree_sound(check, table->root, table->depth) &&
         check->entries == table->entries;
}

/* ---- the whole ---- */

static bool read_meta(const uint8_t *bytes, size_t len, size_t at,
                      meta_t *out) {
  page_t page;
  if (at + sizeof page + sizeof *out > len)
    return false;
  memcpy(&page, bytes + at, sizeof page);
  memcpy(out, bytes + at + sizeof page, sizeof *out);
  return (page.flags & PAGE_META) && (int32_t)out->magic == MAGIC_AT_META &&
         out->version == FORMAT;
}

/* The newer one of the two counts. */
static bool find_meta(check_t *check) {
  meta_t other;
  if (!read_meta(check->bytes, check->len, 0, &check->meta))
    return false;
  size_t size = check->meta.tables[FREE_TABLE].pad;
  if (size < PAGE_SIZE_MIN || size > PAGE_SIZE_MAX || (size & (size - 1)) ||
      !read_meta(check->bytes, check->len, size, &other) ||
      other.tables[FREE_TABLE].pad != size)
    return false;
  check->page_size = size;
  if (other.transaction > check->meta.transaction)
    check->meta = other;
  return true;
}

int mlxr_store_check(const uint8_t *bytes, size_t len) {
  check_t check = {.bytes = bytes, .len = len};
  if (!find_meta(&check))
    return MLXR_EFORMAT;
  /* A last page far behind the file's end would only make us allocate. */
  if (check.meta.last_page / 2 > len / check.page_size + 1024)
    return MLXR_EFORMAT;
  check.seen = calloc(check.meta.last_page / 8 + 1, 1);
  if (!check.seen)
    return -ENOMEM;
  bool is_sound =
      is_table_sound(&check, MAIN_TABLE) && is_table_sound(&check, FREE_TABLE);
  free(check.seen);
  return is_sound ? 0 : MLXR_EFORMAT;
}
