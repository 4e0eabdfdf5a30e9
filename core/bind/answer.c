#include <string.h>

#include "../answer.h"
#include "../rdata.h"
#include "bind.h"

enum { TTL_MAX = INT32_MAX, DATA_TEXT_MAX = 4 * MLXR_PACKET_MAX };

static const char *const status_names[] = {"answer", "nodata", "nxdomain",
                                           "failure", NULL};

typedef struct bytes {
  const uint8_t *at;
  size_t len;
} bytes_t;

static bytes_t check_bytes(lua_State *L, int arg) {
  bytes_t bytes;
  bytes.at = (const uint8_t *)luaL_checklstring(L, arg, &bytes.len);
  return bytes;
}

static uint32_t check_ttl(lua_State *L, int arg) {
  lua_Number ttl = luaL_checknumber(L, arg);
  luaL_argcheck(L, ttl >= 0 && ttl <= TTL_MAX, arg, "expected seconds");
  return (uint32_t)ttl;
}

static int push_packet(lua_State *L, int rc, const uint8_t *packet, size_t len,
                       const char *what) {
  if (rc != 0)
    return mlxr_bind_fail(L, rc, what);
  lua_pushlstring(L, (const char *)packet, len);
  return 1;
}

static int check_name(lua_State *L, int arg, uint8_t wire[MLXR_NAME_MAX]) {
  size_t len;
  return mlxr_bind_name(L, arg, wire, &len);
}

static int check_type(lua_State *L, int arg, uint16_t *out) {
  size_t len;
  const char *text = luaL_checklstring(L, arg, &len);
  return mlxr_type_from_text(text, len, out);
}

static int answer_scrub(lua_State *L) {
  bytes_t packet = check_bytes(L, 1);
  uint8_t out[MLXR_PACKET_MAX];
  mlxr_answer_info_t info;
  int rc = mlxr_answer_scrub(packet.at, packet.len, out, sizeof out, &info);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_pushlstring(L, (const char *)out, info.len);
  lua_pushstring(L, status_names[info.status]);
  lua_pushnumber(L, info.ttl);
  lua_pushinteger(L, info.rcode);
  return 4;
}

static int put_text(mlxr_writer_t *writer, const uint8_t *name, uint16_t type,
                    uint32_t ttl, const char *text, size_t len) {
  uint8_t rdata[MLXR_PACKET_MAX];
  size_t rdata_len;
  int rc =
      mlxr_rdata_from_text(type, text, len, rdata, sizeof rdata, &rdata_len);
  return rc != 0 ? rc
                 : mlxr_writer_record(writer, MLXR_ANSWER, name, type, 1, false,
                                      ttl, rdata, rdata_len);
}

static int put_texts(lua_State *L, mlxr_writer_t *writer, const uint8_t *name,
                     uint16_t type, uint32_t ttl) {
  int count = (int)lua_objlen(L, 3);
  for (int i = 1; i <= count; i++) {
    size_t len;
    lua_rawgeti(L, 3, i);
    if (lua_type(L, -1) != LUA_TSTRING)
      return luaL_error(L, "records[%d]: expected a string, got %s", i,
                        luaL_typename(L, -1));
    const char *text = lua_tolstring(L, -1, &len);
    int rc = put_text(writer, name, type, ttl, text, len);
    if (rc != 0)
      return mlxr_bind_fail(L, rc, text);
    lua_pop(L, 1);
  }
  return 0;
}

static int answer_build(lua_State *L) {
  uint8_t name[MLXR_NAME_MAX], out[MLXR_PACKET_MAX];
  uint16_t type = 0;
  size_t len = 0;
  mlxr_writer_t writer;
  if (check_name(L, 1, name) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 1));
  if (check_type(L, 2, &type) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 2));
  uint32_t ttl = check_ttl(L, 4);
  if (!lua_isnil(L, 3))
    luaL_checktype(L, 3, LUA_TTABLE);
  if (lua_isnil(L, 3) || lua_objlen(L, 3) == 0) {
    int rc =
        mlxr_answer_deny(name, type, MLXR_NOERROR, ttl, out, sizeof out, &len);
    return push_packet(L, rc, out, len, NULL);
  }
  mlxr_writer_init(&writer, out, sizeof out, 0, MLXR_QR | MLXR_RA);
  mlxr_writer_question(&writer, name, type, 1, false);
  int failed = put_texts(L, &writer, name, type, ttl);
  return failed ? failed
                : push_packet(L, 0, out, mlxr_writer_finish(&writer), NULL);
}

