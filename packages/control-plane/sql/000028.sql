-- How far the record was read for what is told elsewhere. Who reads on holds this row. There is none where nothing of it is told.
create table notify_cursor (singleton boolean primary key default true check (singleton), seen bigint not null);

-- What was seen of hosts, so that a change is told once.
create table host_watch (
  host int primary key references host (number),
  -- By the name of a run's profile, the layers that were enforced in the last run that had it; JSON.
  enforced text not null default '{}',
  -- Since when it is silent, which was told; null: it isn't.
  silent_at double precision
);

-- Runs that go on by their record.
create index run_open on run (host) where ended_at is null;
