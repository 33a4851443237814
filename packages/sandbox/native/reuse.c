/*
 * Verdicts that Node said may be repeated, bounded. An entry is found by everything it was given for, byte for byte: path and
 * identity of each file, and for `exact` also argv, directory and the path asked for. There is no eviction policy to game:
 * a newer verdict takes the slot.
 */
#define _GNU_SOURCE
#include "supervise.h"
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, KEY_MAX = 8192 };

struct entry { uint64_t hash; uint8_t *key; size_t length; };
static struct entry slots[SLOTS];

struct key { uint8_t bytes[KEY_MAX]; size_t length; bool overflow; };

static void add(struct key *key, const void *bytes, size_t length) {
  if (length > KEY_MAX - key->length) {
    key->overflow = true;
    return;
  }
  memcpy(key->bytes + key->length, bytes, length);
  key->length += length;
}

static void make_key(struct key *key, const struct notice *notice, enum reuse reuse) {
  key->length = 0;
  key->overflow = false;
  uint8_t kind = (uint8_t)reuse;
  add(key, &kind, 1);
  for (size_t index = 0; index < notice->file_count; index++) {
    const struct exec_file *file = &notice->files[index];
    uint8_t file_kind = (uint8_t)file->kind;
    uint32_t mode = file->identity.mode;
    add(key, &file_kind, 1);
    add(key, &file->identity.device, 5 * sizeof(uint64_t));
    add(key, &mode, sizeof mode);
    add(key, file->path, strlen(file->path) + 1);
  }
  if (reuse == REUSE_PROGRAM) return;
  add(key, notice->asked, strlen(notice->asked) + 1);
  add(key, notice->cwd, strlen(notice->cwd) + 1);
  add(key, notice->files[0].argv.data, notice->files[0].argv.length);
}

static uint64_t hash_key(const struct key *key) { /* FNV-1a; a collision only costs a slot, as keys are compared whole */
  uint64_t hash = 14695981039346656037u;
  for (size_t index = 0; index < key->length; index++) hash = (hash ^ key->bytes[index]) * 1099511628211u;
  return hash;
}

static bool all_settled(const struct notice *notice) {
  for (size_t index = 0; index < notice->file_count; index++)
    if (!notice->files[index].vouched || !settled(&notice->files[index].identity, notice->received_ns)) return false;
  return true;
}

static bool known(const struct notice *notice, enum reuse reuse) {
  static struct key key;
  make_key(&key, notice, reuse);
  if (key.overflow) return false;
  uint64_t hash = hash_key(&key);
  const struct entry *entry = &slots[hash % SLOTS];
  return entry->key != NULL && entry->hash == hash && entry->length == key.length && memcmp(entry->key, key.bytes, key.length) == 0;
}

bool may_repeat(const struct notice *notice) { return known(notice, REUSE_PROGRAM) || known(notice, REUSE_EXACT); }

void remember_verdict(const struct notice *notice, enum reuse reuse) {
  static struct key key;
  if (reuse == REUSE_NEVER || !all_settled(notice)) return;
  make_key(&key, notice, reuse);
  if (key.overflow) return;
  uint8_t *copy = malloc(key.length);
  if (copy == NULL) return; /* asked again next time */
  memcpy(copy, key.bytes, key.length);
  uint64_t hash = hash_key(&key);
  struct entry *entry = &slots[hash % SLOTS];
  free(entry->key);
  *entry = (struct entry){ .hash = hash, .key = copy, .length = key.length };
}
