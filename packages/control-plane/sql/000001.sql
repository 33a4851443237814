-- Times are milliseconds since 1970 in double precision, as in events; the database's clock is never asked.

-- One row: what every instance of the server shares. Whoever appends to the server's log locks it, so that `arrived` and the log
-- grow in the order in which transactions commit.
create table server (
  singleton boolean primary key default true check (singleton),
  log_key text not null,
  witness_key text not null,
  checkpoint bytea,
  arrived bigint not null default 0
);

-- The files of the server's own log, by their paths of C2SP tlog-tiles.
create table log_file (
  path text primary key,
  bytes bytea not null
);

create table person (
  id text primary key,
  name text not null,
  email text,
  active boolean not null default true,
  -- Of the identity provider, once they have signed in by it.
  issuer text,
  subject text,
  created_at double precision not null,
  unique (issuer, subject)
);

create table team (
  id text primary key,
  name text not null
);

create table team_member (
  team text not null references team,
  person text not null references person,
  -- Given by a group of the identity provider, and taken with it.
  by_group boolean not null default false,
  primary key (team, person)
);

create table role (
  name text primary key,
  actions text[] not null
);

create table role_grant (
  id text primary key,
  to_type text not null check (to_type in ('Person', 'Team', 'Token')),
  to_id text not null,
  role text not null,
  scope_type text not null,
  scope_id text not null,
  expires_at double precision,
  granted_by text not null,
  at double precision not null
);
create index role_grant_to on role_grant (to_type, to_id);

-- Of a secret only the hash is kept.
create table token (
  id text primary key,
  kind text not null check (kind in ('setup', 'enrolment', 'personal', 'service')),
  hash bytea not null unique,
  name text not null,
  person text references person,
  actions text[],
  created_at double precision not null,
  expires_at double precision not null,
  used_at double precision,
  revoked_at double precision
);

create table host (
  number int generated always as identity unique,
  id text primary key,
  name text not null,
  person text not null references person,
  public_key bytea not null,
  origin text not null unique,
  -- Of the key that signs its record now.
  log_key text not null,
  size bigint not null default 0,
  -- Roots of the perfect subtrees of what is held, one after the other.
  edge bytea not null default ''::bytea,
  -- The newest checkpoint that was held whole, with the server's cosignature.
  checkpoint bytea,
  enrolled_at double precision not null,
  seen_at double precision,
  revoked_at double precision,
  alarm text,
  -- The checkpoint that the record's own key signed and that contradicts what is held: the proof.
  evidence bytea
);

create table event (
  -- The order of arrival, without gaps.
  seq bigint primary key,
  host int not null,
  index bigint not null,
  run text not null,
  entry bytea not null,
  -- Salt and personal members; erased with the host's.
  record bytea,
  unique (host, index)
);
create index event_run on event (run, seq);

create table run (
  host int not null references host (number),
  id text not null,
  first_seq bigint not null,
  entries bigint not null,
  started_at double precision,
  ended_at double precision,
  name text,
  agent text not null,
  project text not null,
  profile text not null,
  command text[] not null,
  status int,
  reason text,
  erased boolean not null default false,
  primary key (host, id)
);
create index run_first on run (first_seq desc);
create index run_id on run (id, first_seq);
