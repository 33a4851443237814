/**
 * The system calls that a run can't make, each with its reason. What is not here is allowed: a list of what coding tools need is never complete,
 * while what leads out of namespaces is known. Learnt from the deny lists of Docker, Flatpak and systemd (`@system-service`), and from the escapes that
 * each rule names. Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux.
 */
export type Architecture = "x64" | "arm64";

/** EPERM where the kernel says so to those who may not; ENOSYS where programs then take another way. */
export type Refusal = "EPERM" | "ENOSYS" | "EAFNOSUPPORT";

export interface SystemCall {
  readonly x64: number | undefined;
  readonly arm64: number | undefined;
}

/** A test of one argument; the rule applies when it holds. `low`: only the lower 32 bits, as the kernel itself takes them. */
export type ArgumentTest =
  | { readonly argument: number; readonly anyBitOf: number }
  | { readonly argument: number; readonly noBitOf: number }
  | { readonly argument: number; readonly low: number }
  | { readonly argument: number; readonly lowNotIn: readonly number[] };

export interface DenyRule {
  readonly calls: readonly SystemCall[];
  readonly refusal: Refusal;
  /** All must hold; none: the call is refused whatever its arguments. */
  readonly when: readonly ArgumentTest[];
  readonly reason: string;
}

const call = (x64: number | undefined, arm64: number | undefined): SystemCall => ({ x64, arm64 });

const SET_ID_BITS = 0o6000;
/** Set in S_IFCHR and S_IFBLK, and in no other type of file that mknod makes. */
const DEVICE_BIT = 0o20000;
const O_CREAT = 0o100;
const O_TMPFILE = 0o20000000;
/** CLONE_NEWTIME | NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET (sched.h) */
const CLONE_NEW_ANY = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000;
const CLONE_FS = 0x200;
const CLONE_THREAD = 0x10000;
/** PER_LINUX, PER_LINUX32, UNAME26 with each, ADDR_NO_RANDOMIZE (sanitizers and debuggers set it), and asking. */
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0x4_0000, 0xffff_ffff];
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
/** Set in SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP and SOCK_PACKET, and not in SOCK_STREAM, SOCK_DGRAM and SOCK_RAW. */
const UNCOMMON_SOCKET_BITS = 0xc;
/** The default, ICMP, TCP, UDP, ICMPv6, MPTCP (include/uapi/linux/in.h); raw sockets of others need a capability anyway. */
const INTERNET_PROTOCOLS = [0, 1, 6, 17, 58, 262];

