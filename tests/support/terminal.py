"""Runs a command in a terminal of its own and plays a person: argv[1] is JSON, what happened is JSON on stdout."""
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

job = json.loads(sys.argv[1])
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", job["rows"], job["columns"], 0, 0))
    os.chdir(job["cwd"])
    os.execvpe(job["argv"][0], job["argv"], job["env"])

output = b""
seen = 0
status = None
failed = None


def read(timeout):
    """One chunk of output; False when the terminal is closed."""
    global output
    ready, _, _ = select.select([master], [], [], timeout)
    if not ready:
        return True
    try:
        chunk = os.read(master, 65536)
    except OSError:
        return False
    output += chunk
    return chunk != b""


def act(step):
    if "resize" in step:
        rows, columns = step["resize"]
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    if "wait" in step:
        time.sleep(step["wait"] / 1000)
    if "send" in step:
        os.write(master, step["send"].encode())
    if "hangup" in step:
        os.close(master)


deadline = time.monotonic() + job["timeout"] / 1000
for step in job["steps"]:
    pattern = re.compile(step["expect"].encode(), re.S)
    while True:
        match = pattern.search(output, seen)
        if match:
            seen = match.end()
            if step.get("again"):
                act(step)
                continue
            break
        if time.monotonic() > deadline or not read(0.05):
            if not step.get("again"):
                failed = "did not see " + step["expect"]
            break
    if failed or step.get("again"):
        break
    act(step)

hung_up = any("hangup" in step for step in job["steps"])
while failed is None and not hung_up and time.monotonic() < deadline and read(0.05):
    pass
while True:
    done, raw = os.waitpid(pid, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(raw)
        break
    if time.monotonic() > deadline or failed:
        os.kill(pid, signal.SIGKILL)
        failed = failed or "did not end"
        os.waitpid(pid, 0)
        break
    time.sleep(0.01)
print(json.dumps({"output": output.decode("utf8", "replace"), "status": status, "failed": failed}))
