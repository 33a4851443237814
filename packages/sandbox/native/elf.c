/* What kind of program a file is, as far as exec supervision must know: can the kernel run it, and is it a dynamic loader? */
#define _GNU_SOURCE
#include "supervise.h"
#include <elf.h>
#include <string.h>
#include <unistd.h>

enum { HEADERS_MAX = 128, DYNAMIC_MAX = 2048, KNOWN = 2048 };
/*
 * A file that changed less than this ago may change again within the same tick of its file system's clock and look the same
 * afterwards (git calls that racy): nothing is remembered about it.
 */
static const uint64_t SETTLED_NS = 50000000;

static struct identity known[KNOWN];

bool settled(const struct identity *identity, uint64_t now_ns) { return identity->ctime_ns + SETTLED_NS < now_ns; }

static struct identity *slot(const struct identity *identity) {
  return &known[(identity->inode * 31 + identity->device + identity->ctime_ns / 1000) % KNOWN];
}

bool known_plain(const struct identity *identity) { return same_identity(identity, slot(identity)); }

void remember_plain(const struct identity *identity, uint64_t now_ns) {
  if (settled(identity, now_ns)) *slot(identity) = *identity;
}

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#else
#error "no supervision for this machine yet"
#endif

/* From what was read already, else from the file. */
static bool fetch(int fd, const uint8_t *head, size_t length, uint64_t offset, void *to, size_t size) {
  if (offset <= length && size <= length - offset) {
    memcpy(to, head + offset, size);
    return true;
  }
  return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* A library names itself; a program does not. A dynamic loader is the library that can be run. */
static bool has_own_name(int fd, const Elf64_Phdr *dynamic) {
  Elf64_Dyn entries[DYNAMIC_MAX];
  size_t size = dynamic->p_filesz < sizeof entries ? dynamic->p_filesz : sizeof entries;
  if (dynamic->p_offset > INT64_MAX) return false;
  ssize_t got = pread(fd, entries, size, (off_t)dynamic->p_offset);
  for (ssize_t index = 0; (index + 1) * (ssize_t)sizeof entries[0] <= got && entries[index].d_tag != DT_NULL; index++)
    if (entries[index].d_tag == DT_SONAME) return true;
  return false;
}

/*
 * A dynamic loader is recognised by what it is, so that a copy under another name is one too: position independent, asks for no
 * loader itself, has an entry point, and carries a library's own name.
 */
void inspect_image(int fd, const uint8_t *head, size_t length, struct image *out) {
  *out = (struct image){ 0 };
  Elf64_Ehdr header;
  if (length < EI_NIDENT + 4 || memcmp(head, ELFMAG, SELFMAG) != 0) return;
  out->elf = true;
  uint16_t type, machine;
  memcpy(&type, head + EI_NIDENT, 2);
  memcpy(&machine, head + EI_NIDENT + 2, 2);
  /* Programs of a foreign ABI (i386, x32, 32-bit Arm) are not run: the system-call filter would end them. */
  out->native = head[EI_DATA] == ELFDATA2LSB && head[EI_CLASS] == ELFCLASS64 && machine == MACHINE && (type == ET_EXEC || type == ET_DYN);
  if (!out->native || length < sizeof header) return;
  memcpy(&header, head, sizeof header);
  out->position_independent = type == ET_DYN;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return;
  Elf64_Phdr segment, dynamic = { 0 };
  for (unsigned index = 0; index < header.e_phnum && index < HEADERS_MAX; index++) {
    if (!fetch(fd, head, length, header.e_phoff + index * sizeof segment, &segment, sizeof segment)) return;
    if (segment.p_type == PT_INTERP) {
      out->interpreted = true;
      return;
    }
    if (segment.p_type == PT_DYNAMIC) dynamic = segment;
  }
  out->loader = out->position_independent && header.e_entry != 0 && dynamic.p_type == PT_DYNAMIC && has_own_name(fd, &dynamic);
}

/* Options of glibc's and musl's loaders. A loader with an option that is not listed may run anything, so it is refused. */
static const struct { const char *name; bool value, stops; } loader_options[] = {
  { "--library-path", true, false }, { "--preload", true, false }, { "--argv0", true, false }, { "--audit", true, false },
  { "--inhibit-rpath", true, false }, { "--glibc-hwcaps-prepend", true, false }, { "--glibc-hwcaps-mask", true, false },
  { "--list", false, false }, { "--verify", false, false }, { "--inhibit-cache", false, false },
  { "--list-tunables", false, true }, { "--list-diagnostics", false, true }, { "--help", false, true }, { "--version", false, true },
};

enum loader_order read_loader_arguments(const struct strings *argv, uint32_t *target, uint32_t *name) {
  *target = *name = 0;
  const char *word = argv->data;
  for (uint32_t index = 1; index < argv->count; index++) {
    word += strlen(word) + 1;
    if (strcmp(word, "--") == 0) {
      *target = index + 1;
      return index + 1 < argv->count ? LOADER_RUNS : LOADER_RUNS_NOTHING;
    }
    if (strncmp(word, "--", 2) != 0) {
      *target = index;
      return LOADER_RUNS;
    }
    size_t length = strcspn(word, "="), option = 0, count = sizeof loader_options / sizeof loader_options[0];
    while (option < count && (strlen(loader_options[option].name) != length || strncmp(word, loader_options[option].name, length) != 0)) option++;
    if (option == count) return LOADER_UNCLEAR;
    if (loader_options[option].stops) return LOADER_RUNS_NOTHING;
    if (word[length] == '=') {
      /* musl's spelling; glibc stops at it. With --argv0 the name would be a part of a word: not worth following. */
      if (!loader_options[option].value || strncmp(word, "--argv0", length) == 0) return LOADER_UNCLEAR;
    } else if (loader_options[option].value) {
      if (++index >= argv->count) return LOADER_RUNS_NOTHING;
      if (strcmp(loader_options[option].name, "--argv0") == 0) *name = index;
      word += strlen(word) + 1;
    }
  }
  return LOADER_RUNS_NOTHING;
}
