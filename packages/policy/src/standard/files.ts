/** What destroys more than the task can mean, and what other programs run later. */
export const FILES = `@id("files.delete-everything")
@severity("high")
@reason("this deletes the root, a home directory, the whole workspace or files of the system")
@instead("name the files and directories in the workspace that are to go")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"rm", ProgramGroup::"rmdir", ProgramGroup::"unlink", ProgramGroup::"shred", ProgramGroup::"srm", ProgramGroup::"rimraf"] &&
  context.places.containsAny(["root", "home", "workspace", "above-workspace", "system"])
};

@id("files.find-delete")
@severity("high")
@reason("this deletes files all over the root, a home directory or the system")
@instead("search in a directory of the workspace")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"find")
when { context.flags.contains("-delete") && context.places.containsAny(["root", "home", "above-workspace", "system"]) };

@id("files.overwrite-devices")
@severity("critical")
@reason("this writes to a device, or to files of the system")
@instead("write to a file in the workspace")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in [ProgramGroup::"dd", ProgramGroup::"tee", ProgramGroup::"cp", ProgramGroup::"mv", ProgramGroup::"truncate"] &&
   context.places.contains("device")) ||
  (resource in ProgramGroup::"dd" && context.line like "* of=/*" && context.places.contains("system") && !(context.line like "* of=/tmp/*")) ||
  (resource in ProgramGroup::"truncate" && context.places.contains("system"))
};

@id("files.disks")
@severity("high")
@reason("disks, volumes and file systems are the machine's, not the task's")
@instead("work on files in the workspace")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"mkfs", ProgramGroup::"mkfs.ext2", ProgramGroup::"mkfs.ext3", ProgramGroup::"mkfs.ext4", ProgramGroup::"mke2fs",
    ProgramGroup::"mkfs.xfs", ProgramGroup::"mkfs.btrfs", ProgramGroup::"mkfs.vfat", ProgramGroup::"mkfs.fat", ProgramGroup::"mkfs.exfat",
    ProgramGroup::"mkfs.ntfs", ProgramGroup::"mkfs.f2fs", ProgramGroup::"mkfs.cramfs", ProgramGroup::"mkfs.minix", ProgramGroup::"mkswap",
    ProgramGroup::"mkntfs", ProgramGroup::"mkdosfs", ProgramGroup::"wipefs", ProgramGroup::"fdisk", ProgramGroup::"sfdisk",
    ProgramGroup::"cfdisk", ProgramGroup::"gdisk", ProgramGroup::"sgdisk", ProgramGroup::"parted", ProgramGroup::"blkdiscard",
    ProgramGroup::"hdparm", ProgramGroup::"cryptsetup", ProgramGroup::"pvremove", ProgramGroup::"vgremove", ProgramGroup::"lvremove",
    ProgramGroup::"pvcreate", ProgramGroup::"vgcreate", ProgramGroup::"lvcreate", ProgramGroup::"lvreduce", ProgramGroup::"mdadm",
    ProgramGroup::"zpool", ProgramGroup::"losetup", ProgramGroup::"debugfs", ProgramGroup::"badblocks", ProgramGroup::"tune2fs"
  ]
};

@id("files.modes-of-the-system")
@severity("medium")
@reason("this changes owners or modes of the root, a home directory or the system")
@instead("change files in the workspace, by name")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"chmod", ProgramGroup::"chown", ProgramGroup::"chgrp", ProgramGroup::"chattr", ProgramGroup::"setfacl"] &&
  context.places.containsAny(["root", "home", "above-workspace", "system"])
};

@id("files.set-uid")
@severity("medium")
@reason("set-uid and set-gid programs and file capabilities hand out rights, and have none to hand out here")
@instead("leave the mode without \`s\`")
forbid (principal, action == Action::"exec", resource)
when {
  resource in ProgramGroup::"setcap" ||
  (resource in ProgramGroup::"chmod" &&
   (context.operands.containsAny([
      "u+s", "g+s", "+s", "ug+s", "a+s", "u+xs", "g+xs", "+xs", "u+sx", "u=rwxs", "u=rws", "u=s", "g=s",
      "4755", "4775", "4777", "4711", "4750", "4700", "4555", "4511", "4500", "6755", "6777", "6711", "6555", "7777",
      "04755", "04775", "04777", "04711", "04750", "04700", "04555", "06755", "06777"
    ]) ||
    context.line like "* *u+*s *" ||
    context.line like "* *u=*s *"))
};

@id("files.run-at-login")
@severity("high")
@reason("this file is run at the next login, start or command, by people and programs outside this run")
@instead("set what the task needs in the workspace, or for this command only")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in [
     ProgramGroup::"tee", ProgramGroup::"cp", ProgramGroup::"mv", ProgramGroup::"ln", ProgramGroup::"install", ProgramGroup::"dd",
     ProgramGroup::"rsync", ProgramGroup::"truncate", ProgramGroup::"crudini", ProgramGroup::"sponge", ProgramGroup::"touch"
   ] ||
   (resource in [ProgramGroup::"sed", ProgramGroup::"gsed", ProgramGroup::"perl"] && context.flags.containsAny(["-i", "--in-place"]))) &&
  context.pathParts.containsAny([
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".kshrc", ".cshrc",
    ".ssh/authorized_keys", ".ssh/rc", ".ssh/config", "etc/profile", "etc/profile.d", "etc/bash.bashrc", "etc/zsh", "etc/cron.d",
    "etc/cron.daily", "etc/cron.hourly", "etc/crontab", "spool/cron", "etc/rc.local", "etc/init.d", "etc/ld.so.preload", "etc/ld.so.conf.d",
    "etc/sudoers", "etc/sudoers.d", "etc/pam.d", "etc/systemd", "systemd/system", "systemd/user", ".config/autostart", "etc/xdg/autostart",
    "Library/LaunchAgents", "Library/LaunchDaemons", ".config/fish/config.fish", ".git/hooks", "etc/udev/rules.d"
  ])
};
`;
