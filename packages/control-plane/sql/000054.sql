-- The newest runs of a host, and those that go on: what is said of it.
create index run_host on run (host, first_seq desc);
create index run_going on run (host) where ended_at is null;
