/*
 * Is the file that is described the file that will run? Its identity (size, times) tells of a change only when the change moved the
 * times. A page of a shared mapping that is dirty already is written to without the kernel noticing, on every file system; on tmpfs,
 * every page is. So a digest says something about a file only if nobody had it open for writing when it was made: a mapping keeps
 * its file open. The kernel itself refuses to run a file that is open for writing (ETXTBSY), and tells whether one is by a read
 * lease [fcntl(2), F_SETLEASE], which also makes later writers wait for us.
 */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/fsuid.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int look_at_mount(struct exec_file *file, uid_t owner) {
  struct statfs mounted;
  if (fstatfs(file->fd, &mounted) < 0) return errno;
  /* A loader maps its target itself: that needs no x bit, but no noexec mount either. */
  if ((mounted.f_flags & ST_NOEXEC) != 0) return EACCES;
  file->in_memory = mounted.f_type == TMPFS_MAGIC;
  /* One of the run's own may have another name, on a mount that is not read-only. */
  file->vouched = (mounted.f_flags & ST_RDONLY) != 0 && owner != (uid_t)setfsuid((uid_t)-1);
  return 0;
}

/*
 * What lies in memory stays leased until the exec is verified. Elsewhere the times tell of whoever comes later, and a person's editor
 * does not have to wait for the answer to a question.
 */
int hold_still(struct exec_file *file) {
  if (file->vouched) return 0;
  if (fcntl(file->fd, F_SETLEASE, F_RDLCK) == 0) {
    file->leased = file->in_memory;
    file->vouched = !file->in_memory;
    if (!file->leased) fcntl(file->fd, F_SETLEASE, F_UNLCK);
    return 0;
  }
  if (errno == EAGAIN) return ETXTBSY;
  /* Another owner's, or a file system without leases: then it must be nothing that the run may write to. */
  file->vouched = !file->in_memory && syscall(SYS_faccessat2, file->fd, "", W_OK, AT_EACCESS | AT_EMPTY_PATH) < 0;
  return 0;
}

bool held_still(const struct exec_file *file) { return !file->leased || fcntl(file->fd, F_GETLEASE) == F_RDLCK; }
