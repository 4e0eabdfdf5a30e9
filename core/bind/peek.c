#include <string.h>

#include "../answer.h"
#include "../rdata.h"
#include "bind.h"

/* Made for programs that ask for the same name over and over: one call, no
 * table, and of the answer only the text that is wanted. */

enum { DATA_TEXT_MAX = 4 * MLXR_PACKET_MAX };

static char *put_byte(char *at, unsigned value) {
  if (value >= 100)
    *at++ = (char)('0' + value / 100);
  if (value >= 10)
    *at++ = (char)('0' + value / 10 % 10);
  *at++ = (char)('0' + value % 10);
  return at;
}

static void push_ipv4(lua_State *L, const uint8_t *rdata) {
  char text[16], *at = put_byte(text, rdata[0]);
  for (int i = 1; i < 4; i++) {
    *at++ = '.';
    at = put_byte(at, rdata[i]);
  }
  lua_pushlstring(L, text, (size_t)(at - text));
}

static void push_ipv6(lua_State *L, const uint8_t *rdata, bool *is_link_local) {
  mlxr_address_t address = {.family = 6};
  memcpy(address.bytes, rdata, sizeof address.bytes);
  *is_link_local = mlxr_address_is_link_local(&address);
  mlxr_bind_push_address(L, &address, false);
}

/* Names in the data may be compressed: this way goes through the reader. */
static int push_other(lua_State *L, const uint8_t *answer, size_t len,
                      uint16_t type) {
  uint8_t rdata[MLXR_PACKET_MAX];
  char text[DATA_TEXT_MAX];
  size_t rdata_len, text_len;
  mlxr_reader_t reader;
  mlxr_question_t question;
  mlxr_record_t record;
  int rc = mlxr_reader_init(&reader, answer, len);
  if (rc == 0)
    rc = mlxr_reader_question(&reader, &question);
  while (rc > 0 && (rc = mlxr_reader_record(&reader, &record)) > 0)
    if (record.section == MLXR_ANSWER &&
        (record.type == type || type == MLXR_TYPE_ANY))
      break;
  if (rc <= 0)
    return MLXR_EFORMAT;
  rc = mlxr_rdata_expand(answer, len, &record, rdata, sizeof rdata, &rdata_len);
  if (rc == 0)
    rc = mlxr_rdata_to_text(record.type, rdata, rdata_len, text, sizeof text,
                            &text_len);
  if (rc == 0)
    lua_pushlstring(L, text, text_len);
  return rc;
}

static int push_data(lua_State *L, const uint8_t *answer, size_t len,
                     uint16_t type, bool *is_link_local) {
  size_t at, rdata_len;
  *is_link_local = false;
  if (mlxr_answer_first(answer, len, &at, &rdata_len) <= 0) {
    lua_pushboolean(L, false);
    return 0;
  }
  if (type == MLXR_TYPE_A && rdata_len == 4)
    push_ipv4(L, answer + at);
  else if (type == MLXR_TYPE_AAAA && rdata_len == 16)
    push_ipv6(L, answer + at, is_link_local);
  else
    return push_other(L, answer, len, type);
  return 0;
}

int mlxr_bind_cache_peek(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint8_t name[MLXR_NAME_MAX], out[MLXR_PACKET_MAX];
  mlxr_cache_key_t key = {.name = name};
  mlxr_cache_hit_t hit;
  bool is_link_local;
  lua_Integer type = luaL_checkinteger(L, 3);
  luaL_argcheck(L, type >= 0 && type <= UINT16_MAX, 3, "expected a type");
  uint64_t now = mlxr_bind_now(L, 4);
  key.type = (uint16_t)type;
  if (mlxr_bind_name(L, 2, name, &key.name_len) != 0 ||
      mlxr_cache_get(cache, &key, false, now, out, sizeof out, &hit) != 1 ||
      push_data(L, out, hit.len, key.type, &is_link_local) != 0)
    return 0;
  lua_pushnumber(L, hit.ttl);
  lua_pushboolean(L, hit.is_due);
  lua_pushnumber(L, is_link_local ? hit.interface : 0);
  return 4;
}
