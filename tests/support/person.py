"""A person at a terminal: `person.py ROWS COLUMNS ARGV...`. Lines of JSON on standard input type ({"send": text}) or change the window
({"size": [rows, columns]}); what the terminal shows goes to standard output. Exits with the program's status."""
import fcntl, json, os, pty, select, struct, sys, termios

rows, columns, *argv = sys.argv[1:]
pid, master = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)


def resize(r, c):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", int(r), int(c), 0, 0))


resize(rows, columns)
pending = b""
listening = True
while True:
    ready, _, _ = select.select([master] + ([0] if listening else []), [], [])
    if master in ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)
    if 0 in ready:
        chunk = os.read(0, 65536)
        listening = bool(chunk)
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "send" in request:
                os.write(master, request["send"].encode())
            if "size" in request:
                resize(*request["size"])
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
