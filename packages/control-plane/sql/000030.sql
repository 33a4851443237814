-- Policies by layer: what was drafted and reviewed, and how far it is rolled out. A version never changes but by its review.
create table policy_version (
  id text primary key,
  scope_type text not null,
  scope_id text not null,
  -- The text of the bundle; the digest is of it.
  bundle text not null,
  digest text not null,
  author text not null,
  at double precision not null,
  why text,
  proposal text,
  -- What its tests came to: JSON.
  tested text not null,
  state text not null check (state in ('draft', 'approved', 'rejected')),
  reviewed_by text,
  reviewed_at double precision,
  review text,
  check ((state = 'draft') = (reviewed_by is null)),
  -- Whatever the program above does: nobody approves what they wrote.
  check (state <> 'approved' or reviewed_by <> author)
);

-- What holds for the hosts of a scope: the newest that reaches a host. Numbers are given once, and grow.
create table policy_release (
  sequence bigint primary key,
  scope_type text not null,
  scope_id text not null,
  -- Null: the layer says nothing any more.
  version text references policy_version (id),
  kind text not null check (kind in ('rollout', 'rollback')),
  percent int not null check (percent between 0 and 100),
  -- Teams and hosts that it reaches whatever the percentage: JSON.
  first text not null,
  halted boolean not null default false,
  reason text,
  by text not null,
  at double precision not null,
  -- Grows with each change of it, as the sequence does.
  changed bigint not null
);
create index policy_release_scope on policy_release (scope_type, scope_id, sequence);

-- What each host was told last, and what it said of it.
create table host_policy (
  host int primary key references host (number),
  told text not null,
  told_sequence bigint not null,
  heard_at double precision not null,
  using_sequence bigint,
  behind_since double precision,
  refused text,
  beyond text not null
);
