#include <string.h>
#include <strings.h>

#include "rdata_fields.h"

/* In the order of numbers. Letters are explained in rdata_fields.h. */
static const mlxr_type_row_t rows[] = {
    {1, true, "A", "A"},
    {2, false, "NS", "c"},
    {3, false, "MD", "c"},
    {4, false, "MF", "c"},
    {5, false, "CNAME", "c"},
    {6, false, "SOA", "cc4tttt"},
    {7, false, "MB", "c"},
    {8, false, "MG", "c"},
    {9, false, "MR", "c"},
    {10, false, "NULL", NULL},
    {11, true, "WKS", "AW"},
    {12, false, "PTR", "c"},
    {13, false, "HINFO", "ss"},
    {14, false, "MINFO", "cc"},
    {15, false, "MX", "2c"},
    {16, false, "TXT", "S"},
    {17, false, "RP", "mm"},
    {18, false, "AFSDB", "2m"},
    {19, false, "X25", "s"},
    {20, false, "ISDN", "so"},
    {21, false, "RT", "2m"},
    {22, true, "NSAP", "z"},
    {23, true, "NSAP-PTR", "n"},
    {24, false, "SIG", "qa1tTT2nb"},
    {25, false, "KEY", "21ab"},
    {26, true, "PX", "2mm"},
    {27, false, "GPOS", "fff"},
    {28, true, "AAAA", "6"},
    {29, false, "LOC", "l"},
    {30, false, "NXT", "nN"},
    {31, false, "EID", NULL},
    {32, false, "NIMLOC", NULL},
    {33, true, "SRV", "222m"},
    {34, false, "ATMA", NULL},
    {35, true, "NAPTR", "22sssn"},
    {36, true, "KX", "2m"},
    {37, false, "CERT", "k2ab"},
    {38, true, "A6", NULL},
    {39, false, "DNAME", "m"},
    {40, false, "SINK", NULL},
    {41, false, "OPT", NULL},
    {42, true, "APL", "y"},
    {43, false, "DS", "2a1h"},
    {44, false, "SSHFP", "11h"},
    {45, true, "IPSECKEY", "1gb"},
    {46, false, "RRSIG", "qa1tTT2nb"},
    {47, false, "NSEC", "mw"},
    {48, false, "DNSKEY", "21ab"},
    {49, true, "DHCID", "b"},
    {50, false, "NSEC3", "112HBw"},
    {51, false, "NSEC3PARAM", "112H"},
    {52, false, "TLSA", "111h"},
    {53, false, "SMIMEA", "111h"},
    {55, false, "HIP", "dv"},
    {56, false, "NINFO", "S"},
    {57, false, "RKEY", "21ab"},
    {58, false, "TALINK", "nn"},
    {59, false, "CDS", "2a1h"},
    {60, false, "CDNSKEY", "21ab"},
    {61, false, "OPENPGPKEY", "b"},
    {62, false, "CSYNC", "42w"},
    {63, false, "ZONEMD", "411h"},
    {64, true, "SVCB", "2nP"},
    {65, true, "HTTPS", "2nP"},
    {66, false, "DSYNC", "q12n"},
    {67, false, "HHIT", "b"},
    {68, false, "BRID", "b"},
    {99, false, "SPF", "S"},
    {100, false, "UINFO", NULL},
    {101, false, "UID", NULL},
    {102, false, "GID", NULL},
    {103, false, "UNSPEC", NULL},
    {104, false, "NID", "2i"},
    {105, false, "L32", "2A"},
    {106, false, "L64", "2i"},
    {107, false, "LP", "2n"},
    {108, false, "EUI48", "e"},
    {109, false, "EUI64", "E"},
    {128, false, "NXNAME", NULL},
    {249, false, "TKEY", NULL},
    {250, false, "TSIG", NULL},
    {251, false, "IXFR", NULL},
    {252, false, "AXFR", NULL},
    {253, false, "MAILB", NULL},
    {254, false, "MAILA", NULL},
    {255, false, "ANY", NULL},
    {256, false, "URI", "22u"},
    {257, false, "CAA", "1fu"},
    {258, false, "AVC", "S"},
    {259, false, "DOA", "441sb"},
    {260, false, "AMTRELAY", "1r"},
    {261, false, "RESINFO", "S"},
    {262, false, "WALLET", "S"},
    {263, false, "CLA", "S"},
    {264, false, "IPN", "8"},
    {32768, false, "TA", "2a1h"},
    {32769, false, "DLV", "2a1h"},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

const mlxr_type_row_t *mlxr_type_find(uint16_t type) {
  size_t low = 0, high = ROW_COUNT;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (rows[middle].type == type)
      return &rows[middle];
    if (rows[middle].type < type)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* ---- mnemonics of types and classes ---- */

typedef struct mnemonic {
  int number;
  const char *text;
} mnemonic_t;

static const mnemonic_t classes[] = {
    {1, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"}};

/* "TYPE" or "CLASS" and a number (RFC 3597 section 5). */
static const char *put_numbered(const char *prefix, unsigned number,
                                char scratch[16]) {
  char digits[5];
  size_t n = 0, at = strlen(prefix);
  do
    digits[n++] = (char)('0' + number % 10);
  while (number /= 10);
  memcpy(scratch, prefix, at);
  while (n > 0)
    scratch[at++] = digits[--n];
  scratch[at] = '\0';
  return scratch;
}

static int read_numbered(const char *prefix, const char *text, size_t len,
                         uint16_t *out) {
  size_t at = strlen(prefix);
  unsigned value = 0;
  if (len <= at || len > at + 5 || strncasecmp(text, prefix, at) != 0)
    return MLXR_ETEXT;
  for (; at < len; at++) {
    if (text[at] < '0' || text[at] > '9')
      return MLXR_ETEXT;
    value = value * 10 + (unsigned)(text[at] - '0');
  }
  *out = (uint16_t)value;
  return value <= UINT16_MAX ? 0 : MLXR_ETEXT;
}

static bool is_mnemonic(const char *mnemonic, const char *text, size_t len) {
  return strncasecmp(mnemonic, text, len) == 0 && strlen(mnemonic) == len;
}

const char *mlxr_type_to_text(uint16_t type, char scratch[16]) {
  const mlxr_type_row_t *row = mlxr_type_find(type);
  return row ? row->mnemonic : put_numbered("TYPE", type, scratch);
}

int mlxr_type_from_text(const char *text, size_t len, uint16_t *out) {
  if (is_mnemonic("*", text, len)) {
    *out = MLXR_TYPE_ANY;
    return 0;
  }
  for (size_t i = 0; i < ROW_COUNT; i++) {
    if (is_mnemonic(rows[i].mnemonic, text, len)) {
      *out = rows[i].type;
      return 0;
    }
  }
  return read_numbered("TYPE", text, len, out);
}

const char *mlxr_class_to_text(uint16_t class_, char scratch[16]) {
  for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
    if (classes[i].number == class_)
      return classes[i].text;
  return put_numbered("CLASS", class_, scratch);
}

int mlxr_class_from_text(const char *text, size_t len, uint16_t *out) {
  for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
    if (is_mnemonic(classes[i].text, text, len)) {
      *out = (uint16_t)classes[i].number;
      return 0;
    }
  }
  return read_numbered("CLASS", text, len, out);
}

/* ---- mnemonics inside rdata ---- */

static const mnemonic_t certificates[] = {
    {1, "PKIX"}, {2, "SPKI"},   {3, "PGP"},     {4, "IPKIX"}, {5, "ISPKI"},
    {6, "IPGP"}, {7, "ACPKIX"}, {8, "IACPKIX"}, {253, "URI"}, {254, "OID"}};

static const mnemonic_t algorithms[] = {{1, "RSAMD5"},
                                        {2, "DH"},
                                        {3, "DSA"},
                                        {5, "RSASHA1"},
                                        {6, "DSA-NSEC3-SHA1"},
                                        {7, "RSASHA1-NSEC3-SHA1"},
                                        {8, "RSASHA256"},
                                        {10, "RSASHA512"},
                                        {12, "ECC-GOST"},
                                        {13, "ECDSAP256SHA256"},
                                        {14, "ECDSAP384SHA384"},
                                        {15, "ED25519"},
                                        {16, "ED448"},
                                        {252, "INDIRECT"},
                                        {253, "PRIVATEDNS"},
                                        {254, "PRIVATEOID"}};

static int find_mnemonic(const mnemonic_t *list, size_t n,
                         const mlxr_word_t *word) {
  for (size_t i = 0; i < n; i++)
    if (mlxr_word_is(word, list[i].text))
      return list[i].number;
  return -1;
}

const char *mlxr_certificate_to_text(unsigned type) {
  for (size_t i = 0; i < sizeof certificates / sizeof certificates[0]; i++)
    if ((unsigned)certificates[i].number == type)
      return certificates[i].text;
  return NULL;
}

int mlxr_certificate_from_text(const mlxr_word_t *word) {
  return find_mnemonic(certificates,
                       sizeof certificates / sizeof certificates[0], word);
}

int mlxr_algorithm_from_text(const mlxr_word_t *word) {
  return find_mnemonic(algorithms, sizeof algorithms / sizeof algorithms[0],
                       word);
}
