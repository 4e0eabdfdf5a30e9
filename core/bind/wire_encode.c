#include "message.h"

#include <string.h>

/* On the C stack while a message is written. */
typedef struct encoder {
  lua_State *L;
  mlxr_writer_t writer;
  bool may_truncate;
  bool is_truncated;
  uint8_t packet[MLXR_PACKET_MAX];
  uint8_t rdata[MLXR_PACKET_MAX];
} encoder_t;

/* ---- fields of the table on top of the stack ---- */

static bool get_flag(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static unsigned get_number(lua_State *L, const char *name, unsigned fallback,
                           unsigned max) {
  return (unsigned)mlxr_bind_field(L, lua_gettop(L), name, fallback, max);
}

/* The text stays on the stack. `fallback` NULL: the field must be there. */
static const char *push_string(lua_State *L, const char *name,
                               const char *fallback, size_t *len) {
  lua_getfield(L, -1, name);
  if (lua_isnil(L, -1) && fallback) {
    lua_pop(L, 1);
    lua_pushstring(L, fallback);
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "%s: expected a string, got %s", name, luaL_typename(L, -1));
  return lua_tolstring(L, -1, len);
}

/* Pushes the list, or nothing when it is absent; returns its length. */
static int push_list(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  if (!lua_istable(L, -1))
    luaL_error(L, "%s: expected a list, got %s", name, luaL_typename(L, -1));
  int len = (int)lua_objlen(L, -1);
  if (len == 0)
    lua_pop(L, 1);
  return len;
}

static void push_entry(lua_State *L, const char *list, int i) {
  lua_rawgeti(L, -1, i);
  if (!lua_istable(L, -1))
    luaL_error(L, "%s[%d]: expected a table, got %s", list, i,
               luaL_typename(L, -1));
}

/* ---- entries; the entry's table is on top of the stack ---- */

typedef struct kind {
  uint8_t name[MLXR_NAME_MAX];
  uint16_t type;
  uint16_t class_;
} kind_t;

static int fail(lua_State *L, int rc, const char *field, const char *text,
                const char **what) {
  *what = lua_pushfstring(L, "%s \"%s\"", field, text);
  return rc;
}

/* On failure `*what` names the field and its text, on the stack. */
static int read_kind(lua_State *L, kind_t *out, const char **what) {
  size_t len;
  const char *text = push_string(L, "name", NULL, &len);
  size_t name_len;
  int rc = mlxr_name_from_text(text, len, out->name, &name_len);
  if (rc != 0)
    return fail(L, rc, "name", text, what);
  lua_pop(L, 1);
  text = push_string(L, "type", NULL, &len);
  rc = mlxr_type_from_text(text, len, &out->type);
  if (rc != 0)
    return fail(L, rc, "type", text, what);
  lua_pop(L, 1);
  text = push_string(L, "class", "IN", &len);
  rc = mlxr_class_from_text(text, len, &out->class_);
  if (rc != 0)
    return fail(L, rc, "class", text, what);
  lua_pop(L, 1);
  return 0;
}

static int put_question(encoder_t *encoder, const char **what) {
  lua_State *L = encoder->L;
  kind_t kind;
  int rc = read_kind(L, &kind, what);
  if (rc != 0)
    return rc;
  *what = "message";
  return mlxr_writer_question(&encoder->writer, kind.name, kind.type,
                              kind.class_, get_flag(L, "unicast"));
}

static int put_record(encoder_t *encoder, enum mlxr_section section,
                      const char **what) {
  lua_State *L = encoder->L;
  kind_t kind;
  size_t text_len, len;
  int rc = read_kind(L, &kind, what);
  if (rc != 0)
    return rc;
  unsigned ttl = get_number(L, "ttl", 0, INT32_MAX);
  bool is_cache_flush = get_flag(L, "cache_flush");
  const char *text = push_string(L, "data", NULL, &text_len);
  /* NULL has no text form but the generic one. */
  bool is_opaque = mlxr_type_is_opaque(kind.type, kind.class_);
  rc = mlxr_rdata_from_text(is_opaque ? MLXR_TYPE_NULL : kind.type, text,
                            text_len, encoder->rdata, sizeof encoder->rdata,
                            &len);
  if (rc != 0)
    return fail(L, rc, "data", text, what);
  *what = "message";
  rc =
      mlxr_writer_record(&encoder->writer, section, kind.name, kind.type,
                         kind.class_, is_cache_flush, ttl, encoder->rdata, len);
  lua_pop(L, 1);
  return rc;
}

/* ---- the message; its table is on top of the stack ---- */

/* What did not fit is left out; that is told, but for additional records
   (RFC 2181 section 9). */
static void truncate_message(encoder_t *encoder, unsigned section) {
  encoder->is_truncated = true;
  if (section != MLXR_ADDITIONAL)
    mlxr_wire_set_flags(encoder->packet, MLXR_MESSAGE_TC, 0);
}

static int put_section(encoder_t *encoder, unsigned section,
                       const char **what) {
  lua_State *L = encoder->L;
  const char *list = mlxr_message_sections[section];
  int count = push_list(L, list);
  for (int i = 1; i <= count; i++) {
    push_entry(L, list, i);
    int rc = section == MLXR_QUESTION
                 ? put_question(encoder, what)
                 : put_record(encoder, (enum mlxr_section)section, what);
    if (rc == MLXR_ENOSPACE && encoder->may_truncate &&
        section != MLXR_QUESTION) {
      truncate_message(encoder, section);
      lua_pop(L, 2);
      return rc;
    }
    if (rc != 0) {
      *what = lua_pushfstring(L, "%s[%d]: %s", list, i, *what);
      return rc;
    }
    lua_pop(L, 1);
  }
  if (count > 0)
    lua_pop(L, 1);
  return 0;
}

static size_t read_options(encoder_t *encoder) {
  lua_State *L = encoder->L;
  size_t n = 0;
  int count = push_list(L, "options");
  for (int i = 1; i <= count; i++) {
    size_t len;
    push_entry(L, "options", i);
    unsigned code = get_number(L, "code", 0, UINT16_MAX);
    const char *data = push_string(L, "data", "", &len);
    if (sizeof encoder->rdata - n < len + 4)
      luaL_error(L, "options[%d]: too long", i);
    uint8_t *to = encoder->rdata + n;
    to[0] = (uint8_t)(code >> 8);
    to[1] = (uint8_t)code;
    to[2] = (uint8_t)(len >> 8);
    to[3] = (uint8_t)len;
    memcpy(to + 4, data, len);
    n += len + 4;
    lua_pop(L, 2);
  }
  if (count > 0)
    lua_pop(L, 1);
  return n;
}

/* The OPT record is put last, but its room is kept from the beginning. */
static int put_sections(encoder_t *encoder, size_t reserved,
                        const char **what) {
  mlxr_writer_t *writer = &encoder->writer;
  int rc = 0;
  *what = "message";
  if (writer->cap - writer->len < reserved)
    return MLXR_ENOSPACE;
  writer->cap -= reserved;
  for (unsigned section = 0; rc == 0 && section < 4; section++)
    rc = put_section(encoder, section, what);
  writer->cap += reserved;
  return encoder->is_truncated ? 0 : rc;
}

static int put_message(encoder_t *encoder, unsigned rcode, const char **what) {
  lua_State *L = encoder->L;
  lua_getfield(L, -1, "edns");
  bool has_edns = lua_istable(L, -1);
  size_t reserved = has_edns ? 11 + read_options(encoder) : 0;
  lua_pop(L, 1);
  int rc = put_sections(encoder, reserved, what);
  if (rc != 0 || !has_edns)
    return rc;
  lua_getfield(L, -1, "edns");
  uint32_t ttl = rcode >> 4 << 24;
  ttl |= get_number(L, "version", 0, 255) << 16;
  ttl |= get_flag(L, "dnssec_ok") ? 0x8000u : 0;
  uint16_t size = (uint16_t)get_number(L, "udp_size", MLXR_EDNS_SIZE, 65535);
  size_t len = read_options(encoder);
  lua_pop(L, 1);
  return mlxr_writer_record(&encoder->writer, MLXR_ADDITIONAL,
                            (const uint8_t *)"", MLXR_TYPE_OPT, size, false,
                            ttl, encoder->rdata, len);
}

static uint16_t read_flags(lua_State *L, unsigned rcode) {
  unsigned flags = get_number(L, "opcode", 0, 15) << MLXR_MESSAGE_OPCODE_SHIFT;
  for (const mlxr_message_flag_t *flag = mlxr_message_flags; flag->name; flag++)
    if (get_flag(L, flag->name))
      flags |= flag->bit;
  return (uint16_t)(flags | (rcode & 15));
}

int mlxr_bind_wire_encode(lua_State *L) {
  encoder_t encoder;
  const char *what;
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t max = (size_t)mlxr_bind_field(L, 2, "max", 0, MLXR_PACKET_MAX);
  bool is_mdns = false;
  if (lua_istable(L, 2)) {
    lua_settop(L, 2);
    is_mdns = get_flag(L, "mdns");
  }
  lua_settop(L, 1);
  encoder.L = L;
  encoder.may_truncate = max != 0;
  encoder.is_truncated = false;
  unsigned rcode = get_number(L, "rcode", 0, 4095);
  uint16_t id = (uint16_t)get_number(L, "id", 0, UINT16_MAX);
  int rc = mlxr_writer_init(&encoder.writer, encoder.packet,
                            max != 0 ? max : sizeof encoder.packet, id,
                            read_flags(L, rcode));
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "message");
  encoder.writer.is_mdns = is_mdns;
  rc = put_message(&encoder, rcode, &what);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, what);
  size_t len = mlxr_writer_finish(&encoder.writer);
  lua_pushlstring(L, (const char *)encoder.packet, len);
  return 1;
}
