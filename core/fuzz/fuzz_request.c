/* Any message of a client: it is dropped, refused or answered with something
 * well-formed that repeats its question.
 */
#include <string.h>

#include "../answer_walk.h"
#include "fuzz.h"

static uint8_t out[MLXR_PACKET_MAX];

static void check_message(const mlxr_request_t *request, int len) {
  mlxr_reader_t reader;
  mlxr_question_t question;
  mlxr_record_t record;
  int rc;
  MLXR_PROMISE(len >= MLXR_HEADER_LEN);
  MLXR_PROMISE(mlxr_reader_init(&reader, out, (size_t)len) == 0);
  MLXR_PROMISE(reader.header.id == request->id);
  MLXR_PROMISE(reader.header.flags & MLXR_QR);
  MLXR_PROMISE(!(reader.header.flags & (MLXR_AA | MLXR_AD)));
  if (request->has_question) {
    MLXR_PROMISE(mlxr_reader_question(&reader, &question) == 1);
    MLXR_PROMISE(question.type == request->type);
    MLXR_PROMISE(question.name_len == request->name_len);
    MLXR_PROMISE(memcmp(question.name, request->name, request->name_len) == 0);
  }
  while ((rc = mlxr_reader_record(&reader, &record)) > 0)
    ;
  MLXR_PROMISE(rc == 0 && reader.at == (size_t)len);
}

static void check_question(const uint8_t *data, size_t size,
                           const mlxr_request_t *request) {
  mlxr_reader_t reader;
  mlxr_question_t question;
  MLXR_PROMISE(mlxr_reader_init(&reader, data, size) == 0);
  MLXR_PROMISE(mlxr_reader_question(&reader, &question) == 1);
  MLXR_PROMISE(mlxr_name_is_equal(question.name, request->lower));
  MLXR_PROMISE(question.type == request->type && question.class_ == 1);
  MLXR_PROMISE(request->udp_size >= 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlxr_request_t request;
  mlxr_reply_options_t options = {.max_len = 512, .ede_code = 0};
  int rcode = mlxr_request_parse(data, size, &request);
  if (rcode < 0)
    return 0;
  MLXR_PROMISE(rcode <= MLXR_BADVERS);
  for (int i = 0; i < 2; i++) {
    options.ede_text = i ? "why" : NULL;
    check_message(&request, mlxr_answer_refuse(&request, (uint8_t)rcode,
                                               &options, out, sizeof out));
  }
  if (rcode != 0)
    return 0;
  check_question(data, size, &request);
  size_t len;
  MLXR_PROMISE(mlxr_answer_deny(request.name, request.type, MLXR_NXDOMAIN, 5,
                                out, sizeof out, &len) == 0);
  options.max_len = request.udp_size;
  check_message(&request,
                mlxr_answer_reply(out, len, sizeof out, &request, &options));
  return 0;
}
