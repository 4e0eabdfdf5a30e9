#include "message.h"

enum { EDE = 15, TEXT_USUAL = 4096, TEXT_MAX = 1 << 23 };

const char *const mlxr_message_sections[4] = {"questions", "answers",
                                              "authorities", "additionals"};

const mlxr_message_flag_t mlxr_message_flags[] = {
    {"response", 0x8000},
    {"authoritative", 0x0400},
    {"truncated", MLXR_MESSAGE_TC},
    {"recursion_desired", 0x0100},
    {"recursion_available", 0x0080},
    {"authentic", 0x0020},
    {"checking_disabled", 0x0010},
    {NULL, 0}};

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void set_name(lua_State *L, const uint8_t *wire, size_t len) {
  uint8_t lower[MLXR_NAME_MAX];
  mlxr_name_put_lower(wire, len, lower);
  mlxr_bind_push_name(L, lower);
  lua_setfield(L, -2, "name");
}

static void set_kind(lua_State *L, uint16_t type, uint16_t class_) {
  char scratch[16];
  lua_pushstring(L, mlxr_type_to_text(type, scratch));
  lua_setfield(L, -2, "type");
  lua_pushstring(L, mlxr_class_to_text(class_, scratch));
  lua_setfield(L, -2, "class");
}

static void push_header(lua_State *L, const mlxr_header_t *header) {
  unsigned flags = header->flags;
  lua_createtable(L, 0, 16);
  set_integer(L, "id", header->id);
  set_integer(L, "opcode", (lua_Integer)mlxr_opcode_of(flags));
  set_integer(L, "rcode", (lua_Integer)mlxr_rcode_of(flags));
  for (const mlxr_message_flag_t *flag = mlxr_message_flags; flag->name; flag++)
    set_flag(L, flag->name, flags & flag->bit);
  for (int i = 0; i < 4; i++) {
    lua_newtable(L);
    lua_setfield(L, -2, mlxr_message_sections[i]);
  }
}

/* ---- records ---- */

typedef int (*to_text_fn)(uint16_t type, const uint8_t *rdata, size_t len,
                          char *text, size_t cap, size_t *out_len);

static int to_generic(uint16_t type, const uint8_t *rdata, size_t len,
                      char *text, size_t cap, size_t *out_len) {
  (void)type;
  return mlxr_rdata_to_generic(rdata, len, text, cap, out_len);
}

/* Nearly all texts are short; long ones get a buffer of Lua's. */
static int push_text(lua_State *L, to_text_fn to_text, uint16_t type,
                     const uint8_t *rdata, size_t len) {
  char usual[TEXT_USUAL];
  size_t text_len;
  int rc = to_text(type, rdata, len, usual, sizeof usual, &text_len);
  if (rc == 0)
    lua_pushlstring(L, usual, text_len);
  for (size_t cap = 16 * TEXT_USUAL; rc == MLXR_ENOSPACE && cap <= TEXT_MAX;
       cap *= 4) {
    char *text = lua_newuserdata(L, cap);
    rc = to_text(type, rdata, len, text, cap, &text_len);
    if (rc == 0)
      lua_pushlstring(L, text, text_len);
    lua_remove(L, rc == 0 ? -2 : -1);
  }
  return rc;
}

/* An NSEC that cannot be read must not cost the message (RFC 6762 6.1), so it
   is shown as it came. */
static int push_data(lua_State *L, const mlxr_reader_t *reader,
                     const mlxr_record_t *record) {
  uint8_t rdata[MLXR_PACKET_MAX];
  size_t len;
  int rc = mlxr_rdata_expand(reader->packet, reader->len, record, rdata,
                             sizeof rdata, &len);
  if (rc == MLXR_EFORMAT && record->type == MLXR_TYPE_NSEC)
    return push_text(L, to_generic, record->type,
                     reader->packet + record->rdata_at, record->rdata_len);
  if (rc != 0)
    return rc;
  bool is_opaque = mlxr_type_is_opaque(record->type, record->class_);
  return push_text(L, is_opaque ? to_generic : mlxr_rdata_to_text, record->type,
                   rdata, len);
}

static int push_record(lua_State *L, const mlxr_reader_t *reader,
                       const mlxr_record_t *record) {
  lua_createtable(L, 0, 6);
  int rc = push_data(L, reader, record);
  if (rc != 0)
    return rc;
  lua_setfield(L, -2, "data");
  set_name(L, record->name, record->name_len);
  set_kind(L, record->type, record->class_);
  set_integer(L, "ttl", (lua_Integer)record->ttl);
  set_flag(L, "cache_flush", record->is_cache_flush);
  return 0;
}

/* ---- EDNS ---- */

/* Some servers end the text with a NUL (RFC 8914 section 2). */
static void push_ede(lua_State *L, const uint8_t *data, size_t len) {
  const char *text = (const char *)data + 2;
  size_t text_len = len - 2;
  if (text_len > 0 && text[text_len - 1] == '\0')
    text_len--;
  lua_createtable(L, 0, 2);
  set_integer(L, "code", (lua_Integer)data[0] << 8 | data[1]);
  lua_pushlstring(L, text, text_len);
  lua_setfield(L, -2, "text");
}