export const DENY_RULES: readonly DenyRule[] = [
  {
    calls: [
      call(165, 40),
      call(166, 39),
      call(155, 41),
      call(161, 51),
      call(428, 428),
      call(429, 429),
      call(430, 430),
      call(431, 431),
      call(432, 432),
      call(433, 433),
      call(442, 442),
      call(467, 467),
    ],
    refusal: "EPERM",
    when: [],
    reason:
      "mount, umount2, pivot_root, chroot, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr, open_tree_attr: the view of files is the boundary",
  },
  {
    calls: [call(272, 97)],
    refusal: "EPERM",
    when: [{ argument: 0, anyBitOf: CLONE_NEW_ANY }],
    reason: "unshare: a new user namespace gives capabilities, and with them the kernel's largest attack surface",
  },
  {
    calls: [call(56, 220)],
    refusal: "EPERM",
    when: [{ argument: 0, anyBitOf: CLONE_NEW_ANY }],
    reason: "clone: as unshare",
  },
  {
    calls: [call(56, 220)],
    refusal: "EPERM",
    when: [
      { argument: 0, anyBitOf: CLONE_FS },
      { argument: 0, noBitOf: CLONE_THREAD },
    ],
    reason:
      "clone of a process that shares its directory: it could move a program to another one after the program was verified. Threads end at their siblings' exec; processes do not",
  },
  {
    calls: [call(435, 435)],
    refusal: "ENOSYS",
    when: [],
    reason: "clone3: its flags are in memory, which a filter can't read; C libraries then use clone",
  },
  { calls: [call(308, 268)], refusal: "EPERM", when: [], reason: "setns: into another namespace" },
  {
    calls: [
      call(101, 117),
      call(310, 270),
      call(311, 271),
      call(438, 438),
      call(312, 272),
      call(440, 440),
      call(448, 448),
    ],
    refusal: "EPERM",
    when: [],
    reason:
      "ptrace, process_vm_readv, process_vm_writev, pidfd_getfd, kcmp, process_madvise, process_mrelease: looking into or changing another process, also between its exec and its verification",
  },
  { calls: [call(321, 280)], refusal: "EPERM", when: [], reason: "bpf: programs in the kernel" },
  {
    calls: [call(298, 241)],
    refusal: "EPERM",
    when: [],
    reason: "perf_event_open: large attack surface, reads of other processes",
  },
  {
    calls: [call(323, 282)],
    refusal: "EPERM",
    when: [],
    reason: "userfaultfd: stops the kernel in the middle of a copy, which makes races winnable",
  },
  {
    calls: [call(425, 425), call(426, 426), call(427, 427)],
    refusal: "ENOSYS",
    when: [],
    reason: "io_uring_setup, io_uring_enter, io_uring_register: does what system calls do without passing this filter",
  },
  {
    calls: [call(248, 217), call(249, 218), call(250, 219)],
    refusal: "EPERM",
    when: [],
    reason:
      "add_key, request_key, keyctl: the kernel's keyrings know no mount or network namespace; they hold the person's keys",
  },
  {
    calls: [call(246, 104), call(320, 294)],
    refusal: "EPERM",
    when: [],
    reason: "kexec_load, kexec_file_load: another kernel",
  },
  {
    calls: [call(175, 105), call(176, 106), call(313, 273)],
    refusal: "EPERM",
    when: [],
    reason: "init_module, delete_module, finit_module: code in the kernel",
  },
  {
    calls: [
      call(169, 142),
      call(167, 224),
      call(168, 225),
      call(163, 89),
      call(179, 60),
      call(443, 443),
      call(103, 116),
      call(153, 58),
    ],
    refusal: "EPERM",
    when: [],
    reason: "reboot, swapon, swapoff, acct, quotactl, quotactl_fd, syslog, vhangup: the machine itself",
  },
  {
    calls: [call(227, 112), call(164, 170), call(159, 171), call(305, 266)],
    refusal: "EPERM",
    when: [],
    reason: "clock_settime, settimeofday, adjtimex, clock_adjtime: the machine's clock dates the record",
  },
  {
    calls: [call(172, undefined), call(173, undefined), call(154, undefined)],
    refusal: "EPERM",
    when: [],
    reason: "iopl, ioperm, modify_ldt: ports and segments",
  },
  {
    calls: [call(304, 265), call(303, 264)],
    refusal: "EPERM",
    when: [],
    reason: "open_by_handle_at, name_to_handle_at: opens a file by number, past every mount (Shocker)",
  },
  {
    calls: [call(300, 262), call(301, 263)],
    refusal: "EPERM",
    when: [],
    reason: "fanotify_init, fanotify_mark: sees other people's file accesses",
  },
  {
    calls: [call(135, 92)],
    refusal: "EPERM",
    when: [{ argument: 0, lowNotIn: PERSONALITIES }],
    reason: "personality: old ABIs and executable data (READ_IMPLIES_EXEC, MMAP_PAGE_ZERO) make kernel faults usable",
  },
  { calls: [call(212, 18)], refusal: "EPERM", when: [], reason: "lookup_dcookie: kernel profiling" },
  {
    calls: [call(256, 238), call(279, 239)],
    refusal: "EPERM",
    when: [],
    reason: "migrate_pages, move_pages: of other processes; kernel surface",
  },
  {
    calls: [call(437, 437)],
    refusal: "ENOSYS",
    when: [],
    reason: "openat2: its mode is in memory, and could hold a set-uid bit; C libraries then use openat",
  },
  {
    calls: [call(90, undefined)],
    refusal: "EPERM",
    when: [{ argument: 1, anyBitOf: SET_ID_BITS }],
    reason: "chmod with set-uid or set-gid: a program for other people of the host to be tricked by",
  },
  {
    calls: [call(91, 52)],
    refusal: "EPERM",
    when: [{ argument: 1, anyBitOf: SET_ID_BITS }],
    reason: "fchmod: as chmod",
  },
  {
    calls: [call(268, 53), call(452, 452)],
    refusal: "EPERM",
    when: [{ argument: 2, anyBitOf: SET_ID_BITS }],
    reason: "fchmodat, fchmodat2: as chmod",
  },
  {
    calls: [call(85, undefined)],
    refusal: "EPERM",
    when: [{ argument: 1, anyBitOf: SET_ID_BITS }],
    reason: "creat: as chmod",
  },
  {
    calls: [call(2, undefined)],
    refusal: "EPERM",
    when: [
      { argument: 1, anyBitOf: O_CREAT | O_TMPFILE },
      { argument: 2, anyBitOf: SET_ID_BITS },
    ],
    reason: "open of a new file: as chmod",
  },
  {
    calls: [call(257, 56)],
    refusal: "EPERM",
    when: [
      { argument: 2, anyBitOf: O_CREAT | O_TMPFILE },
      { argument: 3, anyBitOf: SET_ID_BITS },
    ],
    reason: "openat of a new file: as chmod",
  },
  {
    calls: [call(133, undefined)],
    refusal: "EPERM",
    when: [{ argument: 1, anyBitOf: SET_ID_BITS | DEVICE_BIT }],
    reason: "mknod: as chmod; devices, also the whiteouts that any user can make",
  },
  {
    calls: [call(259, 33)],
    refusal: "EPERM",
    when: [{ argument: 2, anyBitOf: SET_ID_BITS | DEVICE_BIT }],
    reason: "mknodat: as mknod",
  },
  {
    calls: [call(41, 198), call(53, 199)],
    refusal: "EAFNOSUPPORT",
    when: [{ argument: 0, lowNotIn: [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] }],
    reason:
      "socket, socketpair of other families: AF_VSOCK reaches the hypervisor past every network namespace, AF_ALG, AF_PACKET and the rest are kernel surface",
  },
  {
    calls: [call(41, 198)],
    refusal: "EAFNOSUPPORT",
    when: [
      { argument: 0, low: AF_INET },
      { argument: 1, anyBitOf: UNCOMMON_SOCKET_BITS },
    ],
    reason: "INET sockets of other types: SCTP and DCCP, kernel surface that is loaded when somebody asks",
  },
  {
    calls: [call(41, 198)],
    refusal: "EAFNOSUPPORT",
    when: [
      { argument: 0, low: AF_INET },
      { argument: 2, lowNotIn: INTERNET_PROTOCOLS },
    ],
    reason: "INET sockets of other protocols: SCTP, L2TP, UDP-Lite, SMC, kernel surface that nothing here speaks",
  },
  {
    calls: [call(41, 198)],
    refusal: "EAFNOSUPPORT",
    when: [
      { argument: 0, low: AF_INET6 },
      { argument: 1, anyBitOf: UNCOMMON_SOCKET_BITS },
    ],
    reason: "INET6 sockets of other types: SCTP and DCCP, kernel surface that is loaded when somebody asks",
  },
  {
    calls: [call(41, 198)],
    refusal: "EAFNOSUPPORT",
    when: [
      { argument: 0, low: AF_INET6 },
      { argument: 2, lowNotIn: INTERNET_PROTOCOLS },
    ],
    reason: "INET6 sockets of other protocols: SCTP, L2TP, UDP-Lite, SMC, kernel surface that nothing here speaks",
  },
  {
    calls: [call(41, 198)],
    refusal: "EAFNOSUPPORT",
    when: [
      { argument: 0, low: AF_NETLINK },
      { argument: 2, lowNotIn: [NETLINK_ROUTE] },
    ],
    reason: "netlink beyond routes: netfilter, audit, generic: kernel surface",
  },
  {
    calls: [call(16, 29)],
    refusal: "EPERM",
    when: [{ argument: 1, low: 0x5412 }],
    reason:
      "TIOCSTI: types into the terminal of whoever started the run (CVE-2017-5226); the kernel looks at 32 bits, so does this (CVE-2019-10063)",
  },
  {
    calls: [call(16, 29)],
    refusal: "EPERM",
    when: [{ argument: 1, low: 0x541c }],
    reason: "TIOCLINUX: pastes into a virtual console",
  },
];