static int answer_deny(lua_State *L) {
  static const char *const names[] = {"nodata", "nxdomain", NULL};
  static const uint8_t rcodes[] = {MLXR_NOERROR, MLXR_NXDOMAIN};
  uint8_t name[MLXR_NAME_MAX], out[1024];
  uint16_t type = 0;
  size_t len = 0;
  uint8_t rcode = rcodes[luaL_checkoption(L, 3, NULL, names)];
  if (check_name(L, 1, name) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 1));
  if (check_type(L, 2, &type) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 2));
  int rc = mlxr_answer_deny(name, type, rcode, check_ttl(L, 4), out, sizeof out,
                            &len);
  return push_packet(L, rc, out, len, NULL);
}

static int read_question(const bytes_t *packet, mlxr_reader_t *reader,
                         mlxr_question_t *out) {
  int rc = mlxr_reader_init(reader, packet->at, packet->len);
  if (rc == 0)
    rc = mlxr_reader_question(reader, out);
  return rc == 1 ? 0 : rc < 0 ? rc : MLXR_EFORMAT;
}

static int answer_read(lua_State *L) {
  bytes_t answer = check_bytes(L, 1);
  mlxr_answer_info_t info;
  mlxr_reader_t reader;
  mlxr_question_t question;
  char scratch[16];
  int rc = mlxr_answer_read(answer.at, answer.len, &info);
  if (rc == 0)
    rc = read_question(&answer, &reader, &question);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_pushstring(L, status_names[info.status]);
  lua_pushnumber(L, info.ttl);
  mlxr_bind_push_name(L, question.name);
  lua_pushstring(L, mlxr_type_to_text(question.type, scratch));
  lua_pushinteger(L, info.rcode);
  return 5;
}

static int push_text(lua_State *L, const bytes_t *packet,
                     const mlxr_record_t *record) {
  uint8_t rdata[MLXR_PACKET_MAX];
  char text[DATA_TEXT_MAX];
  size_t rdata_len, len;
  int rc = mlxr_rdata_expand(packet->at, packet->len, record, rdata,
                             sizeof rdata, &rdata_len);
  if (rc == 0)
    rc = mlxr_rdata_to_text(record->type, rdata, rdata_len, text, sizeof text,
                            &len);
  if (rc == 0)
    lua_pushlstring(L, text, len);
  return rc;
}

static int answer_data(lua_State *L) {
  bytes_t answer = check_bytes(L, 1);
  mlxr_reader_t reader;
  mlxr_question_t question;
  mlxr_record_t record;
  lua_Number ttl = 0;
  int rc = read_question(&answer, &reader, &question), count = 0;
  if (rc != 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_newtable(L);
  while ((rc = mlxr_reader_record(&reader, &record)) > 0) {
    if (record.section != MLXR_ANSWER ||
        (record.type != question.type && question.type != MLXR_TYPE_ANY))
      continue;
    rc = push_text(L, &answer, &record);
    if (rc != 0)
      break;
    lua_rawseti(L, -2, ++count);
    ttl = record.ttl;
  }
  if (rc != 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_pushnumber(L, ttl);
  return 2;
}

static int answer_alias(lua_State *L) {
  bytes_t answer = check_bytes(L, 1);
  uint8_t owner[MLXR_NAME_MAX], out[MLXR_PACKET_MAX];
  size_t len = 0;
  uint32_t ttl = check_ttl(L, 3);
  if (check_name(L, 2, owner) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 2));
  int rc = mlxr_answer_alias(answer.at, answer.len, owner, ttl, out, sizeof out,
                             &len);
  return push_packet(L, rc, out, len, NULL);
}

static int answer_reorder(lua_State *L) {
  enum { ORDER_MAX = MLXR_PACKET_MAX / 12 };
  bytes_t answer = check_bytes(L, 1);
  uint8_t out[MLXR_PACKET_MAX];
  uint16_t order[ORDER_MAX];
  size_t len = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t count = lua_objlen(L, 2);
  luaL_argcheck(L, count <= ORDER_MAX, 2, "more positions than records");
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    lua_Integer position = lua_tointeger(L, -1);
    luaL_argcheck(L, position >= 1 && position <= ORDER_MAX, 2,
                  "expected positions from 1 on");
    order[i] = (uint16_t)(position - 1);
    lua_pop(L, 1);
  }
  int rc = mlxr_answer_reorder(answer.at, answer.len, order, count, out,
                               sizeof out, &len);
  return push_packet(L, rc, out, len, NULL);
}

