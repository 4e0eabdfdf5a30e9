/* replay.c - runs a fuzz target over files and folders, once each, so that
 * every build can check the inputs that were found before.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20, PATH_LEN = 4096 };

static unsigned count;

static int replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(INPUT_MAX);
  if (!file || !data) {
    perror(path);
    free(data);
    if (file)
      fclose(file);
    return 1;
  }
  size_t size = fread(data, 1, INPUT_MAX, file);
  fclose(file);
  /* An allocation of the very size lets sanitizers see reads beyond it. */
  uint8_t *exact = realloc(data, size > 0 ? size : 1);
  LLVMFuzzerTestOneInput(exact ? exact : data, size);
  free(exact ? exact : data);
  count++;
  return 0;
}

static int replay_folder(const char *path) {
  DIR *folder = opendir(path);
  struct dirent *entry;
  int rc = 0;
  if (!folder) {
    perror(path);
    return 1;
  }
  while ((entry = readdir(folder))) {
    char child[PATH_LEN];
    int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    if (entry->d_name[0] == '.')
      continue;
    rc |= len < PATH_LEN ? replay_file(child) : 1;
  }
  closedir(folder);
  return rc;
}

int main(int argc, char **argv) {
  int rc = argc > 1 ? 0 : 1;
  for (int i = 1; i < argc; i++) {
    struct stat what;
    if (stat(argv[i], &what) == 0 && S_ISDIR(what.st_mode))
      rc |= replay_folder(argv[i]);
    else
      rc |= replay_file(argv[i]);
  }
  printf("%u inputs\n", count);
  return rc;
}
