-- Tasks: what people have run by hosts of a pool. The row is the queue: there is no second truth about who has a task.
create table pool (
  id text primary key,
  -- Ids of hosts that may take its tasks.
  hosts text[] not null,
  -- Beginnings of the repositories that they may be about.
  repositories text[] not null,
  profiles text[] not null,
  agents text[] not null,
  -- How long a host has a task without saying that it goes on with it.
  lease_s int not null,
  -- Of each team, or person without one: tasks at a time, and tasks that wait. Null: as many as there are.
  running int,
  queued int,
  -- JSON: tasks at a time of teams for which it is another number.
  teams text not null,
  changed_by text not null,
  changed_at double precision not null
);

-- When each team, or person without one, was given a host of the pool last: who waits longest is next.
create table pool_share (
  pool text not null references pool (id),
  share text not null,
  taken_at double precision not null,
  primary key (pool, share)
);

create table task (
  number bigint generated always as identity primary key,
  id text not null unique,
  pool text not null references pool (id),
  -- A person, or a service's token; whose it is when it is somebody's.
  by_id text not null,
  person text references person (id),
  team text,
  -- Whom it counts for: `team ID` or `by ID`.
  share text not null,
  agent text not null,
  repository text not null,
  revision text,
  profile text not null,
  prompt text not null,
  -- JSON.
  budget text not null,
  timeout_s int not null,
  priority int not null,
  retries int not null,
  on_lost text not null check (on_lost in ('retry', 'fail')),
  state text not null check (state in ('queued', 'leased', 'running', 'done')),
  outcome text check (outcome in ('succeeded', 'failed', 'cancelled', 'timed-out')),
  -- Why it came to that, or why it waits again.
  reason text,
  -- How often it was begun, and how often it failed of that.
  attempts int not null default 0,
  failures int not null default 0,
  submitted_at double precision not null,
  not_before double precision not null,
  started_at double precision,
  ended_at double precision,
  -- Who has it, by which token, and until when. What is handed in under another token is refused.
  host text references host (id),
  lease text,
  lease_until double precision,
  cancelled_by text,
  run text,
  base text,
  status int,
  -- JSON.
  cost text,
  patch bytea,
  patch_digest text,
  review text check (review in ('accepted', 'rejected')),
  reviewed_by text,
  reviewed_at double precision,
  review_why text,
  check ((state = 'done') = (outcome is not null)),
  check (state not in ('leased', 'running') or (host is not null and lease is not null and lease_until is not null))
);
create index task_waiting on task (pool, priority desc, number) where state = 'queued';
create index task_held on task (lease_until) where state in ('leased', 'running');
create index task_lease on task (lease);