/* The text stays on the stack of Lua as long as the options are used. */
static mlxr_reply_options_t check_reply_options(lua_State *L, int arg) {
  mlxr_reply_options_t options = {0};
  options.max_len =
      (size_t)mlxr_bind_field(L, arg, "max", MLXR_PACKET_MAX, MLXR_PACKET_MAX);
  options.ede_code =
      (uint16_t)mlxr_bind_field(L, arg, "ede_code", 0, UINT16_MAX);
  options.rotation =
      (uint32_t)mlxr_bind_field(L, arg, "rotation", 0, UINT32_MAX);
  if (lua_isnoneornil(L, arg))
    return options;
  lua_getfield(L, arg, "rotation");
  options.rotate = !lua_isnil(L, -1);
  lua_pop(L, 1);
  lua_getfield(L, arg, "ede_text");
  options.ede_text = lua_tostring(L, -1);
  return options;
}

static int push_reply(lua_State *L, int rc, const uint8_t *packet) {
  return push_packet(L, rc < 0 ? rc : 0, packet, rc < 0 ? 0 : (size_t)rc, NULL);
}

static int answer_reply(lua_State *L) {
  bytes_t answer = check_bytes(L, 1), packet = check_bytes(L, 2);
  mlxr_reply_options_t options = check_reply_options(L, 3);
  mlxr_request_t request;
  uint8_t out[MLXR_PACKET_MAX];
  int rc = mlxr_request_parse(packet.at, packet.len, &request);
  if (rc == 0 && answer.len > sizeof out)
    rc = MLXR_ENOSPACE;
  if (rc != 0)
    return mlxr_bind_fail(L, rc < 0 ? rc : MLXR_EFORMAT, "request");
  memcpy(out, answer.at, answer.len);
  rc = mlxr_answer_reply(out, answer.len, sizeof out, &request, &options);
  return push_reply(L, rc, out);
}

static int answer_refuse(lua_State *L) {
  bytes_t packet = check_bytes(L, 1);
  lua_Integer rcode = luaL_checkinteger(L, 2);
  luaL_argcheck(L, rcode >= 0 && rcode <= UINT8_MAX, 2, "expected an rcode");
  mlxr_reply_options_t options = check_reply_options(L, 3);
  mlxr_request_t request;
  uint8_t out[MLXR_PACKET_MAX];
  int rc = mlxr_request_parse(packet.at, packet.len, &request);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "request");
  rc = mlxr_answer_refuse(&request, (uint8_t)rcode, &options, out, sizeof out);
  return push_reply(L, rc, out);
}

static int answer_request(lua_State *L) {
  bytes_t packet = check_bytes(L, 1);
  mlxr_request_t request;
  char scratch[16];
  int rc = mlxr_request_parse(packet.at, packet.len, &request);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_pushinteger(L, rc);
  if (!request.has_question)
    return 1;
  mlxr_bind_push_name(L, request.lower);
  lua_pushstring(L, mlxr_type_to_text(request.type, scratch));
  lua_pushinteger(L, request.udp_size);
  return 4;
}

static const luaL_Reg functions[] = {{"scrub", answer_scrub},
                                     {"build", answer_build},
                                     {"deny", answer_deny},
                                     {"read", answer_read},
                                     {"data", answer_data},
                                     {"alias", answer_alias},
                                     {"reorder", answer_reorder},
                                     {"reply", answer_reply},
                                     {"refuse", answer_refuse},
                                     {"request", answer_request},
                                     {NULL, NULL}};

int mlxr_bind_open_answer(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
