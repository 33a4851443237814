/* Every capability and every way to gain one is given up for good; then that is tried. */
#include "inner.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LAST_POSSIBLE = 63 };

void die_with_parent(void) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) die(errno, "cannot tie the sandbox's life to the launcher's");
}

static void set_capabilities(uint32_t low, uint32_t high, int *result) {
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2] = { { low, low, 0 }, { high, high, 0 } };
  *result = (int)syscall(SYS_capset, &head, data);
}

void drop_privileges(int setup) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) die(errno, "cannot set no_new_privs");
  unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0) die(errno, "cannot lock the secure bits");
  for (unsigned long capability = 0; capability <= LAST_POSSIBLE; capability++) {
    int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break; /* the kernel knows no more */
    if (held > 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) die(errno, "cannot drop capability %lu from the bounding set", capability);
  }
  int result;
  set_capabilities(0, 0, &result);
  if (result < 0) die(errno, "cannot drop the capabilities");
  set_capabilities(1u << CAP_SYS_ADMIN, 0, &result);
  if (result == 0) die(EPROTO, "a capability could be taken back");
  /* A change of credentials clears the death signal. */
  die_with_parent();
  if (prctl(PR_SET_DUMPABLE, 0) < 0) die(errno, "cannot make pid 1 undumpable");
  report_layer(setup, true, "no-new-privileges", "set-uid and file capabilities have no effect");
  report_layer(setup, true, "capabilities", "none, and none can be gained");
}
