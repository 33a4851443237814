/* Attributes of mounts, by the numbers of mount_setattr(2): older C libraries lack the names. */
#pragma once
#include <stdint.h>

enum { MOUNT_RDONLY = 0x1, MOUNT_NOSUID = 0x2, MOUNT_NODEV = 0x4, MOUNT_NOEXEC = 0x8, MOUNT_IDMAP = 0x100000 };

/* Adds attributes to a detached tree or a mount's root; user_namespace -1: no id mapping. -1 with errno. */
int set_attributes(int tree, unsigned flags, uint64_t set, int user_namespace);
