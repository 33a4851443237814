/** What is met where a file that is only looked for can't be read: it isn't there, isn't for us to see, or isn't a file. */
export const UNREADABLE_ERRNOS = [
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENXIO",
  "EISDIR",
  "ENAMETOOLONG",
] as const;
