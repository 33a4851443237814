-- What the terminals of runs showed, as hosts sent it: of each recording that a host's record speaks of, its beginning as far as it is here.
create table recording (
  host int not null references host (number),
  run text not null,
  -- Milliseconds since 1970 that times in it are counted from; and the first size.
  opened_at double precision not null,
  columns int not null,
  rows int not null,
  -- The record says that it may be sent. `wanted`: more of it is to come.
  sent boolean not null,
  wanted boolean not null,
  -- Bytes that are here.
  bytes bigint not null default 0,
  -- The record says that it has ended, and with how many bytes; null: not known.
  closed boolean not null default false,
  whole bigint,
  -- So long a beginning has the digest that the record says. `differs`: another has not.
  checked bigint not null default 0,
  differs boolean not null default false,
  erased boolean not null default false,
  primary key (host, run)
);
create index recording_wanted on recording (host, run) where wanted;

-- Its bytes, without gaps: `at` is where each piece begins.
create table recording_piece (
  host int not null,
  run text not null,
  at bigint not null,
  bytes bytea not null,
  primary key (host, run, at),
  foreign key (host, run) references recording
);

-- What the record says of a beginning (`sha256:…` of so many bytes) that was not compared yet.
create table recording_claim (
  host int not null,
  run text not null,
  bytes bigint not null,
  digest text not null,
  primary key (host, run, bytes),
  foreign key (host, run) references recording
);