static void push_option(lua_State *L, uint16_t code, const uint8_t *data,
                        size_t len) {
  lua_createtable(L, 0, 2);
  set_integer(L, "code", code);
  lua_pushlstring(L, (const char *)data, len);
  lua_setfield(L, -2, "data");
}

/* Puts the options and EDEs into lists that lie on the stack in that order. */
static void fill_options(lua_State *L, const uint8_t *packet,
                         const mlxr_edns_t *edns) {
  size_t at = edns->options_at, data_at;
  uint16_t code, len;
  int options = 0, edes = 0;
  while (mlxr_wire_read_option(packet, edns, &at, &code, &data_at, &len) == 1) {
    push_option(L, code, packet + data_at, len);
    lua_rawseti(L, -3, ++options);
    if (code != EDE || len < 2)
      continue;
    push_ede(L, packet + data_at, len);
    lua_rawseti(L, -2, ++edes);
  }
}

/* Sets `edns`, and the whole rcode, in the message on top of the stack. */
static int set_edns(lua_State *L, const mlxr_reader_t *reader,
                    const mlxr_record_t *record) {
  mlxr_edns_t edns;
  int rc = mlxr_wire_read_edns(reader->packet, record, &edns);
  if (rc != 0)
    return rc;
  lua_createtable(L, 0, 5);
  set_integer(L, "udp_size", edns.udp_size);
  set_integer(L, "version", edns.version);
  set_flag(L, "dnssec_ok", edns.is_do);
  lua_newtable(L);
  lua_newtable(L);
  fill_options(L, reader->packet, &edns);
  lua_setfield(L, -3, "ede");
  lua_setfield(L, -2, "options");
  lua_setfield(L, -2, "edns");
  set_integer(L, "rcode",
              (lua_Integer)edns.extended_rcode << 4 |
                  mlxr_rcode_of(reader->header.flags));
  return 0;
}

/* ---- the whole message, on top of the stack ---- */

/* Takes the entry on top of the stack into the section's list. */
static void append(lua_State *L, enum mlxr_section section) {
  lua_getfield(L, -2, mlxr_message_sections[section]);
  lua_insert(L, -2);
  lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
  lua_pop(L, 1);
}

static int fill_questions(lua_State *L, mlxr_reader_t *reader) {
  mlxr_question_t question;
  int rc;
  while ((rc = mlxr_reader_question(reader, &question)) == 1) {
    lua_createtable(L, 0, 4);
    set_name(L, question.name, question.name_len);
    set_kind(L, question.type, question.class_);
    set_flag(L, "unicast", question.is_unicast);
    append(L, MLXR_QUESTION);
  }
  return rc;
}

static int fill_records(lua_State *L, mlxr_reader_t *reader) {
  mlxr_record_t record;
  bool has_edns = false;
  int rc;
  while ((rc = mlxr_reader_record(reader, &record)) == 1) {
    if (record.type == MLXR_TYPE_OPT) {
      rc = has_edns ? MLXR_EFORMAT : set_edns(L, reader, &record);
      has_edns = true;
    } else {
      rc = push_record(L, reader, &record);
      if (rc == 0)
        append(L, record.section);
    }
    if (rc != 0) {
      reader->left++; /* the entry counts as not read */
      return rc;
    }
  }
  return rc;
}

static int wire_decode(lua_State *L) {
  size_t len;
  const uint8_t *packet = (const uint8_t *)luaL_checklstring(L, 1, &len);
  mlxr_reader_t reader;
  int rc = mlxr_reader_init(&reader, packet, len);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "header");
  push_header(L, &reader.header);
  rc = fill_questions(L, &reader);
  if (rc == 0)
    rc = fill_records(L, &reader);
  if (rc == 0 && reader.at == reader.len)
    return 1;
  if (rc == 0)
    return mlxr_bind_fail(L, MLXR_EFORMAT, "trailing bytes");
  lua_pushfstring(L, "%s[%d]", mlxr_message_sections[reader.section],
                  (int)(reader.header.count[reader.section] - reader.left) + 1);
  return mlxr_bind_fail(L, rc, lua_tostring(L, -1));
}

static int wire_type_number(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  uint16_t type;
  int rc = mlxr_type_from_text(text, len, &type);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, text);
  lua_pushinteger(L, type);
  return 1;
}

static int wire_type_name(lua_State *L) {
  lua_Integer type = luaL_checkinteger(L, 1);
  char scratch[16];
  luaL_argcheck(L, type >= 0 && type <= UINT16_MAX, 1,
                "expected a number from 0 to 65535");
  lua_pushstring(L, mlxr_type_to_text((uint16_t)type, scratch));
  return 1;
}

static const luaL_Reg functions[] = {{"decode", wire_decode},
                                     {"encode", mlxr_bind_wire_encode},
                                     {"type_number", wire_type_number},
                                     {"type_name", wire_type_name},
                                     {NULL, NULL}};

int mlxr_bind_open_wire(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
