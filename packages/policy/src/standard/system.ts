/** Becoming someone else, changing the machine, coming back later. None of it works in the sandbox: this says so. */
export const SYSTEM = `@id("system.privileges")
@severity("low")
@reason("nothing in this run can become another user or gain rights")
@instead("run the command without it; install what is missing in the workspace or the home directory")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"sudo", ProgramGroup::"sudoedit", ProgramGroup::"visudo", ProgramGroup::"su", ProgramGroup::"doas", ProgramGroup::"pkexec",
    ProgramGroup::"run0", ProgramGroup::"runuser", ProgramGroup::"newgrp", ProgramGroup::"sg", ProgramGroup::"chsh", ProgramGroup::"chfn",
    ProgramGroup::"passwd", ProgramGroup::"chpasswd", ProgramGroup::"gpasswd", ProgramGroup::"vipw", ProgramGroup::"useradd",
    ProgramGroup::"adduser", ProgramGroup::"usermod", ProgramGroup::"userdel", ProgramGroup::"deluser", ProgramGroup::"groupadd",
    ProgramGroup::"groupmod", ProgramGroup::"groupdel", ProgramGroup::"pw", ProgramGroup::"dscl", ProgramGroup::"dseditgroup"
  ]
};

@id("system.nested-sandbox")
@severity("medium")
@reason("namespaces and sandboxes cannot be nested in this one")
@instead("run the program directly: it is inside a sandbox already")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"bwrap", ProgramGroup::"unshare", ProgramGroup::"nsenter", ProgramGroup::"firejail", ProgramGroup::"systemd-nspawn",
    ProgramGroup::"chroot", ProgramGroup::"pivot_root", ProgramGroup::"runc", ProgramGroup::"crun", ProgramGroup::"lxc",
    ProgramGroup::"lxc-start", ProgramGroup::"lxc-attach", ProgramGroup::"machinectl", ProgramGroup::"ctr"
  ]
};

// A container engine, where the profile gives access to one, runs outside this sandbox.
@id("system.containers-with-host-access")
@severity("critical")
@reason("this container would get at the machine itself")
@instead("mount only the workspace, without \`--privileged\` or the host's namespaces")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"docker", ProgramGroup::"podman", ProgramGroup::"nerdctl", ProgramGroup::"docker-compose"] &&
  (context.flags.containsAny(["--privileged", "--cap-add", "--device"]) ||
   context.line like "*docker.sock*" ||
   context.line like "*=host *" ||
   context.line like "*security.privileged*" ||
   (context.operands.containsAny(["run", "create"]) &&
    context.flags.containsAny(["-v", "--volume", "--mount"]) &&
    (context.line like "* /:*" || context.line like "*source=/,*" || context.line like "*src=/,*" || context.line like "* /etc*:*" || context.line like "* /root*:*" ||
     context.places.containsAny(["home", "above-workspace"]))))
};

@id("system.later")
@severity("high")
@reason("this would run something later, outside this run and unseen")
@instead("run it now, or write down for the person what should be scheduled")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"at", ProgramGroup::"batch", ProgramGroup::"systemd-run", ProgramGroup::"launchctl", ProgramGroup::"update-rc.d",
    ProgramGroup::"chkconfig", ProgramGroup::"rc-update", ProgramGroup::"anacron", ProgramGroup::"incrontab"
  ] ||
  (resource in ProgramGroup::"crontab" && !(context.flags.contains("-l") && !context.flags.containsAny(["-r", "-e"]))) ||
  (resource in ProgramGroup::"loginctl" && context.operands.contains("enable-linger"))
};

@id("system.services")
@severity("low")
@reason("services belong to the machine, not to this run")
@instead("start the program itself, in the background of this run")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in ProgramGroup::"systemctl" &&
   !["", "status", "is-active", "is-enabled", "is-failed", "show", "cat", "list-units", "list-unit-files", "list-timers", "help"].contains(context.verb)) ||
  (resource in [ProgramGroup::"service", ProgramGroup::"rc-service", ProgramGroup::"initctl"] && !context.operands.contains("status"))
};

@id("system.machine")
@severity("medium")
@reason("this changes the machine: its kernel, mounts, firewall, audit or power")
@instead("leave the machine as it is; say what the task would need")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"insmod", ProgramGroup::"modprobe", ProgramGroup::"rmmod", ProgramGroup::"kexec", ProgramGroup::"swapoff", ProgramGroup::"swapon",
    ProgramGroup::"umount", ProgramGroup::"iptables", ProgramGroup::"ip6tables", ProgramGroup::"nft", ProgramGroup::"ufw",
    ProgramGroup::"firewall-cmd", ProgramGroup::"auditctl", ProgramGroup::"setenforce", ProgramGroup::"apparmor_parser", ProgramGroup::"aa-disable",
    ProgramGroup::"shutdown", ProgramGroup::"reboot", ProgramGroup::"poweroff", ProgramGroup::"halt", ProgramGroup::"telinit",
    ProgramGroup::"bpftrace", ProgramGroup::"bpftool", ProgramGroup::"csrutil", ProgramGroup::"spctl", ProgramGroup::"nvram"
  ] ||
  (resource in ProgramGroup::"init" && context.operands.containsAny(["0", "1", "6"])) ||
  (resource in ProgramGroup::"mount" && context.operandCount > 0) ||
  (resource in ProgramGroup::"sysctl" && context.flags.containsAny(["-w", "--write", "-p", "--load", "--system"]))
};
`;
